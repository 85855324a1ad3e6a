"""Small counts in tables: what a reader works out from all that is shown, and that it is never a hidden count."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.clinical.suppression import (
    HIDDEN,
    Thresholds,
    shown_band,
    shown_count,
    shown_within_totals,
)
from ledger.errors import MalformedError

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
    assert [shown_count(count, 5) for count in (0, 1, 4, 5)] == ["<5", "<5", "<5", 5]


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
        lambda: shown_within_totals([[3]], threshold),
        lambda: Thresholds(partner=threshold),
        lambda: Thresholds(public=threshold),
    ):
        with pytest.raises(MalformedError, match="4 or more"):
            hide()
