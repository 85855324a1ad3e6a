"""The board and a cohort's page: who has it open, who is behind, what is left, what was decided."""

from dataclasses import replace
from datetime import date

import pytest
from given import (
    COHORT,
    DRUP,
    FINPROVE,
    IMPRESS,
    MEGALIT,
    PROTARGET,
    Alliance,
    case,
    defined,
    opened,
    patient,
)

from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.cohort.view import View
from ledger.errors import NotFoundError
from ledger.reports.board import board
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.standing import AtNode, Scope, Standing, standings
from ledger.signing.canonical import Json

NORDIC = (PROTARGET, MEGALIT, IMPRESS)
REASON: dict[str, Json] = {"reason_code": "other", "reason": "as the board decided"}


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def standing(alliance: Alliance, on: str | None = None) -> Standing:
    snapshot = snapshot_of(alliance)
    (line,) = standings(snapshot.on(date.fromisoformat(on)) if on else snapshot)
    return line


def at(alliance: Alliance, node: str, on: str | None = None) -> AtNode:
    return next(each for each in standing(alliance, on).nodes if each.node == node)


def places(alliance: Alliance) -> list[tuple[str | None, int | None, int | None]]:
    return [(each.node, each.stage, each.places_left) for each in standing(alliance).scopes]


def decides(alliance: Alliance, decision: str, *, stage: int, benefits: int, cases: int, node: str = DRUP) -> None:
    evaluable: list[Json] = [{"node": node, "case": case(number)} for number in range(cases)]
    said: dict[str, Json] = {"stage": stage, "benefits": benefits, "decision": decision, "evaluable": evaluable}
    cut = alliance.database.size - 1
    alliance.says(node, "cohort.stage_decided", {"cohort": COHORT, "data_cut": cut, **said})


def test_a_node_that_has_not_opened_a_cohort_is_on_the_board_too() -> None:
    alliance = opened(DRUP)

    shown = board(snapshot_of(alliance))

    assert [each.node for each in shown.nodes] == sorted((DRUP, *NORDIC, FINPROVE))
    assert [each.node for each in shown.cohorts[0].nodes] == [each.node for each in shown.nodes]
    assert (at(alliance, DRUP).state, at(alliance, IMPRESS).state) == ("open", "not opened")


def test_a_cohort_is_suspended_until_it_is_resumed() -> None:
    alliance = opened(DRUP)
    seen = []

    for event_type, on in (("cohort.suspended", "2021-07-01"), ("cohort.resumed", "2021-08-01")):
        alliance.says(DRUP, event_type, {"cohort": COHORT, "on": on, **REASON})
        seen.append(at(alliance, DRUP).state)

    assert seen == ["suspended", "open"]
    assert at(alliance, DRUP, on="2021-07-15").state == "suspended"


def test_a_cohort_closed_here_stays_on_the_board_and_open_elsewhere() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "here", **REASON})

    assert (at(alliance, DRUP).state, at(alliance, DRUP).closed_on) == ("closed", "2021-09-01")
    assert (at(alliance, PROTARGET).state, at(alliance, PROTARGET).closed_on) == ("open", None)


def test_a_cohort_closed_everywhere_is_closed_at_every_node_that_had_it_open() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.says(PROTARGET, "cohort.closed", {"cohort": COHORT, "on": "2021-08-01", "scope": "here", **REASON})
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "everywhere", **REASON})

    line = standing(alliance)

    assert (line.closed_on, line.closing_code) == ("2021-09-01", "other")
    assert [(each.state, each.closed_on) for each in line.nodes if each.opened_on] == [
        ("closed", "2021-09-01"),
        ("closed", "2021-08-01"),
    ]
    assert at(alliance, DRUP, on="2021-08-31").state == "open"


def test_a_cohort_opened_again_is_open_since_its_first_opening() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "here", **REASON})
    alliance.opens(DRUP, on="2021-10-01")

    assert at(alliance, DRUP).state == "open"
    assert (at(alliance, DRUP).opened_on, at(alliance, DRUP).closed_on) == ("2021-06", None)


def test_periods_that_began_on_one_day_stand_in_the_order_of_the_log_whatever_their_rows_are_named() -> None:
    alliance = defined(DRUP)
    for closed in ("2021-09-01", "2021-10-01"):
        alliance.opens(DRUP, on="2021-09-01")
        alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": closed, "scope": "here", **REASON})
    snapshot = snapshot_of(alliance)
    openings = snapshot.of(rows.CohortOpening)
    turned = replace(snapshot, tables={**snapshot.tables, rows.CohortOpening.TABLE: openings[::-1]})

    assert len(openings) == 2
    assert [
        each.closed_on for found in (snapshot, turned) for each in standings(found)[0].nodes if each.node == DRUP
    ] == ["2021-10-01", "2021-10-01"]


@pytest.mark.parametrize(
    ("said", "on", "state"),
    [
        ("cohort.closed", "2022-01-04", "open"),  # tomorrow, as the hub allows
        ("cohort.closed", "2022", "open"),  # some day of this year
        ("cohort.closed", "2022-01-03", "closed"),
        ("cohort.suspended", "2022-01-04", "open"),
        ("cohort.suspended", "2022-01-03", "suspended"),
    ],
)
def test_what_is_dated_after_today_is_not_so_yet_for_the_board_as_for_the_rules(said: str, on: str, state: str) -> None:
    alliance = opened(DRUP)
    scope: dict[str, Json] = {"scope": "here"} if said == "cohort.closed" else {}
    alliance.says(DRUP, said, {"cohort": COHORT, "on": on, **scope, **REASON})

    assert alliance.now.date() == date(2022, 1, 3)
    assert (at(alliance, DRUP).state, at(alliance, DRUP).closed_on) == (state, on if state == "closed" else None)


def test_an_opening_of_tomorrow_is_not_open_today() -> None:
    alliance = defined(DRUP)
    alliance.opens(DRUP, on="2022-01-04")

    assert (at(alliance, DRUP).state, at(alliance, DRUP).opened_on) == ("not opened", None)
    assert places(alliance) == [(None, 1, 0)]


def test_a_cohort_that_is_open_nowhere_has_no_place_and_a_suspended_one_keeps_its_own() -> None:
    alliance = defined(DRUP, IMPRESS)
    seen = []

    def look() -> None:
        seen.append(places(alliance)[0][2])

    look()
    alliance.opens(DRUP, IMPRESS)
    look()
    alliance.says(IMPRESS, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "here", **REASON})
    alliance.says(DRUP, "cohort.suspended", {"cohort": COHORT, "on": "2021-09-01", **REASON})
    look()
    alliance.says(DRUP, "cohort.resumed", {"cohort": COHORT, "on": "2021-10-01", **REASON})
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2021-11-01", "scope": "everywhere", **REASON})
    look()

    assert seen == [0, 2, 2, 0]


def test_a_trial_that_closed_its_own_scope_has_no_place_left_there() -> None:
    alliance = opened(DRUP, IMPRESS, accrual="per-trial")
    alliance.says(IMPRESS, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "here", **REASON})

    assert places(alliance) == [(DRUP, 1, 2), (IMPRESS, 1, 0)]


def test_the_bound_members_are_behind_the_first_of_them_and_drup_is_bound_by_nothing() -> None:
    alliance = defined(DRUP, *NORDIC)
    for node, on in ((DRUP, "2021-11-20"), (PROTARGET, "2021-12-01"), (IMPRESS, "2021-12-11")):
        alliance.opens(node, on=on)

    behind = {each.node: each.days_behind for each in standing(alliance, on="2021-12-31").nodes}

    assert behind == {DRUP: None, PROTARGET: 0, IMPRESS: 10, MEGALIT: 30, FINPROVE: 30}


def test_before_the_memorandum_trials_are_on_the_board_and_nobody_is_behind() -> None:
    alliance = defined(DRUP, *NORDIC)
    alliance.opens(PROTARGET, on="2021-03-01")

    line = standing(alliance, on="2021-04-01")

    assert [(each.node, each.state) for each in line.nodes if each.opened_on] == [(PROTARGET, "open")]
    assert {each.node for each in line.nodes} == {DRUP, *NORDIC}
    assert {each.days_behind for each in line.nodes} == {None}


def test_a_member_is_not_behind_a_cohort_that_no_bound_member_ever_opened() -> None:
    assert at(opened(DRUP), PROTARGET).days_behind is None


def test_a_month_counts_by_its_last_day_so_that_nobody_is_said_to_be_further_behind_than_it_is() -> None:
    alliance = defined(PROTARGET)
    alliance.opens(PROTARGET, on="2021-11")

    line = standing(alliance, on="2021-12-31")

    assert {each.node: each.days_behind for each in line.nodes}[MEGALIT] == 31


def test_a_member_falls_behind_for_as_long_as_another_had_the_cohort_open() -> None:
    alliance = defined(PROTARGET)
    alliance.opens(PROTARGET, on="2021-03-01")
    alliance.says(PROTARGET, "cohort.closed", {"cohort": COHORT, "on": "2021-03-31", "scope": "here", **REASON})

    assert at(alliance, MEGALIT).days_behind == 30


def test_without_a_day_a_board_is_as_of_the_last_entry() -> None:
    alliance = defined(PROTARGET)
    alliance.opens(PROTARGET, on="2022-01-01")

    assert at(alliance, MEGALIT).days_behind == (alliance.now.date() - date(2022, 1, 1)).days == 2


@pytest.mark.parametrize(
    ("accrual", "left"), [("pooled", [(None, 1, 0)]), ("per-trial", [(DRUP, 1, 1), (IMPRESS, 1, 1)])]
)
def test_places_are_those_of_all_nodes_or_of_each(
    accrual: str, left: list[tuple[str | None, int | None, int | None]]
) -> None:
    alliance = opened(DRUP, IMPRESS, accrual=accrual)

    alliance.treats(DRUP, case(0))
    alliance.allocates(IMPRESS, case(1))

    assert places(alliance) == left


def test_the_board_and_the_rules_agree_on_places_at_every_step_of_a_cohort() -> None:
    alliance = opened(DRUP)
    seen = []

    def look() -> None:
        view = View(alliance.database, alliance.memorandum, alliance.database.size, alliance.now, DRUP, "")
        assert places(alliance) == [(None, view.stage(COHORT), view.places_left(COHORT))]
        seen.append(places(alliance)[0][1:])

    look()
    alliance.allocates(DRUP, case(7))
    look()
    alliance.says(DRUP, "case.released", {**patient(case(7)), "on": "2021-12-02", **REASON})
    look()
    alliance.treats(DRUP, case(8))
    alliance.finds(DRUP, case(8), evaluable=False)
    look()
    for number in range(2):
        alliance.treats(DRUP, case(number))
        alliance.finds(DRUP, case(number))
        look()
    decides(alliance, "expand", stage=1, benefits=1, cases=2)
    look()
    for number in range(2, 4):
        alliance.treats(DRUP, case(number), stage=2)
        alliance.finds(DRUP, case(number))
    look()
    decides(alliance, "stage-3", stage=2, benefits=2, cases=4)
    look()

    assert seen == [(1, 2), (1, 1), (1, 2), (1, 2), (1, 1), (1, 0), (2, 2), (2, 0), (3, None)]


def test_a_decision_that_closes_leaves_no_place_and_no_stage() -> None:
    alliance = opened(DRUP)
    for number in range(2):
        alliance.treats(DRUP, case(number))
        alliance.finds(DRUP, case(number))
    decides(alliance, "close-futility", stage=1, benefits=0, cases=2)

    assert standing(alliance).scopes == (Scope(None, None, evaluable=2, undecided=0, places_left=0, synthetic=0),)


def test_treatments_are_counted_at_their_node_and_those_of_stage_3_apart() -> None:
    alliance = opened(DRUP, IMPRESS)
    for number in range(4):
        alliance.treats(DRUP, case(number), stage=1 if number < 2 else 2)
        alliance.finds(DRUP, case(number))
        if number == 1:
            decides(alliance, "expand", stage=1, benefits=2, cases=2)
    decides(alliance, "stage-3", stage=2, benefits=2, cases=4)
    alliance.treats(IMPRESS, case(9), stage=3)

    assert (at(alliance, DRUP).started, at(alliance, DRUP).started_stage_3) == (4, 0)
    assert (at(alliance, IMPRESS).started, at(alliance, IMPRESS).started_stage_3) == (0, 1)


def test_made_up_rows_are_flagged_where_they_are_counted() -> None:
    alliance = defined(DRUP)
    alliance.says(DRUP, "cohort.opened", {"cohort": COHORT, "on": "2021-06", "synthetic": True})
    alliance.allocates(DRUP, case(1))

    assert (at(alliance, DRUP).synthetic, standing(alliance).synthetic) == (1, False)


def test_a_made_up_suspension_is_flagged_at_its_node() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.suspended", {"cohort": COHORT, "on": "2021-07-01", "synthetic": True, **REASON})

    assert at(alliance, DRUP).synthetic == 1


def test_a_scope_and_a_decision_on_made_up_cases_are_flagged() -> None:
    alliance = opened(DRUP)
    for number in range(2):
        alliance.treats(DRUP, case(number))
        made_up: dict[str, Json] = {"synthetic": True} if number else {}
        alliance.says(
            DRUP,
            "evaluability.determined",
            {**patient(case(number)), "evaluable": True, "rule": "one-cycle-and-a-scan", **made_up},
        )
    before = standing(alliance).scopes[0].synthetic
    decides(alliance, "expand", stage=1, benefits=1, cases=2)

    (decision,) = cohort_progress(Revealed(snapshot_of(alliance)), COHORT).decisions
    assert before == 1
    assert decision.synthetic


def test_what_nobody_made_up_is_not_flagged() -> None:
    alliance = opened(DRUP)
    for number in range(2):
        alliance.treats(DRUP, case(number))
        alliance.finds(DRUP, case(number))
    decides(alliance, "expand", stage=1, benefits=1, cases=2)

    (decision,) = cohort_progress(Revealed(snapshot_of(alliance)), COHORT).decisions
    assert (standing(alliance).scopes[0].synthetic, at(alliance, DRUP).synthetic, decision.synthetic) == (0, 0, False)


def test_a_cohorts_progress_shows_its_design_and_the_decisions_in_their_order() -> None:
    alliance = opened(DRUP)
    for number in range(2):
        alliance.treats(DRUP, case(number))
        alliance.finds(DRUP, case(number))
    decides(alliance, "expand", stage=1, benefits=1, cases=2)

    progress = cohort_progress(Revealed(snapshot_of(alliance)), COHORT)

    assert isinstance(progress.design_content, dict)
    assert (progress.design, progress.design_content["n1"]) == ("small", 2)
    assert isinstance(progress.endpoint_content, dict)
    (decision,) = progress.decisions
    assert (decision.node, decision.stage, decision.decision) == (DRUP, 1, "expand")
    assert (decision.evaluable, decision.benefits) == (2, 1)
    assert (decision.index, decision.data_cut) == (alliance.database.size - 1, alliance.database.size - 2)


def test_a_cohort_that_nobody_defined_has_no_progress() -> None:
    with pytest.raises(NotFoundError, match="no cohort named mel-none"):
        cohort_progress(Revealed(snapshot_of(opened(DRUP))), "mel-none")
