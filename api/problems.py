"""Errors as answers: problem details (RFC 9457), all made here from the error tree.

`type` is the error's help page, `/help/errors/{slug}`; an error's facts are members beside the standard ones. What a
caller sent is never repeated, neither here nor in a log: it may be a patient's.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

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

_STATUSES: Mapping[type[LedgerError], HTTPStatus] = {
    MalformedError: HTTPStatus.BAD_REQUEST,
    SignatureError: HTTPStatus.FORBIDDEN,
    GateError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConflictError: HTTPStatus.CONFLICT,
    RuleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    SetupError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    TamperedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    LedgerError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
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


def problem(
    error: LedgerError, path: str, *, status: int | None = None, headers: Mapping[str, str] = HEADERS
) -> Response:
    """The answer for an error. path: what was asked for. status: where HTTP has a better one than the error's kind."""
    code = status or status_of(type(error))
    members = {
        **error.facts,
        "type": f"/help/errors/{error.slug}",
        "title": error.title,
        "status": code,
        "detail": str(error),
        "instance": quote(path),
    }
    return JSONResponse(members, code, headers=dict(headers), media_type=MEDIA_TYPE)


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
        return MalformedError(f"{'.'.join(where[:-1])}: there is a member or parameter too many")
    said = fault["msg"].removeprefix("Value error, ")
    return MalformedError(f"{'.'.join(where)}: {said}", field=where[-1] if where else None)


def answer_errors(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""

    def ledger_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, LedgerError)
        return problem(error, request.scope["path"])

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem(fault_in(error.errors()), request.scope["path"])

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path, headers = request.scope["path"], dict(HEADERS)
        if error.status_code == HTTPStatus.NOT_MODIFIED:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=error.headers)
        if error.status_code == HTTPStatus.NOT_FOUND:
            return problem(NotFoundError("there is no such page"), path)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_allowed(app, request))
        return problem(MalformedError(str(error.detail)), path, status=error.status_code, headers=headers)

    def unexpected(request: Request, _error: Exception) -> Response:
        return problem(LedgerError("an unexpected error: the operator finds it in the log"), request.scope["path"])

    app.add_exception_handler(LedgerError, ledger_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


def help_page(slug: str) -> str | None:
    """A kind of error, in HTML, from its place in the tree; None where there is no such kind."""
    kind = next((each for each in _tree(LedgerError) if each.slug == slug), None)
    if kind is None:
        return None
    text = escape(inspect.getdoc(kind) or "")
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(kind.title)}</title>\n'
        f"<h1>{escape(kind.title)}</h1>\n<p>{text}</p>\n"
        f"<p>HTTP status {status_of(kind)}; problem type <code>/help/errors/{kind.slug}</code>.</p>\n</html>\n"
    )


def _tree(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Every method of a path; the framework names those of the first route that has the path, and no other's."""
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
