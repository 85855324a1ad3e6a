"""The board: cohorts x countries, as each reader is shown it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.drawing import draw
from api.negotiating import SharedPage
from api.queries import Asked, SeenBoard
from ledger.reports.board import board
from ledger.reports.shown import board_for

router = APIRouter(tags=["pages"], route_class=SharedPage)


class BoardFilter(Asked):
    """What of the board is shown. The address says it, so that it can be sent to somebody."""

    state: Literal["open", "suspended", "closed", "not opened"] | None = None


@router.get("/board")
def show_board(
    request: Request, seen: SeenBoard, audience: ShownTo, wanted: Annotated[BoardFilter, Query()]
) -> HTMLResponse:
    """Every cohort at every node."""
    return draw(request, "board.html", seen_size=seen.size, found=board_for(board(seen), audience), wanted=wanted)
