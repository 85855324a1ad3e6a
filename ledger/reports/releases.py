"""When outsiders are shown anything new: at a fixed cadence, the same for everybody, and never at a moment they choose.

Of two moments that one may choose, before an entry and after it, the reports subtract to one patient.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday, so that weeks begin where people think they do


def released_at(now: datetime, cadence: timedelta) -> datetime:
    """The moment of the last release: what was received before it is in it. cadence: more than nothing."""
    return now - (now - _FIRST) % cadence


def release_moment(received: Sequence[datetime], cadence: timedelta, *, now: datetime) -> int:
    """The index of the last entry that the last release takes in, -1 where it takes in none.

    received: of each entry, in order. now: by the hub's clock, also while nothing is received.
    """
    return bisect_left(received, released_at(now, cadence)) - 1
