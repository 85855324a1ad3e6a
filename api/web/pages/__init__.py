"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import (
    board,
    case,
    cells,
    census,
    changes,
    cite,
    cohort,
    contributions,
    event,
    events,
    numbers,
    overview,
    search,
    verify,
)

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    board.router,
    cohort.router,
    case.router,
    cells.router,
    census.router,
    changes.router,
    cite.router,
    contributions.router,
    event.router,
    events.router,
    numbers.router,
    search.router,
    verify.router,
)
