"""Where a cohort stands: its stage and free places in every scope, and its state at every node.

A scope is the cohort as a whole where accrual is pooled, else the cohort at one trial. A closed cohort stands here
like any other: it is never hidden.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, TypeVar

from ledger.clinical.two_stage import Design
from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES, places_left, stage_after, takes_place
from ledger.cohort.snapshot import Snapshot, once
from ledger.cohort.view import date_of
from ledger.names import When
from ledger.reports.members import Member, members
from ledger.reports.reasons import Reason, Reasons, regimen_of
from ledger.signing.canonical import Json

State = Literal["open", "suspended", "closed", "not opened"]
_OfCohort = TypeVar("_OfCohort", rows.CohortOpening, rows.Suspension, rows.StageDecision, rows.Episode)


@dataclass(frozen=True, slots=True)
class Scope:
    """node: None where accrual is pooled. stage: None once a decision has ended it.

    evaluable, undecided: episodes that take a place in the design. places_left: None where there is no limit, 0 where
    no node of the scope has the cohort open or suspended. synthetic: how many of the rows behind all this are made up.
    """

    node: str | None
    stage: int | None
    evaluable: int
    undecided: int
    places_left: int | None
    synthetic: int


@dataclass(frozen=True, slots=True)
class AtNode:
    """opened_on: the first opening here, as stated; closed_on: where it is closed here, the last closing.

    reason: why it is not open here, where it never was (`reports.reasons`). days_behind: days from the first opening
    among the members that the memorandum binds to open in parallel until this one's, or until now where it has none and
    another still has it open; None for members that are not bound. A member's openings end with its removal.
    started, started_stage_3: treatments. synthetic: how many of the rows behind all this are made up.
    """

    node: str
    country: str | None
    state: State
    reason: Reason | None
    opened_on: str | None
    closed_on: str | None
    days_behind: int | None
    started: int
    started_stage_3: int
    synthetic: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One cohort. closed_on: where its definer closed it everywhere. synthetic: the definition itself is made up."""

    cohort: str
    label: str | None
    defined_by: str | None
    regimen: str
    tumour: Json
    biomarker: Json
    accrual: str | None
    closed_on: str | None
    closing_code: str | None
    scopes: tuple[Scope, ...]
    nodes: tuple[AtNode, ...]
    synthetic: bool


class _Period(NamedTuple):
    """A cohort open at a node, until closed here or everywhere, or the node removed, whichever came first; None where
    none of it is past.
    """

    node: str
    opened: When
    closed: When | None


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of one cohort."""

    definition: rows.Cohort
    openings: tuple[rows.CohortOpening, ...]
    suspensions: tuple[rows.Suspension, ...]
    decisions: tuple[rows.StageDecision, ...]
    episodes: tuple[rows.Episode, ...]


@once
def standings(snapshot: Snapshot) -> tuple[Standing, ...]:
    """Every cohort that was defined, by its name."""
    designs = {row.resolution: row.content for row in snapshot.of(rows.Resolution)}
    nodes, today, reasons = members(snapshot), snapshot.today, Reasons.of(snapshot)
    return tuple(
        _standing(cohort, _design(designs.get(cohort.definition.design or "")), nodes, reasons, today)
        for cohort in _cohorts(snapshot)
    )


def _standing(cohort: _Rows, design: Design, nodes: Iterable[Member], reasons: Reasons, today: date) -> Standing:
    at_nodes = tuple(_at_nodes(cohort, nodes, reasons, today))
    running = frozenset(each.node for each in at_nodes if each.state in ("open", "suspended"))
    definition = cohort.definition
    return Standing(
        cohort=definition.cohort,
        label=definition.label,
        defined_by=definition.defined_by,
        regimen=regimen_of(definition),
        tumour=definition.tumour,
        biomarker=definition.biomarker,
        accrual=definition.accrual,
        closed_on=definition.closed_on,
        closing_code=definition.closing_code,
        scopes=tuple(_scopes(cohort, design, running)),
        nodes=at_nodes,
        synthetic=definition.synthetic,
    )


def _scopes(cohort: _Rows, design: Design, running: frozenset[str]) -> Iterator[Scope]:
    """running: the nodes that have the cohort open or suspended today."""
    pooled = cohort.definition.accrual == "pooled"
    for node in [None] if pooled else sorted({each.node for each in cohort.openings}):
        decisions = [each for each in cohort.decisions if node in (None, each.node)]
        stage = stage_after({int(each.stage): each.decision or "" for each in decisions})
        episodes = [each for each in cohort.episodes if node in (None, each.node)]
        taking = [
            each
            for each in episodes
            if takes_place(released=each.released_on is not None, stage=each.stage, evaluable=each.evaluable)
        ]
        evaluable = sum(each.evaluable is True for each in taking)
        openings = [each for each in cohort.openings if node in (None, each.node)]
        yield Scope(
            node=node,
            stage=stage,
            evaluable=evaluable,
            undecided=len(taking) - evaluable,
            places_left=places_left(design, stage, len(taking)) if running & {each.node for each in openings} else 0,
            synthetic=sum(each.synthetic for each in (*openings, *decisions, *episodes)),
        )


def _at_nodes(cohort: _Rows, nodes: Iterable[Member], reasons: Reasons, today: date) -> Iterator[AtNode]:
    removed = {node.node: node.removed_on for node in nodes}
    periods = [
        _period(cohort, each, removed.get(each.node), today)
        for each in sorted(cohort.openings, key=lambda row: (date_of(row.opened_on).last, row.set_by["opened_on"]))
        if date_of(each.opened_on).is_past(today)
    ]
    bound = {node.node for node in nodes if node.opens_in_parallel}
    in_parallel = [each for each in periods if each.node in bound]
    for node in nodes:
        here = [each for each in periods if each.node == node.node]
        episodes = [each for each in cohort.episodes if each.node == node.node]
        treated = [each.stage for each in episodes if each.started_on]
        openings = [each for each in cohort.openings if each.node == node.node]
        suspensions = [each for each in cohort.suspensions if each.node == node.node]
        state = _state(here, suspensions, today)
        yield AtNode(
            node=node.node,
            country=node.country,
            state=state,
            reason=reasons.why(cohort.definition, node) if state == "not opened" else None,
            opened_on=here[0].opened.text if here else None,
            closed_on=str(here[-1].closed) if state == "closed" else None,
            days_behind=_days_behind(here, in_parallel, today) if node.node in bound else None,
            started=sum(stage in PLANNED_STAGES for stage in treated),
            started_stage_3=sum(stage not in PLANNED_STAGES for stage in treated),
            synthetic=sum(each.synthetic for each in (*openings, *suspensions, *episodes)),
        )


def _state(here: Sequence[_Period], suspensions: Iterable[rows.Suspension], today: date) -> State:
    """What the rules would find today. here: the cohort's periods at one node that have begun."""
    if not here:
        return "not opened"
    if all(each.closed for each in here):
        return "closed"
    is_suspended = any(
        _past([each.suspended_on], today) and not _past([each.resumed_on], today) for each in suspensions
    )
    return "suspended" if is_suspended else "open"


def _days_behind(here: Sequence[_Period], in_parallel: Sequence[_Period], today: date) -> int | None:
    if not in_parallel:
        return None
    until = here[0].opened.last if here else max(each.closed.last if each.closed else today for each in in_parallel)
    return max(0, (until - in_parallel[0].opened.last).days)


def _period(cohort: _Rows, opening: rows.CohortOpening, removed_on: str | None, today: date) -> _Period:
    closings = _past([opening.closed_on, cohort.definition.closed_on, removed_on], today)
    return _Period(opening.node, date_of(opening.opened_on), min(closings, key=lambda each: each.last, default=None))


def _past(stated: Iterable[str | None], today: date) -> list[When]:
    dates = [date_of(each) for each in stated if each is not None]
    return [each for each in dates if each.is_past(today)]


def _cohorts(snapshot: Snapshot) -> Iterator[_Rows]:
    openings = _by_cohort(snapshot.of(rows.CohortOpening))
    suspensions = _by_cohort(snapshot.of(rows.Suspension))
    decisions = _by_cohort(snapshot.of(rows.StageDecision))
    episodes = _by_cohort(snapshot.of(rows.Episode))
    for each in snapshot.of(rows.Cohort):
        key = each.cohort
        yield _Rows(each, tuple(openings[key]), tuple(suspensions[key]), tuple(decisions[key]), tuple(episodes[key]))


def _by_cohort(of_table: Iterable[_OfCohort]) -> Mapping[str, list[_OfCohort]]:
    found: defaultdict[str, list[_OfCohort]] = defaultdict(list)
    for row in of_table:
        found[row.cohort].append(row)
    return found


def _design(content: Json) -> Design:
    assert isinstance(content, dict)
    return Design.parse(content)
