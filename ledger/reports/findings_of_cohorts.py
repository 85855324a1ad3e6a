"""Findings about what is late, or stands still, and about totals that do not add up.

What is late is so by the day of the last entry, or the one that the view is on; a date counts by its last day.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.snapshot import Snapshot
from ledger.cohort.view import date_of
from ledger.reports.census import held
from ledger.reports.finding import Finding, Looked
from ledger.reports.standing import Standing


def census_differs(looked: Looked) -> Iterator[Finding]:
    """A count that a node attested is not what its events add up to by the day that it was attested for."""
    for row, derived, verdict in held(looked.snapshot):
        if verdict.startswith(("short", "over")):
            yield Finding(
                "census-differs",
                f"{row.metric} as of {row.as_of}: {derived} by the events, {row.value} attested ({row.operator}), so "
                f"{verdict}",
                min(row.set_by.values()),
                row.node,
            )


def not_opened(looked: Looked) -> Iterator[Finding]:
    """A cohort that nobody has opened so many days after its definition was received; or, of the members whom the
    memorandum binds to open in parallel, one that has never opened it so many days after the first of them did.

    A cohort that is closed everywhere, or ended by a decision, is opened by nobody any more.
    """
    days, received = looked.patience.not_opened_days, _received(looked.snapshot)
    for each, definition in _with_definitions(looked):
        if each.closed_on is not None or (each.scopes and all(scope.stage is None for scope in each.scopes)):
            continue
        index = definition.set_by["label"]
        if all(node.opened_on is None for node in each.nodes):
            if looked.is_over(received.get(index, looked.today), days):
                message = f"{each.cohort} was defined more than {days} days ago, and nobody has opened it"
                yield Finding("not-opened", message, index, each.defined_by or "")
            continue
        late = [
            f"{node.node} ({node.days_behind} days, {node.reason})"
            for node in each.nodes
            if node.opened_on is None and node.days_behind is not None and node.days_behind > days
        ]
        if late:
            message = f"{each.cohort} is open elsewhere, and was never opened by {', '.join(late)}"
            yield Finding("not-opened", message, index, each.defined_by or "")


def stale_cohort(looked: Looked) -> Iterator[Finding]:
    """A cohort that is open at some node, and of which nothing has happened anywhere for so many days.

    Something happened on the day that its event states, or, where that states none, when the hub received it.
    """
    days, last = looked.patience.stale_cohort_days, _last_days(looked.snapshot)
    for each, definition in _with_definitions(looked):
        is_open = any(node.state == "open" for node in each.nodes)
        since = last.get(each.cohort)
        if is_open and since is not None and looked.is_over(since, days):
            message = f"{each.cohort} is open, and nothing was told of it since {since.isoformat()}"
            yield Finding("stale-cohort", message, definition.set_by["label"], each.defined_by or "")


def stale_allocation(looked: Looked) -> Iterator[Finding]:
    """A case that holds a place and neither starts treatment nor is released, so many days after it was allocated or,
    where it was enrolled, after that.
    """
    days = looked.patience.stale_allocation_days
    for row in looked.snapshot.of(rows.Episode):
        if row.started_on is None and row.released_on is None:
            since = max(date_of(each).last for each in (row.allocated_on, row.enrolled_on) if each is not None)
            if looked.is_over(since, days):
                yield Finding(
                    "stale-allocation",
                    f"case {row.case} was {'enrolled' if row.enrolled_on else 'allocated'} in {row.cohort} more than "
                    f"{days} days ago, and neither treated nor released since",
                    row.set_by["allocated_on"],
                    row.node,
                )


def _with_definitions(looked: Looked) -> Iterable[tuple[Standing, rows.Cohort]]:
    """Every cohort as it stands, beside its definition: both by name."""
    return zip(looked.standings, looked.snapshot.of(rows.Cohort), strict=True)


def _received(snapshot: Snapshot) -> dict[int, date]:
    return {event.index: event.received.date() for event in snapshot.events}


def _last_days(snapshot: Snapshot) -> dict[str, date]:
    """Cohort -> the last day on which something of it happened, and not after today."""
    said = {event.index: _day(event.on, event.received.date()) for event in snapshot.events}
    last: dict[str, date] = {}
    for row in _of_cohorts(snapshot):
        cohort: str = getattr(row, "cohort")  # noqa: B009 - each of these tables has it in its key
        days = (said[index] for index in row.set_by.values() if index in said)
        last[cohort] = max(last.get(cohort, date.min), max(days, default=date.min))
    return {cohort: min(day, snapshot.today) for cohort, day in last.items()}


def _of_cohorts(snapshot: Snapshot) -> Iterable[Row]:
    return (row for table in snapshot.tables.values() for row in table if row.KEY[0] == "cohort")


def _day(on: str | None, received: date) -> date:
    return received if on is None else date_of(on).last
