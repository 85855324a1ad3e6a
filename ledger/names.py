"""Names that people and nodes choose, their grammar, and dates of stated precision.

Slugs name nodes, cohorts and resolutions. Cases and events are UUIDs, drawn by the node. A `When` is a day, month,
quarter, year or an interval of two days: a source that says "Q3 2016" is not turned into a day that nobody stated.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from ledger.errors import MalformedError

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_MAX = 64
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REGIMEN_JOINER = "+"  # stands in no INN

Precision = Literal["day", "month", "quarter", "year", "interval"]

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_YEAR = re.compile(r"([0-9]{4})")


def is_slug(text: str) -> bool:
    return len(text) <= SLUG_MAX and SLUG.fullmatch(text) is not None


def regimen_name(regimen: tuple[str, ...]) -> str:
    """One text for a regimen, as row keys and reports show it: `dabrafenib+trametinib`."""
    return REGIMEN_JOINER.join(regimen)


@dataclass(frozen=True, slots=True)
class When:
    """A date as its source stated it.

    first, last: the first and last day that it may mean. Two are compared by `last` (ties by their place in the log);
    a `When` is past on a day D when `last <= D`.
    """

    text: str
    precision: Precision = field(compare=False)
    first: date = field(compare=False)
    last: date = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "When":
        """Read `2021-11-16`, `2021-11`, `2021-Q3`, `2021` or `2021-11-11/2021-11-16` (first day before last).

        Raises MalformedError for anything else, days that no calendar has among it.
        """
        return _parse(text)

    def is_past(self, day: date) -> bool:
        return self.last <= day

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)  # one log names few dates, many times over
def _parse(text: str) -> When:
    if "/" in text:
        start, _, end = text.partition("/")
        if _DAY.fullmatch(start) and _DAY.fullmatch(end):
            first, last = _date(text, start), _date(text, end)
            if first < last:
                return When(text, "interval", first, last)
        raise _unreadable(text)
    if _DAY.fullmatch(text):
        day = _date(text, text)
        return When(text, "day", day, day)
    if match := _QUARTER.fullmatch(text):
        year, quarter = int(match[1]), int(match[2])
        return _span(text, "quarter", year, 3 * quarter - 2, 3 * quarter)
    if match := _MONTH.fullmatch(text):
        return _span(text, "month", int(match[1]), int(match[2]), int(match[2]))
    if match := _YEAR.fullmatch(text):
        return _span(text, "year", int(match[1]), 1, 12)
    raise _unreadable(text)


def _span(text: str, precision: Precision, year: int, first_month: int, last_month: int) -> When:
    if not (year >= 1 and 1 <= first_month <= last_month <= 12):  # noqa: PLR2004 - a year has twelve months
        raise _unreadable(text)
    last_day = calendar.monthrange(year, last_month)[1]
    return When(text, precision, date(year, first_month, 1), date(year, last_month, last_day))


def _date(text: str, day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise _unreadable(text) from None


def _unreadable(text: str) -> MalformedError:
    return MalformedError(
        f"not a date of stated precision: {text[:40]!r}; write 2021-11-16, 2021-11, 2021-Q3, 2021 or "
        "2021-11-11/2021-11-16"
    )
