"""How long a patient was followed without progression or death: months are not made here, study days are.

What counts of a course, and where it ended, is the endpoint's, as in the report of a cohort (`reports.follow_up`).
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.clinical.benefit import Endpoint
from ledger.clinical.course import Course, history

Status = tuple[int | None, str]  # study day; alive or dead


class Followed(NamedTuple):
    """day: study day of the event, or, where `event` is false, the last on which it was known not to have come."""

    day: int
    event: bool


def progression_free(course: Course | None, endpoint: Endpoint, survival: Iterable[Status]) -> Followed | None:
    """survival: what was told of it. None where nothing is known, or an event came on a day that is not."""
    if course is None:
        return None
    known = history(course, endpoint.criteria, endpoint.evaluator)
    if known.undated_progression:
        return None
    deaths = [day for day, status in survival if status == "dead"][-1:]
    progressed = known.ended.day if known.ended is not None and known.ended.kind == "progression" else None
    events = [day for day in (progressed, *deaths) if day is not None]
    if events or deaths:
        return _event(min(events, default=None))
    return _last([*(each.day for each in known.findings), known.ended.day if known.ended else None])


def overall(survival: Iterable[Status]) -> Followed | None:
    """survival: in the order in which it was told; the last word on a death stands. None where no day is known."""
    told = list(survival)
    deaths = [day for day, status in told if status == "dead"]
    if deaths:
        return _event(deaths[-1])
    return _last(day for day, _ in told if day is not None and day > 0)


def _event(day: int | None) -> Followed | None:
    return None if day is None or day < 1 else Followed(day, event=True)


def _last(days: Iterable[int | None]) -> Followed | None:
    last = max((day for day in days if day is not None), default=None)
    return None if last is None else Followed(last, event=False)
