"""What every chart is: a drawing, what it shows in words, and the table that stands behind it.

A chart is drawn 400 units wide with letters of 12.5: on a phone of 360 pixels they are 10 pixels high, and more
everywhere else. Nothing is told by its colour alone. A number that is not shown is drawn as a hatched part that says
so, never as nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.web.charts.svg import box, element, line, text

WIDTH = 400
LETTER = 6.6  # an average one's width
_TICKS_MOST = 6
ROW = 16.0  # of a line of text


@dataclass(frozen=True, slots=True)
class Table:
    """rows: the first cell of each is its heading. Cells are as they are read."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """title: a name. says: one or two sentences, what it shows. table: all of what is drawn."""

    name: str
    title: str
    says: str
    svg: Markup
    table: Table


@dataclass(frozen=True, slots=True)
class Scale:
    """Values on a line of the drawing, from `low` at `start` to `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return self.start + share * (self.end - self.start)


def chart(name: str, *, title: str, says: str, height: float, parts: Iterable[Markup], table: Table) -> Chart:
    """name: of this drawing alone, on its page: a slug, before the names of what is in it."""
    svg = element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", says, id=f"{name}-desc"),
        element("defs", hatch(name)),
        *parts,
        viewBox=f"0 0 {WIDTH} {height:g}",
        class_="chart",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        xmlns="http://www.w3.org/2000/svg",
        id=name,
    )
    return Chart(name, title, says, svg, table)


def hatch(name: str) -> Markup:
    """What stands for a number that is not shown."""
    lines = element("path", d="M-2 8L8 -2M2 12L12 2", class_="c-hatch-line")
    return element("pattern", lines, id=f"{name}-hatch", width=10, height=10, patternUnits="userSpaceOnUse")


def hatched(name: str, place: tuple[float, float], size: tuple[float, float], words: str = "") -> list[Markup]:
    """A hidden part, and the words that stand for it where they fit."""
    parts = [box(place, size, "c-hidden", f"url(#{name}-hatch)")]
    if words and size[0] > len(words) * LETTER + 8:
        middle = place[0] + size[0] / 2
        parts.append(
            box(
                (middle - len(words) * LETTER / 2 - 3, place[1] + 1), (len(words) * LETTER + 6, size[1] - 2), "c-behind"
            )
        )
        parts.append(text((middle, place[1] + size[1] / 2 + 4.5), words, "c-text c-middle"))
    return parts


def axis(scale: Scale, ticks: Sequence[tuple[float, str]], *, y: float, name: str) -> list[Markup]:
    """A horizontal axis with its numbers below, and its name under them."""
    parts = [line((scale.start, y), (scale.end, y), "c-axis")]
    for value, words in ticks:
        x = scale(value)
        parts += [line((x, y), (x, y + 4), "c-axis"), text((x, y + 16), words, f"c-text c-quiet {_anchor(x)}")]
    if name:
        parts.append(text(((scale.start + scale.end) / 2, y + 32), name, "c-text c-quiet c-middle"))
    return parts


def days_ticks(last: int) -> list[tuple[float, str]]:
    """Day 0 and every so many weeks, as patients are seen: few enough numbers."""
    apart = next(each for each in (28, 56, 112, 168, 364, 728, 1456, 3640, 10**6) if last < _TICKS_MOST * each)
    return [(day, str(day)) for day in range(0, last + 1, apart)]


def _anchor(x: float) -> str:
    return "c-end" if x > WIDTH - 10 else "c-middle"


def wrapped(words: str, width: float) -> list[str]:
    """Words in lines that fit into so many units."""
    lines: list[str] = []
    for word in words.split():
        if lines and (len(lines[-1]) + 1 + len(word)) * LETTER <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
