"""The shared cohort database as reports: now, at an index or a time of the log (`at`), or on a day (`on`); for
outsiders as of the last release, and as much as `reports.shown` lets them see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.access import opened_for
from api.audience import ShownTo
from api.board_asked import BoardAsked
from api.caching import NOT_MODIFIED
from api.problems import documented
from api.queries import Look, Seen, SeenBoard
from api.tables import CsvResponse, csv_answer
from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.rows import columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.exports.reports import board_table
from ledger.names import SLUG, SLUG_MAX, UUID
from ledger.operations.reading import snapshot_of_case, snapshot_of_cohort
from ledger.reports.board import Board, board
from ledger.reports.board_filter import filtered
from ledger.reports.census import CensusLine, census
from ledger.reports.contributions import Contribution, contributions
from ledger.reports.design import DesignReport, design_report
from ledger.reports.funnel import FunnelLine, funnel
from ledger.reports.shown import (
    PooledBoard,
    PooledLine,
    PooledStanding,
    PublicContribution,
    PublicFunnelLine,
    board_for,
    census_for,
    contributions_for,
    funnel_for,
    pooled_lines,
    standings_for,
)
from ledger.reports.standing import Standing, standings
from ledger.signing.canonical import Json

router = APIRouter(tags=["cohorts"], responses={**NOT_MODIFIED, **documented(400, 401, 403, 404)})

CohortName = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["braf-v600"])]
DesignName = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["two-stage-8-24"])]
NodeName = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["drup-nl"])]
CaseName = Annotated[str, Path(pattern=f"^{UUID.pattern}$")]

_COHORT_TABLES = (rows.Cohort, rows.CohortOpening, rows.Suspension, rows.StageDecision)
_CASE_KEY = {"node", "case"}


def _names(line: type[Any]) -> tuple[str, ...]:
    """The columns of a table whose lines are of one kind."""
    return tuple(field.name for field in fields(line))


_CONTRIBUTION_COLUMNS = tuple(name for name in _names(Contribution) if name not in {"by_type", "tables"})


@dataclass(frozen=True, slots=True)
class Line:
    """A row. key: its parts in order. fields: those that a standing event set; of those named in `sealed` the value is
    a commitment. opened: the values of those that the caller may see and that were not erased. set_by: the index of the
    event that set each. since: the entry that made this version. synthetic: a made-up event is behind a field.
    """

    key: list[str]
    fields: dict[str, Any]
    sealed: list[str]
    opened: dict[str, Any]
    set_by: dict[str, int]
    since: int
    synthetic: bool


@dataclass(frozen=True, slots=True)
class CohortRows:
    cohort: str
    tables: dict[str, list[Line]]


@dataclass(frozen=True, slots=True)
class CaseRows:
    """A patient's file. events: indexes of those that set what stands in it."""

    node: str
    case: str
    tables: dict[str, list[Line]]
    events: list[int]


@router.get("/cohorts")
def list_cohorts(seen: SeenBoard, audience: ShownTo) -> tuple[Standing, ...] | tuple[PooledStanding, ...]:
    """Every cohort that was defined, and where it stands."""
    return standings_for(standings(seen), audience)


@router.get("/design/{design}")
def read_design(seen: SeenBoard, audience: ShownTo, design: DesignName) -> DesignReport:
    """One design: its rule, what it does at each benefit rate, what may be decided, and what its ends say. Outsiders
    are shown it once it is in force.
    """
    return design_report(seen, design, in_force_only=audience.is_outside)


@router.get("/board")
def read_board(seen: SeenBoard, audience: ShownTo, asked: Annotated[BoardAsked, Query()]) -> Board | PooledBoard:
    """Every cohort at every node, or those that are asked for; outsiders are shown it over all nodes."""
    return filtered(board_for(board(seen), audience), asked.wanted)


@router.get("/board.csv", response_class=CsvResponse)
def read_board_csv(
    request: Request, seen: SeenBoard, audience: ShownTo, response: Response, asked: Annotated[BoardAsked, Query()]
) -> CsvResponse:
    """The same cohorts at every node, a line each; for outsiders, a line for each of a cohort's scopes."""
    every = board(seen)
    found = filtered(board_for(every, audience), asked.wanted)
    if isinstance(found, Board):
        table = board_table(found.cohorts)
        return csv_answer(request, table.names, table.rows, response.headers)
    told = {each.cohort for each in found.cohorts}
    at_nodes = (node for each in every.cohorts if each.cohort in told for node in each.nodes)
    whose = (node.node for node in at_nodes if node.state != "not opened")
    lines = map(astuple, pooled_lines(found.cohorts))
    return csv_answer(request, _names(PooledLine), lines, response.headers, nodes=whose)


@router.get("/cohorts/{cohort}")
def read_cohort(request: Request, look: Look, response: Response, cohort: CohortName) -> CohortRows:
    """One cohort as it is stored: its definition, openings, suspensions and decisions."""
    seen = look(partial(snapshot_of_cohort, cohort=cohort))
    found = {each.TABLE: [row for row in seen.of(each) if row.key[0] == cohort] for each in _COHORT_TABLES}
    if not found[rows.Cohort.TABLE]:
        raise NotFoundError("no cohort of this name is defined: the board lists those that are")
    return CohortRows(cohort, _lines(found, opened_for(request, events_behind(found), response)))


@router.get("/contributions")
def read_contributions(seen: Seen, audience: ShownTo) -> tuple[Contribution, ...] | tuple[PublicContribution, ...]:
    """Who contributed what."""
    return contributions_for(contributions(seen), audience)


@router.get("/contributions.csv", response_class=CsvResponse)
def read_contributions_csv(request: Request, seen: Seen, audience: ShownTo, response: Response) -> CsvResponse:
    """Who contributed what; numbers by type and by table are in the JSON only."""
    columns = _names(PublicContribution) if audience.is_outside else _CONTRIBUTION_COLUMNS
    found = contributions_for(contributions(seen), audience)
    return csv_answer(request, columns, ([getattr(each, name) for name in columns] for each in found), response.headers)


@router.get("/census")
def read_census(seen: Seen, audience: ShownTo) -> tuple[CensusLine, ...]:
    """What the nodes attest in total, held against what their events add up to."""
    return census_for(census(seen), audience)


@router.get("/census.csv", response_class=CsvResponse)
def read_census_csv(request: Request, seen: Seen, audience: ShownTo, response: Response) -> CsvResponse:
    """The census, a line for each attestation."""
    return csv_answer(request, _names(CensusLine), map(astuple, census_for(census(seen), audience)), response.headers)


@router.get("/funnel")
def read_funnel(seen: Seen, audience: ShownTo) -> tuple[FunnelLine, ...] | tuple[PublicFunnelLine, ...]:
    """How far each trial's cases came."""
    return funnel_for(funnel(seen), audience)


@router.get("/cases/{node}/{case}")
def read_case(request: Request, look: Look, response: Response, node: NodeName, case: CaseName) -> CaseRows:
    """A patient's file: every row of the case."""
    kept = rows_of_case(look(partial(snapshot_of_case, node=node, case=case)), node, case)
    return CaseRows(node, case, _lines(kept, opened_for(request, events_behind(kept), response)), events_behind(kept))


def rows_of_case(seen: Snapshot, node: str, case: str) -> dict[str, list[Row]]:
    """A patient's file, by table. Raises NotFoundError where there is none."""
    found = {table: [*_of_case(each, node, case)] for table, each in seen.tables.items()}
    kept = {table: each for table, each in found.items() if each}
    if not kept:
        raise NotFoundError("the node has no such case")
    return kept


def _of_case(found: Iterable[Row], node: str, case: str) -> Iterator[Row]:
    for row in found:
        if _CASE_KEY.issubset(row.KEY):
            named = dict(zip(row.KEY, row.key, strict=True))
            if (named["node"], named["case"]) == (node, case):
                yield row


def events_behind(found: Mapping[str, Iterable[Row]]) -> list[int]:
    """The indexes of the events behind these rows."""
    return sorted({index for each in found.values() for row in each for index in row.set_by.values()})


def _lines(found: Mapping[str, Iterable[Row]], opened: Mapping[str, Json]) -> dict[str, list[Line]]:
    return {table: [line_of(row, opened) for row in each] for table, each in found.items()}


def line_of(row: Row, opened: Mapping[str, Json]) -> Line:
    """A row as it is answered. opened: commitment -> value, of what the caller may see."""
    sealed = {
        name: getattr(row, name)
        for name, column in columns_of(row.TABLE).items()
        if column.sealed and name in row.set_by
    }
    return Line(
        key=list(row.key),
        fields={name: getattr(row, name) for name in row.set_by},
        sealed=list(sealed),
        opened={name: opened[commitment] for name, commitment in sealed.items() if commitment in opened},
        set_by=dict(row.set_by),
        since=row.since,
        synthetic=row.synthetic,
    )
