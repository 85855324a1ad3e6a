"""A benefit rate and its interval, as a line each: what the design gives, the naive proportion below it."""

from collections.abc import Iterator

from markupsafe import Markup

from api.web.charts.chart import WIDTH, Chart, Scale, Table, axis, chart, hatched
from api.web.charts.svg import box, element, line, text
from ledger.clinical.estimates import Interval
from ledger.clinical.two_stage import Design
from ledger.reports.rates import Rate, in_words, percent

_LEFT, _RIGHT, _TOP, _STEP = 8.0, WIDTH - 14.0, 34.0, 58.0


def estimate_chart(rate: Rate, design: Design, name: str) -> Chart:
    """rate: of benefit, computed."""
    rows = list(_rows(rate))
    bottom = _TOP + _STEP * len(rows)
    across = Scale(0, 100, _LEFT, _RIGHT)
    parts = [*_references(design, across, bottom)]
    for place, (words, point, interval, shape) in enumerate(rows):
        parts += _row(name, rate, words, point, interval, shape, across, _TOP + _STEP * place)
    return chart(
        name,
        title="Benefit rate",
        says=_says(rate, design),
        height=bottom + 36,
        parts=[
            *parts,
            *axis(
                across, [(each, str(each)) for each in range(0, 101, 20)], y=bottom, name="% of patients with benefit"
            ),
        ],
        table=Table(
            ("Estimate", "Patients", "Rate", "95 % interval"),
            tuple(
                (words, f"{rate.numerator} of {rate.denominator}", _percent(point), _between(between))
                for words, point, between, _ in rows
            ),
        ),
    )


def _says(rate: Rate, design: Design) -> str:
    return (
        f"{in_words(rate, 'Benefit')}. The dashed lines are the rates that the design tells apart:"
        f" {design.p0_percent} % is not worth pursuing, {design.p1_percent} % is worth finding."
    )


def _rows(rate: Rate) -> Iterator[tuple[str, float | None, Interval | None, str]]:
    name = "proportion" if rate.estimator == "proportion" else rate.estimator
    is_naive_alone = rate.point is not None and (rate.point, rate.interval_95) == (rate.naive_point, rate.naive_95)
    yield f"{name}, {rate.label}", rate.point, rate.interval_95, "square"
    if not is_naive_alone and rate.naive_point is not None:
        yield "naive proportion, not adjusted for the looks", rate.naive_point, rate.naive_95, "circle"


def _row(
    name: str,
    rate: Rate,
    words: str,
    point: float | None,
    interval: Interval | None,
    shape: str,
    across: Scale,
    y: float,
) -> Iterator[Markup]:
    middle = y + 32
    if point is None:
        yield text((_LEFT, y + 15), words, "c-text c-quiet")
        if isinstance(rate.numerator, str):
            yield from hatched(name, (_LEFT, middle - 9), (_RIGHT - _LEFT, 18), str(rate.numerator))
        else:
            yield text((_LEFT, y), "nobody is counted yet", "c-text c-strong")
        return
    told = f"{percent(point)} %" + ("" if interval is None else f" ({percent(interval[0])} to {percent(interval[1])})")
    yield text((_LEFT, y), told, "c-text c-strong" if shape == "square" else "c-text")
    yield text((_LEFT, y + 15), words, "c-text c-quiet")
    if interval is not None:
        low, high = (across(100 * each) for each in interval)
        yield line((low, middle), (high, middle), "c-interval" if shape == "square" else "c-interval c-lesser")
        for x in (low, high):
            yield line((x, middle - 5), (x, middle + 5), "c-interval")
    x = across(100 * point)
    if shape == "square":
        yield box((x - 5, middle - 5), (10, 10), "c-mark c-point")
    else:
        yield element("circle", cx=x, cy=middle, r=4.5, class_="c-mark c-hollow")


def _references(design: Design, across: Scale, bottom: float) -> Iterator[Markup]:
    for share, which in ((design.p0_percent, "p0"), (design.p1_percent, "p1")):
        x = across(share)
        yield line((x, 18), (x, bottom), "c-dashed")
        yield text((x, 12), f"{which} {share} %", "c-text c-quiet c-middle")


def _percent(share: float | None) -> str:
    return "not shown" if share is None else f"{percent(share)} %"


def _between(interval: Interval | None) -> str:
    return "none" if interval is None else f"{percent(interval[0])} to {percent(interval[1])} %"
