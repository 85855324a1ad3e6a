"""The main path on a real database: all of a post or nothing, reposts recognised, conflicts named, refusals signed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import given
import hubs
import pytest
from altering import behind_its_back

from ledger.clock import now
from ledger.errors import (
    ConflictError,
    GateError,
    LedgerError,
    MalformedError,
    RuleError,
    SignatureError,
    TamperedError,
)
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.rebuild import check_tables
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import sign
from ledger.signing.refusal import read_refusal
from ledger.store.engine import reading
from ledger.store.entries import find_entry, read_entries
from ledger.store.head import read_head
from ledger.store.tables import entries

pytestmark = pytest.mark.usefixtures("database")


def stored_state(hub: Hub) -> object:
    """Everything that a post could have changed."""
    with reading(hub.engine) as connection:
        head = read_head(connection)
        return head, list(read_entries(connection, 0, head.size)), hub.vault.open(connection, 0, head.size)


def test_what_was_posted_is_stored_projected_published_and_proven(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)

    answers = hubs.post(hub, alliance)

    assert [place.index for place, _ in answers] == list(range(len(alliance.heard)))
    with reading(hub.engine) as connection:
        for place, receipt in answers:
            checkpoint, _ = read_checkpoint(receipt.checkpoint, alliance.memorandum.log_key)
            entry = find_entry(connection, index=place.index)
            assert entry is not None
            leaf = leaf_hash(entry.leaf)
            check_inclusion(
                receipt.proof, leaf_hash=leaf, index=place.index, size=checkpoint.size, root=checkpoint.root
            )
    assert check_tables(hub.engine, hub.memorandum) == hub.appender.digest()


def test_reposting_the_same_bytes_returns_the_first_places_and_stores_nothing(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    before = stored_state(hub)

    again = hub.post([heard.envelope.text for heard in alliance.heard])

    assert [(place.index, place.is_new) for place, _ in again] == [(index, False) for index in range(len(again))]
    assert stored_state(hub) == before


def test_a_repost_without_its_disclosures_is_still_a_repost(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    [(place, _)] = hub.post([alliance.heard[-1].envelope.with_disclosures([]).text])

    assert place.index == len(alliance.heard) - 1
    assert not place.is_new


def test_a_post_that_was_half_taken_before_is_taken_whole(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    texts = [heard.envelope.text for heard in alliance.heard]
    hub.post(texts[:7])

    answers = hub.post(texts)

    assert [place.is_new for place, _ in answers] == [False] * 7 + [True] * (len(texts) - 7)


def test_a_refused_envelope_takes_its_whole_post_with_it(tmp_path: Path) -> None:
    alliance = given.opened(given.DRUP)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    before = stored_state(hub)
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(1), "on": "2021-11-16"})
    good = alliance.heard[-1].envelope
    claims = alliance.claims(given.DRUP, "case.submitted", {"case": given.case(1), "on": "2021-11-16"})
    known = sign(claims, [], given.signing_key(given.DRUP))

    with pytest.raises(RuleError, match="known already") as refused:
        hub.post([good.text, known.text])

    assert refused.value.facts["place"] == 1
    assert stored_state(hub) == before
    [(place, _)] = hub.post([good.text])
    assert place.is_new


def test_a_refusal_by_a_rule_is_signed_by_the_hub(tmp_path: Path) -> None:
    alliance = given.opened(given.DRUP)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    claims = alliance.claims(given.DRUP, "case.allocated", {**given.patient(given.case(9)), "on": "2021-11-16"})
    envelope = sign(claims, [], given.signing_key(given.DRUP))

    with pytest.raises(RuleError) as refused:
        hub.post([envelope.text])

    refusal = read_refusal(str(refused.value.facts["refusal"]), alliance.memorandum.log_key)
    assert refusal.envelope == envelope.hash
    assert refusal.size == len(alliance.heard)
    assert refusal.reason == str(refused.value)


def test_what_the_gate_refuses_is_neither_stored_nor_signed(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    before = stored_state(hub)
    alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    envelope = alliance.heard[-1].envelope

    with pytest.raises(GateError, match="every disclosure") as refused:
        hub.post([envelope.with_disclosures([]).text])

    assert "refusal" not in refused.value.facts
    assert stored_state(hub) == before


def test_another_event_for_a_taken_place_is_a_conflict_that_names_the_head(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    claims = alliance.claims(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    hubs.post(hub, alliance)

    with pytest.raises(ConflictError) as refused:
        hub.post([sign(claims, [], given.signing_key(given.DRUP)).text])

    assert refused.value.facts["next_seq"] == 2
    assert refused.value.facts["prev"] == to_base64url(alliance.heard[-1].envelope.hash)
    assert "refusal" in refused.value.facts


def test_a_known_event_id_with_other_content_is_a_conflict(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    taken_id = alliance.heard[0].envelope.claims.event_id
    claims = alliance.claims(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    stolen = sign(replace(claims, event_id=taken_id), [], given.signing_key(given.DRUP))

    with pytest.raises(ConflictError, match="taken"):
        hub.post([stolen.text])


def test_a_signature_by_a_stranger_is_refused(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    claims = alliance.claims(given.DRUP, "trial.registered", given.trial_of(given.DRUP))

    with pytest.raises(SignatureError):
        hub.post([sign(claims, [], given.signing_key("stranger")).text])


@pytest.mark.parametrize("post", [[], ["x"] * 1001, ["x" * (9 * 1024 * 1024)], ["not an envelope~"]])
def test_a_post_of_the_wrong_shape_is_malformed(tmp_path: Path, post: list[str]) -> None:
    hub = hubs.founded_hub(tmp_path, given.Alliance())

    with pytest.raises(MalformedError):
        hub.post(post)


def test_two_that_race_for_the_last_place_get_one_place_and_one_clear_refusal(tmp_path: Path) -> None:
    # given: one place left in stage 1, wanted by two countries at once
    alliance = given.opened(given.DRUP, given.IMPRESS)
    alliance.allocates(given.DRUP, given.case(1))
    for node, number in ((given.DRUP, 2), (given.IMPRESS, 3)):
        alliance.says(node, "case.submitted", {"case": given.case(number), "on": "2021-11-16"})
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    wanted = [
        sign(
            alliance.claims(node, "case.allocated", {**given.patient(given.case(number)), "on": "2021-12-01"}),
            [],
            given.signing_key(node),
        ).text
        for node, number in ((given.DRUP, 2), (given.IMPRESS, 3))
    ]

    # when
    outcomes = raced(hub, wanted)

    # then
    refused = [outcome for outcome in outcomes if isinstance(outcome, LedgerError)]
    assert len(refused) == 1
    assert isinstance(refused[0], RuleError)
    assert "no place is left" in str(refused[0])


def test_two_that_race_for_the_same_seq_get_one_place_and_one_conflict(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    rivals = [
        sign(
            alliance.claims(given.DRUP, "trial.registered", {**given.trial_of(given.DRUP), "name": name}),
            [],
            given.signing_key(given.DRUP),
        ).text
        for name in ("one", "two")
    ]

    outcomes = raced(hub, rivals)

    assert sorted(isinstance(outcome, ConflictError) for outcome in outcomes) == [False, True]


def raced(hub: Hub, posts: list[str]) -> list[object]:
    outcomes: list[object] = []

    def try_to(post: str) -> None:
        try:
            outcomes.append(hub.post([post]))
        except LedgerError as error:
            outcomes.append(error)

    threads = [Thread(target=try_to, args=(post,)) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_second_process_catches_up_with_what_the_first_appended(tmp_path: Path) -> None:
    alliance = given.founded()
    first = hubs.founded_hub(tmp_path, alliance)
    second = hubs.reopened(tmp_path)
    hubs.post(first, alliance)

    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    [(place, _)] = second.post([alliance.heard[-1].envelope.text])

    assert place.index == len(alliance.heard) - 1
    [(again, _)] = first.post([alliance.heard[-1].envelope.text])
    assert not again.is_new


def test_received_never_goes_back_even_when_the_clock_does(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.appender.now = lambda: now() - timedelta(days=3)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))

    hubs.post(hub, alliance)

    received = [event.received for event in snapshot_at(hub.engine, Moment()).events]
    assert received == sorted(received)


def test_a_transaction_that_fails_leaves_no_trace_and_no_false_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    before = stored_state(hub)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    text = alliance.heard[-1].envelope.text

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("ledger.operations.append.advance", full)
    with pytest.raises(OSError, match="disk full"):
        hub.post([text])
    monkeypatch.undo()

    assert stored_state(hub) == before
    [(place, _)] = hub.post([text])
    assert place.is_new


def test_what_no_key_has_signed_is_not_looked_at_any_further(tmp_path: Path) -> None:
    # given: behind an honest repost, a stranger's envelope that the gate would refuse
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    claims = alliance.claims(given.NEWCOMER, "trial.registered", {"note": "anna@example.org"})
    forged = sign(claims, [], given.signing_key("stranger"))

    with pytest.raises(SignatureError) as refused:
        hub.post([alliance.heard[0].envelope.text, forged.text])

    assert refused.value.facts["place"] == 1


def test_a_key_that_a_post_brings_is_good_for_the_rest_of_it(tmp_path: Path) -> None:
    alliance = given.founded()
    alliance.adopts("iceland", "accession", given.accession())
    alliance.signs(given.NEWCOMER)
    hub = hubs.founded_hub(tmp_path, alliance)

    answers = hubs.post(hub, alliance, batch=1_000)

    assert len(answers) == len(alliance.heard)


def test_the_same_envelope_twice_in_one_post_is_taken_once(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    text = alliance.heard[-1].envelope.text

    places = [place for place, _ in hub.post([text, text])]

    assert [place.is_new for place in places] == [True, False]
    assert places[0].index == places[1].index


def test_a_refused_event_of_an_unknown_type_gets_a_signed_refusal(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    claims = alliance.claims(given.DRUP, "key.replaced", {"key": "x"})

    with pytest.raises(RuleError, match="no event that this ledger knows") as refused:
        hub.post([sign(claims, [], given.signing_key(given.DRUP)).text])

    assert "refusal" in refused.value.facts


def test_an_entry_altered_behind_the_hubs_back_alarms_every_time_and_blames_nobody_else(tmp_path: Path) -> None:
    alliance = given.founded()
    hubs.post(hubs.founded_hub(tmp_path, alliance), alliance)
    with behind_its_back(hubs.settings_in(tmp_path)) as conn:
        conn.execute(entries.update().where(entries.c.index == 2).values(digest=bytes(32)))
    hub = hubs.reopened(tmp_path)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))

    for _ in range(3):
        with pytest.raises(TamperedError) as alarm:
            hub.post([alliance.heard[-1].envelope.text])
        assert alarm.value.facts["index"] == 2
