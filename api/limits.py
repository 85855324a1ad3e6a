"""How often somebody may ask: a bucket of requests for each caller, filled again as time goes by.

An address has one bucket for what it asks as nobody, and a larger one for what it asks with a token or a session, which
cost a signature or a look-up before they are known to be good: it may be that of many people. Whoever has proved who
they are has a bucket of their own besides (`Limits.check`), which no claim of another empties.

The buckets are of one process, and at most so many: the one that was used least lately goes first, and is full again
when its caller returns.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from threading import Lock
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import plain_problem

BUCKETS_MAX = 10_000
CLAIMED_FACTOR = 10  # how many callers that prove who they are may share an address
_MINUTE_S = 60.0
_IPV6_PREFIX = 64  # what one household has


class _Bucket(NamedTuple):
    """left: requests, as of `at_s`."""

    left: float
    at_s: float


class Limits:
    """per_minute: requests of one caller, which it may also make at once; 0 for any number. clock: seconds that only
    grow.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, *, factor: int = 1) -> int | None:
        """Take one request out of a bucket. Returns in how many seconds there will be one where there is none now."""
        most = self._per_minute * factor
        if not most:
            return None
        with self._lock:
            now_s = self._clock()
            bucket = self._buckets.pop(name, _Bucket(most, now_s))
            left = min(most, bucket.left + (now_s - bucket.at_s) * most / _MINUTE_S)
            is_empty = left < 1
            self._buckets[name] = _Bucket(left if is_empty else left - 1, now_s)
            while len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        return ceil((1 - left) * _MINUTE_S / most) if is_empty else None

    def check(self, name: str) -> None:
        """Count a request of somebody who has proved who they are. Raises what is answered as 429."""
        wait_s = self.take(f"caller {name}")
        if wait_s is not None:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, _told(wait_s), {"Retry-After": str(wait_s)})


class Limited:
    """Counts each request by its address, before anything looks at it."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = _address(scope)
        if "authorization" in headers or "cookie" in headers:
            wait_s = self._limits.take(f"claimed {address}", factor=CLAIMED_FACTOR)
        else:
            wait_s = self._limits.take(f"nobody {address}")
        if wait_s is None:
            await self._app(scope, receive, send)
            return
        refusal = plain_problem(HTTPStatus.TOO_MANY_REQUESTS, _told(wait_s), scope["path"])
        refusal.headers["Retry-After"] = str(wait_s)
        await refusal(scope, receive, send)


def _told(wait_s: int) -> str:
    return f"too many requests: ask again in {wait_s} seconds"


def _address(scope: Scope) -> str:
    """Whom a request comes from; of an IPv6 address the network, for a household has more addresses than there are
    buckets.
    """
    named: str = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(named.partition("%")[0])
    except ValueError:
        return named[:64]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
