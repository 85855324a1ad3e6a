"""The access log: who read sealed values or took exports, line by line, to whom it is told."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.access import Asking
from api.caching import OPENED
from api.drawing import draw
from api.hub import OpenHub
from api.negotiating import SharedPage
from api.routes.access_log import AccessPage, read_access_log

router = APIRouter(tags=["pages"], route_class=SharedPage)


@router.get("/access-log")
def show_access_log(
    request: Request, hub: OpenHub, caller: Asking, response: Response, page: Annotated[AccessPage, Query()]
) -> HTMLResponse:
    """A page of lines, in their order."""
    lines = read_access_log(hub, caller, response, page).lines
    after = lines[-1].n if len(lines) == page.limit else None
    return draw(
        request,
        "access_log.html",
        headers={"Cache-Control": OPENED},
        lines=lines,
        whose=caller.audits,
        after=after,
        page=page,
    )
