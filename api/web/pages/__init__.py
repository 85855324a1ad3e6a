"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import board, case, cells, cohort, event, events, numbers, overview, search

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    board.router,
    cohort.router,
    events.router,
    event.router,
    cells.router,
    case.router,
    numbers.router,
    search.router,
)
