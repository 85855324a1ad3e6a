"""What two moments differ by: by hand, and as two snapshots differ."""

from collections.abc import Iterator
from typing import NamedTuple

import given
import pytest
from amended import corrects, retracts
from given import ASSESSMENT, COHORT, DRUP, case, patient
from histories import history
from hypothesis import example, settings
from hypothesis import given as whatever
from hypothesis import strategies as st
from kept import Kept, keep

from ledger.cohort.snapshot import Snapshot
from ledger.errors import MalformedError, NotFoundError
from ledger.operations.comparing import RECENT, changes_between
from ledger.operations.reading import Moment, snapshot_at
from ledger.reports.changes import Changes, RowChange

SIZE = 400


class Told(NamedTuple):
    """cut: the last entry of the earlier moment; the others: what came behind it."""

    kept: Kept
    cut: int
    corrected: int
    sealed_anew: int
    retracted: int
    added: int
    erased: int


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    alliance = given.treated()
    first, second = (
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-12-06"}) for number in (2, 3)
    )
    seen = alliance.says(DRUP, "response.assessed", {**patient(case(1)), **ASSESSMENT})
    cut = alliance.database.size - 1
    places = (
        corrects(alliance, first, case=case(2), on="2021-12-05"),
        corrects(alliance, seen, **patient(case(1)), **{**ASSESSMENT, "response": "PD"}),
        retracts(alliance, second),
        alliance.says(DRUP, "case.submitted", {"case": case(4), "on": "2021-12-07"}),
        alliance.says(DRUP, "disclosures.erased", {"case": case(1), "basis": "consent"}),
    )
    stored = keep(alliance, tmp_path_factory.mktemp("told"), batch=100)
    yield Told(stored, cut, *(each.event.index for each in places))
    stored.engine.dispose()


def between(
    told: Told, start: int, stop: int | None = None, *, cohort: str | None = None, node: str | None = None
) -> Changes:
    until = None if stop is None else str(stop)
    return changes_between(told.kept.engine, str(start), until, cohort=cohort, node=node).changes


def only(found: Changes, table: str, handle: str) -> RowChange:
    (row,) = (each for each in found.rows if each.table == table and handle in each.key)
    return row


def test_what_was_added_says_which_event_added_it(told: Told) -> None:
    row = only(between(told, told.cut), "cases", case(4))

    assert (row.kind, row.events) == ("added", (told.added,))
    (cell,) = row.cells
    assert (cell.field, cell.old, cell.old_by) == ("submitted_on", None, None)
    assert (cell.new, cell.new_by) == ("2021-12-07", told.added)


def test_what_was_corrected_says_what_it_was_and_what_it_is(told: Told) -> None:
    row = only(between(told, told.cut), "cases", case(2))

    assert (row.kind, row.events) == ("corrected", (told.corrected,))
    (cell,) = row.cells
    assert (cell.kind, cell.old, cell.new, cell.new_by) == ("corrected", "2021-12-06", "2021-12-05", told.corrected)


def test_what_was_retracted_is_withdrawn_by_the_event_that_said_so(told: Told) -> None:
    row = only(between(told, told.cut), "cases", case(3))

    assert (row.kind, row.events) == ("withdrawn", (told.retracted,))
    assert [(cell.old, cell.new, cell.new_by) for cell in row.cells] == [("2021-12-06", None, None)]


def test_a_sealed_value_is_told_by_its_commitments_alone(told: Told) -> None:
    row = only(between(told, told.cut), "assessments", case(1))
    commitments = {digest for heard in told.kept.alliance.heard for digest in heard.envelope.commitments.values()}

    assert (row.kind, row.cohort, row.events) == ("corrected", COHORT, (told.sealed_anew,))
    assert {cell.sealed for cell in row.cells} == {True}
    assert all({cell.old, cell.new} <= commitments and cell.old != cell.new for cell in row.cells)


def test_an_erasure_is_told_and_changes_nothing_else(told: Told) -> None:
    found = between(told, told.erased - 1)

    (erased,) = found.erased
    assert (erased.index, erased.node, erased.case) == (told.erased, DRUP, case(1))
    assert {row.table for row in found.rows} == {"erasures"}


def test_an_entry_is_among_what_changed_up_to_it_and_not_behind_it(told: Told) -> None:
    assert between(told, told.added, told.added).rows == ()
    assert {row.key[-1] for row in between(told, told.added - 1, told.added).rows} == {case(4)}


def test_counts_are_of_the_rows_and_both_can_be_of_one_cohort_or_node(told: Told) -> None:
    whole, of_cohort = between(told, told.cut), between(told, told.cut, cohort=COHORT)
    of_other = between(told, told.cut, node=given.IMPRESS)

    assert whole.counts["cases"] == {"corrected": 1, "withdrawn": 1, "added": 1}
    assert {row.table for row in of_cohort.rows} == {"assessments"}
    assert (of_other.rows, of_other.erased) == ((), ())
    for found in (whole, of_cohort):
        assert sum(sum(of.values()) for of in found.counts.values()) == len(found.rows)


def test_what_is_asked_the_wrong_way_round_or_of_what_is_not_there_is_refused(told: Told) -> None:
    with pytest.raises(MalformedError, match="later"):
        between(told, 9, 8)
    with pytest.raises(NotFoundError):
        between(told, 0, 1000)


def test_from_before_the_first_entry_all_rows_are_added(told: Told) -> None:
    found = changes_between(told.kept.engine, "1999-01-01", str(told.cut)).changes

    then = snapshot_at(told.kept.engine, Moment(told.cut))
    assert {(row.table, row.key) for row in found.rows} == {
        (table, row.key) for table, each in then.tables.items() for row in each
    }
    assert {row.kind for row in found.rows} <= {"added", "corrected"}


# ---------------------------------------------------------------------- as two snapshots differ


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    stored = keep(history(7, SIZE), tmp_path_factory.mktemp("kept"), batch=100)
    yield stored
    stored.engine.dispose()


def differing(old: Snapshot, new: Snapshot) -> dict[tuple[object, ...], tuple[object, object]]:
    """By table, key and field the values before and after, where they are others, or by other events."""
    before, after = (
        {
            (table, row.key, name): (row.set_by[name], getattr(row, name))
            for table, each in seen.tables.items()
            for row in each
            for name in row.set_by
        }
        for seen in (old, new)
    )
    return {
        cell: (before.get(cell), after.get(cell)) for cell in {*before, *after} if before.get(cell) != after.get(cell)
    }


@settings(max_examples=25, deadline=None)
@example(places=[259, 317])  # what is said between them of a row is taken back again
@whatever(places=st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).map(sorted))
def test_between_any_two_moments_it_is_what_their_snapshots_differ_by(kept: Kept, places: list[int]) -> None:
    first, last = places
    apart = differing(*(snapshot_at(kept.engine, Moment(place)) for place in places))

    found = changes_between(kept.engine, str(first), str(last)).changes

    told = {
        (row.table, row.key, cell.field): (
            None if cell.old_by is None else (cell.old_by, cell.old),
            None if cell.new_by is None else (cell.new_by, cell.new),
        )
        for row in found.rows
        for cell in row.cells
    }
    repeated = {
        cell: pair
        for cell, pair in apart.items()
        if None not in pair and pair[0][1] == pair[1][1]  # type: ignore[index]  # no None
    }
    assert told == {cell: pair for cell, pair in apart.items() if cell not in repeated}
    assert {(row.table, row.key) for row in found.rows} == {cell[:2] for cell in apart}
    for row in found.rows:
        assert all(first < index <= last for index in row.events)
        assert row.events


def test_where_nobody_says_since_when_it_is_of_the_last_entries(kept: Kept) -> None:
    found = changes_between(kept.engine, None, None)

    assert (found.old, found.new, found.size) == (SIZE - 1 - RECENT, SIZE - 1, SIZE)
