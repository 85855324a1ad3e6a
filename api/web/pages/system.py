"""The system: how the log and the database stand, who watches them, and where each node's stream is."""

from importlib.metadata import version as version_of

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.access import Asking
from api.drawing import draw
from api.hub import OpenHub
from api.negotiating import Page
from ledger.operations.system import grants_of, log_of, projection_of, streams_of

router = APIRouter(tags=["pages"], route_class=Page)


@router.get("/system")
def show_system(request: Request, hub: OpenHub, caller: Asking) -> HTMLResponse:
    """What is public, for everybody; and for readers of the log, who have them in it, streams' heads, grants and the
    database's digest.
    """
    is_reader = caller.reads_log
    alarm = hub.standing.alarm
    return draw(
        request,
        "system.html",
        url=request.app.state.access.public_url,
        program=version_of("cohort-ledger"),
        memorandum=hub.memorandum,
        log=log_of(hub),
        streams=streams_of(hub),
        is_reader=is_reader,
        is_logged=caller.role in {"partner", "auditor"},
        grants=grants_of(hub) if is_reader else (),
        projection=projection_of(hub) if is_reader else None,
        now=hub.appender.now(),
        read_only=hub.standing.read_only,
        alarm=None if alarm is None else str(alarm),
        warning=hub.witnessing.warning(),
    )
