"""The hub over HTTP: one app over one open ledger.

Who may ask for what stands in `api.access`, under which names it answers in `api.guard`, how often in `api.limits`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as version_of

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

from api.access import Access, admit
from api.audience import Outside
from api.bodiless import Bodiless
from api.caching import answer_unchanged
from api.compressing import Compressing
from api.found import KeptFindings
from api.guard import Guard
from api.limits import Limited, Limits
from api.meters import Meters
from api.observed import Observed
from api.oidc import Issuer
from api.problems import answer_errors
from api.queries import ask_as_described
from api.refusals import Refusals
from api.routes import (
    access_log,
    cells,
    cohorts,
    events,
    grants,
    health,
    live,
    log,
    login,
    looking,
    nodes,
    progress,
    static,
)
from api.sequencer import Sequencer
from api.sessions import Sessions
from api.staying import Guests
from api.tail import Tail
from api.web.pages import ROUTERS as PAGES
from ledger.operations.hub import Hub
from ledger.operations.kept_snapshots import KeptSnapshots
from ledger.reports.finding import Patience
from ledger.settings import DEFAULT_URL

DEV_HEADERS = {"X-Cohort-Ledger-Dev": "every caller has every role"}


def create_app(
    hub: Hub,
    *,
    public_url: str = DEFAULT_URL,
    dev: bool = False,
    issuer: Issuer | None = None,
    limits: Limits | None = None,
    outside: Outside | None = None,
    patience: Patience | None = None,
) -> FastAPI:
    """An app that serves a ledger, asks its witnesses meanwhile, and closes it when it ends.

    public_url: where callers reach it, which their tokens must name. dev: every caller has every role, and every answer
    says so. issuer: where people may log in. limits: how often a caller may ask, None for any number. outside: what
    outsiders are shown of reports; patience: when what is late becomes a finding; None for what is usual.
    """
    sequencer = Sequencer(hub)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hub.witnessing.start()
        hub.hearing.start()
        yield
        await run_in_threadpool(sequencer.stop)
        hub.hearing.stop()
        hub.witnessing.stop()
        hub.close()

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
    url, sessions = public_url.rstrip("/"), Sessions(hub, dev)
    access = Access(hub, url, dev, sessions.identity)
    guests = Guests(access, sessions)
    app.state.hub = hub
    app.state.sequencer = sequencer
    app.state.access = access
    app.state.guests = guests
    app.state.refusals = Refusals(hub.appender.now())
    app.state.snapshots = KeptSnapshots()
    app.state.findings = KeptFindings()
    app.state.tail = Tail(hub, guests)
    app.state.sessions = sessions
    app.state.issuer = issuer
    app.state.outside = Outside() if outside is None else outside
    app.state.patience = Patience() if patience is None else patience
    app.state.limits = Limits(0) if limits is None else limits
    app.state.meters = Meters(hub, sequencer=lambda: getattr(app.state, "sequencer", None))
    app.add_middleware(Limited, limits=app.state.limits)
    app.add_middleware(Guard, url=url, says=DEV_HEADERS if dev else {})
    app.add_middleware(Compressing)  # around the guard: what says nothing of being kept is not, it says
    app.add_middleware(Bodiless)  # around the guard: its refusals have no body for HEAD either
    app.add_middleware(Observed, meters=app.state.meters)  # around all of it: what is refused is counted, too
    answer_errors(app)
    answer_unchanged(app)
    routers = (
        live,
        events,
        nodes,
        log,
        progress,
        cohorts,
        looking,
        cells,
        grants,
        access_log,
        login,
        health,
    )
    for router in (static.router, *PAGES):  # before the data, whose addresses some of them share
        app.include_router(router, include_in_schema=False)
    for routes in routers:
        app.include_router(routes.router)
    return app
