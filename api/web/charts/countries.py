"""The answers by country: bars of who benefited, who did not and who cannot say, with what is hidden as hidden."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.web.charts.chart import LETTER, ROW, WIDTH, Chart, Scale, Table, axis, chart, hatched
from api.web.charts.svg import box, text
from ledger.clinical.suppression import Shown
from ledger.reports.looks import Look

_LEFT, _RIGHT, _TOP, _STEP, _HIGH = 8.0, WIDTH - 16.0, 24.0, 40.0, 16.0
_TICKS_MOST = 6
_PARTS = (
    ("benefit", "c-series-1"),
    ("no benefit", "c-series-2"),
    ("not evaluable", "c-waiting"),
    ("not known", "c-track"),
)


@dataclass(frozen=True, slots=True)
class _Bar:
    """counts: of `_PARTS`. total: of all, which is clear."""

    country: str
    counts: tuple[Shown, ...]
    total: int

    @property
    def hidden(self) -> int:
        """How many are in the parts that are not shown, together."""
        return max(0, self.total - sum(each for each in self.counts if isinstance(each, int)))

    @property
    def word(self) -> str | None:
        return next((each for each in self.counts if isinstance(each, str)), None)


def countries_chart(looks: Sequence[Look], name: str) -> Chart | None:
    """looks: of countries, now. None where nobody counts anywhere."""
    bars = [_bar(each) for each in looks]
    most = max((each.total for each in bars), default=0)
    if not most:
        return None
    across = Scale(0, most, _LEFT, _RIGHT)
    parts = [each for place, bar in enumerate(bars) for each in _drawn(name, bar, across, _TOP + _STEP * place)]
    bottom = _TOP + _STEP * len(bars) - 8
    legend, height = _legend(name, bars, bottom + 52)
    return chart(
        name,
        title="Benefit by country",
        says=_says(bars),
        height=height,
        parts=[*parts, *axis(across, _ticks(most), y=bottom, name="patients"), *legend],
        table=Table(
            ("Country", "In all", *(words for words, _ in _PARTS)),
            tuple((each.country, str(each.total), *map(str, each.counts)) for each in bars),
        ),
    )


def _bar(look: Look) -> _Bar:
    answers = look.computed
    unknown = answers.unclaimed + answers.shut
    known = [each for each in (answers.yes, answers.no, answers.not_evaluable) if isinstance(each, int)]
    counted = look.treated if look.population == "treated" else look.evaluable
    return _Bar(
        look.name or "",
        (answers.yes, answers.no, answers.not_evaluable, unknown),
        max(counted, sum(known) + unknown),
    )


def _says(bars: Sequence[_Bar]) -> str:
    told = ", ".join(f"{each.country} {each.total}" for each in bars)
    hidden = [each.country for each in bars if each.word]
    more = f" Of {', '.join(hidden)} the answers are not shown: too few stand behind them." if hidden else ""
    return f"Patients who count, by country, and their benefit as computed: {told}. The design is of no country.{more}"


def _drawn(name: str, bar: _Bar, across: Scale, y: float) -> Iterator[Markup]:
    numbers = ", ".join(
        f"{count} {words}"
        for (words, _), count in zip(_PARTS, bar.counts, strict=True)
        if isinstance(count, int) and count
    )
    told = f"{bar.country}  {bar.total}" if bar.total else f"{bar.country}  nobody yet"
    yield text((_LEFT, y - 4), told, "c-text c-strong")
    if numbers:
        yield text((_LEFT + LETTER * len(told) + 14, y - 4), numbers, "c-text c-quiet")
    x = across(0)
    for (_, class_), count in zip(_PARTS, bar.counts, strict=True):
        if isinstance(count, int) and count:
            width = across(count) - across(0)
            yield box((x, y + 1), (width, _HIGH), f"c-fill {class_}")
            x += width
    if bar.word is not None and bar.hidden:
        yield from hatched(name, (x, y + 1), (across(bar.hidden) - across(0), _HIGH), bar.word)
    elif bar.word is not None:
        yield text((x + 4, y + 14), bar.word, "c-text c-quiet")


def _legend(name: str, bars: Sequence[_Bar], y: float) -> tuple[list[Markup], float]:
    parts: list[Markup] = []
    there = [
        (words, class_)
        for at, (words, class_) in enumerate(_PARTS)
        if any(isinstance(each.counts[at], int) and each.counts[at] for each in bars)
    ]
    x, below = _LEFT, y
    for words, class_ in [*there, *([("hidden", "")] if any(each.word for each in bars) else [])]:
        if x + 18 + LETTER * len(words) > WIDTH:
            x, below = _LEFT, below + ROW
        sign = (
            [box((x, below - 10), (12, 12), f"c-fill {class_}")] if class_ else hatched(name, (x, below - 10), (12, 12))
        )
        parts += [*sign, text((x + 18, below), words)]
        x += 18 + LETTER * len(words) + 16
    return parts, below + 8


def _ticks(most: int) -> list[tuple[float, str]]:
    apart = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**6) if most < _TICKS_MOST * each)
    return [(each, str(each)) for each in range(0, most + 1, apart)]
