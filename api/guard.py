"""What is looked at before a request is: whom it was sent to, and how long it is. And what every answer says.

A page of another site can make a browser send requests to this computer under a name of its own (DNS rebinding), so
only the names of loopback are answered, unless whatever is served is for everybody. A body is refused as soon as it is
too long, announced or not.
"""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import HEADERS, plain_problem, problem
from ledger.errors import ForbiddenError
from ledger.operations.append import POST_BYTES_MAX

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
BODY_MAX = POST_BYTES_MAX + 64 * 1024  # a post, and the JSON around it

_DIGITS_MAX = 20  # of a length that is read: `int` refuses thousands


class Guard:
    """body_max: bytes. any_name: whether it answers under names that are not loopback's."""

    def __init__(self, app: ASGIApp, *, body_max: int = BODY_MAX, any_name: bool = False) -> None:
        self._app = app
        self._body_max = body_max
        self._any_name = any_name
        self._too_long = f"a request has at most {body_max} bytes"

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
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if not self._any_name and _host(headers) not in LOOPBACK:
            refusal = ForbiddenError("this server answers to loopback names only: http://127.0.0.1 or http://localhost")
            await problem(refusal, scope["path"])(scope, receive, send)
        elif _length(headers) > self._body_max:
            too_long = plain_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long, scope["path"])
            await too_long(scope, receive, send)
        else:
            await self._app(scope, receive_some, send_with_headers)


def _host(headers: Headers) -> str:
    """The Host header without its port."""
    host = headers.get("host", "").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _length(headers: Headers) -> int:
    """The length that is announced; what is no number is left to the server, which has counted already."""
    stated = headers.get("content-length", "")
    return int(stated[:_DIGITS_MAX]) if stated.isdecimal() and stated.isascii() else 0
