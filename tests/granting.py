"""Grants, and callers that sign tokens: what tests of access are given."""

from typing import Any, NamedTuple

from given import signing_key

from ledger.node.bearer import Bearer
from ledger.settings import DEFAULT_URL
from ledger.signing.canonical import Json
from ledger.signing.keys import SigningKey


def grant(holder: str | None, **more: Json) -> dict[str, Json]:
    """The data of a grant to whoever holds a key, by the key's name in tests; None: to no key."""
    key: dict[str, Json] = {} if holder is None else {"key": dict(signing_key(holder).public.jwk)}
    terms: dict[str, Json] = {"role": "auditor", "purpose": ["DUO:0000042"], "until": "2030-12-31", "grantee": None}
    return {**key, **terms, **more}


class Asks(NamedTuple):
    """Somebody with a key, who signs a token for each request. url: of the server that they are for."""

    key: SigningKey
    url: str = DEFAULT_URL

    def headers(self, **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {Bearer(self.url, lambda: self.key).token(**more)}"}


def named(name: str, url: str = DEFAULT_URL) -> Asks:
    """Who holds a key, by the key's name in tests."""
    return Asks(signing_key(name), url)
