"""What was given month by month: a row of bars for each node, all on one scale."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from api.web.charts.chart import WIDTH, Chart, Table, chart, hatched
from api.web.charts.svg import box, line, text
from ledger.clinical.suppression import Shown

_LEFT, _RIGHT, _TOP, _STEP, _HIGH = 8.0, WIDTH - 8.0, 22.0, 58.0, 34.0
_HIDDEN_HIGH = 10.0  # of a bar whose height is not told
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Monthly:
    """month: `2021-03`. count: of `what` by a node in it; a month that is not named is one without."""

    month: str
    node: str
    count: Shown


def months_chart(told: Iterable[Monthly], name: str, *, title: str, what: str) -> Chart | None:
    """what: is counted, in words and the plural. None where there is nothing."""
    by_node: defaultdict[str, dict[str, Shown]] = defaultdict(dict)
    for each in told:
        by_node[each.node][each.month] = each.count
    named = sorted({month for counts in by_node.values() for month in counts})
    if not named:
        return None
    months = list(_between(named[0], named[-1]))
    most = max((count for of in by_node.values() for count in of.values() if isinstance(count, int)), default=0)
    nodes = sorted(by_node)
    parts = [
        each
        for place, node in enumerate(nodes)
        for each in _row(name, node, by_node[node], months, most, _TOP + _STEP * place)
    ]
    bottom = _TOP + _STEP * len(nodes) - 14
    return chart(
        name,
        title=title,
        says=_says(by_node, what, months),
        height=bottom + 22,
        parts=[*parts, *_months(months, bottom)],
        table=Table(
            ("Month", *nodes),
            tuple((month, *(str(by_node[node].get(month, 0)) for node in nodes)) for month in months),
        ),
    )


def _says(by_node: Mapping[str, Mapping[str, Shown]], what: str, months: list[str]) -> str:
    told = ", ".join(f"{node} {_total(by_node[node])}" for node in sorted(by_node))
    return f"{what.capitalize()} by node and month, {months[0]} to {months[-1]}, all on one scale: {told}."


def _total(counts: Mapping[str, Shown]) -> str:
    """A sum is told where all of its parts are."""
    known = [each for each in counts.values() if isinstance(each, int)]
    return str(sum(known)) if len(known) == len(counts) else "in part hidden"


def _row(name: str, node: str, counts: Mapping[str, Shown], months: list[str], most: int, y: float) -> Iterator[Markup]:
    base, step = y + _HIGH + 6, (_RIGHT - _LEFT) / len(months)
    yield text((_LEFT, y), f"{node}  {_total(counts)}", "c-text c-strong")
    highest = max((each for each in counts.values() if isinstance(each, int)), default=0)
    for place, month in enumerate(months):
        count, x = counts.get(month, 0), _LEFT + step * place
        width = max(1.0, step - min(2.0, step / 4))
        if isinstance(count, str):
            yield from hatched(name, (x, base - _HIDDEN_HIGH), (width, _HIDDEN_HIGH))
        elif count:
            high = max(1.0, _HIGH * count / most)
            yield box((x, base - high), (width, high), "c-fill c-series-1")
    yield line((_LEFT, base), (_RIGHT, base), "c-axis")
    if highest:
        yield text((_RIGHT, y), f"up to {highest} a month", "c-text c-quiet c-end")


def _months(months: list[str], y: float) -> Iterator[Markup]:
    """The first month, and every January or as many of them as fit."""
    step = (_RIGHT - _LEFT) / len(months)
    free = 0.0
    for place, month in enumerate(months):
        x = _LEFT + step * place
        if (place == 0 or month.endswith("-01")) and x >= free and x + 46 <= WIDTH:
            yield line((x, y - 4), (x, y), "c-axis")
            yield text((x, y + 14), month, "c-text c-quiet")
            free = x + 60


def _between(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:7])
    while (told := f"{year:04d}-{month:02d}") <= last:
        yield told
        year, month = (year + 1, 1) if month == _MONTHS else (year, month + 1)
