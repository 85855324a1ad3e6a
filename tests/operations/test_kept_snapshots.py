"""Snapshots that are kept in memory: the same as those that are read, of any moment, from whichever others."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from histories import history
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st
from kept import Kept, keep

from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.operations import kept_snapshots
from ledger.operations.kept_snapshots import KeptSnapshots
from ledger.operations.reading import Moment, snapshot_at, snapshot_from
from ledger.reports.board import board
from ledger.reports.census import census
from ledger.store.engine import reading

SIZE = 400
PLACES = st.integers(0, SIZE - 1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A random history, with corrections and retractions."""
    stored = keep(history(5, SIZE), tmp_path_factory.mktemp("kept"), batch=100)
    yield stored
    stored.engine.dispose()


@settings(max_examples=40, deadline=None)
@whatever(places=st.tuples(PLACES, PLACES))
def test_from_any_other_moment_a_snapshot_is_what_is_read_of_it(kept: Kept, places: tuple[int, int]) -> None:
    here, there = (snapshot_at(kept.engine, Moment(place)) for place in places)

    with reading(kept.engine) as connection:
        made = snapshot_from(connection, here, places[1])

    assert made == there


@settings(max_examples=10, deadline=None)
@whatever(
    asked=st.lists(st.tuples(PLACES, st.none() | st.dates(date(2021, 11, 1), date(2021, 12, 24))), max_size=12),
)
def test_whatever_was_asked_before_each_is_shown_its_own_moment(
    kept: Kept, asked: list[tuple[int, date | None]]
) -> None:
    memory = KeptSnapshots(most=3)

    for at, on in asked:
        read = snapshot_at(kept.engine, Moment(at, on))
        assert memory.at(kept.engine, Moment(at, on)) == read
        assert len(memory._kept) <= 3


def test_what_is_asked_again_is_read_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = KeptSnapshots()
    first = memory.at(kept.engine, Moment())

    monkeypatch.setattr(kept_snapshots, "snapshot_at", None)
    monkeypatch.setattr(kept_snapshots, "snapshot_from", None)
    again = [memory.at(kept.engine, Moment(at)) for at in (None, SIZE - 1)]

    assert all(each is first for each in again)


def test_a_time_is_the_last_entry_by_then(kept: Kept) -> None:
    memory = KeptSnapshots()
    whole = snapshot_at(kept.engine, Moment())
    time = whole.events[200].received

    found = memory.at(kept.engine, Moment(time)), memory.at(kept.engine, Moment(time - timedelta(milliseconds=1)))

    assert [each.size for each in found if each] == [201, 200]
    assert memory.at(kept.engine, Moment(whole.events[0].received - timedelta(days=1))) is None


def test_of_a_log_that_is_too_long_none_is_kept_and_what_is_not_there_is_said(kept: Kept) -> None:
    memory = KeptSnapshots(entries_most=100)

    assert memory.at(kept.engine, Moment()) is None
    assert memory.at(kept.engine, Moment(99)) == snapshot_at(kept.engine, Moment(99))
    with pytest.raises(NotFoundError):
        memory.at(kept.engine, Moment(SIZE))


def test_a_report_of_a_snapshot_is_made_once_and_never_kept_for_another(kept: Kept) -> None:
    whole = snapshot_at(kept.engine, Moment())
    then: Snapshot = whole.on(date(2021, 11, 16))

    assert board(whole) is board(whole)
    assert census(then) == census(snapshot_at(kept.engine, Moment(None, date(2021, 11, 16))))
    assert board(then) != board(whole)
