"""Verdicts: what convicts a log in the eyes of somebody who believes nobody, and what does not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import given
import hubs
import pytest
from naive_log import LOG, MEMORANDUM, NaiveLog, forked, leaves

from ledger.cohort.memorandum import Memorandum
from ledger.errors import ConflictError, LedgerError, MalformedError, NotFoundError, RuleError, TamperedError
from ledger.operations.evidence import (
    Evidence,
    Fork,
    RefusedPost,
    Rollback,
    encode,
    keep_refusal,
    parse,
    read_evidence,
)
from ledger.operations.forks import prove_fork
from ledger.operations.hub import Hub
from ledger.operations.source import Source
from ledger.operations.verdict import Verdict, judge
from ledger.signing.entry import parse_time
from ledger.signing.envelope import Envelope, parse_jws, sign
from ledger.signing.refusal import Refusal, read_refusal, sign_refusal
from ledger.store.engine import reading
from ledger.store.entries import read_entries


def a_fork(old_size: int, size: int) -> Fork:
    older, newer = NaiveLog(leaves(old_size)), NaiveLog(forked(2, size))
    found = prove_fork(LOG.verifier, older.head, newer.head, newer)
    assert found is not None
    return found


@pytest.mark.parametrize("sizes", [(5, 5), (5, 12), (8, 12)])
def test_a_fork_convicts_and_with_any_byte_changed_it_does_not(sizes: tuple[int, int]) -> None:
    data = encode(a_fork(*sizes))
    assert judge(parse(data)).ruling == "convicts"

    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        try:
            verdict = judge(parse(altered))
        except MalformedError:
            continue
        assert verdict.ruling == "proves nothing", place


def test_evidence_against_another_key_than_the_memorandums_proves_nothing() -> None:
    other = given.memorandum_of(given.DRUP)
    signer = type(LOG)(LOG.name, given.signing_key("another log"))
    other["log_key"] = signer.verifier.text

    assert judge(a_fork(5, 12), memorandum=MEMORANDUM).ruling == "convicts"
    verdict = judge(a_fork(5, 12), memorandum=Memorandum.of(other))

    assert verdict.ruling == "proves nothing"
    assert "another log's key" in verdict.finding


def test_a_rollback_is_the_word_of_whoever_saw_it() -> None:
    seen = Rollback(LOG.verifier, NaiveLog(leaves(12)).note, NaiveLog(leaves(5)).note)

    assert judge(seen).ruling == "proves nothing"
    assert "word of whoever saw it" in judge(seen).finding
    assert "not the log's" in judge(replace(seen, shown=b"")).finding


# ---------------------------------------------------------------------- refusals


@dataclass(frozen=True)
class Place:
    """A hub, and the alliance that it heard all of."""

    folder: Path
    alliance: given.Alliance
    hub: Hub

    def next(self, node: str, type_: str, data: given.Data) -> Envelope:
        """What a node could say now, and has not."""
        return sign(self.alliance.claims(node, type_, data), [], given.signing_key(node))

    def refused(self, *post: Envelope, error: type[LedgerError] = RuleError) -> Evidence:
        """The hub's own refusal of a post, as its client keeps it."""
        with pytest.raises(error) as refusal:
            self.hub.post([each.text for each in post])
        file = keep_refusal(
            self.folder / "kept", str(refusal.value.facts["refusal"]), post, self.hub.memorandum.log_key
        )
        return read_evidence(file)

    def claims_to_refuse(
        self, *post: Envelope, size: int | None = None, received: datetime | None = None
    ) -> RefusedPost:
        """A refusal that the hub's owner signs by hand."""
        refusal = Refusal(
            origin=given.ORIGIN,
            size=len(self.alliance.heard) if size is None else size,
            received=received or datetime(2030, 1, 1, tzinfo=UTC),
            envelope=post[-1].hash,
            before=tuple(each.hash for each in post[:-1]),
            reason="no place is left",
        )
        return RefusedPost(
            LOG.verifier, sign_refusal(refusal, LOG), tuple(each.with_disclosures(()).text for each in post)
        )

    def judged(self, evidence: Evidence, *, log: Source | None = None) -> Verdict:
        return judge(evidence, memorandum=self.alliance.memorandum, log=log or self.hub.source("clear"))


CASE: given.Data = {"case": given.case(9), "on": "2021-11-16"}
ALLOCATION: given.Data = {**given.patient(given.case(9)), "on": "2021-12-01"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    alliance = given.opened(given.DRUP)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    yield Place(tmp_path, alliance, hub)
    hub.engine.dispose()


def test_a_refusal_that_the_rules_asked_for_is_right(place: Place) -> None:
    evidence = place.refused(place.next(given.DRUP, "case.allocated", ALLOCATION))

    verdict = place.judged(evidence)

    assert verdict.ruling == "nothing wrong"
    assert "needs" in verdict.finding


def test_a_refusal_is_judged_by_the_log_as_it_was_then_and_not_as_it_is_now(place: Place) -> None:
    # given: the allocation was refused for want of a case, and taken later; the case's own submission was never refused
    allocation = place.next(given.DRUP, "case.allocated", ALLOCATION)
    right = place.refused(allocation)
    submission = place.next(given.DRUP, "case.submitted", CASE)
    false = place.claims_to_refuse(submission)
    place.alliance.allocates(given.DRUP, given.case(9))
    hubs.post(place.hub, place.alliance)

    assert place.judged(right).ruling == "nothing wrong"
    assert place.judged(false).ruling == "convicts"


def test_a_refusal_of_what_the_rules_admit_convicts_the_hub_whatever_reason_it_gives(place: Place) -> None:
    false = place.claims_to_refuse(place.next(given.DRUP, "case.submitted", CASE))

    verdict = place.judged(false)

    assert verdict.ruling == "convicts"
    assert "the rules admit what it refuses (its reason: no place is left)" in verdict.finding


def sequence(place: Place, *said: tuple[str, given.Data]) -> list[Envelope]:
    """What DRUP says, one after the other, and the hub has not heard."""
    known = len(place.alliance.heard)
    for type_, data in said:
        place.alliance.says(given.DRUP, type_, data)
    return [heard.envelope for heard in place.alliance.heard[known:]]


def test_what_stands_before_it_in_the_post_counts(place: Place) -> None:
    size = len(place.alliance.heard)
    post = sequence(place, ("case.submitted", CASE), ("case.allocated", ALLOCATION))

    whole, alone = (place.judged(place.claims_to_refuse(*part, size=size)) for part in (post, post[1:]))

    assert (whole.ruling, alone.ruling) == ("convicts", "nothing wrong")


def test_a_post_whose_earlier_envelope_is_refused_was_rightly_refused(place: Place) -> None:
    bad = place.next(given.DRUP, "case.allocated", ALLOCATION)
    good = place.next(given.PROTARGET, "trial.registered", given.trial_of(given.PROTARGET))

    verdict = place.judged(place.claims_to_refuse(bad, good))

    assert verdict.ruling == "nothing wrong"
    assert "envelope 0 of its post" in verdict.finding


def test_what_was_posted_before_is_passed_over_as_the_hub_does(place: Place) -> None:
    [known] = sequence(place, ("case.submitted", CASE))
    hubs.post(place.hub, place.alliance)
    right = place.refused(known, place.next(given.DRUP, "case.submitted", CASE))
    repost = place.claims_to_refuse(known)
    behind = place.claims_to_refuse(known, place.next(given.DRUP, "case.allocated", ALLOCATION))

    assert place.judged(right).ruling == "nothing wrong"
    assert [place.judged(each).ruling for each in (repost, behind)] == ["convicts", "convicts"]


def test_a_conflict_that_is_none_convicts_and_one_that_is_does_not(place: Place) -> None:
    claims = place.alliance.claims(given.DRUP, "case.submitted", CASE)
    misplaced = sign(replace(claims, seq=99), [], given.signing_key(given.DRUP))

    right = place.refused(misplaced, error=ConflictError)

    assert place.judged(right).ruling == "nothing wrong"
    assert place.judged(place.claims_to_refuse(sign(claims, [], given.signing_key(given.DRUP)))).ruling == "convicts"


def test_an_envelope_that_its_node_did_not_sign_was_rightly_refused(place: Place) -> None:
    claims = place.alliance.claims(given.DRUP, "case.submitted", CASE)
    good, forged = (sign(claims, [], given.signing_key(name)) for name in (given.DRUP, "a thief"))
    signature = forged.jws.text.rpartition(".")[2]
    passed_off = parse_jws(f"{good.jws.signing_input.decode()}.{signature}")

    for each in (forged, passed_off):
        assert place.judged(place.claims_to_refuse(each)).ruling == "nothing wrong"


def test_a_hub_cannot_excuse_itself_with_a_clock_that_goes_back(place: Place) -> None:
    """Long ago, the day that the event tells of had not come yet."""
    submission = place.next(given.DRUP, "case.submitted", CASE)

    verdict = place.judged(place.claims_to_refuse(submission, received=datetime(2021, 1, 1, tzinfo=UTC)))

    assert verdict.ruling == "convicts"
    assert "a time before that of entry" in verdict.finding


@pytest.mark.parametrize("size", [3, -1])
def test_a_hub_cannot_excuse_itself_with_a_size_that_its_log_had_outgrown(place: Place, size: int) -> None:
    """At three entries the alliance was not in force, and the rules refused everything."""
    submission = place.next(given.DRUP, "case.submitted", CASE)
    stale = place.claims_to_refuse(submission, size=range(len(place.alliance.heard))[size])

    verdict = place.judged(stale)

    assert verdict.ruling == "convicts"
    assert "and the log had more by then" in verdict.finding


@pytest.mark.parametrize(("seconds", "ruling"), [(60, "nothing wrong"), (61, "convicts")])
def test_a_hubs_clock_may_be_put_back_a_little_between_a_refusal_and_the_next_entry(
    place: Place, seconds: int, ruling: str
) -> None:
    size = len(place.alliance.heard)
    allocation = place.next(given.DRUP, "case.allocated", ALLOCATION)
    place.alliance.says(given.DRUP, "case.submitted", CASE)
    hubs.post(place.hub, place.alliance)
    with reading(place.hub.engine) as connection:
        [following] = read_entries(connection, size, size + 1)

    later = parse_time(following.received) + timedelta(seconds=seconds)
    right = place.claims_to_refuse(allocation, size=size, received=later)

    assert place.judged(right).ruling == ruling


def test_the_time_of_the_refusal_is_the_time_that_the_rules_are_asked_at(place: Place) -> None:
    later: given.Data = {"case": given.case(9), "on": "2029-12-31"}
    submission = place.next(given.DRUP, "case.submitted", later)

    right = place.refused(submission)

    assert place.judged(right).ruling == "nothing wrong"
    assert place.judged(place.claims_to_refuse(submission)).ruling == "convicts"


def test_a_log_that_is_shorter_than_the_refusal_says_judges_nothing(place: Place) -> None:
    submission = place.next(given.DRUP, "case.submitted", CASE)

    with pytest.raises(NotFoundError, match="shows more of the log"):
        place.judged(place.claims_to_refuse(submission, size=len(place.alliance.heard) + 1))


class Altered:
    def __init__(self, source: Source, path: str, *, after: int) -> None:
        self.source, self.path, self.left = source, path, after

    def read(self, path: str) -> bytes:
        data = self.source.read(path)
        if path.startswith(self.path):
            self.left -= 1
            if self.left < 0:
                return data[:2] + b"2021" + data[6:]  # the year in which the first entry was received
        return data


@pytest.mark.parametrize(("after", "said"), [(0, "does not hold"), (1, "than it did a moment before")])
def test_a_log_that_does_not_hold_or_changes_while_it_is_read_judges_nothing(
    place: Place, after: int, said: str
) -> None:
    false = place.claims_to_refuse(place.next(given.DRUP, "case.submitted", CASE))
    log = Altered(place.hub.source("clear"), "tile/entries/", after=after)

    with pytest.raises(TamperedError, match=said):
        place.judged(false, log=log)


def test_without_the_log_a_refusal_is_checked_and_not_judged(place: Place) -> None:
    false = place.claims_to_refuse(place.next(given.DRUP, "case.submitted", CASE))

    verdict = judge(false, memorandum=place.alliance.memorandum)

    assert verdict.ruling == "nothing wrong"
    assert "--log" in verdict.finding


def spoilt(evidence: RefusedPost, disclosing: Callable[[Envelope], RefusedPost]) -> Iterator[RefusedPost]:
    first, second = evidence.envelopes
    sealed = next(heard.envelope for heard in given.treated().heard if heard.envelope.disclosures)
    yield replace(evidence, envelopes=())
    yield replace(evidence, envelopes=(first,))
    yield replace(evidence, envelopes=(second,))
    yield replace(evidence, envelopes=(second, first))
    yield replace(evidence, envelopes=(first, second, second))
    yield replace(evidence, envelopes=(first, second.removesuffix("~")))
    yield disclosing(sealed)
    stranger = type(LOG)(LOG.name, given.signing_key("stranger"))
    yield replace(evidence, refusal=sign_refusal(read_refusal(evidence.refusal, LOG.verifier), stranger))


def test_what_was_changed_in_a_false_refusal_takes_its_force(place: Place) -> None:
    size = len(place.alliance.heard)
    post = sequence(place, ("case.submitted", CASE), ("case.allocated", ALLOCATION))
    evidence = place.claims_to_refuse(*post, size=size)
    assert place.judged(evidence).ruling == "convicts"

    def disclosing(envelope: Envelope) -> RefusedPost:
        return replace(place.claims_to_refuse(envelope, size=size), envelopes=(envelope.text,))

    for each in spoilt(evidence, disclosing):
        assert place.judged(each).ruling == "proves nothing"


def test_with_any_byte_changed_a_refusal_is_not_even_judged(place: Place) -> None:
    data = encode(place.claims_to_refuse(place.next(given.DRUP, "case.submitted", CASE)))

    for place_ in range(len(data)):
        altered = data[:place_] + bytes([data[place_] ^ 1]) + data[place_ + 1 :]
        try:
            verdict = judge(parse(altered))
        except MalformedError:
            continue
        assert verdict.ruling == "proves nothing", place_
