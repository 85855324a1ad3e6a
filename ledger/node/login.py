"""Asking a hub for a link that logs somebody in, by a key that is theirs."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import httpx2 as httpx

from ledger.errors import UnavailableError
from ledger.node.client import content_of
from ledger.signing.keys import SigningKey
from ledger.signing.token import sign_token

_TIMEOUT_S = 30.0
_TOKEN_LASTS_S = 60


class LoginLink(NamedTuple):
    """link: to be opened in a browser, once. expires: RFC 3339."""

    link: str
    expires: str


def ask_link(
    url: str,
    key: SigningKey,
    *,
    now: datetime,
    drawn: bytes,
    connect: Callable[..., httpx.Client] = httpx.Client,
) -> LoginLink:
    """url: of the hub, as callers reach it. drawn: 32 random bytes.

    Raises what the hub refused with, and UnavailableError where it cannot be reached.
    """
    hub = url.rstrip("/")
    token = sign_token(key=key, audience=hub, issued=int(now.timestamp()), lifetime_s=_TOKEN_LASTS_S, drawn=drawn)
    try:
        with connect(base_url=hub, timeout=_TIMEOUT_S) as client:
            answer = client.post("/login", headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as error:
        raise UnavailableError(f"the hub at {hub} cannot be reached ({type(error).__name__})") from None
    match content_of(answer):
        case {"link": str(link), "expires": str(expires)}:
            return LoginLink(link, expires)
    raise UnavailableError("what answers there is no hub of this version: it made no link")
