"""Many posts in one transaction: each is answered on its own, in their order, and a transaction that fails, fails all.

Two hubs on one file stand for two processes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import NamedTuple

import amended
import erased
import given
import hubs
import pytest
from given import DRUP, IMPRESS, PROTARGET, case

from ledger.errors import (
    ConflictError,
    GateError,
    LedgerError,
    MalformedError,
    RuleError,
    SignatureError,
)
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations.append import Posted
from ledger.operations.audit import audit
from ledger.operations.hub import Hub
from ledger.operations.rebuild import check_tables
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.envelope import Envelope, sign
from ledger.signing.receipt import Receipt
from ledger.signing.refusal import read_refusal
from ledger.store.engine import reading
from ledger.store.entries import find_entry, read_entries
from ledger.store.head import read_head

Answers = Sequence[list[Posted] | LedgerError]


class Told(NamedTuple):
    """A hub that has all that an alliance has said, and what is said next is not posted yet."""

    hub: Hub
    alliance: given.Alliance

    def next(self, node: str, number: int) -> Envelope:
        """A case submitted, as the node's next envelope, which the alliance has heard."""
        self.alliance.says(node, "case.submitted", {"case": case(number), "on": "2021-11-20"})
        return self.alliance.heard[-1].envelope

    def unheard(self, node: str, type_: str, data: given.Data, *, by: str | None = None) -> Envelope:
        return sign(self.alliance.claims(node, type_, data), (), given.signing_key(by or node))


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    alliance = given.opened(DRUP, IMPRESS, PROTARGET)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    yield Told(hub, alliance)
    hub.close()


def places(answers: Answers) -> list[list[tuple[int, bool]] | str]:
    """Of each post its places, or the kind of its error."""
    return [
        type(each).__name__ if isinstance(each, LedgerError) else [(place.index, place.is_new) for place in each]
        for each in answers
    ]


def stored(hub: Hub) -> object:
    with reading(hub.engine) as connection:
        head = read_head(connection)
        return head, list(read_entries(connection, 0, head.size)), hub.vault.open(connection, 0, head.size)


def test_a_bad_post_never_fails_its_neighbours(told: Told) -> None:
    # given: every way to be refused, with a good post before, between and after
    size = told.hub.appender.size()
    conflicting = told.unheard(PROTARGET, "case.submitted", {"case": case(8), "on": "2021-11-20"})
    first, second, third = told.next(PROTARGET, 1), told.next(DRUP, 2), told.next(IMPRESS, 3)
    stranger = told.unheard(DRUP, "case.submitted", {"case": case(9), "on": "2021-11-20"}, by="stranger")
    forged = sign(told.alliance.claims(IMPRESS, "case.submitted", {"case": case(9), "on": "2021-11-20"}), (),
                  given.signing_key(IMPRESS)).text.replace(".", ".A", 1)  # fmt: skip
    gated = told.unheard(DRUP, "case.allocated", {**given.patient("anna@example.org"), "on": "2021-12-01"})
    unruly = told.unheard(DRUP, "case.allocated", {**given.patient(case(9)), "on": "2021-12-01"})
    half = told.unheard(IMPRESS, "case.submitted", {"case": case(3), "on": "2021-11-20"})

    # when
    answers = told.hub.appender.append_each(
        [
            [first.text],
            ["not an envelope~"],
            [],
            [stranger.text],
            [forged],
            [second.text],
            [gated.text],
            [conflicting.text],
            [unruly.text],
            [third.text],
            [third.text, half.text],
        ]
    )

    # then
    assert places(answers) == [
        [(size, True)],
        "MalformedError",
        "MalformedError",
        "SignatureError",
        "MalformedError",
        [(size + 1, True)],
        "GateError",
        "ConflictError",
        "RuleError",
        [(size + 2, True)],
        "RuleError",
    ]
    assert [each.facts["place"] for each in answers if isinstance(each, ConflictError | RuleError)] == [0, 0, 1]
    assert told.hub.appender.size() == size + 3
    assert check_tables(told.hub.engine, told.hub.memorandum) == told.hub.appender.digest()


def test_a_signature_that_does_not_hold_is_refused_and_its_neighbours_are_not(told: Told) -> None:
    envelope = told.next(DRUP, 1)
    statement, signature = envelope.jws.text.rsplit(".", 1)
    forged = f"{statement}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}~"

    answers = told.hub.appender.append_each([[forged], [told.next(IMPRESS, 2).text], [forged], [envelope.text]])

    size = len(told.alliance.heard) - 2
    assert places(answers) == ["SignatureError", [(size, True)], "SignatureError", [(size + 1, True)]]


def test_a_refusal_is_signed_over_what_was_sequenced_before_it(told: Told) -> None:
    size = told.hub.appender.size()
    good, better = told.next(IMPRESS, 1), told.next(PROTARGET, 2)
    unruly = told.unheard(DRUP, "case.allocated", {**given.patient(case(9)), "on": "2021-12-01"})

    _, (early), _, late = told.hub.appender.append_each([[good.text], [unruly.text], [better.text], [unruly.text]])

    for refused, sequenced in ((early, size + 1), (late, size + 2)):
        assert isinstance(refused, RuleError)
        refusal = read_refusal(str(refused.facts["refusal"]), told.hub.memorandum.log_key)
        assert (refusal.size, refusal.envelope, refusal.before) == (sequenced, unruly.hash, ())
        assert refusal.reason == str(refused)


def test_what_a_refused_post_had_taken_is_given_back_before_the_next_is_judged(told: Told) -> None:
    size = told.hub.appender.size()
    good = told.next(DRUP, 1)
    unruly = told.unheard(DRUP, "case.allocated", {**given.patient(case(9)), "on": "2021-12-01"})

    answers = told.hub.appender.append_each([[good.text, unruly.text], [good.text]])

    assert places(answers) == ["RuleError", [(size, True)]]
    assert isinstance(answers[0], RuleError)
    refusal = read_refusal(str(answers[0].facts["refusal"]), told.hub.memorandum.log_key)
    assert (refusal.size, refusal.before) == (size, (good.hash,))


def test_a_repost_in_the_same_group_gets_the_first_place(told: Told) -> None:
    size = told.hub.appender.size()
    text, old = told.next(DRUP, 1).text, told.alliance.heard[3].envelope.text

    answers = told.hub.appender.append_each([[text], [text], [old, text]])

    assert places(answers) == [[(size, True)], [(size, False)], [(3, False), (size, False)]]


def test_posts_of_one_stream_go_in_their_order(told: Told) -> None:
    size = told.hub.appender.size()
    first, second, third = (told.next(DRUP, number).text for number in (1, 2, 3))

    answers = told.hub.appender.append_each([[first], [third], [second], [third]])

    assert places(answers) == [[(size, True)], "ConflictError", [(size + 1, True)], [(size + 2, True)]]


def test_an_event_id_that_an_earlier_post_of_the_group_has_taken_is_a_conflict(told: Told) -> None:
    size = told.hub.appender.size()
    first = told.next(DRUP, 1)
    claims = told.alliance.claims(DRUP, "case.submitted", {"case": case(2), "on": "2021-11-20"})
    second = sign(
        type(claims)(
            claims.node, first.claims.event_id, claims.issued_at, claims.seq, claims.prev, claims.type, claims.version,
            claims.actor, claims.data,
        ),
        (),
        given.signing_key(DRUP),
    )  # fmt: skip

    answers = told.hub.appender.append_each([[first.text], [second.text]])

    assert places(answers) == [[(size, True)], "ConflictError"]
    assert f"the event id {first.claims.event_id} is taken" in str(answers[1])


def test_a_key_that_one_post_brings_is_good_for_the_next_one(told: Told) -> None:
    size = told.hub.appender.size()
    old = told.unheard(DRUP, "case.submitted", {"case": case(9), "on": "2021-11-20"})
    told.alliance.rotates(DRUP)
    rotation, new = told.alliance.heard[-1].envelope, told.next(DRUP, 1)

    answers = told.hub.appender.append_each([[rotation.text], [new.text], [old.text]])

    assert places(answers) == [[(size, True)], [(size + 1, True)], "SignatureError"]


def test_what_claims_a_key_that_the_group_brings_and_is_not_signed_by_it_is_refused(told: Told) -> None:
    told.alliance.rotates(DRUP)
    rotation, new = told.alliance.heard[-1].envelope, told.next(DRUP, 1)
    statement, signature = new.jws.text.rsplit(".", 1)
    forged = f"{statement}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}~"

    answers = told.hub.appender.append_each([[rotation.text], [forged]])

    assert places(answers) == [[(len(told.alliance.heard) - 2, True)], "SignatureError"]
    assert "does not hold" in str(answers[1])


def test_what_corrects_an_event_of_an_earlier_post_is_gated_by_that_one(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    size = hub.appender.size()
    taken = alliance.says(DRUP, "response.assessed", given.patient(case(1)) | given.ASSESSMENT)
    amended.corrects(alliance, taken, **given.patient(case(1)), **given.ASSESSMENT)
    assessment, good = (heard.envelope for heard in alliance.heard[-2:])
    bare = good.with_disclosures(good.disclosures[:-1])

    answers = hub.appender.append_each([[assessment.text], [bare.text], [good.text]])

    assert places(answers) == [[(size, True)], "GateError", [(size + 1, True)]]
    hub.close()


def test_all_posts_of_a_transaction_that_fails_fail_and_nothing_is_remembered_of_them(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, digest = stored(told.hub), told.hub.appender.digest()
    posts = [[told.next(DRUP, 1).text], ["not an envelope~"], [told.next(IMPRESS, 2).text]]

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("ledger.operations.append.advance", full)
        with pytest.raises(OSError, match="disk full"):
            told.hub.appender.append_each(posts)

    assert told.hub.appender._database is None
    assert (stored(told.hub), told.hub.appender.digest()) == (before, digest)
    size = told.hub.appender.size()
    assert places(told.hub.appender.append_each(posts)) == [[(size, True)], "MalformedError", [(size + 1, True)]]


def test_an_erasure_in_a_group_destroys_what_the_posts_before_it_sealed_and_nothing_behind_it(tmp_path: Path) -> None:
    alliance = erased.told()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    size = hub.appender.size()
    alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH)
    erased.erases(alliance)
    alliance.says(DRUP, "response.assessed", given.patient(case(2)) | given.ASSESSMENT)

    answers = hub.appender.append_each([[heard.envelope.text] for heard in alliance.heard[size:]])

    assert places(answers) == [[(size, True)], [(size + 1, True)], [(size + 2, True)]]
    with reading(hub.engine) as connection:
        left = hub.vault.open(connection, 0, size + 3)
    assert not left.keys() & set(erased.erased(alliance))
    assert size in erased.erased(alliance)
    assert size + 2 in left
    hub.close()


def test_keys_that_another_process_was_cut_off_before_destroying_go_with_the_next_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = erased.told()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    other = hubs.reopened(tmp_path)
    other.appender.size()
    monkeypatch.setattr(hub.appender, "_destroy", lambda: None)
    hub.post([erased.erases(alliance).text])
    gone = {index: alliance.heard[index].envelope.claims.event_id for index in erased.erased(alliance)}
    with reading(other.engine) as connection:
        assert other.vault.kept(connection, gone) == ([], sorted(gone))

    alliance.says(DRUP, "response.assessed", given.patient(case(2)) | given.ASSESSMENT)
    hubs.post(other, alliance)

    with reading(other.engine) as connection:
        assert other.vault.kept(connection, gone) == ([], [])
    hub.close()
    other.close()


def test_the_receipts_of_a_group_are_under_one_checkpoint_and_verify(told: Told) -> None:
    size = told.hub.appender.size()
    posts = [[told.next(DRUP, 1).text, told.next(DRUP, 2).text], ["x"], [told.next(IMPRESS, 3).text]]
    old = told.alliance.heard[2].envelope.text

    answers = told.hub.post_each([*posts, [old]])

    assert isinstance(answers[1], MalformedError)
    given_out = [each for answer in answers if not isinstance(answer, LedgerError) for each in answer]
    assert [place.index for place, _ in given_out] == [size, size + 1, size + 2, 2]
    assert len({receipt.checkpoint for _, receipt in given_out}) == 1
    for place, receipt in given_out:
        check_receipt(told.hub, place.index, receipt)


def check_receipt(hub: Hub, index: int, receipt: Receipt) -> None:
    checkpoint, _ = read_checkpoint(receipt.checkpoint, hub.memorandum.log_key)
    with reading(hub.engine) as connection:
        entry = find_entry(connection, index=index)
    assert entry is not None
    leaf = leaf_hash(entry.leaf)
    check_inclusion(receipt.proof, leaf_hash=leaf, index=index, size=checkpoint.size, root=checkpoint.root)


def test_a_group_of_nothing_but_refused_posts_writes_nothing(told: Told) -> None:
    before = stored(told.hub)
    gated = told.unheard(DRUP, "case.allocated", {**given.patient("anna@example.org"), "on": "2021-12-01"})

    answers = told.hub.post_each([["x"], [gated.text]])

    assert [type(each) for each in answers] == [MalformedError, GateError]
    assert stored(told.hub) == before


def test_two_hubs_that_take_turns_on_one_ledger_each_fold_what_the_other_has_taken(told: Told, tmp_path: Path) -> None:
    other = hubs.reopened(tmp_path)
    size = told.hub.appender.size()

    for turn in range(6):
        hub = (told.hub, other)[turn % 2]
        posts = [[told.next(node, 10 * turn + n).text] for n, node in enumerate((DRUP, IMPRESS), start=1)]
        assert places(hub.appender.append_each(posts)) == [[(size + 2 * turn, True)], [(size + 2 * turn + 1, True)]]

    assert told.hub.appender.digest() == other.appender.digest()
    other.close()


def test_two_hubs_that_append_at_once_to_one_ledger_lose_nothing_and_hold(told: Told, tmp_path: Path) -> None:
    # given: each node's cases, in posts of its own, half of the nodes at each hub
    other = hubs.reopened(tmp_path)
    size, nodes = told.hub.appender.size(), (DRUP, IMPRESS, PROTARGET)
    said = {node: [[told.next(node, 100 * n + k).text] for k in range(12)] for n, node in enumerate(nodes)}
    posters = [(told.hub, DRUP), (other, IMPRESS), (told.hub, PROTARGET)]
    barrier, taken = Barrier(len(posters)), dict.fromkeys(nodes, 0)

    def post(hub: Hub, node: str) -> None:
        barrier.wait()
        for start in range(0, 12, 3):
            for answer in hub.post_each(said[node][start : start + 3]):
                assert not isinstance(answer, LedgerError), answer
                (place, receipt) = answer[0]
                assert place.is_new
                check_receipt(hub, place.index, receipt)
                taken[node] += 1

    # when
    threads = [Thread(target=post, args=each) for each in posters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then
    assert taken == dict.fromkeys(nodes, 12)
    assert told.hub.appender.size() == other.appender.size() == size + 36
    assert told.hub.appender.digest() == other.appender.digest()
    assert audit(told.hub.source("full"), pin=told.hub.memorandum.hash, view="full").failure is None
    other.close()


def test_a_stranger_at_the_head_of_a_group_is_refused_without_the_writers_lock(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = told.unheard(DRUP, "case.submitted", {"case": case(9), "on": "2021-11-20"}, by="stranger")

    def locks(_engine: object) -> None:
        raise AssertionError("the writer's lock was taken")

    monkeypatch.setattr("ledger.operations.append.writing", locks)

    (answer,) = told.hub.appender.append_each([[stranger.text]])

    assert isinstance(answer, SignatureError)
