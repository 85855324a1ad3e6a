"""Reading the stored cohort database at a moment: an index of the log, or a time, and on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledger.cohort import snapshot
from ledger.cohort.cells import Version
from ledger.cohort.database import Registered
from ledger.cohort.rows import (
    TABLES,
    Cohort,
    CohortOpening,
    Correction,
    Episode,
    Node,
    Resolution,
    StageDecision,
    Supply,
    Suspension,
    Trial,
    TrialPeriod,
)
from ledger.cohort.snapshot import Snapshot
from ledger.errors import MalformedError, NotFoundError
from ledger.reports.releases import released_at
from ledger.signing.entry import parse_time
from ledger.store.cells import (
    read_changed,
    read_corrections_by,
    read_episodes_elsewhere,
    read_versions,
    read_versions_of_case,
)
from ledger.store.engine import Connection, Engine, reading
from ledger.store.entries import index_at_time, last_told, registered, registered_each
from ledger.store.head import read_head

_OF_A_COHORT = tuple(name for name, row_type in TABLES.items() if "cohort" in row_type.KEY)
_OF_ALL = (Node.TABLE, Resolution.TABLE, Trial.TABLE, TrialPeriod.TABLE, Supply.TABLE)
_OF_THE_BOARD = (
    *_OF_ALL,
    *(each.TABLE for each in (Cohort, CohortOpening, Suspension, StageDecision, Episode)),
)
_DIGITS = frozenset("0123456789")
_MILLISECOND = timedelta(milliseconds=1)
_SETTLED = timedelta(minutes=1)  # what was received before a release is stored by then: no release grows


@dataclass(frozen=True, slots=True)
class Moment:
    """When to look. at: an index (the database as that entry left it) or a time (UTC), None for now. on: keep what is
    dated and past by that day.
    """

    at: int | datetime | None = None
    on: date | None = None

    @classmethod
    def parse(cls, at: str | None, on: str | None) -> "Moment":
        """Read `at` (`100`, `2021-11-16T09:30:00.123Z` with or without the milliseconds, or a bare day, its end meant)
        and `on` (`2021-11-16`).
        """
        return cls(_at(at) if at is not None else None, _day(on) if on is not None else None)

    @classmethod
    def released(cls, now: datetime, cadence: timedelta) -> "Moment":
        """What outsiders are shown: all that was received before the last release, a minute after it."""
        return cls(released_at(now - _SETTLED, cadence) - _MILLISECOND)


def snapshot_at(engine: Engine, moment: Moment) -> Snapshot:
    """The rows and events of a moment, all of them. Raises NotFoundError for an index that the log does not have."""
    with reading(engine) as connection:
        index, at = _index(connection, moment)
        found = snapshot.of_versions(
            read_versions(connection, at=at), registered(connection, index + 1), size=index + 1
        )
    return found if moment.on is None else found.on(moment.on)


def snapshot_from(connection: Connection, base: Snapshot, index: int) -> Snapshot:
    """What `snapshot_at` reads at an index of the log, made from that of another one, on no day, by the versions that
    differ. Costs what happened between the two, and a look at each row.
    """
    last = base.size - 1
    events = base.events[: index + 1] + tuple(registered(connection, index + 1, start=base.size))
    synthetic = frozenset(event.index for event in events if event.synthetic)
    tables = dict(base.tables)
    for table, rows in base.tables.items():
        changed = [*read_changed(connection, table, old=min(last, index), new=max(last, index))]
        if changed:
            standing = {row.key: row for row in rows}
            for is_later, version in changed:
                if is_later == (last > index):  # it stood then, and does not here
                    standing.pop(version.key, None)
            for is_later, version in changed:
                if is_later == (last < index):
                    standing[version.key] = snapshot.make_row(version, synthetic)
            tables[table] = tuple(standing[key] for key in sorted(standing))
    return Snapshot(index + 1, tables, events)


def snapshot_of_board(engine: Engine, moment: Moment) -> Snapshot:
    """As much of it as says where every cohort stands; of the events those that set any of it, and the last one."""
    return snapshot_of_tables(engine, moment, tables=_OF_THE_BOARD)


def snapshot_of_tables(engine: Engine, moment: Moment, *, tables: Iterable[str]) -> Snapshot:
    """The rows of some tables; of the events those that set any of them, what one of these corrects, and the last."""
    with reading(engine) as connection:
        index, at = _index(connection, moment)
        versions = [*read_versions(connection, at=at, tables=tables)]
        events = registered_each(connection, _behind(versions) | {index}, event_ids=_corrected(versions))
        found = snapshot.of_versions(versions, _in_order(events), size=index + 1)
    return found if moment.on is None else found.on(moment.on)


def snapshot_of_cohort(engine: Engine, moment: Moment, cohort: str) -> Snapshot:
    """As much of it as the report of one cohort stands on: all of its rows, where else its cases are treated, who takes
    part and with what, what was adopted, and which of this was corrected; of the events those that set any of it, or
    that a decision names, and the last one.
    """
    with reading(engine) as connection:
        index, at = _index(connection, moment)
        versions = [
            *read_versions(connection, at=at, tables=_OF_A_COHORT, cohort=cohort),
            *read_episodes_elsewhere(connection, cohort, at=at),
            *read_versions(connection, at=at, tables=_OF_ALL),
        ]
        behind = _behind(versions)
        corrections = [*read_corrections_by(connection, behind, at=at)]
        corrected = _corrected(corrections)
        cuts = {cut for version in versions if isinstance(cut := version.fields.get("data_cut", (0, None))[1], int)}
        cuts |= _seen_before(connection, cuts | {index}, moment.on)
        events = registered_each(connection, behind | cuts | {index}, event_ids=corrected)
        found = snapshot.of_versions([*versions, *corrections], _in_order(events), size=index + 1)
    return found if moment.on is None else found.on(moment.on)


def snapshot_of_case(engine: Engine, moment: Moment, *, node: str, case: str) -> Snapshot:
    """The rows of one case; of the events those that set any of them, and the last one."""
    with reading(engine) as connection:
        index, at = _index(connection, moment)
        versions = [*read_versions_of_case(connection, node, case, at=at)]
        events = registered_each(connection, _behind(versions) | {index})
        found = snapshot.of_versions(versions, _in_order(events), size=index + 1)
    return found if moment.on is None else found.on(moment.on)


def _corrected(versions: Iterable[Version]) -> set[str]:
    """Ids of the events that the corrections among these are of."""
    return {str(each.fields["target"][1]) for each in versions if each.table == Correction.TABLE}


def _index(connection: Connection, moment: Moment) -> tuple[int, int | None]:
    """The index of the last entry that a moment takes in, and the same as the rows are asked: None for those that stand
    now, which are found without a look at those that once did.
    """
    index = last_index(connection, moment)
    return index, None if index == read_head(connection).size - 1 else index


def _seen_before(connection: Connection, cuts: Iterable[int], on: date | None) -> set[int]:
    """Of each data cut the last entry before it that a view on a day has: its time of receipt is the cut's."""
    if on is None:
        return set()
    return {place for cut in cuts if (place := last_told(connection, cut, on)) is not None}


def _behind(versions: Iterable[Version]) -> set[int]:
    """Indexes of the events that set these."""
    return {by for version in versions for by, _ in version.fields.values()}


def _in_order(events: Iterable[Registered]) -> list[Registered]:
    by_index = {each.index: each for each in events}
    return [by_index[place] for place in sorted(by_index)]


def last_index(connection: Connection, moment: Moment) -> int:
    """The index of the last entry that a moment takes in, -1 where it takes in none."""
    size = read_head(connection).size
    if moment.at is None:
        return size - 1
    if isinstance(moment.at, datetime):
        return index_at_time(connection, moment.at)
    if moment.at >= size:
        raise NotFoundError(f"the log has no entry {moment.at}: it has {size}, from 0 on")
    return moment.at


def _at(text: str) -> int | datetime:
    if text and len(text) <= 15 and _DIGITS.issuperset(text):  # noqa: PLR2004 - no log has 10^15 entries
        return int(text)
    try:
        if "T" not in text:
            return parse_time(f"{text}T23:59:59.999Z")
        return parse_time(text if "." in text else f"{text.removesuffix('Z')}.000Z")
    except MalformedError:
        raise MalformedError("`at` is an index of the log, a day, or a time in UTC like 2021-11-16T09:30:00Z") from None


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise MalformedError("`on` is a day like 2021-11-16")
    return day
