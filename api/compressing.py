"""Answers that go out compressed where the caller takes that (gzip; RFC 9110, 8.4), and those that never do.

How long a compressed answer is tells how much in it is alike. Where a secret stands beside what another may have put
there, or have made somebody ask for, that length gives the secret away bit by bit, TLS or not (BREACH). So whatever
nobody may keep (`no-store`: opened values, sessions, forms, problems, and all that says nothing of being kept) and
whatever is computed from sealed values (`no-transform`) goes out as it is; so do hashes, of which nothing is alike, and
the live feed, which waits for nothing. What is left holds what its readers know of the log anyway.

An answer that may be compressed has one tag for both of its forms, a weak one (RFC 9110, 8.8.3.3).
"""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST = 512  # bytes: less is not worth it
_LEVEL = 6
_IN_A_THREAD = 32 * 1024  # bytes from which the event loop does not wait for it: a millisecond
_TYPES = (
    "application/json",
    "application/octet-stream",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
)
_NEVER = ("no-store", "no-transform")


class Compressing:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        takes_it = takes_gzip(Headers(scope=scope).getlist("accept-encoding"))
        may_be = False

        async def answer(scope: Scope, receive: Receive, compress: Send) -> None:
            async def choose(message: Message) -> None:
                nonlocal may_be
                if message["type"] == "http.response.start":
                    headers = MutableHeaders(scope=message)
                    may_be = _may_be_compressed(message["status"], headers)
                    if may_be and "etag" in headers:
                        headers["ETag"] = f"W/{headers['etag'].removeprefix('W/')}"
                await (compress if may_be and takes_it else send_on)(message)

            await self._app(scope, receive, choose)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and may_be:
                headers = MutableHeaders(scope=message)
                if "accept-encoding" not in headers.get("vary", "").lower():  # the responder says so of what is long
                    headers.add_vary_header("Accept-Encoding")
            await send(message)

        await GZipResponder(answer, _LEAST, _LEVEL, thread_minimum_size=_IN_A_THREAD)(scope, receive, send_on)


def takes_gzip(stated: list[str]) -> bool:
    """Whether a request's Accept-Encoding headers allow gzip (RFC 9110, 12.5.3); where nothing is stated: no."""
    weights: dict[str, bool] = {}
    for part in ",".join(stated).split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip().lower()] = not _is_nought(parameters)
    return weights.get("gzip", weights.get("*", False))


def _is_nought(parameters: str) -> bool:
    name, _, value = parameters.replace(" ", "").lower().partition("=")
    return name == "q" and value.rstrip("0") in {"", "0.", "."}


def _may_be_compressed(status: int, headers: Headers) -> bool:
    """A 304 stands for an answer, whose type it does not say."""
    kept = headers.get("cache-control", "no-store")
    if status not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED} or any(word in kept for word in _NEVER):
        return False
    kind = headers.get("content-type", "").partition(";")[0].strip()
    return kind in _TYPES or (status == HTTPStatus.NOT_MODIFIED and not kind)
