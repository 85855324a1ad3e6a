"""What may be kept by a reader, and for how long: entity tags (RFC 9110, 8.8.3) and Cache-Control."""

from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

ASK_AGAIN = "private, no-cache"
FOR_EVER = "max-age=31536000, immutable"
A_SECOND = "max-age=1"

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has this answer already"}}


def tag(request: Request, headers: MutableHeaders, *, etag: str, cache: str) -> None:
    """Name an answer by its entity tag, and say how long it may be kept.

    Raises HTTPException with 304 where the caller has it already (If-None-Match; RFC 9110, 13.1.2).
    """
    stated = {"ETag": etag, "Cache-Control": cache}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        raise HTTPException(HTTPStatus.NOT_MODIFIED, headers=stated)
    headers.update(stated)
