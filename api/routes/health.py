"""Whether the server is up, what it is and can be asked, and how much it holds."""

from dataclasses import dataclass
from importlib.metadata import version as version_of
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse

from api.hub import OpenHub
from api.meters import MEDIA_TYPE, Meters
from api.problems import documented
from ledger.errors import UnavailableError
from ledger.store.engine import reading
from ledger.store.head import Head, read_head

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Up:
    status: Literal["up"] = "up"


@dataclass(frozen=True, slots=True)
class Ready:
    """sequenced: entries that are stored. published: how many of them are under the signed checkpoint; witnessed: under
    one that enough witnesses cosigned. read_only: why no post is taken yet. warning: what is wrong with the witnesses.
    """

    sequenced: int
    published: int
    witnessed: int
    read_only: str | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """log_key: verifier key of checkpoints. memorandum: SHA-256 of the founding document in hex, as auditors pin it."""

    version: str
    origin: str
    log_key: str
    memorandum: str


@router.get("/healthz", responses=documented(400))
def is_up() -> Up:
    """The process answers."""
    return Up()


@router.get("/readyz", responses=documented(400, 500, 503))
def is_ready(hub: OpenHub) -> Ready:
    """The ledger can be read, and no witness knows another log than this one."""
    if hub.standing.alarm is not None:
        raise UnavailableError(f"alarm: {hub.standing.alarm}")
    head = _head(hub)
    return Ready(head.size, head.published, head.witnessed_size, hub.standing.read_only, hub.witnessing.warning())


@router.get("/version", responses=documented(400))
def read_version(hub: OpenHub) -> Version:
    """Which program this is, and which ledger it serves."""
    memorandum = hub.memorandum
    return Version(version_of("cohort-ledger"), memorandum.origin, memorandum.log_key.text, memorandum.hash.hex())


@router.get("/openapi.json", include_in_schema=False)
def describe(request: Request) -> dict[str, Any]:
    """What can be asked, and what is answered (OpenAPI 3.1)."""
    app = request.app
    assert isinstance(app, FastAPI)
    return app.openapi()


@router.get("/metrics", response_class=PlainTextResponse, responses=documented(400))
def read_metrics(request: Request) -> PlainTextResponse:
    """What this process counts, in Prometheus's text format."""
    meters: Meters = request.app.state.meters
    return PlainTextResponse(meters.text(), media_type=MEDIA_TYPE)


def _head(hub: OpenHub) -> Head:
    with reading(hub.engine) as connection:
        return read_head(connection)
