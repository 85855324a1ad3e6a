"""How long a patient was followed without progression or death: months are not made here, study days are.

STAND-IN until `ledger.clinical.course.history` is there, which says what counts of a course and where it ended: here
the first progression on a known day is taken, whoever found it, and no unconfirmed one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.clinical.benefit import Course

_PROGRESSION = frozenset({"PD", "PMD", "iCPD"})


class Followed(NamedTuple):
    """day: study day of the event, or, where `event` is false, the last on which it was known not to have come."""

    day: int
    event: bool


def progression_free(course: Course | None, death: int | None) -> Followed | None:
    """death: study day. None where nothing is known, or progression was found on a day that is not."""
    if course is None:
        return None
    counted = [
        each
        for each in course.assessments
        if each.response not in (None, "NE") and not each.baseline and _is_before(each.day, course.new_treatment_day)
    ]
    found = [each.day for each in counted if each.response in _PROGRESSION]
    if None in found:
        return None
    events = [day for day in (*found, death) if day is not None]
    if events:
        return Followed(min(events), event=True)
    return _last(each.day for each in counted)


def overall(told: Iterable[tuple[int | None, str]]) -> Followed | None:
    """told: study day and status, in the order in which they were told. None where nothing is known of a day."""
    known = [(day, status) for day, status in told if day is not None and day > 0]
    deaths = [day for day, status in known if status == "dead"]
    return Followed(deaths[-1], event=True) if deaths else _last(day for day, _ in known)


def _is_before(day: int | None, new_treatment: int | None) -> bool:
    return day is None or (day > 0 and (new_treatment is None or day <= new_treatment))


def _last(days: Iterable[int | None]) -> Followed | None:
    last = max((day for day in days if day is not None), default=None)
    return None if last is None else Followed(last, event=False)
