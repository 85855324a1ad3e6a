"""What is late, stands still, or does not add up: found after the days that are set, and not a day before."""

from datetime import date, timedelta

import pytest
from amended import corrects
from courses import BENEFIT, NONE, follows, revealed, snapshot_of
from given import (
    ACTOR,
    COHORT,
    DEFINITION,
    DRUP,
    FINPROVE,
    IMPRESS,
    MEGALIT,
    PROTARGET,
    Alliance,
    Data,
    case,
    defined,
    opened,
    patient,
    treated,
    trial_of,
)
from stages import FIRST_TWO, OWN, decision, each_its_own, last, two_evaluable

from ledger.node.drafts import Draft, seal_draft
from ledger.reports.finding import Finding, Looked, Patience
from ledger.reports.findings import findings
from ledger.reports.findings_of_outcomes import Compared, compared
from ledger.signing.canonical import Json
from ledger.signing.envelope import Actor, Meaning

REASON: dict[str, Json] = {"reason_code": "other", "reason": "as the board decided"}


def of_kind(alliance: Alliance, kind: str, *, on: str | None = None, patience: Patience | None = None) -> list[Finding]:
    found = revealed(alliance)
    if on is not None:
        found = type(found)(found.snapshot.on(date.fromisoformat(on)), found.values)
    return [each for each in findings(found, patience) if each.kind == kind]


def waits(alliance: Alliance, days: int) -> None:
    """So many days pass, and somebody says something that has nothing to do with it."""
    alliance.now += timedelta(days=days)
    if alliance.row("trials", FINPROVE) is None:
        alliance.says(FINPROVE, "trial.registered", trial_of(FINPROVE))
    else:
        alliance.says(FINPROVE, "supply.committed", {"regimen": [f"drug-{alliance.database.size}"]})


# ---------------------------------------------------------------------- claims


def test_a_claim_that_the_assessments_do_not_bear_out_is_found_and_neither_is_told() -> None:
    alliance = treated()
    claim = follows(alliance, 1, course=NONE, claim="yes")
    assert claim is not None

    (only,) = of_kind(alliance, "claim-differs")

    assert (only.index, only.node) == (claim.event.index, DRUP)
    assert only.message == (
        f"case {case(1)} in {COHORT}: the claim of benefit is not what the assessments give (week-16)"
    )


def test_a_claim_that_they_bear_out_is_no_finding_and_a_correction_of_either_is_judged_anew() -> None:
    alliance = treated()
    claim = follows(alliance, 1, course=BENEFIT, claim="yes")
    assert claim is not None
    assert of_kind(alliance, "claim-differs") == []

    corrects(alliance, claim, **patient(case(1)), benefit="no", best_response=None, basis="read again")

    assert [each.index for each in of_kind(alliance, "claim-differs")] == [last(alliance)]


def test_what_is_shut_is_not_compared_and_counted_as_such() -> None:
    alliance = two_evaluable()
    claim = follows(alliance, 1, course=NONE, claim="yes")
    follows(alliance, 2, node=PROTARGET, claim="no")
    assert claim is not None

    found = revealed(alliance, shut=(claim.event.index,))

    assert [each.node for each in findings(found) if each.kind == "claim-differs"] == [PROTARGET]
    assert compared(Looked(found)) == Compared(claims=2, open=1)
    assert compared(Looked(revealed(alliance))) == Compared(claims=2, open=2)
    assert [each for each in findings(snapshot_of(alliance)) if each.kind == "claim-differs"] == []


# ---------------------------------------------------------------------- census


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [("eq", 3, "short by 2"), ("eq", 0, "over by 1"), ("eq", 1, None), ("ge", 1, None), ("le", 3, None)],
)
def test_a_count_that_the_events_do_not_add_up_to_is_found(operator: str, value: int, words: str | None) -> None:
    alliance = treated()
    said: Data = {
        "metric": "patients_enrolled", "kind": "count", "operator": operator, "value": value, "as_of": "2021-12-31",
        "quote": "so many patients",
    }  # fmt: skip
    attested = alliance.says(DRUP, "census.attested", said)

    found = of_kind(alliance, "census-differs")

    assert [(each.index, each.node) for each in found] == ([] if words is None else [(attested.event.index, DRUP)])
    assert all(str(words) in each.message and "1 by the events" in each.message for each in found)


# ---------------------------------------------------------------------- not opened


def test_a_cohort_that_nobody_opens_is_found_after_the_days_that_are_set() -> None:
    alliance = defined(DRUP)
    index = last(alliance)
    seen = []
    for days in (90, 1):
        waits(alliance, days)
        seen.append([(each.index, each.node) for each in of_kind(alliance, "not-opened")])

    assert seen == [[], [(index, DRUP)]]
    assert of_kind(alliance, "not-opened", patience=Patience(not_opened_days=91)) == []


def test_of_those_who_are_bound_whoever_has_not_opened_is_named_with_the_reason_and_the_others_are_not() -> None:
    alliance = defined(DRUP, PROTARGET, IMPRESS)
    alliance.opens(PROTARGET, on="2021-12-01")
    alliance.opens(DRUP, on="2021-06-01")
    seen = [of_kind(alliance, "not-opened", on=day) for day in ("2022-03-01", "2022-03-02")]
    waits(alliance, 100)

    (only,) = of_kind(alliance, "not-opened", on="2022-03-02")

    assert seen == [[], [only]]  # DRUP is bound by nothing, and its opening counts for nobody
    assert only.message == (
        f"{COHORT} is open elsewhere, and was never opened by {FINPROVE} (91 days, trial not open), {IMPRESS} "
        f"(91 days, supply available), {MEGALIT} (91 days, trial not open)"
    )


def test_nobody_is_asked_to_open_what_was_closed_everywhere_or_decided() -> None:
    closed = defined(DRUP)
    closed.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2022-01-02", "scope": "everywhere", **REASON})
    decided = two_evaluable()
    said = decision(FIRST_TWO, decision="close-futility", benefits=0, data_cut=last(decided))
    decided.says(DRUP, "cohort.stage_decided", said)
    for alliance in (closed, decided):
        waits(alliance, 300)

        assert of_kind(alliance, "not-opened") == []


# ---------------------------------------------------------------------- stale


def test_where_one_trial_decided_for_itself_alone_the_others_are_asked_still() -> None:
    alliance = each_its_own()
    said = decision(OWN, decision="close-futility", benefits=0, data_cut=last(alliance))
    alliance.says(PROTARGET, "cohort.stage_decided", said)
    waits(alliance, 300)

    (only,) = of_kind(alliance, "not-opened")

    assert MEGALIT in only.message


def test_an_open_cohort_of_which_nothing_is_told_is_found_after_the_days_that_are_set() -> None:
    alliance = opened(DRUP)
    alliance.allocates(DRUP, case(1), on="2022-01-02")  # the definition states no day, and came on the third
    seen = []
    for each in (180, 1):
        waits(alliance, each)
        seen.append([(found.kind, found.node) for found in of_kind(alliance, "stale-cohort")])

    assert seen == [[], [("stale-cohort", DRUP)]]
    assert "since 2022-01-03" in of_kind(alliance, "stale-cohort")[0].message
    alliance.says(DRUP, "case.released", {**patient(case(1)), "on": alliance.now.date().isoformat(), **REASON})
    assert of_kind(alliance, "stale-cohort") == []


def test_a_cohort_that_is_suspended_or_closed_is_not_stale() -> None:
    for event_type, more in (("cohort.suspended", {}), ("cohort.closed", {"scope": "here"})):
        alliance = opened(DRUP)
        alliance.says(DRUP, event_type, {"cohort": COHORT, "on": "2021-12-01", **REASON, **more})
        waits(alliance, 400)

        assert of_kind(alliance, "stale-cohort") == []


def test_what_states_no_day_counts_as_of_its_receipt() -> None:
    alliance = treated()
    waits(alliance, 300)
    assert of_kind(alliance, "stale-cohort")

    follows(alliance, 1)

    assert of_kind(alliance, "stale-cohort") == []


def test_what_is_told_late_happened_on_the_day_that_it_states() -> None:
    alliance = opened(DRUP)
    waits(alliance, 181)
    alliance.allocates(DRUP, case(1), on="2022-01-02")
    assert of_kind(alliance, "stale-cohort")

    alliance.says(DRUP, "case.released", {**patient(case(1)), "on": "2022-06-01", **REASON})

    assert of_kind(alliance, "stale-cohort") == []


def test_an_allocation_that_leads_to_nothing_is_found_until_it_leads_to_something() -> None:
    alliance = opened(DRUP)
    allocated = alliance.allocates(DRUP, case(1), on="2022-01-01")
    seen = [len(of_kind(alliance, "stale-allocation", on=day)) for day in ("2022-03-02", "2022-03-03")]
    waits(alliance, 100)
    (only,) = of_kind(alliance, "stale-allocation")
    alliance.says(DRUP, "case.released", {**patient(case(1)), "on": "2022-04-01", **REASON})

    assert seen == [0, 1]
    assert (only.index, only.node) == (allocated.event.index, DRUP)
    assert "was allocated in" in only.message
    assert of_kind(alliance, "stale-allocation") == []


def test_one_that_was_enrolled_is_waited_for_from_then_on_and_one_that_is_treated_never() -> None:
    alliance = opened(DRUP)
    alliance.enrols(DRUP, case(1))  # on 2 December
    seen = [len(of_kind(alliance, "stale-allocation", on=day)) for day in ("2022-01-31", "2022-02-01")]
    alliance.starts(DRUP, case(1))
    waits(alliance, 100)

    assert seen == [0, 1]
    assert of_kind(alliance, "stale-allocation") == []


# ---------------------------------------------------------------------- corrections


def corrects_as(alliance: Alliance, event: str, meaning: Meaning) -> int:
    """DRUP corrects its claim, by somebody whose signature means this. Returns the entry."""
    said = {**patient(case(1)), "benefit": "no", "best_response": None, "basis": "read again"}
    draft = Draft(
        "event.corrected",
        {"event": event, "reason_code": "typing-error", "reason": "of the wrong line", "replacement": said},
        actor=Actor("u2", "investigator", meaning),
        of="outcome.determined",
    )
    sealed = seal_draft(
        draft,
        node=DRUP,
        head=alliance.database.streams.get(DRUP),
        key=alliance.key(DRUP),
        actor=ACTOR,
        event_id=alliance._event_id(),
        issued_at=alliance.now,
        salts=alliance._salts(),
    )
    return alliance.takes(sealed).event.index


def test_a_correction_is_a_finding_until_one_of_the_same_event_is_signed_as_reviewed() -> None:
    alliance = treated()
    claim = follows(alliance, 1)
    assert claim is not None
    seen = []
    meanings: tuple[Meaning, ...] = ("authored", "authored", "reviewed", "authored", "approved")
    for meaning in meanings:
        index = corrects_as(alliance, claim.event.event_id, meaning)
        seen.append([each.index - index for each in of_kind(alliance, "unreviewed-correction")])

    assert seen == [[0], [0], [], [0], []]


def test_a_retraction_that_nobody_reviewed_is_found_too() -> None:
    alliance = treated()
    claim = follows(alliance, 1)
    assert claim is not None
    said = {"event": claim.event.event_id, "reason_code": "wrong-patient", "reason": "of another patient"}
    retracted = alliance.says(DRUP, "event.retracted", said)

    (only,) = of_kind(alliance, "unreviewed-correction")

    assert (only.index, only.node) == (retracted.event.index, DRUP)
    assert only.message == (
        f"event {claim.event.event_id} was retracted (wrong-patient), and nobody signed that as reviewed"
    )


def test_a_cohort_without_a_reader_is_found_with_its_definers_name() -> None:
    alliance = defined(DRUP)
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "cohort": "another"})
    waits(alliance, 91)

    assert [each.message.split()[0] for each in of_kind(alliance, "not-opened")] == [COHORT, "another"]
