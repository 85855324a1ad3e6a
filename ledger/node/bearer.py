"""Tokens for requests, each signed when it is asked for: what a caller sends where a server wants to know who asks."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from ledger import clock
from ledger.signing.keys import SigningKey
from ledger.signing.token import sign_token

LIFETIME_S = 120  # of a token that is sent at once


class Bearer:
    """url: of the server, as its tokens must name it. key: asked for once, when the first token is: it may take a
    passphrase. Calling it gives the headers of one request.
    """

    def __init__(
        self,
        url: str,
        key: Callable[[], SigningKey],
        *,
        now: Callable[[], datetime] = clock.now,
        draw: Callable[[], bytes] = clock.new_key,
    ) -> None:
        self._audience = url.rstrip("/")
        self._ask = key
        self._now = now
        self._draw = draw

    def token(self, *, lifetime_s: int = LIFETIME_S) -> str:
        """A token for one request."""
        return sign_token(
            key=self._key,
            audience=self._audience,
            issued=int(self._now().timestamp()),
            lifetime_s=lifetime_s,
            drawn=self._draw(),
        )

    def __call__(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    @cached_property
    def _key(self) -> SigningKey:
        return self._ask()
