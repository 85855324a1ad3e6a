"""The board: cohorts x countries, as each reader is shown it, or those that are asked for: the address says which."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.board_asked import BoardForm
from api.drawing import draw
from api.negotiating import SharedPage
from api.queries import SeenBoard
from api.web.cohort_rows import drawn_with
from api.web.naming import SORTS
from ledger.reports.board import Board, board
from ledger.reports.board_filter import Wanted, choices, filtered, near
from ledger.reports.members import Member
from ledger.reports.shown import PooledBoard, board_for

router = APIRouter(tags=["pages"], route_class=SharedPage)

_NODES_FIT = 6  # beside each other on a page


@router.get("/board")
def show_board(
    request: Request, seen: SeenBoard, audience: ShownTo, asked: Annotated[BoardForm, Query()]
) -> HTMLResponse:
    """Every cohort at every node, or those that are asked for."""
    whole, wanted = board_for(board(seen), audience), asked.wanted
    found = filtered(whole, wanted)
    query = asked.model_dump(exclude_none=True)
    moment = {name: value for name in ("at", "on") if (value := request.query_params.get(name))}
    address = {**moment, **query}
    return draw(
        request,
        "board.html",
        headers={"HX-Push-Url": f"/board?{urlencode(address)}" if address else "/board"},
        seen_size=seen.size,
        found=found,
        places_of_nodes=_in_view(found.nodes, wanted),
        is_wide=len(found.nodes) > _NODES_FIT,
        total=len(whole.cohorts),
        pooled=isinstance(found, PooledBoard),
        day=found.day if isinstance(found, Board) else None,
        wanted=wanted,
        asked=query,
        offered=choices(whole, wanted),
        near={} if found.cohorts else near(whole, wanted),
        sorts=SORTS,
        **drawn_with(found.cohorts),
    )


def _in_view(nodes: Sequence[Member], wanted: Wanted) -> list[int]:
    """The places of the nodes, in the order of their columns: the country that is asked for stands first."""
    return sorted(range(len(nodes)), key=lambda place: wanted.country not in {None, nodes[place].country})
