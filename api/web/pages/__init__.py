"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import (
    access_log,
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
    explaining,
    findings,
    numbers,
    overview,
    search,
    system,
    verify,
)

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    board.router,
    cohort.router,
    access_log.router,
    case.router,
    cells.router,
    census.router,
    changes.router,
    cite.router,
    contributions.router,
    event.router,
    events.router,
    explaining.router,
    findings.router,
    numbers.router,
    search.router,
    system.router,
    verify.router,
)
