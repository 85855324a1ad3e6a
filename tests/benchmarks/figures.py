"""What benchmarks find, and how it is shown: ratios first, for they are what compares from one machine to another."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """ratio: to `of`, another figure of the same run, where that says something. unit: of `value`."""

    what: str
    value: float
    unit: str = "events/s"
    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio: float | None = None
    of: str = ""


def each_timed(do: Callable[[list[str]], object], posts: Iterable[list[str]]) -> list[float]:
    """Seconds that each post takes."""
    took = []
    for post in posts:
        start = perf_counter()
        do(post)
        took.append(perf_counter() - start)
    return took


def quantile(took: Sequence[float], part: float) -> float:
    """The time within which so many of all were done, in milliseconds."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


def show(title: str, figures: Iterable[Figure]) -> None:
    table = Table("ratio", "to", "what", "figure", "unit", "p50 ms", "p99 ms", title=title)
    for each in figures:
        table.add_row(
            "" if each.ratio is None else f"{each.ratio:.2f}",
            each.of,
            each.what,
            f"{each.value:,.0f}" if each.value >= 100 else f"{each.value:.2f}",
            each.unit,
            *("" if ms is None else f"{ms:.1f}" for ms in (each.p50_ms, each.p99_ms)),
        )
    Console(width=150).print(table)
