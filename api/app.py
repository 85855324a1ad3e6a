"""The hub over HTTP: one app over one open ledger.

Who may ask for what stands in `api.access`. It answers to loopback names only (see `api.guard`).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version as version_of

from fastapi import Depends, FastAPI, Request

from api.access import Access, admit, no_session
from api.bodiless import Bodiless
from api.guard import Guard
from api.problems import answer_errors
from api.queries import ask_as_described
from api.routes import cells, cohorts, events, grants, health, live, log, nodes
from ledger.cohort.callers import Identity
from ledger.operations.hub import Hub
from ledger.settings import DEFAULT_URL


def create_app(
    hub: Hub,
    *,
    public_url: str = DEFAULT_URL,
    dev: bool = False,
    session: Callable[[Request], Identity | None] = no_session,
) -> FastAPI:
    """An app that serves a ledger, asks its witnesses meanwhile, and closes it when it ends.

    public_url: where callers reach it, which their tokens must name. dev: every caller has every role. session: who a
    request without a token is from (see `api.access`).
    """

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
        dependencies=[Depends(admit), Depends(ask_as_described)],
        lifespan=lifespan,
        openapi_url=None,  # a route of ours, that asks as the others do
        docs_url=None,  # these pages load from other hosts
        redoc_url=None,
        redirect_slashes=False,  # a path has one spelling
        telemetry={"logs": False},  # they would hold what did not validate, and that may be a patient's
    )
    app.state.hub = hub
    app.state.access = Access(hub, public_url.rstrip("/"), dev, session)
    app.add_middleware(Guard)
    app.add_middleware(Bodiless)  # around the guard: its refusals have no body for HEAD either
    answer_errors(app)
    for routes in (live, events, nodes, log, cohorts, cells, grants, health):
        app.include_router(routes.router)
    return app
