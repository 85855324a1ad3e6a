"""The demonstration's history: the ledger takes all of it, and it adds up to what the five trials stated.

The figures are counted twice: by the reports on the replayed database, and here from the drafts alone.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from folded import FACTS, TODAY, History, founded
from given import ACTOR, DRUP, FINPROVE, IMPRESS, MEGALIT, PROTARGET, signing_key

from ledger.cohort.database import Database
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.cohort.view import View
from ledger.demo.scenario import scenario
from ledger.names import When
from ledger.node.drafts import seal_draft
from ledger.operations.gate import check_post
from ledger.reports.board import board
from ledger.reports.census import census
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.contributions import contributions
from ledger.reports.funnel import funnel
from ledger.reports.standing import standings

STATED = {"memorandum.signed", "trial.registered", "trial.opened", "census.attested"}


def said(history: History, node: str, event_type: str) -> Iterator[dict[str, Any]]:
    return (dict(draft.data) for teller, draft in history if (teller, draft.type) == (node, event_type))


# ---------------------------------------------------------------------- what is told


def test_one_seed_tells_one_history(history: History) -> None:
    again = list(scenario(FACTS, founded(), seed=2021))
    another = list(scenario(FACTS, founded(), seed=2022))

    assert again == history
    assert another != history


def test_the_history_is_of_a_size_to_work_with(history: History) -> None:
    assert 12_000 <= len(history) <= 15_500


def test_what_was_stated_is_told_as_such_and_all_else_says_that_it_is_made_up(history: History) -> None:
    for _, draft in history:
        assert ("synthetic" not in draft.data) == (draft.type in STATED)


def test_each_census_keeps_its_words(history: History) -> None:
    for node in FACTS.nodes:
        quotes = [each["quote"] for each in said(history, node.node, "census.attested")]

        assert quotes == [each.quote for each in node.census]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_drafts_of_any_seed_add_up_to_what_was_stated(seed: int) -> None:
    told = list(scenario(FACTS, founded(), seed=seed))
    events = Counter((node, draft.type) for node, draft in told)
    stages = Counter((node, draft.data.get("stage")) for node, draft in told if draft.type == "treatment.started")

    assert events[DRUP, "case.submitted"] == 1873
    assert stages[DRUP, 1] + stages[DRUP, 2] == 939
    assert stages[DRUP, 3] == 130
    assert events[PROTARGET, "case.profiled"] > 500
    assert sum(each["potential_target"] for each in said(told, PROTARGET, "case.prescreened")) == 86
    assert events[PROTARGET, "patient.enrolled"] == 47
    assert events[MEGALIT, "case.profiled"] == 54
    assert events[MEGALIT, "case.allocated"] == 7
    assert stages[MEGALIT, 1] == 1
    assert events[IMPRESS, "case.profiled"] > 100
    assert events[IMPRESS, "patient.enrolled"] == 26
    assert [events[node, "cohort.opened"] for node in (PROTARGET, MEGALIT, IMPRESS)] == [34, 3, 23]
    assert [supplies(told, node, 1) for node in (DRUP, PROTARGET, MEGALIT, IMPRESS)] == [28, 12, 4, 8]
    assert supplies(told, DRUP, 2) == 3
    assert [events[node, "supply.committed"] for node in (DRUP, FINPROVE)] == [2, 12]


def supplies(history: History, node: str, drugs: int) -> int:
    available = {tuple(each["regimen"]) for each in said(history, node, "supply.available")}
    withdrawn = {tuple(each["regimen"]) for each in said(history, node, "supply.withdrawn")}
    return sum(len(each) == drugs for each in available - withdrawn)


def test_nothing_is_dated_after_the_day_of_the_facts_or_before_the_trial_opened(history: History) -> None:
    opened = {node.node: When.parse(node.opened.on).first for node in FACTS.nodes if node.opened}

    for node, draft in history:
        on = draft.data.get("on")
        if isinstance(on, str):
            assert When.parse(on).last <= date(2021, 11, 16)
            assert draft.type == "memorandum.signed" or When.parse(on).first >= opened[node]


def test_a_case_goes_its_way_day_after_day(history: History) -> None:
    last: dict[tuple[str, object], str] = {}
    way = ("case.submitted", "case.profiled", "case.prescreened", "case.allocated", "patient.enrolled")

    for node, draft in history:
        if draft.type in (*way, "treatment.started"):
            on = str(draft.data["on"])
            assert on >= last.get((node, draft.data["case"]), on)
            last[node, draft.data["case"]] = on


def test_finprove_has_committed_drugs_and_has_not_opened(history: History) -> None:
    types = {draft.type for node, draft in history if node == FINPROVE}

    assert types == {"memorandum.signed", "trial.registered", "supply.committed", "census.attested"}


def test_each_kind_of_event_seals_and_signs_and_passes_the_posting_gate(history: History) -> None:
    of_each_type = {draft.type: (node, draft) for node, draft in history}

    for node, draft in of_each_type.values():
        envelope = seal_draft(
            draft,
            node=node,
            head=None,
            key=signing_key(node),
            actor=ACTOR,
            event_id="00000000-0000-7000-8000-000000000000",
            issued_at=TODAY,
            salts=(sha256(b"%d" % number).digest()[:16] for number in range(20)),
        )
        check_post(envelope)
        assert envelope.claims.type == draft.type


# ---------------------------------------------------------------------- what the ledger makes of it


def test_the_ledger_takes_every_event(history: History, database: Database) -> None:
    assert database.size == len(history)


def test_the_census_agrees_wherever_it_can_be_derived(snapshot: Snapshot) -> None:
    lines = census(snapshot)

    assert Counter(line.verdict for line in lines) == {"agrees": 21, "not derivable": 6}
    assert [(line.node, line.metric) for line in lines] == [
        (node.node, each.metric) for node in FACTS.nodes for each in node.census
    ]


def test_the_census_of_the_day_itself_agrees_too(snapshot: Snapshot) -> None:
    assert census(snapshot.on(date(2021, 11, 16))) == census(snapshot)


def test_a_year_before_nobody_had_attested_anything_and_less_had_happened(snapshot: Snapshot, history: History) -> None:
    lines = {(line.node, line.metric): line for line in census(snapshot.on(date(2020, 12, 31)))}

    by_then = [each["case"] for each in said(history, DRUP, "case.submitted") if each["on"] <= "2020-12-31"]
    assert {line.verdict for line in lines.values()} == {"not attested"}
    assert lines[DRUP, "cases_submitted"].derived == len(by_then) < 1873
    assert not [node for node, metric in lines if node == IMPRESS]


def test_all_that_the_figures_rest_on_is_said_to_be_made_up(snapshot: Snapshot) -> None:
    counted = [line for line in census(snapshot) if line.derived is not None]

    assert all(line.synthetic == line.derived for line in counted)


def test_a_board_and_the_rules_count_the_same_places(snapshot: Snapshot, database: Database) -> None:
    for standing in standings(snapshot):
        for scope in standing.scopes:
            view = View(database, founded(), database.size, TODAY, scope.node or str(standing.defined_by), "")
            nodes = [scope.node] if scope.node else [each.node for each in standing.nodes]
            views = [View(database, founded(), database.size, TODAY, node, "") for node in nodes]

            is_open = any(each.opening(standing.cohort, TODAY.date()) for each in views)
            assert scope.places_left == (view.places_left(standing.cohort) if is_open else 0)
            assert scope.stage == view.stage(standing.cohort)


def test_a_board_and_the_rules_find_the_same_cohorts_open(snapshot: Snapshot, database: Database) -> None:
    for standing in standings(snapshot):
        for node in standing.nodes:
            view = View(database, founded(), database.size, TODAY, node.node, "")

            is_open = view.opening(standing.cohort, TODAY.date()) is not None
            is_suspended = is_open and view.suspension(standing.cohort, TODAY.date()) is not None
            assert (node.state in {"open", "suspended"}, node.state == "suspended") == (is_open, is_suspended)


def test_every_patient_on_the_board_is_said_to_be_made_up(snapshot: Snapshot) -> None:
    for standing in standings(snapshot):
        assert standing.synthetic
        assert all(scope.synthetic for scope in standing.scopes if scope.evaluable or scope.undecided)
        assert all(node.synthetic for node in standing.nodes if node.opened_on)
        assert all(decision.synthetic for decision in cohort_progress(Revealed(snapshot), standing.cohort).decisions)


def test_a_day_shows_no_decision_on_cases_that_were_not_evaluable_by_then(snapshot: Snapshot) -> None:
    for day in (date(2017, 12, 31), date(2019, 6, 30), date(2020, 12, 31)):
        shown = Revealed(snapshot.on(day))
        for standing in standings(shown.snapshot):
            decided = cohort_progress(shown, standing.cohort).decisions
            evaluable = sum(scope.evaluable for scope in standing.scopes)

            assert max((decision.evaluable for decision in decided), default=0) <= evaluable


def test_drup_shares_its_open_and_its_closed_cohorts(snapshot: Snapshot) -> None:
    states = Counter(
        each.state for line in board(snapshot).cohorts for each in line.nodes if each.node == DRUP and each.opened_on
    )

    assert states["open"] > 20
    assert states["closed"] > 20
    assert states["suspended"] == 1


def test_every_way_that_a_stage_can_be_decided_is_there(snapshot: Snapshot) -> None:
    decisions = [
        (cohort.accrual, decision.decision)
        for cohort in standings(snapshot)
        for decision in cohort_progress(Revealed(snapshot), cohort.cohort).decisions
    ]

    assert {decision for _, decision in decisions} == {
        "expand",
        "close-futility",
        "close-no-activity",
        "success",
        "stage-3",
    }
    assert sorted(decision or "" for accrual, decision in decisions if accrual == "pooled") == [
        "close-futility",
        "expand",
    ]


def test_the_nordic_members_share_cohorts_and_drup_is_behind_nobody(snapshot: Snapshot) -> None:
    shown = board(snapshot.on(date(2021, 11, 16)))

    shared = [line for line in shown.cohorts if sum(each.opened_on is not None for each in line.nodes) > 1]
    assert len(shared) == 15
    assert all(each.days_behind is None for line in shown.cohorts for each in line.nodes if each.node == DRUP)
    assert all(any(each.days_behind for each in line.nodes if each.node == FINPROVE) for line in shared)


def test_every_event_and_every_cell_is_somebodys(snapshot: Snapshot) -> None:
    told = contributions(snapshot)

    cells = sum(len(row.set_by) for rows in snapshot.tables.values() for row in rows)
    assert sum(each.events for each in told) == snapshot.size
    assert sum(table.cells for each in told for table in each.tables.values()) == cells
    assert {each.node: each.openings for each in told} == {
        DRUP: 85,
        PROTARGET: 34,
        MEGALIT: 3,
        IMPRESS: 23,
        FINPROVE: 0,
    }


def test_all_reports_are_json(snapshot: Snapshot) -> None:
    one = standings(snapshot)[0].cohort

    reports = [asdict(board(snapshot)), asdict(cohort_progress(Revealed(snapshot), one))]
    reports += [asdict(line) for line in census(snapshot)] + [asdict(line) for line in funnel(snapshot)]
    reports += [asdict(each) for each in contributions(snapshot)]

    for report in reports:
        assert json.loads(json.dumps(report))
