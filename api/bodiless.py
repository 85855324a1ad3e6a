"""Answers without their bodies: to HEAD (RFC 9110, 9.3.2), and to a reader who has them already (RFC 9110, 13.1.2).

Most routes know neither: each answers GET, in full, and what is not wanted of that is left out on its way. So HEAD is
served wherever GET is, and only what is there, and would have been answered 200, is ever not modified. (Some know it
before: see `api.caching`.)
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OPAQUE_TAG = re.compile(r'"[^"]*"')  # without W/: whether a reader has it is a weak comparison (RFC 9110, 8.8.3.2)


class Bodiless:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).getlist("if-none-match")
        unwanted = scope["method"] == "HEAD"

        async def send_wanted(message: Message) -> None:
            nonlocal unwanted
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == HTTPStatus.OK and _has(known, headers.get("etag")):
                    message["status"] = HTTPStatus.NOT_MODIFIED.value
                    del headers["content-length"], headers["content-type"]
                    unwanted = True
            elif unwanted:
                message["body"] = b""
            await send(message)

        await self._app({**scope, "method": "GET", "asked_method": scope["method"]}, receive, send_wanted)


def tags_in(known: list[str]) -> frozenset[str]:
    """The tags that a request's If-None-Match headers name, weak or strong, as strong ones are written."""
    return frozenset(_OPAQUE_TAG.findall(", ".join(known)))


def _has(known: list[str], etag: str | None) -> bool:
    """Whether an answer is among those that If-None-Match names."""
    if etag is None:
        return False
    return ", ".join(known).strip() == "*" or etag.removeprefix("W/") in tags_in(known)
