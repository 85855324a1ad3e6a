"""Who is logged in: tokens that were used once, links that log in once, and sessions.

A link and a session are known by a secret of 32 random bytes, which only its bearer has: stored are its hash, and whom
it is bound to, encrypted under a key that is made from the secret. So whoever reads the database can neither come in
nor learn who did. A session says who somebody is, never what they may do: that is asked of the cohort database at each
request, so it ends with the key or the grant behind it.

Times are whole seconds since the epoch.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Table, select

from ledger.cohort.callers import ByKey, ByName, Identity
from ledger.errors import MalformedError
from ledger.signing.canonical import dump, load
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.store.tables import login_links, sessions, used_tokens

SECRET_SIZE = 32  # bytes
LINK_LASTS_S = 5 * 60
SESSION_LASTS_S = 8 * 3600
IDLE_S = 30 * 60
_SEEN_EVERY_S = 60  # how exactly it is kept when a session was used: each time would be a write a request
_AT_A_TIME = 500  # of what one statement names
_NONCE = bytes(12)  # a key made from a secret encrypts once


@dataclass(frozen=True, slots=True)
class Session:
    """A session that lasts. form_token: what each of its forms must carry (against forged requests of other pages)."""

    who: Identity
    form_token: str = field(repr=False)


def use_token(conn: Connection, jti: str, exp: int, *, now_s: int) -> bool:
    """Remember a token until it expires. False where it was used before. jti: with who gave it, where two may collide.

    In a transaction that writes; those that have expired are forgotten in it.
    """
    conn.execute(used_tokens.delete().where(used_tokens.c.expires_s < now_s))
    digest = sha256(jti.encode("utf-8", "surrogatepass")).digest()
    if conn.execute(select(used_tokens.c.hash).where(used_tokens.c.hash == digest)).first() is not None:
        return False
    conn.execute(used_tokens.insert().values(hash=digest, expires_s=exp))
    return True


def new_link(conn: Connection, who: Identity, *, secret: bytes, now_s: int) -> None:
    """Let a secret log somebody in, once, within five minutes."""
    _forget(conn, now_s)
    conn.execute(
        login_links.insert().values(hash=_hash(secret), bound=_bind(secret, who), expires_s=now_s + LINK_LASTS_S)
    )


def is_link(conn: Connection, secret: bytes, *, now_s: int) -> bool:
    """Whether a secret would log somebody in. It stays good: whoever only looks at a link does not use it up."""
    return _find(conn, login_links, secret, now_s) is not None


def use_link(conn: Connection, secret: bytes, *, now_s: int) -> Identity | None:
    """Whom a link logs in, in a transaction that writes; None where it was used, or is too old, or never was."""
    who = _find(conn, login_links, secret, now_s)
    conn.execute(login_links.delete().where(login_links.c.hash == _hash(secret)))
    return who


def new_session(conn: Connection, who: Identity, *, secret: bytes, now_s: int) -> None:
    _forget(conn, now_s)
    conn.execute(
        sessions.insert().values(
            hash=_hash(secret), bound=_bind(secret, who), expires_s=now_s + SESSION_LASTS_S, seen_s=now_s
        )
    )


def find_session(conn: Connection, secret: bytes, *, now_s: int) -> Session | None:
    """The session of a secret; None where there is none, where it is over, and where it was idle for too long."""
    who = _find(conn, sessions, secret, now_s)
    return None if who is None else Session(who, _form_token(secret))


def is_seen_long_ago(conn: Connection, secret: bytes, *, now_s: int) -> bool:
    """Whether it is time to `see` a session."""
    seen_s = conn.execute(select(sessions.c.seen_s).where(sessions.c.hash == _hash(secret))).scalar_one_or_none()
    return seen_s is not None and now_s - seen_s >= _SEEN_EVERY_S


def see(conn: Connection, secret: bytes, *, now_s: int) -> None:
    """Keep that a session was used, so that it is not idle."""
    conn.execute(sessions.update().where(sessions.c.hash == _hash(secret)).values(seen_s=now_s))


def standing(conn: Connection, secrets: Iterable[bytes], *, now_s: int) -> dict[bytes, bool]:
    """Of these secrets those whose sessions last, each with whether it is time to `see` it; by few statements."""
    by_hash = {_hash(secret): secret for secret in secrets}
    hashes, found = list(by_hash), dict[bytes, bool]()
    for start in range(0, len(hashes), _AT_A_TIME):
        lasting = select(sessions.c.hash, sessions.c.seen_s).where(
            sessions.c.hash.in_(hashes[start : start + _AT_A_TIME]),
            sessions.c.expires_s >= now_s,
            sessions.c.seen_s > now_s - IDLE_S,
        )
        found |= {by_hash[each]: now_s - seen_s >= _SEEN_EVERY_S for each, seen_s in conn.execute(lasting)}
    return found


def end_session(conn: Connection, secret: bytes) -> None:
    conn.execute(sessions.delete().where(sessions.c.hash == _hash(secret)))


def read_secret(text: str) -> bytes | None:
    """A secret as cookies and links have it, base64url; None for what is none."""
    try:
        return from_base64url(text, size=SECRET_SIZE)
    except MalformedError:
        return None


def _find(conn: Connection, table: Table, secret: bytes, now_s: int) -> Identity | None:
    where = [table.c.hash == _hash(secret), table.c.expires_s >= now_s]
    if table is sessions:
        where.append(sessions.c.seen_s > now_s - IDLE_S)
    bound = conn.execute(select(table.c.bound).where(*where)).scalar_one_or_none()
    return None if bound is None else _who(secret, bound)


def _forget(conn: Connection, now_s: int) -> None:
    """Delete what is over, so that neither table grows for ever."""
    conn.execute(login_links.delete().where(login_links.c.expires_s < now_s))
    conn.execute(sessions.delete().where((sessions.c.expires_s < now_s) | (sessions.c.seen_s <= now_s - IDLE_S)))


def _hash(secret: bytes) -> bytes:
    return sha256(secret).digest()


def _form_token(secret: bytes) -> str:
    return to_base64url(_derived(secret, b"form token"))


def _bind(secret: bytes, who: Identity) -> bytes:
    return AESGCM(_derived(secret, b"who")).encrypt(_NONCE, dump(list(who)), None)


def _who(secret: bytes, bound: bytes) -> Identity | None:
    try:
        plain = load(AESGCM(_derived(secret, b"who")).decrypt(_NONCE, bound, None))
    except InvalidTag:
        return None  # another's was put in its place
    match plain:
        case [str(thumbprint)]:
            return ByKey(thumbprint)
        case [str(issuer), str(subject)]:
            return ByName(issuer, subject)
    return None


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose, "sha256")
