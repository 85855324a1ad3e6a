"""How soon each node told what had happened, and of which months its events tell.

What was retracted counts nowhere. Nodes are not added up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from ledger.cohort import rows
from ledger.cohort.database import Registered
from ledger.cohort.snapshot import Snapshot, once
from ledger.names import When
from ledger.reports.members import members

_SOON, _MOST_PERCENT = 30, 90


@dataclass(frozen=True, slots=True)
class Timeliness:
    """One node. dated: events that say when it happened, of which all of this is. Days are from the last possible day
    of an event to its receipt: the median, how long nine of ten took at most (the least such number), and the longest;
    None where no event is dated. soon: how many were told within 30 days.
    """

    node: str
    dated: int
    median_days: float | None
    nine_of_ten_days: int | None
    longest_days: int | None
    soon: int


@dataclass(frozen=True, slots=True)
class OfMonth:
    """month: `2021-03`, in which the last possible day of so many of a node's events lies."""

    node: str
    month: str
    events: int


@once
def timeliness(snapshot: Snapshot) -> tuple[Timeliness, ...]:
    """One for each member, by node."""
    lags: defaultdict[str, list[int]] = defaultdict(list)
    for event, when in _dated(snapshot):
        lags[event.node].append((event.received.date() - when.last).days)
    return tuple(_timeliness(each.node, sorted(lags[each.node])) for each in members(snapshot))


@once
def by_month(snapshot: Snapshot) -> tuple[OfMonth, ...]:
    """By node and month; a month of which a node tells nothing is left out."""
    told = Counter((event.node, f"{when.last:%Y-%m}") for event, when in _dated(snapshot))
    return tuple(OfMonth(node, month, count) for (node, month), count in sorted(told.items()))


def _dated(snapshot: Snapshot) -> Iterator[tuple[Registered, When]]:
    retracted = {row.target for row in snapshot.of(rows.Correction) if row.kind == "retracted"}
    for event in snapshot.events:
        if event.on is not None and event.event_id not in retracted:
            yield event, When.parse(event.on)


def _timeliness(node: str, lags: list[int]) -> Timeliness:
    """lags: in order."""
    if not lags:
        return Timeliness(node, 0, None, None, None, 0)
    nine_of_ten = lags[-(-len(lags) * _MOST_PERCENT // 100) - 1]
    return Timeliness(node, len(lags), median(lags), nine_of_ten, lags[-1], sum(lag <= _SOON for lag in lags))
