"""Small counts: which are hidden in a table that outsiders see, and which others with them so that no sum tells.

A count below a threshold is written `<5`, never as a number and never as 0: a 0 beside `<5` would tell as much. Only
what cannot be otherwise (None below: no patient could be counted there) is shown as 0. Where the sums that are shown
would give a hidden count away, further ones are hidden, the next smallest first, written `hidden`: these are not below
the threshold, unless they are sums and all sums are hidden.

All sums of a table hold exactly where its counts are a circulation: total -> row -> column -> total (Gusfield 1988). So
what a hidden count could be, as far as a reader can tell, is found by moving one along cycles of hidden counts. More is
hidden until each small count could be anything below the threshold, at last all sums, whatever they are. In rows of up
to three and tables of two by two it does not help either to know how further ones are chosen, as far as tests look; in
larger ones it can, where every count stands at an edge at once. Who is shown what: `reports.shown`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from ledger.errors import MalformedError

Shown = int | str  # a count, or the words that stand for it: `<5`, `10 to 19`, `hidden`
Counts = Sequence[int | None]

HIDDEN = "hidden"
MANY = 10**9  # no count is as large
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


@dataclass(frozen=True, slots=True)
class ShownRow:
    cells: tuple[Shown, ...]
    total: Shown


@dataclass(frozen=True, slots=True)
class ShownTable:
    """cells: row by row. totals: of each row, of each column, and of all."""

    cells: tuple[tuple[Shown, ...], ...]
    row_totals: tuple[Shown, ...]
    column_totals: tuple[Shown, ...]
    total: Shown


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


def shown_row(counts: Counts, threshold: int) -> ShownRow:
    """Counts and their sum. counts: None where there can be none."""
    _check(threshold)
    cells = [_Part("all", "each", count) for count in counts]
    total = _Part("each", "all", _sum(counts), margin=1)
    _hide([*cells, total], threshold)
    return ShownRow(tuple(each.written(threshold) for each in cells), total.written(threshold))


def shown_table(counts: Sequence[Counts], threshold: int) -> ShownTable:
    """Counts with the sums of their rows and columns. counts: row by row, all of one length; None as in `shown_row`."""
    _check(threshold)
    columns = list(zip(*counts, strict=True))
    cells = [
        [_Part(f"row {row}", f"column {column}", count) for column, count in enumerate(in_row)]
        for row, in_row in enumerate(counts)
    ]
    row_totals = [_Part("all", f"row {row}", _sum(in_row), margin=1) for row, in_row in enumerate(counts)]
    column_totals = [_Part(f"column {column}", "sum", _sum(down), margin=1) for column, down in enumerate(columns)]
    total = _Part("sum", "all", _sum([each.value for each in row_totals]), margin=2)
    _hide([*(part for in_row in cells for part in in_row), *row_totals, *column_totals, total], threshold)
    return ShownTable(
        tuple(tuple(part.written(threshold) for part in in_row) for in_row in cells),
        tuple(part.written(threshold) for part in row_totals),
        tuple(part.written(threshold) for part in column_totals),
        total.written(threshold),
    )


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


@dataclass(slots=True, eq=False)
class _Part:
    """A count, as it flows from one end to the other: at each end, what flows in flows out.

    margin: 0 of a cell, 1 of a sum, 2 of the sum of all. least, most: what a reader knows of it, who may also know how
    it was chosen: none of its rivals that are shown is smaller.
    """

    tail: str
    head: str
    value: int | None
    margin: Literal[0, 1, 2] = 0
    state: Literal["shown", "small", "hidden"] = "shown"
    least: int = 0
    highest: int = 0
    rivals: Sequence["_Part"] = ()

    def __post_init__(self) -> None:
        self.least = self.highest = self.number

    @property
    def most(self) -> int:
        return min((each.number for each in self.rivals if each.state == "shown"), default=self.highest)

    @property
    def number(self) -> int:
        return self.value or 0

    @property
    def ends(self) -> tuple[str, str]:
        return self.tail, self.head

    def written(self, threshold: int) -> Shown:
        if self.state == "shown":
            return self.number
        return HIDDEN if self.state == "hidden" else f"<{threshold}"

    def hide(self, state: Literal["small", "hidden"], least: int, highest: int, rivals: Sequence["_Part"] = ()) -> None:
        self.state, self.least, self.highest, self.rivals = state, least, highest, rivals


def _hide(parts: Sequence[_Part], threshold: int) -> None:
    """Hide the small ones, then one more at a time for as long as one that is hidden is told by what is shown."""
    for part in parts:
        if part.value is not None and part.value < threshold:
            part.hide("small", 0, threshold - 1)
    while told := [each for each in parts if each.state != "shown" and _is_told(each, parts)]:
        shown = [part for part in parts if part.state == "shown" and part.value is not None]
        if not shown:
            # even that sums are small or not tells of their cells: without any sum, each cell is free
            for part in parts:
                if part.margin and part.value is not None:
                    part.hide("hidden", 0, MANY)
            return
        part, *rivals = _next(told, shown, parts)
        part.hide("hidden", threshold, MANY, rivals)


def _is_told(part: _Part, parts: Sequence[_Part]) -> bool:
    """Whether a reader learns more of a small count than that it is small, or the number of another."""
    least, most = _reach(part, parts, -1), _reach(part, parts, 1)
    return least == most if part.state == "hidden" else (least, most) != (part.least, part.most)


def _reach(part: _Part, parts: Sequence[_Part], step: Literal[-1, 1]) -> int:
    """How low or how high a count can be while all that is shown stays as it is; of a hidden one, one step at most."""
    values = {id(each): each.number for each in parts}
    goal = part.number + step if part.state == "hidden" else part.most if step == 1 else part.least
    if part.state == "hidden" and not part.least <= goal <= part.most:
        return part.number
    start, end = (part.head, part.tail) if step == 1 else (part.tail, part.head)
    others = [each for each in parts if each is not part]
    while values[id(part)] != goal:
        way = _way(start, end, others, values)
        if way is None:
            break
        values[id(part)] += step
        for each, change in way:
            values[id(each)] += change
    return values[id(part)]


def _way(start: str, end: str, parts: Sequence[_Part], values: Mapping[int, int]) -> list[tuple[_Part, int]] | None:
    """Counts that can be one more or one less, so that one is moved from an end to another."""
    ways: dict[str, list[tuple[_Part, int]]] = {start: []}
    latest = [start]
    while latest and end not in ways:
        following = []
        for part in parts:
            for here, there, change in ((part.tail, part.head, 1), (part.head, part.tail, -1)):
                if here in latest and there not in ways and part.least <= values[id(part)] + change <= part.most:
                    ways[there] = [*ways[here], (part, change)]
                    following.append(there)
        latest = following
    return ways.get(end)


def _next(told: Iterable[_Part], shown: Sequence[_Part], parts: Sequence[_Part]) -> list[_Part]:
    """What is hidden next, and then those that it was chosen from, being the smallest of them.

    They are in the line with the fewest hidden; cells before sums; and before others what closes a cycle with what is
    hidden already.
    """
    hidden = [end for part in parts if part.state != "shown" for end in part.ends]
    ends = {end for each in told for end in each.ends}

    def rank(part: _Part) -> tuple[int, int, bool]:
        lines = [hidden.count(end) for end in part.ends if end in ends]
        return min(lines, default=MANY), part.margin, any(end not in hidden for end in part.ends)

    first = min(map(rank, shown))
    return sorted((part for part in shown if rank(part) == first), key=lambda part: part.number)


def _sum(counts: Counts) -> int | None:
    """None where nothing can be counted in any."""
    able = [count for count in counts if count is not None]
    return sum(able) if able else None


def _check(threshold: int) -> None:
    if threshold < LEAST:
        raise MalformedError(f"a threshold of small counts is {LEAST} or more")
