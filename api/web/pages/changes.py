"""What two moments of the log differ by. Values that were sealed are told as sealed: nothing is opened for it."""

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
from ledger.reports.changes import KINDS

router = APIRouter(tags=["pages"], route_class=Page)

SHOWN_MOST = 150  # rows; of all there are, the counts tell


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


@router.get("/changes")
def show_changes(request: Request, reads: Reads, asked: Annotated[Span, Query()]) -> HTMLResponse:
    """What was added, corrected, withdrawn and erased between two moments."""
    between = changes_between(reads, asked.start, asked.stop, cohort=asked.cohort, node=asked.node)
    rows = between.changes.rows
    groups = [(name, [*of]) for name, of in groupby(rows[:SHOWN_MOST], key=lambda each: each.cohort)]
    return draw(
        request, "changes.html", between=between, groups=groups, asked=asked, kinds=KINDS, more=len(rows) - SHOWN_MOST
    )
