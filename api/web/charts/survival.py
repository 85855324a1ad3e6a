"""A survival curve: steps of Kaplan and Meier, the band of its interval, a tick for each censored, numbers at risk."""

from collections.abc import Iterator

from markupsafe import Markup

from api.web.charts.chart import WIDTH, Chart, Scale, Table, axis, chart
from api.web.charts.svg import box, line, path, text
from ledger.reports.follow_up import TimeToEvent
from ledger.reports.rates import percent

_LEFT, _TOP, _BOTTOM = 40.0, 26.0, 190.0
_HALF = 0.5


def survival_chart(found: TimeToEvent, name: str) -> Chart | None:
    """None where nobody is in it."""
    if not found.patients:
        return None
    last = max(each.day for each in found.steps)
    across, up = Scale(0, last, _LEFT, WIDTH - 12.0), Scale(0, 1, _BOTTOM, _TOP)
    return chart(
        name,
        title=found.what.capitalize(),
        says=_says(found),
        height=_BOTTOM + 86,
        parts=[
            *_frame(found, across, up),
            *_curve(found, across, up),
            *_median(found, across, up),
            *_risk(found, across),
        ],
        table=Table(
            ("Day", "At risk", "Events", "Censored", "Without the event", "95 % interval"),
            tuple(
                (
                    str(each.day),
                    str(each.at_risk),
                    str(each.events),
                    str(each.censored),
                    f"{percent(each.survival)} %",
                    f"{percent(each.low)} to {percent(each.high)} %",
                )
                for each in found.steps
            ),
        ),
    )


def median_in_words(found: TimeToEvent) -> str:
    if found.median is None:
        return "median not reached"
    low, high = (f"{day} days" if day is not None else "not reached" for day in (found.median_low, found.median_high))
    return f"median {found.median} days (95 % {low} to {high})"


def _says(found: TimeToEvent) -> str:
    left_out = {"left out for a date that is not a day": found.undated, "whose values are shut": found.shut}
    more = "".join(f", {count} more {why}" for why, count in left_out.items() if count)
    return (
        f"{found.what.capitalize()} of {found.patients} {found.population} patients{more}: {found.events} events,"
        f" {median_in_words(found)}. {found.estimator}, the band is the 95 % interval (log-log), a tick is a patient"
        " who was followed no longer."
    )


def _frame(found: TimeToEvent, across: Scale, up: Scale) -> Iterator[Markup]:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = up(share)
        if share:
            yield line((across.start, y), (across.end, y), "c-grid")
        yield text((across.start - 6, y + 4), f"{100 * share:.0f}", "c-text c-quiet c-end")
    yield text((2, _TOP - 12), "% without the event", "c-text c-quiet")
    ticks = [(each.day, str(each.day)) for each in found.at_risk]  # the numbers at risk stand under them
    yield from axis(across, ticks, y=up(0), name="days from the first treatment")


def _curve(found: TimeToEvent, across: Scale, up: Scale) -> Iterator[Markup]:
    upper, lower, curve = ([(across(0), up(1))] for _ in range(3))
    for step in found.steps:
        x = across(step.day)
        for points, share in ((upper, step.high), (lower, step.low), (curve, step.survival)):
            points += [(x, points[-1][1]), (x, up(share))]
    yield path([*upper, *reversed(lower)], "c-band", is_closed=True)
    yield path(curve, "c-curve")
    for step in found.steps:
        if step.censored:
            x, y = across(step.day), up(step.survival)
            yield line((x, y - 6), (x, y + 6), "c-censored")


def _median(found: TimeToEvent, across: Scale, up: Scale) -> Iterator[Markup]:
    if found.median is None:
        yield text((across.end, _TOP - 12), "median not reached", "c-text c-end")
        return
    x, y = across(found.median), up(_HALF)
    yield line((across.start, y), (x, y), "c-dashed")
    yield line((x, y), (x, up(0)), "c-dashed")
    yield text((across.end, _TOP - 12), f"median {found.median} days", "c-text c-end")


def _risk(found: TimeToEvent, across: Scale) -> Iterator[Markup]:
    y = _BOTTOM + 44
    yield box((0, y), (WIDTH, 40), "c-panel")
    yield text((6, y + 14), "number at risk", "c-text c-quiet")
    for each in found.at_risk:
        yield text((across(each.day), y + 32), str(each.patients), "c-text c-middle c-risk")
