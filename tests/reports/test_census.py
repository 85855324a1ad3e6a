"""Attested against derived: what is counted, as of when, and what is said of the difference."""

from typing import Any

import pytest
from given import DRUGS, DRUP, PROTARGET, Alliance, case, founded, opened, patient

from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.names import When
from ledger.reports.census import CensusLine, census, verdict
from ledger.reports.counts import counts
from ledger.reports.funnel import funnel


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def attests(alliance: Alliance, node: str, metric: str, **said: Any) -> None:
    census = {"metric": metric, "kind": "count", "operator": "eq", "as_of": "2021-12-31", "quote": "as we said"}
    alliance.says(node, "census.attested", census | said)


def the_line(alliance: Alliance) -> CensusLine:
    (line,) = census(snapshot_of(alliance))
    return line


@pytest.mark.parametrize(
    ("operator", "attested", "derived", "said"),
    [
        ("eq", 3, 3, "agrees"),
        ("eq", 3, 2, "short by 1"),
        ("eq", 3, 5, "over by 2"),
        ("ge", 3, 5, "agrees"),
        ("ge", 3, 3, "agrees"),
        ("ge", 3, 0, "short by 3"),
        ("le", 3, 0, "agrees"),
        ("le", 3, 3, "agrees"),
        ("le", 3, 4, "over by 1"),
    ],
)
def test_a_verdict_names_the_difference_that_the_operator_does_not_allow(
    operator: str, attested: int, derived: int, said: str
) -> None:
    assert verdict(operator, attested=attested, derived=derived) == said


def test_what_is_dated_after_the_attestation_is_not_counted() -> None:
    alliance = opened(DRUP)
    for number, on in enumerate(("2021-11-30", "2021-12", "2022-01-01")):
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": on})
    attests(alliance, DRUP, "cases_submitted", value=2)

    line = the_line(alliance)

    assert (line.derived, line.verdict) == (2, "agrees")


def test_an_attestation_that_was_not_made_by_the_day_is_not_held_against_anything() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-11-30"})
    attests(alliance, DRUP, "cases_submitted", value=1)

    before = census(snapshot_of(alliance).on(When.parse("2021-12-30").last))

    assert {line.verdict for line in before} == {"not attested"}
    assert ("cases_submitted", 1) in [(line.metric, line.derived) for line in before]


def test_a_plan_is_not_derived_even_where_its_metric_could_be() -> None:
    alliance = opened(DRUP)
    attests(alliance, DRUP, "combinations_available", kind="plan", value=5, by="2022")

    line = the_line(alliance)

    assert (line.attested, line.by, line.derived, line.verdict) == (5, "2022", None, "not derivable")


def test_a_date_that_was_attested_is_shown_as_stated() -> None:
    alliance = opened(DRUP)
    attests(alliance, DRUP, "trial_opening", kind="plan", operator="le", when="2022-Q1")

    line = the_line(alliance)

    assert (line.attested, line.verdict, line.quote) == ("2022-Q1", "not derivable", "as we said")


def test_each_census_of_a_metric_keeps_its_own_line() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-06-01"})
    attests(alliance, DRUP, "cases_submitted", value=0, as_of="2021-05")
    attests(alliance, DRUP, "cases_submitted", value=7)

    assert [line.verdict for line in census(snapshot_of(alliance))] == ["agrees", "short by 6"]


def test_made_up_events_are_counted_apart_too() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-06-01"})
    alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-06-01", "synthetic": True})
    attests(alliance, DRUP, "cases_submitted", value=2)

    line = the_line(alliance)

    assert (line.derived, line.synthetic) == (2, 1)


def test_a_drug_is_committed_until_it_is_available_and_available_until_it_is_withdrawn() -> None:
    alliance = founded()
    alliance.runs_trial(DRUP)
    seen = []

    def look() -> None:
        counted = counts(snapshot_of(alliance))
        seen.append((counted["drugs_committed"][DRUP], counted["drugs_available"][DRUP]))

    for event_type, said in (
        ("supply.committed", {}),
        ("supply.available", {"on": "2021-06"}),
        ("supply.withdrawn", {"on": "2021-07", "reason_code": "company", "reason": "no more of it"}),
        ("supply.available", {"on": "2021-09"}),
    ):
        alliance.says(DRUP, event_type, {"regimen": ["olaparib"], **said})
        look()

    assert seen == [(1, 0), (0, 1), (0, 0), (0, 1)]


def test_a_combination_is_no_drug() -> None:
    counted = counts(snapshot_of(opened(DRUP)))

    assert (counted["drugs_available"][DRUP], counted["combinations_available"][DRUP]) == (0, 1)
    assert len(DRUGS) == 2


def test_a_case_that_was_allocated_twice_is_one_case_and_released_or_not_it_was_allocated() -> None:
    alliance = opened(DRUP)
    alliance.allocates(DRUP, case(1))
    reason = {"reason_code": "choice", "reason": "thought better of it", "on": "2021-12-02"}
    alliance.says(DRUP, "case.released", {**patient(case(1)), **reason})
    alliance.allocates(DRUP, case(1))

    assert counts(snapshot_of(alliance))["cases_allocated"][DRUP] == 1


def test_a_case_prescreened_again_counts_once_with_a_target() -> None:
    alliance = opened(DRUP)
    for found in (False, True, True):
        said = {"case": case(1), "on": "2021-06-01", "potential_target": found}
        alliance.says(DRUP, "case.prescreened", said)

    counted = counts(snapshot_of(alliance))

    assert (counted["cases_prescreened"][DRUP], counted["cases_prescreened_with_target"][DRUP]) == (1, 1)


def test_the_funnel_keeps_the_trials_and_their_nouns_apart() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.treats(DRUP, case(1))
    alliance.enrols(PROTARGET, case(2))

    lines = {line.node: line for line in funnel(snapshot_of(alliance))}
    drup, protarget = lines[DRUP], lines[PROTARGET]

    assert (drup.node, drup.patients_enrolled, drup.treatments_started) == (DRUP, 1, 1)
    assert (protarget.node, protarget.patients_enrolled, protarget.treatments_started) == (PROTARGET, 1, 0)
    assert not drup.synthetic
    assert counts(snapshot_of(alliance))["cohorts_opened"] == {DRUP: 1, PROTARGET: 1}
