"""When outsiders are shown anything new: at a fixed cadence, the same for everybody, and never at a moment they choose.

Of two moments that one may choose, before an entry and after it, the reports subtract to one patient.
"""

from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday, so that weeks begin where people think they do


def released_at(now: datetime, cadence: timedelta) -> datetime:
    """The moment of the last release: what was received before it is in it.

    now: by the hub's clock, also while nothing is received. cadence: more than nothing.
    """
    return now - (now - _FIRST) % cadence
