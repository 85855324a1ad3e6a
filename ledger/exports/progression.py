"""How long a patient was followed without progression or death: months are not made here, study days are.

STAND-IN until `ledger.clinical.course.history` is there, which says what counts of a course and where it ended: here
the first progression on a known day is taken, whoever found it, and no unconfirmed one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.clinical.course import Course

Status = tuple[int | None, str]  # study day; alive or dead
_PROGRESSION = frozenset({"PD", "PMD", "iCPD"})


class Followed(NamedTuple):
    """day: study day of the event, or, where `event` is false, the last on which it was known not to have come."""

    day: int
    event: bool


def progression_free(course: Course | None, survival: Iterable[Status]) -> Followed | None:
    """survival: what was told of it. None where nothing is known, or an event came on a day that is not."""
    if course is None:
        return None
    counted = [
        each
        for each in course.assessments
        if each.response not in (None, "NE") and not each.baseline and _is_before(each.day, course.new_treatment_day)
    ]
    progressions = [each.day for each in counted if each.response in _PROGRESSION]
    if progressions:
        events = [day for day in progressions if day is not None]
        return Followed(min(events), event=True) if len(events) == len(progressions) else None
    deaths = [day for day, status in survival if status == "dead"]
    if deaths:
        return _death(deaths[-1])
    return _last(each.day for each in counted)


def overall(survival: Iterable[Status]) -> Followed | None:
    """survival: in the order in which it was told; the last word on a death stands. None where no day is known."""
    told = list(survival)
    deaths = [day for day, status in told if status == "dead"]
    if deaths:
        return _death(deaths[-1])
    return _last(day for day, _ in told if day is not None and day > 0)


def _is_before(day: int | None, new_treatment: int | None) -> bool:
    return day is None or (day > 0 and (new_treatment is None or day <= new_treatment))


def _death(day: int | None) -> Followed | None:
    return None if day is None or day < 1 else Followed(day, event=True)


def _last(days: Iterable[int | None]) -> Followed | None:
    last = max((day for day in days if day is not None), default=None)
    return None if last is None else Followed(last, event=False)
