"""A witness over HTTP (C2SP tlog-witness): the same address takes checkpoints and shows what was cosigned.

It may stand on any address, under any name: whom it cosigns for its own checks say, and checkpoints are public. What is
refused is answered with a problem, but for a wrong old size, whose answer is the right one. There is no other page:
what a problem's type means, a hub's pages say.
"""

from http import HTTPStatus
from importlib.metadata import version as version_of

from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from api.bodiless import Bodiless
from api.caching import A_SECOND
from api.guard import Guard
from api.problems import answer_errors, documented
from api.queries import ask_as_described
from api.routes.health import is_up
from ledger import clock
from ledger.errors import ConflictError
from ledger.operations.witness import Witness
from ledger.signing.add_checkpoint import REQUEST_MAX

_SIZE = "text/x.tlog.size"  # without a charset, which the framework would add


def create_witness_app(witness: Witness) -> FastAPI:
    """An app that serves a witness."""
    app = FastAPI(
        title="cohort-ledger witness",
        version=version_of("cohort-ledger"),
        dependencies=[Depends(ask_as_described)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"logs": False},
    )
    app.add_middleware(Guard, url=None, body_max=REQUEST_MAX)
    app.add_middleware(Bodiless)  # around the guard: its refusals have no body for HEAD either
    answer_errors(app)

    @app.post("/add-checkpoint", response_class=Response)
    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint."""
        asked = await request.body()
        try:
            lines = await run_in_threadpool(witness.add_checkpoint, asked, time_s=int(clock.now().timestamp()))
        except ConflictError as conflict:
            return Response(f"{conflict.facts['size']}\n", HTTPStatus.CONFLICT, headers={"Content-Type": _SIZE})
        return PlainTextResponse(lines)

    @app.get("/{origin_hash}/checkpoint", response_class=Response)
    def checkpoint(origin_hash: str) -> Response:
        """The newest that was cosigned for a log."""
        return PlainTextResponse(witness.checkpoint(origin_hash), headers={"Cache-Control": f"public, {A_SECOND}"})

    app.add_api_route("/healthz", is_up, responses=documented(400))
    return app
