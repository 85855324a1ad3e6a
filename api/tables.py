"""Tables as answers, in CSV."""

from collections.abc import Iterable, Mapping, Sequence

from fastapi import Request
from fastapi.responses import Response

from api.logged import log_access
from ledger.exports.tables import csv_of

MEDIA_TYPE = "text/csv; charset=utf-8"


class CsvResponse(Response):
    media_type = MEDIA_TYPE


def csv_answer(
    request: Request,
    columns: Sequence[str],
    lines: Iterable[Sequence[object]],
    headers: Mapping[str, str],
    *,
    nodes: Iterable[str] | None = None,
) -> CsvResponse:
    """A table with its header line; an export, so it is written to the access log, but for what everybody is shown.

    headers: of the answer. nodes: whose data it is, None for those that the column `node` names.
    """
    rows = list(lines)
    place = columns.index("node") if nodes is None and "node" in columns else None
    named = (str(row[place]) for row in rows if row[place]) if place is not None else nodes or ()
    if request.state.caller.kind != "nobody":
        log_access(request, nodes=named, rows=len(rows))
    return CsvResponse(csv_of(columns, rows), headers=dict(headers))
