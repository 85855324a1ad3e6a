"""Who contributed what: each cell of the database leads to the event that set it, and so to the node that said it.

The audit's step 10. What is counted is told of each node by itself; nodes are not added up.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from ledger.cohort import rows
from ledger.cohort.database import Registered
from ledger.cohort.snapshot import Snapshot, once
from ledger.names import When
from ledger.reports.members import Member, members
from ledger.signing.entry import format_time


@dataclass(frozen=True, slots=True)
class InTable:
    """rows: with at least one cell that the node set; cells: those."""

    rows: int
    cells: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """One node. events: all that the log has of it. corrections, retractions: how many of these say of another that it
    was another way, or not so at all; what was retracted counts nowhere else. outcomes: assessments, claims of
    benefit, adverse events and survival updates.

    median_lag_days: from the last possible day of an event's `on` to its receipt, None where no event is dated.
    first_received, last_received: RFC 3339. synthetic: how many of the events are made up.
    """

    node: str
    trial: str | None
    country: str | None
    events: int
    corrections: int
    retractions: int
    by_type: Mapping[str, int]
    tables: Mapping[str, InTable]
    openings: int
    enrolments: int
    outcomes: int
    median_lag_days: float | None
    first_received: str | None
    last_received: str | None
    synthetic: int


_OUTCOME_TABLES = (rows.Assessment.TABLE, rows.AdverseEvent.TABLE, rows.SurvivalUpdate.TABLE)


@once
def contributions(snapshot: Snapshot) -> tuple[Contribution, ...]:
    """One for each member, by node."""
    events: defaultdict[str, list[Registered]] = defaultdict(list)
    for event in snapshot.events:
        events[event.node].append(event)
    tables, fields = _cells(snapshot)
    amended = defaultdict[str, list[rows.Correction]](list)
    for row in snapshot.of(rows.Correction):
        amended[row.node].append(row)
    return tuple(
        _contribution(node, events[node.node], amended[node.node], tables[node.node], fields[node.node])
        for node in members(snapshot)
    )


def _contribution(
    node: Member,
    events: list[Registered],
    amended: list[rows.Correction],
    tables: Mapping[str, InTable],
    fields: Counter[tuple[str, str]],
) -> Contribution:
    retracted = {row.target for row in amended if row.kind == "retracted"}
    lags = [
        (event.received.date() - When.parse(event.on).last).days
        for event in events
        if event.on is not None and event.event_id not in retracted
    ]
    return Contribution(
        node=node.node,
        trial=node.trial,
        country=node.country,
        events=len(events),
        corrections=len(amended) - len(retracted),
        retractions=len(retracted),
        by_type=dict(sorted(Counter(event.type for event in events).items())),
        tables=tables,
        openings=fields[rows.CohortOpening.TABLE, "opened_on"],
        enrolments=fields[rows.Episode.TABLE, "enrolled_on"],
        outcomes=sum(tables[table].rows for table in _OUTCOME_TABLES if table in tables)
        + fields[rows.Episode.TABLE, "benefit"],
        median_lag_days=median(lags) if lags else None,
        first_received=format_time(events[0].received) if events else None,
        last_received=format_time(events[-1].received) if events else None,
        synthetic=sum(event.synthetic for event in events),
    )


def _cells(snapshot: Snapshot) -> tuple[Mapping[str, Mapping[str, InTable]], Mapping[str, Counter[tuple[str, str]]]]:
    """By node: rows and cells of each table, and how often it set each field of each table."""
    node_of = {event.index: event.node for event in snapshot.events}
    rows_of: Counter[tuple[str, str]] = Counter()
    fields: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for table, table_rows in snapshot.tables.items():
        for row in table_rows:
            setters = {name: node_of[by] for name, by in row.set_by.items() if by in node_of}
            rows_of.update((node, table) for node in set(setters.values()))
            for name, node in setters.items():
                fields[node][table, name] += 1
    tables: defaultdict[str, dict[str, InTable]] = defaultdict(dict)
    for (node, table), count in sorted(rows_of.items()):
        cells = sum(number for (of_table, _), number in fields[node].items() if of_table == table)
        tables[node][table] = InTable(count, cells)
    return tables, fields
