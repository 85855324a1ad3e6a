"""Where everybody begins: what this is, and what a reader of this role comes for first."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.access import Access, Asking
from api.audience import ShownTo
from api.drawing import draw
from api.hub import OpenHub, Reads
from api.negotiating import Page
from api.queries import Asked, SeenBoard
from api.refusals import Refusals
from api.web.first_looks import of_auditor, of_industry, of_investigator, of_node, of_public
from ledger.errors import ForbiddenError, NotFoundError
from ledger.names import SLUG_MAX
from ledger.reports.board import Board, board
from ledger.reports.shown import Audience, Tier, board_for

router = APIRouter(tags=["pages"], route_class=Page)

View = Literal["auditor", "node", "investigator", "industry", "public"]
_VIEWS: Mapping[str, View] = {
    "auditor": "auditor",
    "partner": "node",
    "investigator": "investigator",
    "industry": "industry",
    "public": "public",
}


class OverviewAsked(Asked):
    """Whose first page to show; on a server for development alone, where everybody has every role."""

    as_: Annotated[View | None, Field(alias="as")] = None
    node: Annotated[str | None, Field(max_length=SLUG_MAX)] = None


@router.get("/")
def show_overview(
    request: Request,
    hub: OpenHub,
    reads: Reads,
    seen: SeenBoard,
    caller: Asking,
    audience: ShownTo,
    asked: Annotated[OverviewAsked, Query()],
) -> HTMLResponse:
    """The first page."""
    access: Access = request.app.state.access
    if (asked.as_ or asked.node) and not access.dev:
        raise ForbiddenError("you are shown the first page of your own role: ask for the page without more")
    found = board(seen)
    view, node = asked.as_ or _VIEWS[caller.role], asked.node or caller.node or _any_node(found)
    shown_to = _audience_as(view, found, audience) if asked.as_ else audience
    shown = board_for(found, shown_to)
    refusals: Refusals = request.app.state.refusals
    facts: dict[str, Any]
    match view:
        case "node":
            if node not in {each.node for each in found.nodes}:
                raise NotFoundError("no member of this name has signed the memorandum")
            facts = of_node(found, node, reads=reads, size=seen.size, refusals=refusals)
        case "auditor":
            facts = of_auditor(hub, found, refusals=refusals, audits=caller.audits)
        case "investigator":
            facts = of_investigator(shown)
        case "industry":
            facts = of_industry(shown, shown_to.regimens)
        case "public":
            facts = of_public(shown)
    return draw(
        request,
        "overview.html",
        seen_size=seen.size,
        view=view,
        numbers=of_public(shown),
        nodes=[each.node for each in found.nodes] if access.dev else [],
        **facts,
    )


def _any_node(found: Board) -> str:
    return next((each.node for each in found.nodes), "")


def _audience_as(view: View, found: Board, audience: Audience) -> Audience:
    """Somebody who has every role, as one who has this alone; industry with the regimen of most cohorts."""
    if view not in {"industry", "public"}:
        return audience
    regimens = Counter(each.regimen for each in found.cohorts).most_common(1)
    tier: Tier = "industry" if view == "industry" else "public"
    return Audience(tier, frozenset(name for name, _ in regimens), audience.thresholds)
