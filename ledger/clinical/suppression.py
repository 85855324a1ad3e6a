"""Small counts: which are hidden in what outsiders see, and which others with them so that no sum tells.

A count below a threshold is written `<5`, never as a number and never as 0: a 0 beside `<5` would tell as much. In a
table whose sums are known anyway, a small cell takes the others with it: see `shown_within_totals`. Who is shown what:
`reports.shown`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ledger.errors import MalformedError

Shown = int | str  # a count, or the words that stand for it: `<5`, `10 to 19`, `hidden`

HIDDEN = "hidden"
LEAST = 4  # of thresholds: under smaller ones, what is hidden with a small count can tell it


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is below is hidden: from partners (where it rests on sealed values) and industry, and from the public.

    Raises MalformedError where one is below 4.
    """

    partner: int = 5
    public: int = 10

    def __post_init__(self) -> None:
        for threshold in (self.partner, self.public):
            _check(threshold)


def shown_count(count: int, threshold: int) -> Shown:
    """One count, of which no sum is shown anywhere."""
    _check(threshold)
    return f"<{threshold}" if count < threshold else count


def shown_band(count: int, threshold: int) -> Shown:
    """A count as the band that it is in, each as wide as the threshold: `<10`, `10 to 19`, `20 to 29`.

    Of whatever is published more than once: two exact counts, before and after one more patient, subtract to that one.
    """
    _check(threshold)
    least = count - count % threshold
    return f"{least} to {least + threshold - 1}" if least else f"<{threshold}"


def shown_within_totals(counts: Sequence[Sequence[int]], threshold: int) -> tuple[tuple[Shown, ...], ...]:
    """The cells of a table whose sums everybody knows: rows that are counted in the clear, columns shown over all.

    No sum can be hidden with a small cell, and little is left to hide it behind. What the sums alone tell is no secret,
    and stands there. Where any other cell is small, all others are `hidden`, and which of them are small is not told.
    So whatever a small cell could be by the sums, and is below the threshold, it can be for whoever knows all this: a
    table with that in its place would have been written in the same way.
    """
    _check(threshold)
    rows, columns = [sum(row) for row in counts], [sum(down) for down in zip(*counts, strict=True)]
    is_told = [[_told_by_sums(row, column, sum(rows)) for column in columns] for row in rows]
    cells = [*zip(chain.from_iterable(counts), chain.from_iterable(is_told), strict=True)]
    if all(told or count >= threshold for count, told in cells):
        return tuple(map(tuple, counts))
    return tuple(
        tuple(count if told else HIDDEN for count, told in zip(row, of_row, strict=True))
        for row, of_row in zip(counts, is_told, strict=True)
    )


def _told_by_sums(row: int, column: int, total: int) -> bool:
    """Whether a cell can be but one number: between what is left of its row elsewhere, and the smaller of its sums
    (Fréchet's bounds).
    """
    return max(0, row + column - total) == min(row, column)


def _check(threshold: int) -> None:
    if threshold < LEAST:
        raise MalformedError(f"a threshold of small counts is {LEAST} or more")
