"""How pages say what the ledger holds: names in words, values as text, and where a row is shown."""

from collections.abc import Iterable
from urllib.parse import quote

from ledger.names import UUID
from ledger.signing.canonical import Json, dump

_SHORT = {"on": "date", "jwk": "public key"}


def in_words(name: str) -> str:
    """`cohort.stage_decided` as `cohort stage decided`, `opened_on` as `opened on`."""
    return _SHORT.get(name, name.replace(".", " ").replace("_", " ").replace("-", " "))


def named(key: Iterable[str]) -> str:
    """A row's key to read: handles and event ids in short, for the link beside it has them whole."""
    return " / ".join(f"{part[:8]}…{part[-4:]}" if UUID.fullmatch(part) else part for part in key)


def shown(value: Json) -> str:
    """A value of a cell or a claim, as one line of text."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else dump(value).decode()


def cell_path(table: str, key: Iterable[str]) -> str:
    """Where a row is shown, field by field."""
    return "/".join(("/cells", table, *(quote(part, safe="") for part in key)))
