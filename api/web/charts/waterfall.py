"""A waterfall plot: the best change of each patient's target lesions, the largest growth first."""

from collections.abc import Iterator

from markupsafe import Markup

from api.web.charts.chart import WIDTH, Chart, Scale, Table, chart
from api.web.charts.svg import box, line, path, text
from ledger.clinical.target_lesions import GROWTH_PERCENT, RESPONSE_PERCENT
from ledger.reports.waterfall import Waterfall

MOST = 100  # percent; what grew more is drawn so high, and says how much it is
_LEFT, _TOP, _BOTTOM = 42.0, 26.0, 216.0
_WIDEST = 22.0
_NUMBERED = 16  # bars, as many as have room for their number


def waterfall_chart(found: Waterfall, name: str) -> Chart | None:
    """None where nobody was measured."""
    if not found.changes:
        return None
    up = Scale(-100, MOST, _BOTTOM, _TOP)
    return chart(
        name,
        title="Best change of target lesions",
        says=_says(found),
        height=_BOTTOM + 12,
        parts=[*_grid(up), *_bars(found, up), *_thresholds(up)],
        table=Table(
            ("Patient", "Best change of the sum of diameters"),
            tuple((str(place), f"{each:+.1f} %".replace("-", "−")) for place, each in enumerate(found.changes, 1)),
        ),
    )


def _says(found: Waterfall) -> str:
    shrunk = sum(each <= RESPONSE_PERCENT for each in found.changes)
    grown = sum(each >= GROWTH_PERCENT for each in found.changes)
    beside = [f"{found.unmeasured} more have no sum to compare", f"of {found.shut} more the values are shut"]
    more = "; ".join(words for count, words in zip((found.unmeasured, found.shut), beside, strict=True) if count)
    return (
        f"Best change from baseline of the sum of target lesions (RECIST 1.1) of {len(found.changes)}"
        f" {found.population} patients{f'; {more}' if more else ''}: in {shrunk} it shrank by 30 % or more, in {grown}"
        " it grew by 20 % or more at best. A change alone is no response: that must last, without new lesions."
    )


def _grid(up: Scale) -> Iterator[Markup]:
    for percent in (-100, -50, 0, 50, MOST):
        y = up(percent)
        yield line((_LEFT, y), (WIDTH, y), "c-axis" if percent == 0 else "c-grid")
        yield text((_LEFT - 6, y + 4), signed(percent), "c-text c-quiet c-end")
    yield text((2, _TOP - 12), "% of the baseline", "c-text c-quiet")


def _bars(found: Waterfall, up: Scale) -> Iterator[Markup]:
    step = min(_WIDEST, (WIDTH - _LEFT - 4) / len(found.changes))
    for place, change in enumerate(found.changes):
        x, width = _LEFT + 4 + step * place, max(1.0, step - min(3.0, step / 4))
        end = up(min(change, MOST))
        kind = "c-bad" if change >= GROWTH_PERCENT else "c-good" if change <= RESPONSE_PERCENT else "c-between"
        if change == 0:
            yield line((x, up(0)), (x + width, up(0)), "c-nothing")
        else:
            yield box((x, min(end, up(0))), (width, abs(end - up(0))), f"c-bar {kind}")
        if change > MOST:
            yield path([(x, end + 7), (x + width / 2, end + 2), (x + width, end + 7)], "c-capped")
            yield text((x, end - 4), signed(round(change)), "c-text")


def signed(percent: int) -> str:
    return f"{percent:+d}".replace("-", "−") if percent else "0"


def _thresholds(up: Scale) -> Iterator[Markup]:
    for percent in (GROWTH_PERCENT, RESPONSE_PERCENT):
        y = up(percent)
        yield line((_LEFT, y), (WIDTH, y), "c-dashed")
        words = f"{signed(percent)} %"
        yield (
            box((WIDTH - 42, y - 14), (42, 13), "c-behind")
            if percent > 0
            else box((_LEFT + 2, y + 2), (42, 13), "c-behind")
        )
        place = (WIDTH - 2.0, y - 4) if percent > 0 else (_LEFT + 4, y + 13)
        yield text(place, words, "c-text c-end" if percent > 0 else "c-text")
