"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import (
    access_log,
    board,
    case,
    cells,
    cohort,
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
    case.router,
    cells.router,
    event.router,
    events.router,
    numbers.router,
    search.router,
    verify.router,
    findings.router,
    access_log.router,
    system.router,
    explaining.router,
)
