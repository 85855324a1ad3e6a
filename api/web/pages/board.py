"""The board: cohorts x countries, as each reader is shown it, or those that are asked for: the address says which."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.board_asked import BoardForm
from api.drawing import draw
from api.negotiating import SharedPage
from api.queries import SeenBoard
from api.web.naming import REASONS, SHAPES, SORTS, country_name
from ledger.names import REGIMEN_JOINER
from ledger.reports.board import Board, board
from ledger.reports.board_filter import Wanted, choices, filtered, gene_of, near
from ledger.reports.members import Member
from ledger.reports.shown import PooledBoard, PooledStanding, board_for
from ledger.reports.standing import Standing
from ledger.reports.tumours import codes_of, name_of

router = APIRouter(tags=["pages"], route_class=SharedPage)

WORDS = {
    "country_name": country_name,
    "tumour_name": name_of,
    "codes_of": codes_of,
    "gene_of": gene_of,
    "reasons": REASONS,
    "shapes": SHAPES,
}
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
        made_up=_made_up(found.cohorts),
        sorts=SORTS,
        names_drugs=_names_drugs,
        **WORDS,
    )


def _in_view(nodes: Sequence[Member], wanted: Wanted) -> list[int]:
    """The places of the nodes, in the order of their columns: the country that is asked for stands first."""
    return sorted(range(len(nodes)), key=lambda place: wanted.country not in {None, nodes[place].country})


def _made_up(cohorts: Iterable[Standing | PooledStanding]) -> dict[str, Any]:
    """Which cohorts say something made up; and whether all of them do, which is said once."""
    names = {each.cohort for each in cohorts if is_made_up(each)}
    return {"all": bool(names) and all(each.cohort in names for each in cohorts), "names": names}


def _names_drugs(cohort: Standing | PooledStanding) -> bool:
    """Whether the label says the regimen anyway."""
    label = (cohort.label or "").casefold()
    return all(drug.casefold() in label for drug in cohort.regimen.split(REGIMEN_JOINER))


def is_made_up(cohort: Standing | PooledStanding) -> bool:
    if isinstance(cohort, PooledStanding) or cohort.synthetic:
        return cohort.synthetic
    return any(each.synthetic for each in (*cohort.scopes, *cohort.nodes))
