"""What looks like a direct identifier of a person: it catches slips, and no more than that.

National numbers of the five countries by their shape, their date and, where they have one, their check digit; e-mail
addresses; full dates, which in a free text are most often a birth date. Numbers of registries, cohorts and cases do
not look like these.
"""

import re
from collections.abc import Callable
from datetime import date

FULL_DATE = "a full date, as of birth"

_SIX_DIGITS = re.compile(r"(?:\d\D?){5}\d")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ISO_DATE = re.compile(r"(?<![\w-])(1[89]\d\d|20\d\d)[-/.]([01]?\d)[-/.]([0-3]?\d)(?![\w-])")
_DAY_FIRST = re.compile(r"(?<![\w-])([0-3]?\d)[-/. ]([01]?\d)[-/. ](1[89]\d\d|20\d\d)(?![\w-])")
_NUMBER = r"(?<![\w-]){}(?![\w-])"
_BSN = re.compile(_NUMBER.format(r"(\d{9})"))
_CPR = re.compile(_NUMBER.format(r"(\d{2})(\d{2})(\d{2})-?(\d{4})"))
_PERSONNUMMER = re.compile(_NUMBER.format(r"(?:\d{2})?(\d{2})(\d{2})(\d{2})[-+]?(\d{4})"))
_FODSELSNUMMER = re.compile(_NUMBER.format(r"(\d{2})(\d{2})(\d{2}) ?(\d{5})"))
_HETU = re.compile(_NUMBER.format(r"(\d{2})(\d{2})(\d{2})[-+A-FU-Y](\d{3}[0-9A-Y])"))

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_SHIFTED = 40  # coordination and D-numbers add it, or 60 in Sweden, to a day or month
_SHIFTED_SWEDEN = 60


def identifier_in(text: str) -> str | None:
    """Name the kind of identifier that a text seems to hold, None where it seems to hold none."""
    if "@" not in text and _SIX_DIGITS.search(text) is None:
        return None  # nearly every text of a post: none of the others is shorter
    for kind, seems in _KINDS:
        if seems(text):
            return kind
    return None


def _is_bsn(text: str) -> bool:
    return any(
        int(number) and sum(weight * int(digit) for weight, digit in zip(_BSN_WEIGHTS, number, strict=True)) % 11 == 0
        for number in _BSN.findall(text)
    )


def _day_first(pattern: re.Pattern[str], *shifts: int) -> Callable[[str], bool]:
    return lambda text: any(
        _is_day(month=int(month), day=int(day), shifts=shifts) for day, month, *_ in pattern.findall(text)
    )


def _is_personnummer(text: str) -> bool:
    return any(
        _is_day(month=int(month), day=int(day), shifts=(0, _SHIFTED_SWEDEN))
        for _, month, day, _ in _PERSONNUMMER.findall(text)
    )


def _is_day(*, month: int, day: int, shifts: tuple[int, ...]) -> bool:
    """Whether day and month are of some year; a leap year has them all."""
    for shift in shifts:
        try:
            date(2000, month, day - shift)
        except ValueError:
            continue
        return True
    return False


def _has_full_date(text: str) -> bool:
    found = [(int(m), int(d)) for _, m, d in _ISO_DATE.findall(text)]
    found += [(int(m), int(d)) for d, m, _ in _DAY_FIRST.findall(text)]
    return any(_is_day(month=month, day=day, shifts=(0,)) for month, day in found)


_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("an e-mail address", lambda text: _EMAIL.search(text) is not None),
    (FULL_DATE, _has_full_date),
    ("a Dutch BSN", _is_bsn),
    ("a Danish CPR number", _day_first(_CPR, 0)),
    ("a Swedish personal number", _is_personnummer),
    ("a Norwegian birth number", _day_first(_FODSELSNUMMER, 0, _SHIFTED)),
    ("a Finnish personal code", _day_first(_HETU, 0)),
)
