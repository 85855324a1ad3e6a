"""Where everybody begins: what the ledger holds, and what a reader of this role comes for."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.drawing import draw
from api.negotiating import Page
from api.queries import SeenBoard
from ledger.reports.board import board
from ledger.reports.shown import board_for

router = APIRouter(tags=["pages"], route_class=Page)


@router.get("/")
def show_overview(request: Request, seen: SeenBoard, audience: ShownTo) -> HTMLResponse:
    """The first page."""
    return draw(request, "overview.html", seen_size=seen.size, found=board_for(board(seen), audience))
