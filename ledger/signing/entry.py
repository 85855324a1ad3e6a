"""Entries: an envelope's JWS as the log took it, with the hub's time of receipt. An entry's bytes are a leaf's data.

Times are RFC 3339 in UTC with exactly milliseconds, `2021-11-16T09:30:00.123Z`. Whether the JWS is a good one is
`envelope.parse_jws`'s to say.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ledger.errors import MalformedError
from ledger.signing.envelope import JWS_MAX

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """received: aware, UTC, whole milliseconds, by the hub's clock. jws: the envelope without its disclosures."""

    received: datetime
    jws: str

    @classmethod
    def parse(cls, leaf: bytes) -> "Entry":
        """Read a leaf's data. Raises MalformedError for what `leaf` would not print for a JWS."""
        received, _, jws = leaf.partition(b"\n")
        is_compact = jws.translate(None, _DIGITS) == b".." and all(jws.split(b"."))
        if len(jws) > JWS_MAX or not is_compact or not received.isascii():
            raise MalformedError("an entry is a time of receipt, a newline and a compact JWS, all of it ASCII")
        return cls(parse_time(received.decode("ascii")), jws.decode("ascii"))

    @property
    def leaf(self) -> bytes:
        """Time of receipt, newline, JWS; at most 60,025 bytes."""
        return f"{format_time(self.received)}\n{self.jws}".encode("ascii")


def format_time(time: datetime) -> str:
    """Raises MalformedError for a time that is not UTC, or finer than milliseconds: cut it first."""
    if time.utcoffset() != timedelta(0) or time.microsecond % 1000:
        raise MalformedError("a time is written in UTC and whole milliseconds")
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@lru_cache(maxsize=256)  # entries that were taken together have one time
def parse_time(text: str) -> datetime:
    """Raises MalformedError for what `format_time` would not print."""
    if _TIME.fullmatch(text):
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise MalformedError("a time that no calendar and no clock has") from None
        if format_time(time) == text:  # later Pythons read 24:00 as the next day's 00:00
            return time
    raise MalformedError("not a time in UTC with milliseconds: write 2021-11-16T09:30:00.123Z")
