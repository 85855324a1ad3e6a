"""The hub over HTTP: one app over one open ledger.

It answers to loopback names only (see `api.guard`): who may read what is for access control to say, and there is none
yet.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as version_of

from fastapi import Depends, FastAPI

from api.bodiless import Bodiless
from api.guard import Guard
from api.problems import answer_errors
from api.queries import ask_as_described
from api.routes import cells, cohorts, events, explanations, health, live, log, nodes
from ledger.operations.hub import Hub


def create_app(hub: Hub) -> FastAPI:
    """An app that serves a ledger, asks its witnesses meanwhile, and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hub.witnessing.start()
        yield
        hub.witnessing.stop()
        hub.engine.dispose()

    app = FastAPI(
        title="cohort-ledger",
        description="HEAD is answered wherever GET is. A parameter that is named nowhere, or stands twice, is refused.",
        version=version_of("cohort-ledger"),
        dependencies=[Depends(ask_as_described)],
        lifespan=lifespan,
        openapi_url=None,  # a route of ours, that asks as the others do
        docs_url=None,  # these pages load from other hosts
        redoc_url=None,
        redirect_slashes=False,  # a path has one spelling
        telemetry={"logs": False},  # they would hold what did not validate, and that may be a patient's
    )
    app.state.hub = hub
    app.add_middleware(Guard)
    app.add_middleware(Bodiless)  # around the guard: its refusals have no body for HEAD either
    answer_errors(app)
    for routes in (live, events, nodes, log, cohorts, cells, health, explanations):
        app.include_router(routes.router)
    return app
