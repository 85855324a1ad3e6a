"""The demonstration's board, counted again by hand: from what the nodes said, event by event, and by nobody's report.

Nothing of `ledger.reports` or `ledger.cohort` is used for the count, which knows days, names and the order of the log.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import pytest
from folded import FACTS, founded

from ledger.cohort.snapshot import Snapshot
from ledger.demo.scenario import scenario
from ledger.reports.board import board

DAYS = [date(2021, 11, 16), date(2021, 12, 31), date(2022, 6, 30)]  # the demonstration's own, and when it grows old


class Said(NamedTuple):
    node: str
    type: str
    data: Mapping[str, Any]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.data["on"])


@pytest.fixture(scope="module")
def told() -> list[Said]:
    return [Said(node, draft.type, draft.data) for node, draft in scenario(FACTS, founded(), seed=2021)]


def of_type(told: Iterable[Said], *types: str, cohort: str | None = None) -> Iterator[Said]:
    return (each for each in told if each.type in types and cohort in (None, each.data.get("cohort")))


def bound(told: Iterable[Said]) -> set[str]:
    """Who must open in parallel, by the document that they all signed."""
    document = next(of_type(told, "memorandum.signed")).data["memorandum"]
    return {each["node"] for each in document["members"] if each["opens_in_parallel"]}


def closings(told: Iterable[Said], cohort: str, node: str) -> list[date]:
    return [
        each.day
        for each in of_type(told, "cohort.closed", cohort=cohort)
        if each.node == node or each.data["scope"] == "everywhere"
    ]


def lags(told: list[Said], cohort: str, nodes: Iterable[str], today: date) -> dict[str, int | None]:
    """Node -> days behind the first of those who are bound, until its own opening or for as long as one has it open."""
    must = bound(told)
    opened = {each.node: each.day for each in of_type(told, "cohort.opened", cohort=cohort) if each.node in must}
    if not opened:
        return dict.fromkeys(nodes)
    first = min(opened.values())
    until = max(min([*closings(told, cohort, node), today]) for node in opened)
    return {node: (opened.get(node, until) - first).days if node in must else None for node in nodes}


def places(told: list[Said], cohort: str) -> int | None:
    """Of a pooled cohort, or one that a single trial has: places of its stage less those that are taken."""
    definition = next(of_type(told, "cohort.defined", cohort=cohort)).data
    proposals = {each.data["resolution"]: each.data["content"] for each in of_type(told, "resolution.proposed")}
    size = {"1": proposals[definition["design"]]["n1"], "2": proposals[definition["design"]]["n"]}
    opened = {each.node for each in of_type(told, "cohort.opened", cohort=cohort)}
    if all(closings(told, cohort, node) for node in opened):
        return 0
    stage, taken = "1", set[tuple[str, str]]()
    for each in told:
        who = each.node, str(each.data.get("case"))
        if each.data.get("cohort") != cohort:
            continue
        if each.type == "case.allocated":
            taken.add(who)
        elif (
            each.type == "case.released"
            or (each.type == "treatment.started" and each.data["stage"] == 3)
            or (each.type == "evaluability.determined" and not each.data["evaluable"])
        ):
            taken.discard(who)
        elif each.type == "cohort.stage_decided":
            stage = {"expand": "2", "stage-3": "3"}.get(each.data["decision"], "ended")
    if stage == "ended":
        return 0
    return None if stage == "3" else size[stage] - len(taken)


def why(told: list[Said], cohort: str, node: str) -> str:
    """Why a node has not opened a cohort: what it said of its trial and of the cohort's drugs, last of each."""
    drugs = next(of_type(told, "cohort.defined", cohort=cohort)).data["regimen"]
    if any(each.data["scope"] == "everywhere" for each in of_type(told, "cohort.closed", cohort=cohort)):
        return "closed everywhere"
    said = [each for each in told if each.node == node]
    if not any(of_type(said, "trial.opened")):
        return "trial not open"
    supplies = [each.type for each in said if each.type.startswith("supply.") and each.data["regimen"] == drugs]
    return supplies[-1].replace(".", " ") if supplies else "no supply"


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_lag_of_every_cohort_at_every_node_is_what_the_openings_themselves_say(
    snapshot: Snapshot,
    told: list[Said],
    today: date,
) -> None:
    shown = board(snapshot.on(today))

    found = {line.cohort: {at.node: at.days_behind for at in line.nodes} for line in shown.cohorts}
    nodes = [each.node for each in shown.nodes]
    counted = {cohort: lags(told, cohort, nodes, today) for cohort in found}

    assert len(found) == len(list(of_type(told, "cohort.defined")))
    assert found == counted
    assert len({lag for each in counted.values() for lag in each.values()}) > 10  # there is something to be counted


def test_the_places_of_every_cohort_are_what_the_allocations_and_decisions_themselves_leave(
    snapshot: Snapshot,
    told: list[Said],
) -> None:
    shown = board(snapshot)
    opened = defaultdict[str, set[str]](set)
    for each in of_type(told, "cohort.opened"):
        opened[each.data["cohort"]].add(each.node)

    found = {line.cohort: [scope.places_left for scope in line.scopes] for line in shown.cohorts}
    counted = {cohort: [places(told, cohort)] for cohort in opened}

    assert found == counted
    assert len({left for each in counted.values() for left in each}) > 5


def test_why_a_cohort_is_not_open_is_what_the_node_said_of_its_trial_and_drugs(
    snapshot: Snapshot,
    told: list[Said],
) -> None:
    shown = board(snapshot)

    found = {
        (line.cohort, at.node): at.reason for line in shown.cohorts for at in line.nodes if at.state == "not opened"
    }
    counted = {(cohort, node): why(told, cohort, node) for cohort, node in found}

    assert found == counted
    assert len(set(counted.values())) > 2
