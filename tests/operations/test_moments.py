"""Time travel and rebuilding: the database as any entry left it, live, rebuilt and replayed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import given
import hubs
import pytest
from histories import history

from ledger.cohort import snapshot
from ledger.cohort.database import Database
from ledger.cohort.rows import CohortOpening, Episode
from ledger.errors import MalformedError, NotFoundError
from ledger.events.base import Recorded
from ledger.operations.append import recorded
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.rebuild import check_tables, rebuild
from ledger.replay import replay
from ledger.store.cells import all_changes
from ledger.store.engine import reading
from ledger.store.entries import read_entries


def test_a_random_history_gives_the_same_rows_versions_and_digest_live_rebuilt_and_replayed(tmp_path: Path) -> None:
    # given: 2,000 events of every type, posted in batches
    alliance = history(11, 2_000)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance, batch=137)
    with reading(hub.engine) as connection:
        live = list(all_changes(connection, len(alliance.heard)))

    # when: it is rebuilt from the entries, and replayed with every sealed value withheld
    rebuilt_digest = rebuild(hub.engine, hub.memorandum)
    with reading(hub.engine) as connection:
        rebuilt = list(all_changes(connection, len(alliance.heard)))
    database = Database()
    replayed = [(taken.event.index, taken.versions) for taken in replay(hub.memorandum, withheld(hub, 2_000), database)]

    # then
    assert rebuilt_digest == database.digest == hub.appender.digest()
    assert in_order(live) == in_order(rebuilt) == in_order(replayed)
    assert check_tables(hub.engine, hub.memorandum) == rebuilt_digest
    assert (
        snapshot_at(hub.engine, Moment()).tables
        == snapshot.of_versions(snapshot.current(database), database.events, size=database.size).tables
    )


def withheld(hub: Hub, size: int) -> list[Recorded]:
    """The stored entries as an auditor reads them from the log: every sealed value withheld."""
    with reading(hub.engine) as connection:
        return [recorded(stored) for stored in read_entries(connection, 0, size)]


def in_order(changes: object) -> object:
    assert isinstance(changes, list)
    return [(index, sorted(versions, key=repr)) for index, versions in changes]


def test_at_an_index_the_database_is_as_that_entry_left_it(tmp_path: Path) -> None:
    alliance = history(3, 300)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    database, middle = Database(), 171
    for _ in replay(hub.memorandum, withheld(hub, middle + 1), database):
        pass

    then = snapshot_at(hub.engine, Moment(at=middle))

    replayed = snapshot.of_versions(snapshot.current(database), database.events, size=database.size)
    assert then.tables == replayed.tables
    assert then.size == middle + 1


def test_at_a_time_the_last_entry_received_by_then_counts(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    received = snapshot_at(hub.engine, Moment()).events[-1].received

    assert snapshot_at(hub.engine, Moment(at=received)).size == len(alliance.heard)
    assert snapshot_at(hub.engine, Moment(at=datetime(2001, 1, 1, tzinfo=UTC))).size == 0


def test_on_a_day_what_had_not_happened_yet_is_left_out(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    [enrolled] = snapshot_at(hub.engine, Moment(on=date(2021, 12, 2))).of(Episode)

    assert (enrolled.allocated_on, enrolled.enrolled_on, enrolled.started_on) == ("2021-12-01", "2021-12-02", None)
    assert enrolled.stage is None
    assert snapshot_at(hub.engine, Moment(on=date(2021, 11, 30))).of(Episode) == ()
    assert snapshot_at(hub.engine, Moment(on=date(2021, 6, 29))).of(CohortOpening) == ()


def test_a_time_may_leave_out_the_milliseconds_and_a_day_means_its_end() -> None:
    second = datetime(2021, 11, 16, 9, 30, tzinfo=UTC)

    assert Moment.parse("2021-11-16T09:30:00Z", None).at == second
    assert Moment.parse("2021-11-16T09:30:00.123Z", None).at == second.replace(microsecond=123_000)
    assert Moment.parse("2021-11-16", None).at == datetime(2021, 11, 16, 23, 59, 59, 999_000, tzinfo=UTC)


@pytest.mark.parametrize(("after_s", "weeks"), [(0, 1), (59, 1), (60, 0), (604_800, 0), (604_860, -1)])
def test_outsiders_see_up_to_the_last_release_a_minute_after_it_when_no_post_is_under_way(
    after_s: int, weeks: int
) -> None:
    monday, week = datetime(2022, 1, 10, tzinfo=UTC), timedelta(weeks=1)

    found = Moment.released(monday + timedelta(seconds=after_s), week)

    assert found.at == monday - weeks * week - timedelta(milliseconds=1)
    assert found.on is None


@pytest.mark.parametrize(("at", "on"), [("-1", None), ("1.5", None), ("now", None), (None, "2021"), (None, "20211116")])
def test_a_moment_that_cannot_be_read_is_refused(at: str | None, on: str | None) -> None:
    with pytest.raises(MalformedError):
        Moment.parse(at, on)


def test_an_index_that_the_log_does_not_have_is_not_found(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    with pytest.raises(NotFoundError):
        snapshot_at(hub.engine, Moment(at=len(alliance.heard)))
