"""Grants, and callers that sign tokens: what tests of access are given."""

from given import signing_key

from ledger.signing.canonical import Json


def grant(holder: str | None, **more: Json) -> dict[str, Json]:
    """The data of a grant to whoever holds a key, by the key's name in tests; None: to no key."""
    key: dict[str, Json] = {} if holder is None else {"key": dict(signing_key(holder).public.jwk)}
    terms: dict[str, Json] = {"role": "auditor", "purpose": ["DUO:0000042"], "until": "2030-12-31", "grantee": None}
    return {**key, **terms, **more}
