"""Small counts in tables: what a reader works out from all that is shown, and that it is never a hidden count."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.clinical.suppression import (
    HIDDEN,
    Shown,
    ShownTable,
    Thresholds,
    shown_band,
    shown_count,
    shown_row,
    shown_table,
    shown_within_totals,
)
from ledger.errors import MalformedError

Table = tuple[tuple[int | None, ...], ...]


def words(shown: ShownTable) -> list[Shown]:
    return [*(cell for row in shown.cells for cell in row), *shown.row_totals, *shown.column_totals, shown.total]


def numbers(table: Table) -> list[int]:
    """In the order of `words`."""
    rows = [[cell or 0 for cell in row] for row in table]
    totals = [sum(row) for row in rows]
    return [*(cell for row in rows for cell in row), *totals, *map(sum, zip(*rows, strict=True)), sum(totals)]


def fits(shown: Sequence[Shown], counts: Sequence[int], threshold: int, *, cells: int) -> bool:
    """Whether a reader who knows how counts are written can believe that they are these. cells: how many come first."""
    nothing_is_known = {*shown[cells:]} <= {HIDDEN, 0}
    least = [threshold] * cells + [0 if nothing_is_known else threshold] * (len(shown) - cells)
    return all(
        count == word if isinstance(word, int) else count >= bound if word == HIDDEN else 0 <= count < threshold
        for word, count, bound in zip(shown, counts, least, strict=True)
    )


def alternatives(table: Table, shown: ShownTable) -> Iterator[Table]:
    """The tables that differ by at most one in each hidden cell."""
    steps = [
        [
            [cell] if cell is None or isinstance(word, int) else [cell - 1, cell, cell + 1]
            for cell, word in zip(row, written, strict=True)
        ]
        for row, written in zip(table, shown.cells, strict=True)
    ]
    return product(*(tuple(product(*row)) for row in steps))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, int]:
    threshold = draw(st.integers(4, 10))
    count = st.none() | st.integers(0, 2) | st.integers(threshold - 2, threshold + 2) | st.integers(0, 40)
    width = draw(st.integers(1, 3))
    row = st.tuples(*[count] * width)
    return draw(st.lists(row, min_size=1, max_size=3 if width < 3 else 2).map(tuple)), threshold


@settings(max_examples=150, deadline=None)
@given(tables())
def test_from_a_table_and_its_sums_no_hidden_count_is_determined(drawn: tuple[Table, int]) -> None:
    table, threshold = drawn
    shown = shown_table(table, threshold)
    hidden = {place for place, word in enumerate(words(shown)) if not isinstance(word, int)}
    truth, cells = numbers(table), len(table) * len(table[0])

    could_differ: set[int] = set()
    for other in alternatives(table, shown):
        counts = numbers(other)
        if fits(words(shown), counts, threshold, cells=cells):
            could_differ |= {place for place in hidden if counts[place] != truth[place]}

    assert fits(words(shown), truth, threshold, cells=cells)
    assert could_differ == hidden


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | st.integers(0, 12), min_size=1, max_size=5), st.integers(4, 6))
def test_from_a_row_and_its_sum_no_hidden_count_is_determined(row: list[int | None], threshold: int) -> None:
    shown = shown_row(row, threshold)
    total = sum(count or 0 for count in row)
    steps = [
        [count or 0] if isinstance(word, int) else [(count or 0) + step for step in (-1, 0, 1)]
        for count, word in zip(row, shown.cells, strict=True)
    ]

    found = [
        (*cells, sum(cells))
        for cells in product(*steps)
        if fits((*shown.cells, shown.total), (*cells, sum(cells)), threshold, cells=len(row))
    ]

    for place, word in enumerate((*shown.cells, shown.total)):
        assert isinstance(word, int) or len({each[place] for each in found}) > 1
    assert (*(count or 0 for count in row), total) in found


@pytest.mark.parametrize(("width", "most", "threshold"), [(2, 13, 4), (2, 13, 5), (3, 11, 4)])
def test_a_reader_who_knows_how_cells_of_a_row_are_chosen_works_out_no_small_count_either(
    width: int, most: int, threshold: int
) -> None:
    rows_of = defaultdict(list)
    for row in product(range(most + 1), repeat=width):
        rows_of[shown_row(row, threshold)].append(row)

    told = [
        (shown, place)
        for shown, rows in rows_of.items()
        for place, word in enumerate(shown.cells)
        if word == f"<{threshold}" and len({row[place] for row in rows}) == 1
    ]

    # of a larger sum not all rows were tried
    assert [each for each in told if not isinstance(each[0].total, int) or each[0].total <= most] == []


def test_nor_any_of_a_small_table() -> None:
    tables_of = defaultdict(list)
    for cells in product(range(6), repeat=4):
        tables_of[shown_table((cells[:2], cells[2:]), 4)].append(cells)

    told = [
        (shown, place)
        for shown, tables in tables_of.items()
        for place, word in enumerate(words(shown)[:4])
        if word == "<4" and len({cells[place] for cells in tables}) == 1
    ]

    assert [each for each in told if not isinstance(each[0].total, int) or each[0].total < 6] == []


# ---------------------------------------------------------------------- sums that everybody knows

Sums = tuple[tuple[int, ...], tuple[int, ...]]
Counted = tuple[tuple[int, ...], ...]


def sums_of(table: Sequence[Sequence[int]]) -> Sums:
    return tuple(map(sum, table)), tuple(map(sum, zip(*table, strict=True)))


@pytest.mark.parametrize(("height", "width", "most"), [(1, 3, 7), (2, 1, 9), (2, 2, 9), (2, 3, 5), (3, 2, 5)])
def test_a_reader_who_knows_all_sums_and_how_cells_are_hidden_works_out_no_small_cell(
    height: int, width: int, most: int
) -> None:
    by_sums: dict[Sums, list[Counted]] = defaultdict(list)
    for cells in product(range(most + 1), repeat=height * width):
        table: Counted = tuple(cells[place : place + width] for place in range(0, height * width, width))
        by_sums[sums_of(table)].append(table)

    # of larger sums not all tables were tried
    complete = {sums: tables for sums, tables in by_sums.items() if max(*sums[0], *sums[1]) <= most}
    assert len(complete) > 5
    for tables in complete.values():
        written = defaultdict[Any, list[Counted]](list)
        for table in tables:
            written[shown_within_totals(table, 4)].append(table)
        for shown, alike in written.items():
            for row, column in product(range(height), range(width)):
                could_be, by_the_sums = ({each[row][column] for each in found} for found in (alike, tables))
                if isinstance(shown[row][column], int):
                    assert could_be == {shown[row][column]}
                else:
                    assert len(could_be) > 1
                    assert {count for count in by_the_sums if count < 4} <= could_be


def test_where_no_cell_is_small_all_are_shown_and_where_one_is_none_but_what_the_sums_tell() -> None:
    assert shown_within_totals([[5, 6], [7, 8]], 5) == ((5, 6), (7, 8))
    assert shown_within_totals([[4, 6, 0], [7, 8, 0]], 5) == ((HIDDEN, HIDDEN, 0), (HIDDEN, HIDDEN, 0))
    assert shown_within_totals([[2, 6]], 5) == ((2, 6),)  # one row is told by its columns


def test_a_small_count_is_written_as_such_and_a_zero_is_one() -> None:
    assert [shown_count(count, 5) for count in (0, 1, 4, 5, 6)] == ["<5", "<5", "<5", 5, 6]
    assert shown_row([0, 1, 20, 30], 5).cells[:2] == ("<5", "<5")


def test_what_cannot_be_counted_is_shown_as_zero() -> None:
    shown = shown_table([[None, 7], [None, 9]], 5)

    assert shown == ShownTable(((0, 7), (0, 9)), (7, 9), (0, 16), 16)


def test_where_nothing_is_small_everything_is_shown() -> None:
    assert shown_row([5, 6], 5).total == 11


def test_beside_a_small_count_the_next_smallest_is_hidden_too() -> None:
    assert shown_row([30, 2, 12, 25], 5).cells == (30, "<5", HIDDEN, 25)
    assert shown_row([30, 2, 12, 25], 5).total == 69


def test_a_sum_is_hidden_where_there_is_no_other_cell_left_to_hide() -> None:
    assert shown_row([4, 4], 5) == shown_row([3, 4], 5)
    assert shown_row([4, 4], 5).total == HIDDEN


def test_where_it_tells_that_a_sum_is_small_no_sum_is_shown_as_such() -> None:
    # three columns of at least 4, one row of at most 3: that would be 1, 1, 1 over 3, 3, 3
    shown = shown_table([[1, 1, 1], [3, 3, 3]], 4)

    assert {*shown.row_totals, *shown.column_totals, shown.total} == {HIDDEN}


def test_a_small_count_in_a_table_takes_a_cell_of_its_row_one_of_its_column_and_the_corner_between() -> None:
    shown = shown_table([[2, 10, 30], [20, 40, 50], [31, 60, 70]], 5)

    assert shown.cells == (("<5", HIDDEN, 30), (HIDDEN, HIDDEN, 50), (31, 60, 70))
    assert (shown.row_totals, shown.column_totals, shown.total) == ((42, 110, 161), (53, 110, 150), 313)


def test_a_band_is_as_wide_as_the_threshold() -> None:
    assert [shown_band(count, 10) for count in (0, 9, 10, 19, 20)] == ["<10", "<10", "10 to 19", "10 to 19", "20 to 29"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=6), st.integers(4, 10))
def test_however_many_releases_one_has_no_count_and_no_increase_is_determined(
    increases: list[int], threshold: int
) -> None:
    counts = [sum(increases[: place + 1]) for place in range(len(increases))]
    shown = [shown_band(count, threshold) for count in counts]

    # counts only grow, and a reader knows it: all at the lowest and all at the highest that the bands allow do so too
    lowest = [count - count % threshold for count in counts]
    highest = [least + threshold - 1 for least in lowest]
    for place in range(1, len(counts)):
        mixed = [*lowest[:place], *highest[place:]]
        for others in (lowest, highest, mixed):
            assert [shown_band(count, threshold) for count in others] == shown
            assert others == sorted(others)
        assert highest[place] - lowest[place - 1] > lowest[place] - lowest[place - 1]


@pytest.mark.parametrize("threshold", [-1, 0, 3])
def test_a_threshold_under_which_two_small_counts_tell_each_other_is_refused(threshold: int) -> None:
    for hide in (
        lambda: shown_count(3, threshold),
        lambda: shown_band(3, threshold),
        lambda: shown_row([3], threshold),
        lambda: shown_table([[3]], threshold),
        lambda: shown_within_totals([[3]], threshold),
        lambda: Thresholds(partner=threshold),
        lambda: Thresholds(public=threshold),
    ):
        with pytest.raises(MalformedError, match="4 or more"):
            hide()
