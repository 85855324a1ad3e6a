"""What may be kept by a reader, and for how long (RFC 9111, 5.2.2); and that it has an answer already, known before
that is made.

Where a tag says nothing of what a path is about (it is the log's size, say), it is of one address: then whoever brings
it has been given that answer, and it is not made again. Where the answer must be made first: see `api.bodiless`.
"""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from api.bodiless import tags_in
from api.negotiating import wants_page

ASK_AGAIN = "private, no-cache"
POOLED = "private, no-cache, no-transform"  # computed from sealed values
OPENED = "private, no-store"  # what is opened for somebody may be erased, and whom it was shown to may no longer see it
RELEASED = "public, max-age=300"  # what is released to everybody, and asked for by nobody in particular
EXPLAINED = "public, max-age=3600"  # what explains, and is about no ledger
# of every answer that depends on who asks, and at whose address a page may stand, too
VARY = "Accept, HX-Request, Authorization, Cookie"
AS_IT_IS = "no-transform"  # of what is not worth compressing, or not safe: see `api.compressing`
FOR_EVER = "max-age=31536000, immutable"
A_SECOND = "max-age=1"

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has this answer already"}}


class UnchangedError(Exception):
    """The caller has the answer. headers: as that would have them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__("not modified")
        self.headers = headers


def tag_of(request: Request, *told: object) -> str:
    """A tag of one address's answers: what they depend on. The page of an address has others than its data: a browser
    asks for the one with the tags that it has of both.
    """
    url, shape = request.url, "page " if wants_page(request.headers) else ""
    where = sha256(f"{shape}{url.path}?{url.query}".encode()).hexdigest()[:12]
    return f'"{"-".join(map(str, (*told, where)))}"'


def check_unchanged(request: Request, headers: Mapping[str, str]) -> None:
    """Raises UnchangedError where the caller has what `headers` tag. A `*` says nothing of what it has: not here."""
    if headers["ETag"] in tags_in(request.headers.getlist("if-none-match")):
        raise UnchangedError(headers)


def answer_unchanged(app: FastAPI) -> None:
    def unchanged(_request: Request, error: Exception) -> Response:
        assert isinstance(error, UnchangedError)
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=dict(error.headers))

    app.add_exception_handler(UnchangedError, unchanged)
