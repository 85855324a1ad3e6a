"""Sessions of people in a browser: a cookie that says who they are, and nothing of what they may do.

The cookie is sent by the browser alone, to this server alone, over TLS alone (`__Host-`: RFC 6265bis, 4.1.3.2), and by
pages of this site alone. Browsers trust loopback as they trust TLS (Safari does not), so whoever serves on this
computer alone needs none. A server for development has cookies of another name. A request that changes
something besides carries what only a page of the session knows, and is none that another site made the browser send.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from fastapi import Request, Response

from ledger.clock import new_key
from ledger.cohort.callers import Identity
from ledger.errors import ForbiddenError, MalformedError
from ledger.operations.hub import Hub
from ledger.signing.encoding import to_base64url
from ledger.store import sessions
from ledger.store.engine import reading, writing
from ledger.store.sessions import SESSION_LASTS_S, Session, read_secret

_NAME = "cohort-ledger"
_FORM = "application/x-www-form-urlencoded"
_FORM_MAX = 4096  # bytes
_ATTEMPT_LASTS_S = 10 * 60

Kind = Literal["session", "login"]


@dataclass(frozen=True, slots=True)
class Sessions:
    """dev: cookies go over plain HTTP too."""

    hub: Hub
    dev: bool

    def identity(self, request: Request) -> Identity | None:
        """Who a request's cookie says it is from; None where there is no session, or it is over."""
        found = self.find(request)
        return None if found is None else found.who

    def find(self, request: Request) -> Session | None:
        secret = self._secret(request, "session")
        if secret is None:
            return None
        now_s = self._now_s()
        with reading(self.hub.engine) as connection:
            found = sessions.find_session(connection, secret, now_s=now_s)
            is_due = found is not None and sessions.is_seen_long_ago(connection, secret, now_s=now_s)
        if is_due:
            with writing(self.hub.engine) as connection:
                sessions.see(connection, secret, now_s=now_s)
        return found

    def secret_of(self, request: Request) -> bytes | None:
        """What a request's cookie holds; None where that is no secret. Whether it is one of a session is not asked."""
        return self._secret(request, "session")

    def standing(self, secrets: Collection[bytes]) -> frozenset[bytes]:
        """Of these secrets those whose sessions go on. That is a use of them, as a request would be."""
        if not secrets:
            return frozenset()
        now_s = self._now_s()
        with reading(self.hub.engine) as connection:
            found = sessions.standing(connection, secrets, now_s=now_s)
        due = [secret for secret, is_due in found.items() if is_due]
        if due:
            with writing(self.hub.engine) as connection:
                for secret in due:
                    sessions.see(connection, secret, now_s=now_s)
        return frozenset(found)

    def begin(self, request: Request, response: Response, who: Identity) -> None:
        """Begin a session under a new secret; the one that the browser had ends."""
        secret, before = new_key(), self._secret(request, "session")
        with writing(self.hub.engine) as connection:
            if before is not None:
                sessions.end_session(connection, before)
            sessions.new_session(connection, who, secret=secret, now_s=self._now_s())
        self._set(response, "session", secret, lasts_s=SESSION_LASTS_S)

    def end(self, request: Request, response: Response) -> None:
        secret = self._secret(request, "session")
        if secret is not None:
            with writing(self.hub.engine) as connection:
                sessions.end_session(connection, secret)
        self._delete(response, "session")

    def begin_attempt(self, response: Response) -> bytes:
        """A secret for one attempt to log in at an issuer. Its cookie comes back from there; a session's would not."""
        secret = new_key()
        self._set(response, "login", secret, lasts_s=_ATTEMPT_LASTS_S)
        return secret

    def end_attempt(self, request: Request, response: Response) -> bytes:
        """The secret of the attempt, which is over. Raises ForbiddenError where the browser began none."""
        secret = self._secret(request, "login")
        if secret is None:
            raise ForbiddenError("this browser began no login, or took more than ten minutes: log in again")
        with writing(self.hub.engine) as connection:
            lasts_to_s = self._now_s() + _ATTEMPT_LASTS_S
            if not sessions.use_token(connection, f"login {secret.hex()}", lasts_to_s, now_s=self._now_s()):
                raise ForbiddenError("this login was used before: log in again")
        self._delete(response, "login")
        return secret

    def _now_s(self) -> int:
        return int(self.hub.appender.now().timestamp())

    def _cookie(self, kind: Kind) -> str:
        return f"{_NAME}-{kind}" if self.dev else f"__Host-{_NAME}-{kind}"

    def _secret(self, request: Request, kind: Kind) -> bytes | None:
        return read_secret(request.cookies.get(self._cookie(kind), ""))

    def _set(self, response: Response, kind: Kind, secret: bytes, *, lasts_s: int) -> None:
        response.set_cookie(
            self._cookie(kind),
            to_base64url(secret),
            max_age=lasts_s,
            path="/",
            secure=not self.dev,
            httponly=True,
            samesite="strict" if kind == "session" else "lax",
        )

    def _delete(self, response: Response, kind: Kind) -> None:
        response.delete_cookie(
            self._cookie(kind),
            path="/",
            secure=not self.dev,
            httponly=True,
            samesite="strict" if kind == "session" else "lax",
        )


async def read_form(request: Request) -> dict[str, str]:
    """A form of one of our own pages: each field once.

    Raises ForbiddenError where another site made the browser send it, MalformedError for what is no form.
    """
    # not Origin: our pages send no referrer, and then browsers say "null" there
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForbiddenError("another site made your browser send this: open the page here, and press its button")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise MalformedError(f"a form is sent as {_FORM}")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=10)
    except ValueError:
        pairs = [("", "")] * 2
    fields = dict(pairs)
    if len(body) > _FORM_MAX or len(fields) < len(pairs):
        raise MalformedError("the form cannot be read")
    return fields


def check_form(fields: dict[str, str], session: Session) -> None:
    """Raises ForbiddenError unless the form is of a page that was made for this session."""
    if not hmac.compare_digest(fields.get("token", "").encode(), session.form_token.encode()):
        raise ForbiddenError("this form is not of your session: load the page again")
