"""What is looked at before a request is: whom it was sent to, and how long it is. And what every answer says.

A page of another site can make a browser send requests to this computer under a name of its own (DNS rebinding), so a
server answers under the names that it is reached by and no other, unless whatever is served is for everybody. A body is
refused as soon as it is too long, announced or not.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import HEADERS, plain_problem, problem
from ledger.errors import ForbiddenError
from ledger.operations.judging import POST_BYTES_MAX

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
BODY_MAX = POST_BYTES_MAX + 64 * 1024  # a post, and the JSON around it

_DIGITS_MAX = 20  # of a length that is read: `int` refuses thousands
_PORTS = {"https": "443", "http": "80"}


class Guard:
    """url: where callers reach the server, None where it answers under any name; one of loopback stands for all names
    of loopback, at any port. body_max: bytes. says: headers of every answer, besides those of ours.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        url: str | None,
        body_max: int = BODY_MAX,
        says: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._names = None if url is None else _names_of(url)
        self._body_max = body_max
        self._too_long = f"a request has at most {body_max} bytes"
        self._says = {**HEADERS, **says}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = 0

        async def receive_some() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body_max:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long)
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._says.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if not self._is_meant(headers):
            answer: ASGIApp = problem(ForbiddenError(self._other_name()), scope["path"])
        elif _length(headers) > self._body_max:
            answer = plain_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long, scope["path"])
        else:
            answer = self._app
        await answer(scope, receive_some, send_with_headers)

    def _is_meant(self, headers: Headers) -> bool:
        """Whether the one Host header names this server."""
        if self._names is None:
            return True
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        return host in self._names or (self._names is LOOPBACK and _without_port(host) in LOOPBACK)

    def _other_name(self) -> str:
        if self._names is LOOPBACK:
            return "this server answers to loopback names only: http://127.0.0.1 or http://localhost"
        return f"this server answers to {', '.join(sorted(self._names or ()))} only"


def _names_of(url: str) -> frozenset[str]:
    """The Host headers of an address: where it names no port, that of its scheme may be said."""
    parts = urlsplit(url)
    host = parts.netloc.lower()
    if _without_port(host) in LOOPBACK:
        return LOOPBACK
    return frozenset({host} if parts.port else {host, f"{host}:{_PORTS.get(parts.scheme, '')}"})


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _length(headers: Headers) -> int:
    """The length that is announced; what is no number is left to the server, which has counted already."""
    stated = headers.get("content-length", "")
    return int(stated[:_DIGITS_MAX]) if stated.isdecimal() and stated.isascii() else 0
