"""Checks that the browser makes itself, of what this server shows; and the one file that makes them without it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.drawing import draw
from api.negotiating import Page
from api.web.offline import offline_page

router = APIRouter(tags=["pages"], route_class=Page)

_SAVED = {"Content-Disposition": 'attachment; filename="cohort-ledger-verify.html"', "Cache-Control": "no-cache"}


@router.get("/verify")
def show_verify(request: Request) -> HTMLResponse:
    """What to pin, and the whole log, checked by the browser."""
    return draw(request, "verify.html")


@router.get("/verify/offline.html")
def save_offline_page() -> Response:
    """Saved, and not shown: what it proves must not hang on this server, and its script stands in itself."""
    return Response(offline_page(), media_type="text/html; charset=utf-8", headers=_SAVED)
