"""A swimmer plot: a line for each patient from the first treatment on, with what was found and how it went on."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from markupsafe import Markup

from api.web.charts.chart import ROW, WIDTH, Chart, Scale, Table, axis, chart, days_ticks
from api.web.charts.svg import box, element, group, line, path, text
from ledger.clinical.responses import RESPONSE_CODES, Kind, kind_of
from ledger.reports.follow_up import Assessed, Line

_LEFT, _TOP, _STEP, _BAR = 12.0, 8.0, 14.0, 6.0
_NOT_SHOWN = "not shown"
_WORDS = {
    "complete": "complete response",
    "partial": "partial response",
    "stable": "stable disease",
    "unconfirmed-progression": "unconfirmed progression",
    "progression": "progression",
    "not-evaluable": "not evaluable",
    _NOT_SHOWN: "assessed, code hidden",
    "ended": "end of treatment",
    "ongoing": "treatment goes on",
    "died": "died",
}


def swimmer_chart(lines: Sequence[Line], name: str) -> Chart | None:
    """None where there is nobody."""
    if not lines:
        return None
    last = max(2, *(each.last_day for each in lines))
    across = Scale(0, last, _LEFT, WIDTH - 22.0)
    bottom = _TOP + _STEP * len(lines)
    parts = [mark for place, each in enumerate(lines) for mark in _lane(each, across, _TOP + _STEP * (place + 0.5))]
    legend, height = _legend(lines, bottom + 58)
    return chart(
        name,
        title="Course of each patient",
        says=_says(lines),
        height=height,
        parts=[*axis(across, days_ticks(last), y=bottom + 4, name="days from the first treatment"), *parts, *legend],
        table=Table(
            ("Patient", "Last known day", "Assessments: day and response", "Treatment", "Died on day"),
            tuple(_row(place, each) for place, each in enumerate(lines, 1)),
        ),
    )


def kind_of_code(code: str | None) -> Kind | str:
    """What a code means on whichever scale has it: no two scales mean another kind by one code."""
    scale = next((scale for scale, codes in RESPONSE_CODES.items() if code in codes), None)
    return _NOT_SHOWN if scale is None or code is None else kind_of(scale, code)  # type: ignore[arg-type]  # its keys


def _says(lines: Sequence[Line]) -> str:
    ongoing, died = sum(map(_is_ongoing, lines)), sum(each.died_on is not None for each in lines)
    undated = sum(each.day is None for of in lines for each in of.assessments)
    left_out = f" {undated} assessments without a full date are in the table alone." if undated else ""
    return (
        f"{len(lines)} patients, the longest followed first; treatment goes on in {ongoing}, {died} are known to have"
        f" died. The thick bar is treatment, the thin line what is known after it.{left_out}"
    )


def _lane(told: Line, across: Scale, y: float) -> Iterator[Markup]:
    start, end = across(0), across(told.last_day)
    treated = across(told.ended_on) if told.ended_on is not None else end
    yield line((start, y), (end, y), "c-followed")
    yield box((start, y - _BAR / 2), (treated - start, _BAR), "c-treated")
    if told.ended_on is not None:
        yield mark("ended", treated, y)
    for each in told.assessments:
        if each.day is not None:
            yield mark(kind_of_code(each.response), across(each.day), y)
    if told.died_on is not None:
        yield mark("died", across(told.died_on) + 6, y)
    elif _is_ongoing(told):
        yield mark("ongoing", end + 6, y)


def mark(kind: str, x: float, y: float) -> Markup:
    """A shape of its own for each: they are told apart without colour."""
    return group(_SHAPES.get(kind, _dot)(x, y))


def _complete(x: float, y: float) -> Iterator[Markup]:
    yield path([(x, y - 5.5), (x + 5.5, y), (x, y + 5.5), (x - 5.5, y)], "c-mark c-good", is_closed=True)


def _partial(x: float, y: float) -> Iterator[Markup]:
    yield path([(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)], "c-mark c-good", is_closed=True)


def _stable(x: float, y: float) -> Iterator[Markup]:
    yield element("circle", cx=x, cy=y, r=3.8, class_="c-mark c-hollow")


def _progression(x: float, y: float) -> Iterator[Markup]:
    for class_ in ("c-around", "c-cross"):
        yield path([(x - 4, y - 4), (x + 4, y + 4)], class_)
        yield path([(x - 4, y + 4), (x + 4, y - 4)], class_)


def _unconfirmed(x: float, y: float) -> Iterator[Markup]:
    yield box((x - 5.5, y - 5.5), (11, 11), "c-mark c-hollow")
    yield path([(x - 3, y - 3), (x + 3, y + 3)], "c-cross")
    yield path([(x - 3, y + 3), (x + 3, y - 3)], "c-cross")


def _not_evaluable(x: float, y: float) -> Iterator[Markup]:
    yield box((x - 5, y - 3.5), (10, 7), "c-mark c-hollow")
    yield line((x - 3, y), (x + 3, y), "c-thin")


def _dot(x: float, y: float) -> Iterator[Markup]:
    yield element("circle", cx=x, cy=y, r=2.6, class_="c-mark c-dot")


def _ended(x: float, y: float) -> Iterator[Markup]:
    yield line((x, y - 5.5), (x, y + 5.5), "c-ended")


def _ongoing(x: float, y: float) -> Iterator[Markup]:
    yield path([(x, y - 5), (x + 8, y), (x, y + 5)], "c-arrow", is_closed=True)


def _died(x: float, y: float) -> Iterator[Markup]:
    yield path([(x, y - 6), (x, y + 6)], "c-died")
    yield path([(x - 3.5, y - 2.5), (x + 3.5, y - 2.5)], "c-died")


_SHAPES: Mapping[str, Callable[[float, float], Iterator[Markup]]] = {
    "complete": _complete,
    "partial": _partial,
    "stable": _stable,
    "unconfirmed-progression": _unconfirmed,
    "progression": _progression,
    "not-evaluable": _not_evaluable,
    "ended": _ended,
    "ongoing": _ongoing,
    "died": _died,
}


def _legend(lines: Sequence[Line], y: float) -> tuple[list[Markup], float]:
    """Of what there is; two in a line. Beside it, where the drawing ends."""
    there = {kind_of_code(each.response) for of in lines for each in of.assessments if each.day is not None}
    there |= {"ended"} if any(each.ended_on is not None for each in lines) else set()
    there |= {"died"} if any(each.died_on is not None for each in lines) else set()
    there |= {"ongoing"} if any(map(_is_ongoing, lines)) else set()
    parts = []
    told = [each for each in _WORDS if each in there]
    for place, kind in enumerate(told):
        x, below = 10 + (place % 2) * WIDTH / 2, y + (place // 2) * (ROW + 2)
        parts += [mark(kind, x + 4, below), text((x + 18, below + 4.5), _WORDS[kind])]
    return parts, y + -(-len(told) // 2) * (ROW + 2)


def _is_ongoing(told: Line) -> bool:
    return told.ended_on is None and told.ended is None and told.died_on is None


def _row(place: int, told: Line) -> tuple[str, ...]:
    ended = "goes on" if _is_ongoing(told) else f"ended on {_day(told.ended_on)}"
    return (
        str(place),
        str(told.last_day),
        ", ".join(map(_assessed, told.assessments)) or "none",
        f"{ended}: {told.ended}" if told.ended else ended,
        "" if told.died_on is None else str(told.died_on),
    )


def _assessed(told: Assessed) -> str:
    return f"{_day(told.day)} {told.response or _NOT_SHOWN}"


def _day(day: int | None) -> str:
    return "an unknown day" if day is None else f"day {day}"
