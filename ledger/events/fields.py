"""The kinds of field that payloads are made of, each with its grammar. Strict: nothing is turned into anything else."""

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from ledger.errors import MalformedError
from ledger.names import UUID, UUID_V7, When, is_slug

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # fillers and the empty braille cell: letters to Unicode


class Payload(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _when(value: object) -> When:
    if isinstance(value, When):
        return value
    if isinstance(value, str):
        try:
            return When.parse(value)
        except MalformedError:
            pass
    raise ValueError("a date is 2021-11-16, 2021-11, 2021-Q3, 2021 or two days with a slash between them")


Date = Annotated[
    When, BeforeValidator(_when), WithJsonSchema({"type": "string", "title": "date", "examples": ["2021-11-16"]})
]


def _slug(value: str) -> str:
    if not is_slug(value):
        raise ValueError("lower case letters and digits with single hyphens between them, at most 64 in all")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _says_something(value: str) -> str:
    """At least one letter, digit, sign or symbol that can be seen: a space of no width gives no reason."""
    if not any(category(each)[0] in "LNPS" and each not in _BLANK for each in value):
        raise ValueError("must not be blank")
    return value


def _study_day(day: int) -> int:
    if day == 0:
        raise ValueError("there is no study day 0: first treatment is day 1")
    return day


def _only_true(flag: bool) -> bool:
    if not flag:
        raise ValueError("true, or left out")
    return flag


def _sorted_once(names: list[str]) -> list[str]:
    if names != sorted(set(names)):
        raise ValueError("the drugs of a regimen stand sorted, each once")
    return names


# no Literal of true or of numbers: it would take 1 for true, and true for 1
Flag = Annotated[bool, AfterValidator(_only_true)]
PlannedStage = Annotated[int, Field(ge=1, le=2)]
Stage = Annotated[int, Field(ge=1, le=3)]
Slug = Annotated[str, AfterValidator(_slug)]
CaseId = Annotated[str, Field(pattern=f"^{UUID.pattern}$")]
EventId = Annotated[str, Field(pattern=f"^{UUID_V7.pattern}$")]
Label = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_not_blank)]
Reason = Annotated[str, Field(max_length=2000), AfterValidator(_says_something)]
Decimal = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$", max_length=20)]
StudyDay = Annotated[int, Field(ge=-36500, le=36500), AfterValidator(_study_day)]
Inn = Annotated[str, Field(pattern=r"^[a-z0-9]+([ -][a-z0-9]+)*$", max_length=80)]
Regimen = Annotated[list[Inn], Field(min_length=1, max_length=8), AfterValidator(_sorted_once)]
OncoTree = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,19}$")]


def first_fault(error: ValidationError) -> str:
    """Say which field is wrong and what is asked of it, and never what stood there: it may be a patient's."""
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = list(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        where.pop()  # the name of a member that should not be there is the sender's own words
        return f"{'.'.join(where) or 'the event'} has a field too many"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{'.'.join(where)}: {message}" if where else message
