"""What two moments of the log differ by. Values that were sealed are told as sealed: nothing is opened for it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from api.drawing import draw
from api.hub import Reads
from api.negotiating import Page
from api.queries import Asked, At
from ledger.names import SLUG, SLUG_MAX
from ledger.operations.comparing import changes_between
from ledger.reports.changes import KINDS, CellChange, RowChange
from ledger.signing.canonical import Json

router = APIRouter(tags=["pages"], route_class=Page)

SHOWN_MOST = 100  # rows; of all there are, the counts tell


def _filled(text: object) -> object:
    """A form sends its empty fields, too."""
    return None if text == "" else text


_Name = Annotated[str, Field(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX)] | None
Name = Annotated[_Name, BeforeValidator(_filled)]


class Span(Asked):
    """From when to when, and of what."""

    start: Annotated[At, BeforeValidator(_filled)] = Field(None, alias="from")
    stop: Annotated[At, BeforeValidator(_filled)] = Field(None, alias="to")
    cohort: Name = None
    node: Name = None


@dataclass(frozen=True, slots=True)
class Line:
    """One field, or all sealed fields of a row that the same events set. old, new: None of what is sealed."""

    fields: tuple[str, ...]
    sealed: bool
    old: Json
    new: Json
    old_by: int | None
    new_by: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A row and its lines. key: without the cohort that it is listed under."""

    row: RowChange
    key: tuple[str, ...]
    lines: tuple[Line, ...]


@router.get("/changes")
def show_changes(request: Request, reads: Reads, asked: Annotated[Span, Query()]) -> HTMLResponse:
    """What was added, corrected, withdrawn and erased between two moments."""
    between = changes_between(reads, asked.start, asked.stop, cohort=asked.cohort, node=asked.node)
    rows = between.changes.rows
    groups = [(name, [*map(_shown, of)]) for name, of in groupby(rows[:SHOWN_MOST], key=lambda each: each.cohort)]
    more = len(rows) - SHOWN_MOST
    return draw(request, "changes.html", between=between, groups=groups, asked=asked, kinds=KINDS, more=more)


def _shown(row: RowChange) -> Shown:
    return Shown(row, row.key if row.cohort is None else row.key[1:], tuple(_lines(row.cells)))


def _lines(cells: Iterable[CellChange]) -> list[Line]:
    """Clear fields first."""
    lines, sealed = [], defaultdict[tuple[int | None, int | None], list[str]](list)
    for each in cells:
        if each.sealed:
            sealed[each.old_by, each.new_by].append(each.field)
        else:
            lines.append(Line((each.field,), each.sealed, each.old, each.new, each.old_by, each.new_by))
    return [*lines, *(_sealed(names, *by) for by, names in sealed.items())]


def _sealed(names: list[str], old_by: int | None, new_by: int | None) -> Line:
    return Line(tuple(names), sealed=True, old=None, new=None, old_by=old_by, new_by=new_by)
