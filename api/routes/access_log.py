"""The access log: who read sealed values or took exports. A member sees what is about its own data."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.access import Asking
from api.digits import IN_DIGITS, Index
from api.hub import OpenHub
from api.problems import documented
from api.queries import Asked
from api.tables import CsvResponse, csv_answer
from ledger.store.access_log import AccessLine, page_access
from ledger.store.engine import reading

router = APIRouter(tags=["access log"])

PAGE_MAX = 1_000
_COLUMNS = tuple(field.name for field in fields(AccessLine))


class AccessPage(Asked):
    """after: the line behind which the page begins."""

    after: Index | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX), IN_DIGITS] = 100


@dataclass(frozen=True, slots=True)
class AccessLines:
    lines: list[AccessLine]


@router.get("/access-log", responses=documented(400, 401, 403, 503))
def read_access_log(
    hub: OpenHub, caller: Asking, response: Response, page: Annotated[AccessPage, Query()]
) -> AccessLines:
    """Lines in their order; the Link header names the next page where there may be one."""
    after = -1 if page.after is None else page.after
    with reading(hub.engine) as connection:
        lines = list(page_access(connection, after=after, limit=page.limit, nodes=caller.audits))
    if len(lines) == page.limit:
        query = urlencode({"after": lines[-1].n, "limit": page.limit})
        response.headers["Link"] = f'</access-log?{query}>; rel="next"'
    return AccessLines(_shown(lines, caller.audits))


@router.get("/access-log.csv", response_class=CsvResponse, responses=documented(400, 401, 403, 503))
def read_access_log_csv(request: Request, hub: OpenHub, caller: Asking) -> CsvResponse:
    """All lines; those that list several nodes or grants have them with spaces between."""
    with reading(hub.engine) as connection:
        lines = _shown(page_access(connection, after=-1, limit=None, nodes=caller.audits), caller.audits)
    whose = {node for line in lines for node in line.nodes}
    return csv_answer(request, _COLUMNS, map(_cells, lines), {}, nodes=whose)


def _shown(lines: Iterable[AccessLine], nodes: frozenset[str] | None) -> list[AccessLine]:
    """Without the names of others whose data was read in the same go."""
    if nodes is None:
        return list(lines)
    return [replace(line, nodes=[node for node in line.nodes if node in nodes]) for line in lines]


def _cells(line: AccessLine) -> list[object]:
    values = (getattr(line, name) for name in _COLUMNS)
    return [" ".join(value) if isinstance(value, list) else value for value in values]
