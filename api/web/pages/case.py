"""A patient's file in time order: every event of the case, what each changed, and the rows as they stand."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.access import opened_for
from api.caching import OPENED
from api.drawing import draw
from api.entries import Reach
from api.hub import Reads
from api.negotiating import SharedPage
from api.queries import AskedWhen, Look
from api.routes.cohorts import CaseName, NodeName, events_behind, line_of, rows_of_case
from api.web.pages.events import tell
from ledger.cohort.columns import Row
from ledger.operations.reading import snapshot_of_case
from ledger.operations.trail import changes_by_entry, trail_of
from ledger.store.cells import changes_at
from ledger.store.engine import Connection, reading
from ledger.store.entries import StoredEntry
from ledger.store.erased import erased_events
from ledger.store.head import read_head

router = APIRouter(tags=["pages"], route_class=SharedPage)

_RowName = tuple[str, tuple[str, ...]]


@router.get("/cases/{node}/{case}")
def show_case(
    request: Request,
    reads: Reads,
    look: Look,
    node: NodeName,
    case: CaseName,
    asked: Annotated[AskedWhen, Query()],
) -> HTMLResponse:
    """What the caller may see of the sealed values is opened, and written down, as by the data of this address."""
    seen = look(partial(snapshot_of_case, node=node, case=case))
    kept = rows_of_case(seen, node, case)
    with reading(reads) as connection:
        said = trail_of(connection, node, case, size=seen.size)
        head = read_head(connection)
        lines = tell(connection, said, Reach.of(head), size=seen.size)
        gone = [each for each, line in zip(said, lines, strict=True) if "retracted" in line.amended.values()]
        changes = changes_by_entry(connection, _rows(connection, kept, gone), size=seen.size)
        erased = erased_events(connection)
    opened = opened_for(request, events_behind(kept), Response())
    return draw(
        request,
        "case.html",
        headers={"Cache-Control": OPENED} if opened else {},
        seen_size=seen.size,
        proven_size=head.published,
        asked=asked,
        node=node,
        case=case,
        lines=lines,
        changes=changes,
        opened=opened,
        erased=erased,
        tables={table: [line_of(row, opened) for row in each] for table, each in kept.items()},
        synthetic=any(row.synthetic for each in kept.values() for row in each),
    )


def _rows(connection: Connection, kept: Mapping[str, list[Row]], gone: list[StoredEntry]) -> list[_RowName]:
    """The rows of the file, and those that what was retracted had set."""
    names = {(table, row.key) for table, each in kept.items() for row in each}
    names |= {(version.table, version.key) for stored in gone for version in changes_at(connection, stored.index)}
    return sorted(names)
