"""One row, field by field: its value, who set it, when and why, and what it was before."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.drawing import draw
from api.hub import Reads
from api.negotiating import SharedPage
from api.queries import AskedWhen
from api.routes.cells import RowCells, read_cells
from ledger.operations.reading import Moment, last_index
from ledger.store.engine import reading

router = APIRouter(tags=["pages"], route_class=SharedPage)


@router.get("/cells/{table}/{key:path}")
def show_cells(
    request: Request, reads: Reads, table: str, key: str, asked: Annotated[AskedWhen, Query()]
) -> HTMLResponse:
    """As the data of this address. A view on a day shows the row as it is: each value says when it was set."""
    found = read_cells(request, reads, Response(), table, key, asked)
    with reading(reads) as connection:
        size = last_index(connection, Moment.parse(asked.at, asked.on)) + 1
    return draw(request, "cells.html", counts_days=False, seen_size=size, found=found, setters=_setters(found))


def _setters(found: RowCells) -> list[int]:
    """Indexes of all events behind the row, then and now."""
    indexes = set[int]()
    for cell in found.fields.values():
        indexes |= {each.index for each in (cell.set_by, *(one.set_by for one in cell.before)) if each is not None}
        indexes |= {each.ended_by.index for each in cell.before}
    return sorted(indexes)
