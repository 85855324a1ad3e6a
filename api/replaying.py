"""The moment that a page is about, in words, and the moments beside it: what the replay bar is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import Request

from ledger.errors import TamperedError
from ledger.operations.hub import Hub
from ledger.signing.entry import parse_time
from ledger.store.engine import Engine, reading
from ledger.store.entries import StoredEntry, find_entry
from ledger.store.head import read_head

MOMENT = ("at", "on")
_MINUTES = len("2021-11-16T09:30")


@dataclass(frozen=True, slots=True)
class Here:
    """The address of a page. asked: all that stands behind its question mark."""

    path: str
    asked: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> "Here":
        return cls(request.scope["path"], dict(request.query_params))

    def __call__(self, **changes: object) -> str:
        """The same page with other values; None leaves one out."""
        wanted = {name: value for name, value in {**self.asked, **changes}.items() if value is not None}
        return f"{self.path}?{urlencode(wanted)}" if wanted else self.path

    @property
    def others(self) -> dict[str, str]:
        """What is asked besides a moment."""
        return {name: value for name, value in self.asked.items() if name not in MOMENT}


@dataclass(frozen=True, slots=True)
class Bar:
    """index: of the last entry that the page takes in, -1 for none; last: of the log's. received: of that entry, as
    people read it, and with the milliseconds. is_fixed: the page is of an index or a time, and not of now. on: the day
    that it is on, if it is.
    """

    index: int
    last: int
    received: str
    received_exactly: str
    is_fixed: bool
    on: date | None
    today: date

    @property
    def on_words(self) -> str:
        return day_in_words(self.on) if self.on else ""

    @property
    def day_before(self) -> str:
        return _shifted(self.on or self.today, -1)

    @property
    def day_after(self) -> str | None:
        """None where there is no later one."""
        return None if self.on is None or self.on >= self.today else _shifted(self.on, 1)


def bar_of(request: Request, seen_size: int) -> Bar:
    """seen_size: of the log that the page is about, entries. Two look-ups by key."""
    hub: Hub = request.app.state.hub
    size, entry, last = _ends(hub.reads.not_older_than(None), seen_size)
    if entry is None:  # a replica may be behind of where the page was read
        size, entry, last = _ends(hub.engine, seen_size)
    if seen_size > 0 and entry is None:
        raise TamperedError(f"entry {seen_size - 1} is missing", index=seen_size - 1)
    received = "" if entry is None else entry.received
    today = parse_time(last.received).date() if last is not None else date.min + timedelta(days=1)
    on = request.query_params.get("on")
    return Bar(
        index=seen_size - 1,
        last=max(size, seen_size) - 1,
        received=time_in_words(received) if received else "",
        received_exactly=received,
        is_fixed="at" in request.query_params,
        on=date.fromisoformat(on) if on else None,
        today=today,
    )


def _ends(engine: Engine, seen_size: int) -> tuple[int, StoredEntry | None, StoredEntry | None]:
    """How long the log is, the last entry that is seen, and the last that there is."""
    with reading(engine) as connection:
        size = read_head(connection).size
        entry = find_entry(connection, index=seen_size - 1)
        return size, entry, entry if seen_size >= size else find_entry(connection, index=size - 1)


def time_in_words(received: str) -> str:
    """`2021-11-16 09:30 UTC` of a time of receipt as the log has it."""
    return f"{received[:_MINUTES].replace('T', ' ')} UTC"


def day_in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _shifted(day: date, days: int) -> str:
    if not date.min < day < date.max:  # whoever asks for the year 9999
        return day.isoformat()
    return (day + timedelta(days=days)).isoformat()
