"""Pages, a file for each kind: what is asked for, one look at it, and a template."""

from fastapi import APIRouter

from api.web.pages import board, cohort, overview

ROUTERS: tuple[APIRouter, ...] = (overview.router, board.router, cohort.router)
