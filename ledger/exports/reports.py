"""Reports, and the cohort database's own tables, by the names under which they are asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.cohort.reveal import Revealed, by_then
from ledger.cohort.rows import TABLES, columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.exports.lines import leaves_of, part_of, table_of
from ledger.exports.tables import Cell, Column, Table
from ledger.reports.board import Board, board
from ledger.reports.census import CensusLine, census
from ledger.reports.cohort_progress import CohortProgress, cohort_progress
from ledger.reports.contributions import Contribution, contributions
from ledger.reports.finding import Finding, Patience
from ledger.reports.findings import findings
from ledger.reports.funnel import FunnelLine, funnel
from ledger.reports.standing import AtNode, Scope, Standing, standings
from ledger.signing.canonical import Json

_SHOWN_MAX = 80  # letters of what was asked for


@dataclass(frozen=True, slots=True)
class _Report:
    """of: the dataclass of its lines. lines: from the database and, where it is of one thing, what that is called."""

    of: type
    lines: Callable[[Revealed, str], Iterable[Any]]
    of_one: bool = False


_REPORTS: Mapping[str, _Report] = {
    "board": _Report(Board, lambda told, _: [board(told.snapshot)]),
    "census": _Report(CensusLine, lambda told, _: census(told.snapshot)),
    "cohort": _Report(CohortProgress, lambda told, cohort: [cohort_progress(told, cohort)], of_one=True),
    "cohorts": _Report(Standing, lambda told, _: standings(told.snapshot)),
    "contributions": _Report(Contribution, lambda told, _: contributions(told.snapshot)),
    "findings": _Report(Finding, lambda told, _: findings(told)),
    "funnel": _Report(FunnelLine, lambda told, _: funnel(told.snapshot)),
}


def report_table(
    seen: Snapshot, asked: str, *, values: Mapping[str, Json] | None = None, patience: Patience | None = None
) -> Table:
    """The table that is asked for: `board`, `census`, `cohort:braf-v600`, `table:episodes`; or a part of a report,
    behind a slash: `cohort:braf-v600/standing.nodes`. values: of what is sealed, by commitment; what is not there is
    shut. patience: what findings are late by, None for the usual.

    Raises NotFoundError where there is none such, and says what there is.
    """
    name, slash, part = asked.partition("/")
    name, _, one = name.partition(":")
    if name == "table":
        return stored_table(seen, asked.removeprefix("table:"))
    report = _REPORTS.get(name)
    if report is None or report.of_one != bool(one):
        names = ", ".join(f"{each}:NAME" if known.of_one else each for each, known in _REPORTS.items())
        raise NotFoundError(f"there is no report {asked[:_SHOWN_MAX]!r}: there are {names} and table:NAME")
    if name == "board" and not slash:
        return board_table(standings(seen))
    revealed = by_then(Revealed(seen, values or {}))
    lines = findings(revealed, patience) if name == "findings" else report.lines(revealed, one)
    return part_of(asked, report.of, lines, part=part) if slash else table_of(asked, report.of, lines)


def board_table(found: Iterable[Standing]) -> Table:
    """A line for each cohort at each node, with the place that its scope has."""
    columns = (
        *(leaf.column for leaf in leaves_of(Standing) if leaf.column.name in {"cohort", "label", "regimen", "accrual"}),
        Column("cohort_synthetic", "boolean"),
        *(leaf.column for leaf in leaves_of(Scope) if leaf.column.name in {"stage", "places_left"}),
        Column("scope_synthetic", "integer"),
        *(leaf.column for leaf in leaves_of(AtNode)),
    )
    return Table("board", columns, tuple(_board_lines(found)))


def stored_table(seen: Snapshot, name: str) -> Table:
    """A table of the cohort database: its key, its fields (sealed ones as commitments), which entry set each."""
    row_type = TABLES.get(name)
    if row_type is None:
        raise NotFoundError(f"there is no table {name[:_SHOWN_MAX]!r}: there are {', '.join(TABLES)}")
    columns = columns_of(name)
    rows = tuple(
        (*row.key, *(getattr(row, field) for field in columns), row.since, row.synthetic, row.set_by)
        for row in seen.tables.get(name, ())
    )
    return Table(
        f"table:{name}",
        (
            *map(Column, row_type.KEY),
            *(Column(f"{each.name}_commitment" if each.sealed else each.name, each.kind) for each in columns.values()),
            *(Column("since", "integer"), Column("synthetic", "boolean"), Column("set_by", "json")),
        ),
        rows,
    )


def _board_lines(found: Iterable[Standing]) -> Iterator[tuple[Cell, ...]]:
    at_node = leaves_of(AtNode)
    for each in found:
        scopes: Mapping[str | None, Scope] = {scope.node: scope for scope in each.scopes}
        for node in each.nodes:
            scope = scopes.get(node.node, scopes.get(None))
            place = (scope.stage, scope.places_left, scope.synthetic) if scope else (None, None, None)
            of_cohort = (each.cohort, each.label, each.regimen, each.accrual, each.synthetic)
            yield (*of_cohort, *place, *(leaf.of(node) for leaf in at_node))
