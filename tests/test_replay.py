"""The fold: the same for the hub, a rebuild and an auditor, whatever is withheld; and it stops where history breaks."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from given import DRUP, NEWCOMER, PROTARGET, Alliance, Data, founded, opened, signing_key, state_of, trial_of
from histories import history
from hypothesis import given as holds_for
from hypothesis import settings
from hypothesis import strategies as st

from ledger.cohort.database import Database, Taken
from ledger.errors import ConflictError, LedgerError, RuleError, SignatureError
from ledger.events.base import Recorded
from ledger.events.catalog import EVENT_TYPES
from ledger.replay import key_of, replay
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import parse_jws, sign

REGISTRATION: Data = trial_of(DRUP)


def fold(alliance: Alliance, entries: list[Recorded]) -> tuple[Database, list[Taken]]:
    database = Database()
    return database, [*replay(alliance.memorandum, entries, database)]


# ---------------------------------------------------------------------- the same for everyone


def test_a_history_of_2000_events_is_the_same_live_and_replayed_with_all_sealed_values_withheld() -> None:
    alliance = history(2021, 2_000)

    database, taken = fold(alliance, alliance.recorded())

    assert {event.type for event in database.events} == {event_type.TYPE for event_type in EVENT_TYPES}
    assert all(heard.envelope.missing == () for heard in alliance.heard)
    assert len(taken) == database.size == 2_000
    assert state_of(database) == state_of(alliance.database)


@settings(max_examples=10, deadline=None)
@holds_for(st.integers(0, 2**32), st.integers(30, 200), st.integers(1, 5))
def test_whatever_is_withheld_changes_nothing(seed: int, n: int, every: int) -> None:
    alliance = history(seed, n)
    some = [
        Recorded.of(
            heard.envelope.with_disclosures(heard.envelope.disclosures[index % every :]),
            index=index,
            received=heard.received,
        )
        for index, heard in enumerate(alliance.heard)
    ]

    database, _ = fold(alliance, some)

    assert state_of(database) == state_of(alliance.database)


@settings(max_examples=5, deadline=None)
@holds_for(st.integers(0, 2**32))
def test_the_same_seed_tells_the_same_history(seed: int) -> None:
    one, other = history(seed, 60), history(seed, 60)

    assert [heard.envelope.text for heard in one.heard] == [heard.envelope.text for heard in other.heard]


# ---------------------------------------------------------------------- where history breaks


def entries_with(alliance: Alliance, index: int, entry: Recorded) -> Iterator[Recorded]:
    for good in alliance.recorded():
        yield entry if good.index == index else good


@pytest.mark.parametrize("index", [0, 7, 25])
def test_a_replay_stops_at_the_first_entry_that_does_not_hold_and_names_it(index: int) -> None:
    alliance = opened(DRUP, PROTARGET)
    for number in range(10):
        alliance.says(DRUP, "census.attested", census(number))
    bad = alliance.recorded()[index]
    wrong = replace(bad, claims=replace(bad.claims, seq=bad.claims.seq + 1))
    database = Database()

    with pytest.raises(ConflictError) as failure:
        deque(replay(alliance.memorandum, entries_with(alliance, index, wrong), database))

    assert failure.value.facts["index"] == index == database.size
    assert failure.value.facts["node"] == bad.claims.node
    assert state_of(database) == state_of(fold(alliance, alliance.recorded()[:index])[0])


def census(value: int) -> Data:
    return {
        "metric": "cases_submitted", "kind": "count", "operator": "eq", "value": value, "as_of": "2021-11-16",
        "quote": "so many",
    }  # fmt: skip


def test_another_memorandum_is_another_ledger() -> None:
    alliance = founded()
    other = Alliance(quorum="all")

    with pytest.raises(RuleError) as failure:
        fold(other, alliance.recorded())

    assert failure.value.facts["index"] == 0


def test_an_entry_that_is_left_out_is_missed() -> None:
    alliance = opened(DRUP)
    entries = alliance.recorded()
    gone = len(entries) - 2
    shifted = [*entries[:gone], *(replace(entry, index=entry.index - 1) for entry in entries[gone + 1 :])]

    with pytest.raises(LedgerError) as failure:
        fold(alliance, shifted)

    assert failure.value.facts["index"] == gone


# ---------------------------------------------------------------------- an envelope's place and key


@pytest.mark.parametrize("seq", [0, 2, 7])
def test_a_gap_or_a_repeat_in_a_stream_is_a_conflict_that_names_its_head(seq: int) -> None:
    alliance = founded()
    claims = alliance.claims(DRUP, "trial.registered", REGISTRATION)
    prev = claims.prev if seq else None
    forged = sign(replace(claims, seq=seq, prev=prev), (), signing_key(DRUP))

    error = alliance.refuses_envelope(forged, because="drup-nl has seq 1", error=ConflictError)

    assert error.facts["next_seq"] == 1
    assert error.facts["prev"] == to_base64url(alliance.database.streams[DRUP].hash)


def test_a_stale_prev_is_a_conflict() -> None:
    alliance = founded()
    claims = alliance.claims(DRUP, "trial.registered", REGISTRATION)
    others = alliance.database.streams[PROTARGET].hash

    alliance.refuses_envelope(
        sign(replace(claims, prev=others), (), signing_key(DRUP)),
        because="prev is not the hash of the last envelope of drup-nl",
        error=ConflictError,
    )


def test_two_that_race_for_the_same_seq_one_wins_and_the_other_is_told() -> None:
    alliance = founded()
    first = sign(alliance.claims(DRUP, "trial.registered", REGISTRATION), (), signing_key(DRUP))
    second = sign(alliance.claims(DRUP, "census.attested", census(1)), (), signing_key(DRUP))

    alliance.takes(first)

    alliance.refuses_envelope(second, because="the next envelope of drup-nl has seq 2, not 1", error=ConflictError)


def test_the_same_envelope_is_not_taken_twice() -> None:
    alliance = founded()
    envelope = sign(alliance.claims(DRUP, "trial.registered", REGISTRATION), (), signing_key(DRUP))
    alliance.takes(envelope)

    alliance.refuses_envelope(envelope, because="the next envelope of drup-nl has seq 2, not 1", error=ConflictError)


@pytest.mark.parametrize("owner", [DRUP, PROTARGET])
def test_an_event_id_is_used_once_by_whomever(owner: str) -> None:
    alliance = founded()
    used = next(heard.envelope.claims.event_id for heard in alliance.heard if heard.envelope.claims.node == owner)
    claims = replace(alliance.claims(DRUP, "trial.registered", REGISTRATION), event_id=used)

    alliance.refuses_envelope(
        sign(claims, (), signing_key(DRUP)), because=f"the event id {used} is taken", error=ConflictError
    )


@pytest.mark.parametrize("owner", [PROTARGET, "stranger"])
def test_a_key_that_is_not_the_nodes_signs_nothing_for_it(owner: str) -> None:
    alliance = founded()
    claims = alliance.claims(DRUP, "trial.registered", REGISTRATION)

    alliance.refuses_envelope(
        sign(claims, (), signing_key(owner)), because="that is no key of drup-nl", error=SignatureError
    )


def test_the_fold_itself_asks_for_the_key_in_force() -> None:
    alliance = founded()
    alliance.says(DRUP, "trial.registered", REGISTRATION)
    last = alliance.recorded()[-1]
    wrong = replace(last, kid=signing_key(PROTARGET).public.thumbprint)

    with pytest.raises(SignatureError, match="that key of drup-nl is not in force") as failure:
        [*replay(alliance.memorandum, entries_with(alliance, last.index, wrong), Database())]

    assert failure.value.facts["index"] == last.index


def test_a_node_that_nobody_knows_says_nothing() -> None:
    alliance = founded()

    alliance.refuses(
        NEWCOMER, "trial.registered", REGISTRATION, because="trial-is has no key here", error=SignatureError
    )


def test_a_key_of_a_node_is_found_before_and_after_its_first_event() -> None:
    alliance = Alliance()
    thumbprint = signing_key(DRUP).public.thumbprint
    before = key_of(alliance.memorandum, alliance.database, DRUP, thumbprint)

    alliance.signs(DRUP)

    assert key_of(alliance.memorandum, alliance.database, DRUP, thumbprint) == before == signing_key(DRUP).public


def test_a_changed_byte_breaks_the_signature() -> None:
    alliance = founded()
    good = alliance.claims(DRUP, "trial.registered", REGISTRATION)
    signed = sign(good, (), signing_key(DRUP))
    other = sign(replace(good, data={**REGISTRATION, "name": "Other"}), (), signing_key(DRUP))
    text = other.jws.text.rsplit(".", 1)[0] + "." + signed.jws.text.rsplit(".", 1)[1]

    alliance.refuses_envelope(
        parse_jws(text), because="the signature does not hold under this key", error=SignatureError
    )


def test_the_hubs_day_is_the_day_of_receipt() -> None:
    alliance = founded()
    tomorrow = alliance.now.date() + timedelta(1)
    data = {**census(1), "as_of": f"{tomorrow + timedelta(1)}"}
    alliance.refuses(DRUP, "census.attested", data, because="has not come yet")

    alliance.now += timedelta(1)

    assert alliance.says(DRUP, "census.attested", data).versions
