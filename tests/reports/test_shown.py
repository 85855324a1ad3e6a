"""What of each report somebody sees, by tier: outsiders never a patient, a node's patients, or an outcome."""

from collections.abc import Iterator
from dataclasses import asdict, astuple, fields, replace
from typing import Any

import pytest
from given import COHORT, DRUP, IMPRESS, PROTARGET, REGIMEN, Alliance, Data, case, opened

from ledger.clinical.suppression import Thresholds
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.errors import ForbiddenError
from ledger.reports.board import board
from ledger.reports.census import census
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.contributions import contributions
from ledger.reports.funnel import funnel
from ledger.reports.material import material
from ledger.reports.shown import (
    Audience,
    PooledBoard,
    PooledDecision,
    PooledLine,
    PooledProgress,
    PooledScope,
    PooledStanding,
    board_for,
    census_for,
    contributions_for,
    funnel_for,
    pooled_lines,
    progress_for,
    standings_for,
)
from ledger.reports.standing import standings
from ledger.signing.canonical import Json

PUBLIC, PARTNER, INVESTIGATOR, AUDITOR = (
    Audience("public"),
    Audience("partner"),
    Audience("investigator"),
    Audience("auditor"),
)
INDUSTRY, OUT_OF_SCOPE = Audience("industry", frozenset({REGIMEN})), Audience("industry", frozenset({"olaparib"}))
EIGHT_AND_24: Data = {
    "kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30,
}  # fmt: skip
DEFINED = frozenset({"tumour", "biomarker", "ages", "design_content", "endpoint_content"})


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def accruing(*patients: str, accrual: str = "pooled") -> Alliance:
    """The cohort is open at two nodes; patients: the node of each, who is under treatment."""
    alliance = opened(DRUP, IMPRESS, accrual=accrual, design=EIGHT_AND_24)
    for number, node in enumerate(patients):
        alliance.treats(node, case(number))
    return alliance


def decided(decision: str = "expand", *, benefits: int = 1) -> Alliance:
    """The small design's first stage is decided, on two patients."""
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
        alliance.finds(DRUP, case(number))
    evaluable: list[Json] = [{"node": DRUP, "case": case(number)} for number in (1, 2)]
    cut: dict[str, Json] = {"data_cut": alliance.database.size - 1, "evaluable": evaluable}
    said: dict[str, Json] = {"cohort": COHORT, "stage": 1, "benefits": benefits, "decision": decision}
    alliance.says(DRUP, "cohort.stage_decided", said | cut)
    return alliance


def shown(alliance: Alliance, audience: Audience) -> PooledStanding:
    (found,) = standings_for(standings(snapshot_of(alliance)), audience)
    assert isinstance(found, PooledStanding)
    return found


def reports(snapshot: Snapshot, audience: Audience) -> list[Any]:
    """All that an audience is shown of the reports that it may see."""
    found: list[Any] = [
        board_for(board(snapshot), audience),
        standings_for(standings(snapshot), audience),
        progress_for(material(Revealed(snapshot), COHORT), audience),
    ]
    if audience.tier != "industry":
        found += [contributions_for(contributions(snapshot), audience), funnel_for(funnel(snapshot), audience)]
    return found


@pytest.mark.parametrize("audience", [PARTNER, INVESTIGATOR, AUDITOR], ids=lambda each: each.tier)
def test_what_follows_from_clear_fields_is_exact_for_members_and_auditors(audience: Audience) -> None:
    snapshot = snapshot_of(accruing(DRUP, IMPRESS))

    found = reports(snapshot, audience)
    progress = found.pop(2)
    exact = cohort_progress(Revealed(snapshot), COHORT)
    assert found == [board(snapshot), standings(snapshot), contributions(snapshot), funnel(snapshot)]
    assert (progress.standing, progress.decisions) == (exact.standing, exact.decisions)
    assert [each.evaluable for each in progress.looks] == [each.evaluable for each in exact.looks]
    assert census_for(census(snapshot), audience) == census(snapshot)


def test_the_public_sees_which_cohorts_there_are_where_they_are_open_and_whether_there_is_room() -> None:
    found = shown(accruing(DRUP, IMPRESS), PUBLIC)

    assert (found.cohort, found.regimen, found.state) == (COHORT, REGIMEN, "open")
    assert found.countries == ("NL", "NO")
    assert found.scopes == (PooledScope(None, 1, "open"),)
    assert found.treated == "<10"


@pytest.mark.parametrize(("patients", "places"), [(4, "open"), (5, "few"), (7, "few"), (8, "full")])
def test_places_are_open_few_or_full(patients: int, places: str) -> None:
    assert shown(accruing(*[DRUP] * patients), PUBLIC).scopes[0].places == places


def test_where_a_cohort_is_open_nowhere_it_has_no_places_and_is_not_called_full() -> None:
    alliance = accruing(DRUP)
    for node in (DRUP, IMPRESS):
        closing: dict[str, Json] = {"reason_code": "other", "reason": "as the board decided"}
        alliance.says(node, "cohort.closed", {"cohort": COHORT, "on": "2022-01-01", "scope": "here", **closing})

    found = shown(alliance, PUBLIC)

    assert (found.state, found.countries, found.scopes[0].places) == ("closed", (), None)


def test_a_scope_that_a_decision_ended_has_no_places_and_is_not_called_full() -> None:
    assert shown(decided("close-futility", benefits=0), PUBLIC).scopes == (PooledScope(None, None, None),)


def test_whoever_is_treated_counts_in_whatever_stage() -> None:
    standing = standings(snapshot_of(accruing(DRUP)))[0]
    beyond = replace(standing, nodes=tuple(replace(each, started=3, started_stage_3=2) for each in standing.nodes[:1]))

    (found,) = standings_for([beyond], INDUSTRY)

    assert isinstance(found, PooledStanding)
    assert found.treated == 5


def test_each_trials_own_scope_is_shown_where_accrual_is_not_pooled() -> None:
    found = shown(accruing(*[DRUP] * 5, accrual="per-trial"), PUBLIC)

    assert {each.node: each.places for each in found.scopes} == {DRUP: "few", IMPRESS: "open"}


def test_one_patient_more_or_less_changes_nothing_that_the_public_sees() -> None:
    seen = [reports(snapshot_of(accruing(*patients)), PUBLIC) for patients in ((), (DRUP,), (DRUP, IMPRESS, IMPRESS))]

    assert seen[0] == seen[1] == seen[2]


def test_over_all_releases_the_public_never_sees_a_number_of_patients() -> None:
    alliance = accruing()
    releases = [snapshot_of(alliance)]
    for number in range(8):
        alliance.treats((DRUP, IMPRESS)[number % 2], case(number))
        releases.append(snapshot_of(alliance))

    counted = [path for snapshot in releases for each in reports(snapshot, PUBLIC) for path in whole_numbers(each)]

    assert set(counted) == {"stage", "openings"}


def whole_numbers(found: Any) -> Iterator[str]:
    """The names of the fields that hold numbers; what a definition says is no count."""
    if isinstance(found, tuple | list):
        for each in found:
            yield from whole_numbers(each)
    elif hasattr(found, "__dataclass_fields__"):
        for field in fields(found):
            value = getattr(found, field.name)
            if isinstance(value, int) and not isinstance(value, bool):
                yield field.name
            elif field.name not in DEFINED:
                yield from whole_numbers(value)


def test_what_the_public_sees_of_a_count_is_its_band() -> None:
    alliance = accruing(*[DRUP] * 8)
    for number in range(8, 13):
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-11-20"})

    lines = {each.node: each.cases_submitted for each in funnel_for(funnel(snapshot_of(alliance)), PUBLIC)}

    assert lines[DRUP] == "10 to 19"
    assert {count for node, count in lines.items() if node != DRUP} == {"<10"}


def test_industry_sees_the_cohorts_of_its_own_regimens_over_all_nodes() -> None:
    alliance = accruing(DRUP, DRUP, DRUP, IMPRESS, IMPRESS)

    found = shown(alliance, INDUSTRY)

    assert found.treated == 5
    assert shown(accruing(DRUP, DRUP, DRUP, IMPRESS), INDUSTRY).treated == "<5"
    assert "nodes" not in asdict(found)


def test_industry_sees_nothing_of_other_regimens() -> None:
    snapshot = snapshot_of(accruing(DRUP))
    seen = board_for(board(snapshot), OUT_OF_SCOPE)

    assert isinstance(seen, PooledBoard)
    assert seen.cohorts == standings_for(standings(snapshot), OUT_OF_SCOPE) == ()
    with pytest.raises(ForbiddenError, match="does not cover this cohort's regimen"):
        progress_for(material(Revealed(snapshot), COHORT), OUT_OF_SCOPE)


def test_industry_without_a_regimen_sees_no_cohort() -> None:
    assert standings_for(standings(snapshot_of(accruing(DRUP))), Audience("industry")) == ()


def test_what_is_of_no_regimen_is_not_for_industry() -> None:
    snapshot = snapshot_of(accruing(DRUP))

    with pytest.raises(ForbiddenError, match="who contributed what"):
        contributions_for(contributions(snapshot), INDUSTRY)
    with pytest.raises(ForbiddenError, match="funnel"):
        funnel_for(funnel(snapshot), INDUSTRY)


@pytest.mark.parametrize("audience", [PUBLIC, INDUSTRY], ids=lambda each: each.tier)
def test_no_outsider_sees_the_census(audience: Audience) -> None:
    with pytest.raises(ForbiddenError, match="members and auditors"):
        census_for(census(snapshot_of(accruing())), audience)


@pytest.mark.parametrize("audience", [PUBLIC, INDUSTRY], ids=lambda each: each.tier)
def test_a_decision_is_shown_without_the_outcomes_that_it_rests_on(audience: Audience) -> None:
    snapshot = snapshot_of(decided())

    progress = progress_for(material(Revealed(snapshot), COHORT), audience)

    assert isinstance(progress, PooledProgress)
    assert progress.decisions == (PooledDecision(1, "expand", off_design=False, synthetic=False),)
    assert progress.standing.scopes[0].stage == 2
    assert progress.biomarker == cohort_progress(Revealed(snapshot), COHORT).biomarker


def test_the_public_sees_who_takes_part_and_how_many_cohorts_each_opened() -> None:
    lines = {each.node: astuple(each) for each in contributions_for(contributions(snapshot_of(accruing())), PUBLIC)}

    assert lines[DRUP] == (DRUP, "DRUP", "NL", 1, False)
    assert lines[PROTARGET] == (PROTARGET, "ProTarget", "DK", 0, False)


def test_what_is_made_up_is_said_to_be_so_to_outsiders_too() -> None:
    alliance = accruing()
    assert not shown(alliance, PUBLIC).synthetic

    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-11-20", "synthetic": True})
    allocation: dict[str, Json] = {"case": case(1), "cohort": COHORT, "on": "2021-12-01"}
    alliance.says(DRUP, "case.allocated", {**allocation, "synthetic": True})

    assert shown(alliance, PUBLIC).synthetic
    assert shown(alliance, INDUSTRY).synthetic


def test_thresholds_are_settings() -> None:
    alliance = accruing(*[DRUP] * 6)

    assert shown(alliance, Audience("public", thresholds=Thresholds(public=6))).treated == "6 to 11"
    strict = Audience("industry", frozenset({REGIMEN}), Thresholds(partner=7))
    assert shown(alliance, strict).treated == "<7"


def test_a_pooled_cohort_is_a_line_a_scope_in_a_table() -> None:
    lines = list(pooled_lines([shown(accruing(DRUP, accrual="per-trial"), PUBLIC)]))

    assert [(each.node, each.places, each.countries, each.treated) for each in lines] == [
        (DRUP, "open", "NL NO", "<10"),
        (IMPRESS, "open", "NL NO", "<10"),
    ]
    assert {type(value) for value in astuple(lines[0])} <= {str, int, bool}
    assert isinstance(lines[0], PooledLine)
