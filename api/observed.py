"""Every request is counted and has its line in the log: what was asked by which kind of caller, and how it went.

No value gets there, and no name of a patient, a person or a cohort: of a path the template of its route is written, of
whoever asks the kind and the role, of an error its kind, and its words where they are for the operator. What was sent
is never repeated, not even a method or a request id that are not ours. Each answer names its line, by `X-Request-Id`.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.meters import Meters
from api.posts import Refused, Taken
from ledger.clock import new_request_id
from ledger.cohort.callers import Caller
from ledger.errors import LedgerError, SetupError, TamperedError

LOG = logging.getLogger("cohort_ledger.api")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # they come every few seconds
_NO_ROUTE, _NO_ANSWER = "none", "none"
_FEED = "text/event-stream"


@dataclass(slots=True)
class _Answer:
    """status: None until it begins. size: bytes of its body so far."""

    status: int | None = None
    size: int = 0
    is_feed: bool = False


class Observed:
    def __init__(self, app: ASGIApp, *, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})  # which those inside share
        request_id = state["request_id"] = new_request_id()
        answer = _Answer()

        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                answer.status = message["status"]
                self._begin_feed(answer, headers)
            else:
                answer.size += len(message.get("body", b""))
            await send(message)

        begun = time.monotonic()
        self._meters.under_way.inc()
        try:
            await self._app(scope, receive, send_observed)
        except Exception:  # whoever is outside answers it, and logs what it is
            answer.status = answer.status or HTTPStatus.INTERNAL_SERVER_ERROR.value
            raise
        finally:
            self._meters.under_way.dec()
            self._note(scope["method"], state, answer, time.monotonic() - begun)

    def _begin_feed(self, answer: _Answer, headers: Headers) -> None:
        if headers.get("content-type", "").startswith(_FEED):
            answer.is_feed = True
            self._meters.feeds.inc()

    def _note(self, said: str, state: Mapping[str, Any], answer: _Answer, duration_s: float) -> None:
        method = said if said in _METHODS else "other"
        route = state.get("route", _NO_ROUTE)
        if answer.is_feed:
            self._meters.feeds.dec()
        else:
            status = _NO_ANSWER if answer.status is None else str(answer.status)
            self._meters.requests.labels(route, method, status).observe(duration_s)
        self._note_post(method, route, state, answer.status)
        facts = {
            "id": state["request_id"],
            "method": method,
            "route": route,
            "status": answer.status,
            "ms": round(duration_s * 1000, 1),
            "bytes": answer.size,
            **_caller(state.get("caller")),
            **_error(state.get("error")),
            **_why(state.get("error")),
        }
        LOG.log(_level(route, answer.status), "request", extra={"facts": facts})

    def _note_post(self, method: str, route: str, state: Mapping[str, Any], status: int | None) -> None:
        if (method, route) != ("POST", "/events"):
            return
        facts: Mapping[str, object] = {"id": state["request_id"]}
        match state.get("post"):
            case Taken() as taken:
                self._meters.posts.labels("taken" if taken.new else "known").inc()
                self._meters.events.inc(taken.new)
                LOG.info("taken", extra={"facts": {**facts, **taken.facts}})
                return
            case Refused() as refused:
                facts = {**facts, **refused.facts}
        self._meters.posts.labels("refused").inc()
        kind = _error(state.get("error")).get("error") or f"status-{status or _NO_ANSWER}"
        self._meters.refusals.labels(kind).inc()
        LOG.info("refused", extra={"facts": {**facts, "error": kind}})


def _caller(caller: object) -> dict[str, str]:
    """Which kind of caller, not who."""
    return {"caller": caller.kind, "role": caller.role} if isinstance(caller, Caller) else {}


def _error(error: object) -> dict[str, str]:
    return {"error": error.slug} if isinstance(error, LedgerError) else {}


def _why(error: object) -> dict[str, str]:
    """What only the operator can mend; of any other error the words are the caller's, who was told them."""
    return {"why": str(error)} if isinstance(error, SetupError | TamperedError) else {}


def _level(route: str, status: int | None) -> int:
    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.ERROR
    return logging.DEBUG if route in _PROBES and status == HTTPStatus.OK else logging.INFO
