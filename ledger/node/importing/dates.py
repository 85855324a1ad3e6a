"""Dates as sources write them, and study days.

A partial date stays partial: nobody stated the day. Of a date without a year nothing is left but that it is unknown.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from ledger.errors import MalformedError
from ledger.names import When

ISO = ("ISO 8601",)
_TIME = re.compile(r"T[0-9:.+Z-]*$")
_WITHOUT_YEAR = re.compile(r"-(?:-[0-9]{2}|-)?(?:-[0-9]{1,2}|-[0-9]{2})?")
_GAPS = re.compile(r"([0-9]{4})(?:-(-|[0-9]{2}))?(?:-(-|[0-9]{2}))?-*")


def when_of(text: str, formats: Sequence[str] = ISO) -> When | None:
    """What a date says, to the precision that it is given in; None where it is blank, or has no year.

    formats: of `strptime`, tried in order; what lacks %d is a month, what lacks a month a year. Without any: ISO 8601
    as SDTM has it, with gaps (`2014---15`), times of day, which are left out, and intervals.

    Raises MalformedError for anything else; it does not say what stood there.
    """
    if not text:
        return None
    if tuple(formats) == ISO:
        return _interval(text) if "/" in text else _iso(text)
    for each in formats:
        try:
            read = datetime.strptime(text, each)  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        if not any(directive in each for directive in ("%m", "%b", "%B", "%j", "%x")):
            return When.parse(f"{read:%Y}")
        if not any(directive in each for directive in ("%d", "%j", "%x")):
            return When.parse(f"{read:%Y-%m}")
        return When.parse(f"{read:%Y-%m-%d}")
    raise MalformedError("is no date of the formats that the mapping names")


def check_formats(formats: Iterable[str]) -> None:
    """Raises MalformedError for a format that leaves the year, or its century, to be guessed."""
    for each in formats:
        if each not in ISO and "%Y" not in each:
            raise MalformedError(f"the date format {each} has no %Y: without it the year would be guessed")


def study_day(when: When | None, first: When | None) -> int | None:
    """The day counted from first treatment, day 1; the day before is -1. None where either is no full day."""
    if when is None or first is None or when.precision != "day" or first.precision != "day":
        return None
    days = (when.first - first.first).days
    return days + 1 if days >= 0 else days


def _iso(text: str) -> When | None:
    day = _TIME.sub("", text)
    if _WITHOUT_YEAR.fullmatch(day):
        return None
    gaps = _GAPS.fullmatch(day)
    if gaps is None:
        raise MalformedError("is no ISO 8601 date")
    known = [gaps[1]]
    for part in (gaps[2], gaps[3]):
        if part is None or part == "-":
            break  # a day of an unknown month says no more than the year
        known.append(part)
    try:
        return When.parse("-".join(known))
    except MalformedError:
        raise MalformedError("is a day that no calendar has") from None


def _interval(text: str) -> When | None:
    """From the first day that its start may mean to the last that its end may."""
    start, _, end = text.partition("/")
    since, until = _iso(start), _iso(end)
    if since is None or until is None:
        return None
    if since.first > until.last:
        raise MalformedError("is an interval that ends before it begins")
    return When.parse(since.first.isoformat() if since.first == until.last else f"{since.first}/{until.last}")
