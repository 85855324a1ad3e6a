"""The hub over HTTP: one app over one open ledger.

It answers to loopback names only (see `api.guard`): who may read what is for access control to say, and there is none
yet.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as version_of

from fastapi import FastAPI

from api.guard import Guard
from api.problems import answer_errors
from api.routes import cells, cohorts, events, health, log, nodes
from ledger.operations.hub import Hub


def create_app(hub: Hub) -> FastAPI:
    """An app that serves a ledger, and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        hub.engine.dispose()

    app = FastAPI(
        title="cohort-ledger",
        version=version_of("cohort-ledger"),
        lifespan=lifespan,
        docs_url=None,  # these pages load from other hosts
        redoc_url=None,
        redirect_slashes=False,  # a path has one spelling
        telemetry={"logs": False},  # they would hold what did not validate, and that may be a patient's
    )
    app.state.hub = hub
    app.add_middleware(Guard)
    answer_errors(app)
    for routes in (events, nodes, log, cohorts, cells, health):
        app.include_router(routes.router)
    return app
