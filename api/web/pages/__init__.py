"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import board, census, changes, cite, cohort, contributions, overview

ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    board.router,
    cohort.router,
    contributions.router,
    census.router,
    cite.router,
    changes.router,
)
