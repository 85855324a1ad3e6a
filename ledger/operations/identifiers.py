"""What looks like a direct identifier of a person: it catches slips, and no more than that.

National numbers of the five countries by their shape, their date and, for the Dutch one, its check digit, wherever no
further digit touches them; e-mail addresses; full dates that may be of birth. What trials write beside these (places
in the genome, accession and registry numbers, lots, handles) is passed over. Every pattern looks a bounded way ahead
from each character, so that a hostile text costs no more than a long one.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date

FULL_DATE = "a full date, as of birth"
AGE_MIN = 16  # years: an older date may be of birth, a later one is of a visit, a consent or a document

_FOUR_DIGITS = re.compile(r"(?:\d\D*+){3}\d")
_EMAIL = re.compile(r"[\w+-]@[\w-]++\.\w")  # from the last character before an @ on
_CODES = re.compile(
    r"(?<![\w.])(?:"
    r"chr\w{1,2}:(?:g\.)?\d+(?:[-_]\d+)?"
    r"|[cgmn]\.\d+(?:_\d+)?"  # HGVS
    r"|(?:rs|[rsv]cv|ens[a-z]{1,6}|cos[mv])\d+"
    r"|nct\d{8}(?!\d)|\d{4}-\d{6}-\d\d(?:-\d\d)?(?!\d)"  # EudraCT, and EUCT with its last pair
    r"|(?:lot|batch)(?: n(?:o|r|umber)\.?)?[ :#]{0,2}\d+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{32,}+"
    r")",
    re.IGNORECASE,
)


def _number(shape: str) -> re.Pattern[str]:
    """A shape wherever it begins, also within another that turned out to be none."""
    return re.compile(rf"(?<!\d)(?<!\d\.)(?={shape}(?!\d))", re.IGNORECASE)


_SIX = r"(\d\d)[ .]?(\d\d)[ .]?(\d\d)"
_BSN = (_number(r"(\d{3})[ .]?(\d{3})[ .]?(\d{3})"), _number(r"(\d{4})[ .](\d\d)[ .](\d{3})"))
_CPR = _number(_SIX + r"[-+ .]?\d{4}")
_PERSONNUMMER = _number(r"(?:18|19|20)?" + _SIX + r"[-+ .]?\d{4}")
_FODSELSNUMMER = _number(_SIX + r"[- .]?\d{5}")
_HETU = _number(_SIX + r"[-+A-FU-Y]\d{3}[0-9A-Y]")

_YEAR = r"(?P<year>(?:18|19|20)\d\d)"
_SHORT_YEAR = r"(?P<year>(?:18|19|20)?\d\d)"
_DAY = r"(?P<day>[0-3]?\d)"
_MONTH_NAME = (  # English, Dutch, Danish, Norwegian, Swedish, Finnish
    r"(?:jan|feb|maa?r|mrt|apr|ma[ijy]|mei|ju[ln]|aug|sep|o[ck]t|nov|de[cs]"
    r"|tammi|helmi|huhti|touko|kesä|heinä|elo|syys|loka|joulu)[^\W\d_]{0,9}\.?"
)
_DATES = (
    _number(_YEAR + r"[-/. ](?P<month>[01]?\d)[-/. ]" + _DAY),
    _number(_DAY + r"[-/. ](?P<month>[01]?\d)[-/. ]" + _SHORT_YEAR),
    _number(_YEAR + r"(?P<month>\d\d)(?P<day>\d\d)"),
    _number(r"(?P<day>\d\d)(?P<month>\d\d)" + _YEAR),
    _number(_DAY + r"(?:\.|st|nd|rd|th|:?e)?[- ]?" + _MONTH_NAME + r",?[- ]?" + _SHORT_YEAR),
    re.compile(rf"(?<![^\W_])(?={_MONTH_NAME} ?{_DAY}(?:st|nd|rd|th)?,? ?{_YEAR}(?!\d))", re.IGNORECASE),
)
_BIRTH = re.compile(
    r"(?<![^\W\d_])(?:born(?![^\W_])|birth|dob|d\.o\.b|geb(?![^\W_])|gebor|geboorte|født|fødsel|född|födel|synty)",
    re.IGNORECASE,
)
_NEAR = 40  # characters, from start to start

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_SHIFTED = 40  # coordination and D-numbers add it, or 60 in Sweden, to a day or month
_SHIFTED_SWEDEN = 60


def identifier_in(text: str, *, year: int) -> str | None:
    """Name the kind of identifier that a text seems to hold, None where it seems to hold none.

    year: that the text was written in. A full date is named last, and only where its year lies AGE_MIN or more years
    before that, or a word of birth stands near.
    """
    if _EMAIL.search(text):
        return "an e-mail address"
    if _FOUR_DIGITS.search(text) is None:
        return None  # nearly every text of a post: 1.4.61 has no fewer
    rest = _CODES.sub(" ", text)
    for kind, seems in _KINDS:
        if seems(rest):
            return kind
    return FULL_DATE if _has_birth_date(rest, year - AGE_MIN) else None


def _is_bsn(text: str) -> bool:
    numbers = ("".join(match.groups()) for shape in _BSN for match in shape.finditer(text))
    return any(
        int(number) and sum(weight * int(digit) for weight, digit in zip(_BSN_WEIGHTS, number, strict=True)) % 11 == 0
        for number in numbers
    )


def _day_first(pattern: re.Pattern[str], *shifts: int) -> Callable[[str], bool]:
    return lambda text: any(
        _is_day(month=int(month), day=int(day), shifts=shifts) for day, month, _ in pattern.findall(text)
    )


def _is_personnummer(text: str) -> bool:
    return any(
        _is_day(month=int(month), day=int(day), shifts=(0, _SHIFTED_SWEDEN))
        for _, month, day in _PERSONNUMMER.findall(text)
    )


def _is_day(*, month: int, day: int, shifts: tuple[int, ...] = (0,)) -> bool:
    """Whether day and month are of some year; a leap year has them all."""
    for shift in shifts:
        try:
            date(2000, month, day - shift)
        except ValueError:
            continue
        return True
    return False


def _has_birth_date(text: str, last_year: int) -> bool:
    words = [word.start() for word in _BIRTH.finditer(text)]
    return any(
        (len(found["year"]) > len("61") and int(found["year"]) <= last_year) or _is_near(found.start(), words)
        for found in _dates(text)
    )


def _dates(text: str) -> Iterator[re.Match[str]]:
    for shape in _DATES:
        for found in shape.finditer(text):
            month = int(found.groupdict().get("month", 1))  # one by its name may have 31 days
            if _is_day(month=month, day=int(found["day"])):
                yield found


def _is_near(start: int, words: Sequence[int]) -> bool:
    """Whether a word stands near what starts here. words: where they start, in order."""
    following = bisect_left(words, start - _NEAR)
    return following < len(words) and words[following] <= start + _NEAR


_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("a Dutch BSN", _is_bsn),
    ("a Danish CPR number", _day_first(_CPR, 0)),
    ("a Swedish personal number", _is_personnummer),
    ("a Norwegian birth number", _day_first(_FODSELSNUMMER, 0, _SHIFTED)),
    ("a Finnish personal code", _day_first(_HETU, 0)),
)
