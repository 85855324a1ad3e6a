"""Errors as answers: problem details (RFC 9457), all made here from the error tree; whoever asked for a page is shown
one that says the same.

`type` is a help page, `/help/errors/{slug}`, of the error, or of the HTTP status where that says it all; an error's
facts are members beside the standard ones. Of what a caller sent only the path is repeated, and nothing in a log: it
may be a patient's.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from api.drawing import POLICY, draw
from api.negotiating import wants_page
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    GateError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    RuleError,
    SetupError,
    SignatureError,
    TamperedError,
    UnauthenticatedError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

RETRY_AFTER_S = 2  # of whatever is not to be had just now

_STATUSES: Mapping[type[LedgerError], HTTPStatus] = {
    MalformedError: HTTPStatus.BAD_REQUEST,
    SignatureError: HTTPStatus.FORBIDDEN,
    GateError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConflictError: HTTPStatus.CONFLICT,
    RuleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    SetupError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    TamperedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    LedgerError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Meaning(NamedTuple):
    """Of a problem's type, for people. text: who must act, and how."""

    slug: str
    title: str
    text: str
    status: int


class _Plain(NamedTuple):
    slug: str
    title: str
    text: str


_PLAIN: Mapping[int, _Plain] = {
    HTTPStatus.METHOD_NOT_ALLOWED: _Plain(
        "method", "The page does not take this method.", "The Allow header of the answer names those that it takes."
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Plain(
        "too-long", "The request is too long.", "Nothing was stored. Send the same events in several posts, in order."
    ),
    HTTPStatus.TOO_MANY_REQUESTS: _Plain(
        "too-many",
        "There are too many requests.",
        "Nothing was stored. Send it again after as many seconds as the Retry-After header says.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _Plain(
        "media-type",
        "The body is not of the media type that is read here.",
        "Nothing was stored. Send JSON, and name it: Content-Type: application/json.",
    ),
}
_STANDARD = frozenset({"type", "title", "status", "detail", "instance"})
_METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
    },
    "additionalProperties": {"type": ["string", "integer"]},
}


class Problem(JSONResponse):
    """members: of the answer's body."""

    media_type = MEDIA_TYPE

    def __init__(self, members: Mapping[str, Any], status: int) -> None:
        super().__init__(members, status, headers=dict(HEADERS))
        self.members = members


def problem(error: LedgerError, path: str) -> Problem:
    """The answer for an error. path: what was asked for."""
    answer = _answer(error.slug, error.title, status_of(type(error)), str(error), path, **error.facts)
    if isinstance(error, UnauthenticatedError):
        # RFC 6750, 3.1: where nothing was sent, no error is named
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if "token" in error.facts else "Bearer"
    if isinstance(error, UnavailableError):
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def plain_problem(status: int, detail: str, path: str) -> Problem:
    """The answer where HTTP says what is wrong better than any of the ledger's errors. status: one that has a page."""
    plain = _PLAIN[status]
    return _answer(plain.slug, plain.title, status, detail, path)


def _answer(slug: str, title: str, status: int, detail: str, path: str, **facts: str | int | None) -> Problem:
    members = {
        **facts,
        "type": f"/help/errors/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(path),
    }
    return Problem(members, status)


def _told(request: Request, found: Problem) -> Response:
    """As whoever asked takes it."""
    if not wants_page(request.headers):
        return found
    members, said = found.members, {**_of_any_body(found.headers), "Content-Security-Policy": POLICY}
    facts = {name: value for name, value in members.items() if name not in _STANDARD}
    return draw(request, "problem.html", status=found.status_code, headers=said, problem=members, facts=facts)


def _of_any_body(headers: Mapping[str, str]) -> dict[str, str]:
    """Of two policies a browser follows both: a page has its own, and not that of data too."""
    of_data = {"content-length", "content-type", "content-security-policy"}
    return {name: value for name, value in headers.items() if name not in of_data}


def status_of(kind: type[LedgerError]) -> int:
    return next(_STATUSES[each] for each in kind.__mro__ if each in _STATUSES).value


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is told of a route's problems: these, and that whatever else comes is one too."""
    content = {MEDIA_TYPE: {"schema": _SCHEMA}}
    named: dict[int | str, str] = {status: HTTPStatus(status).phrase for status in statuses}
    return {
        status: {"description": description, "content": content}
        for status, description in {**named, "default": "Any other problem"}.items()
    }


def fault_in(errors: Sequence[Any]) -> MalformedError:
    """Name the first thing that is wrong with what was sent, without what stood there.

    errors: as pydantic lists them.
    """
    fault = errors[0]
    where = [str(part) for part in fault["loc"]]
    if fault["type"] == "extra_forbidden":  # its name is the caller's own word
        return MalformedError(f"{'.'.join(where[:-1])}: there is a member too many")
    said = fault["msg"].removeprefix("Value error, ")
    return MalformedError(f"{'.'.join(where)}: {said}", field=where[-1] if where else None)


def answer_errors(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""

    def ledger_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, LedgerError)
        request.state.error = error  # for whoever counts them
        return _told(request, problem(error, request.scope["path"]))

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return ledger_error(request, fault_in(error.errors()))

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        if error.status_code == HTTPStatus.NOT_FOUND:
            return _told(request, problem(NotFoundError("there is no such page"), path))
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(_allowed(app, request))
            answer = plain_problem(error.status_code, f"this page takes {allowed}", path)
            answer.headers["Allow"] = allowed
            return _told(request, answer)
        answer = plain_problem(error.status_code, str(error.detail), path)
        answer.headers.update(error.headers or {})
        return _told(request, answer)

    def cut_off(request: Request, _error: Exception) -> Response:
        return problem(MalformedError("the body ended too early"), request.scope["path"])  # nobody hears it

    def unexpected(request: Request, _error: Exception) -> Response:
        error = LedgerError("an unexpected error: the operator finds it in the log")
        answer = _told(request, problem(error, request.scope["path"]))
        if "request_id" in request.scope.get("state", {}):  # this answer goes past whatever adds it to the others
            answer.headers["X-Request-Id"] = request.state.request_id
        return answer

    app.add_exception_handler(LedgerError, ledger_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(ClientDisconnect, cut_off)
    app.add_exception_handler(Exception, unexpected)


def meaning_of(slug: str) -> Meaning | None:
    """What a problem's type means; None where there is no such type."""
    return next((each for each in meanings() if each.slug == slug), None)


@cache
def meanings() -> tuple[Meaning, ...]:
    """Of every type of problem: the errors in the order of their tree, then what HTTP says alone."""
    errors = (
        Meaning(kind.slug, kind.title, inspect.getdoc(kind) or "", status_of(kind)) for kind in _tree(LedgerError)
    )
    plain = (Meaning(each.slug, each.title, each.text, int(status)) for status, each in _PLAIN.items())
    return (*errors, *plain)


def _tree(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Every method of a path; the framework names those of the first route that has the path, and no other's."""
    methods = {
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    }
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
