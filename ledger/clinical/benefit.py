"""Response codes by scale, and the endpoint under which a patient counts as having benefited.

A code is what its scale calls one assessment as a whole, in the spelling of CDISC where CDISC has one:

    recist-1.1    Eisenhauer et al., Eur J Cancer 2009, 45:228. NON-CR/NON-PD: no target lesions, and neither of the two
    irecist       Seymour et al., Lancet Oncol 2017, 18:e143, table 2. Its own codes have the prefix; sources also write
                  those of RECIST 1.1 for what comes before a first progression. iUPD is no progression yet; iCPD
                  confirms it
    rano          Wen et al., J Clin Oncol 2010, 28:1963
    lugano        Cheson et al., J Clin Oncol 2014, 32:3059. By PET-CT (metabolic) or by CT alone
    pcwg3         Scher et al., J Clin Oncol 2016, 34:1402. Soft tissue and bone together; PDu: new lesions on a first
                  bone scan, which the next must confirm
    gcig-ca125    Rustin et al., Int J Gynecol Cancer 2011, 21:419. RECIST 1.1 and CA-125 together
    imwg          Kumar et al., Lancet Oncol 2016, 17:e328

NE, not evaluable, is neither success nor failure on any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from ledger.clinical.content import boolean, check_members, integer, one_of
from ledger.errors import MalformedError

Criteria = Literal["gcig-ca125", "imwg", "irecist", "lugano", "pcwg3", "rano", "recist-1.1"]
Evaluator = Literal["investigator", "central-first"]
Denominator = Literal["evaluable", "treated"]
Missing = Literal["not-evaluable", "no"]

RESPONSE_CODES: Mapping[str, frozenset[str]] = {
    "recist-1.1": frozenset({"CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE"}),
    "irecist": frozenset(
        {"CR", "PR", "SD", "NON-CR/NON-PD", "PD", "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD", "iCPD", "NE"}
    ),
    "rano": frozenset({"CR", "PR", "SD", "PD", "NE"}),
    "lugano": frozenset({"CMR", "CR", "PMR", "PR", "NMR", "SD", "PMD", "PD", "NE"}),
    "pcwg3": frozenset({"CR", "PR", "SD", "NON-CR/NON-PD", "PDu", "PD", "NE"}),
    "gcig-ca125": frozenset({"CR", "PR", "SD", "PD", "NE"}),
    "imwg": frozenset({"sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE"}),
}

WEEK_16_DAYS = 112
LONGEST_DAYS = 3_660


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a cohort's benefit is computed under: similar among the trials, not identical, so always named.

    criteria: the scales whose assessments count, sorted. min_stable_days: stable disease counts once it has lasted so
    many days from the first treatment. window_days: how many days an assessment "at week 16" may come before it (zero
    or negative) and after it. confirm_days: how long after a response the next assessment must confirm it; 0 asks for
    no confirmation. at_week_16_only: only what is found at week 16 counts. missing: what an evaluable patient without
    the needed assessments counts as.
    """

    criteria: tuple[Criteria, ...]
    min_stable_days: int
    window_days: tuple[int, int]
    confirm_days: Literal[0, 28]
    at_week_16_only: bool
    evaluator: Evaluator
    denominator: Denominator
    missing: Missing

    @classmethod
    def parse(cls, content: Mapping[str, object]) -> "Endpoint":
        """Read `{"kind": "benefit", "criteria": […], …}`, every field a member of its own name, pairs as arrays.

        Raises MalformedError for anything else: a scale that is unknown, out of order or there twice, a window that
        does not hold week 16 or reaches back to before the treatment.
        """
        check_members(content, "benefit", [field.name for field in fields(cls)])
        return cls(
            criteria=_criteria(content["criteria"]),
            min_stable_days=integer(content["min_stable_days"], "min_stable_days", least=1, most=LONGEST_DAYS),
            window_days=_window(content["window_days"]),
            confirm_days=one_of(content["confirm_days"], "confirm_days", get_args(Literal[0, 28])),
            at_week_16_only=boolean(content["at_week_16_only"], "at_week_16_only"),
            evaluator=one_of(content["evaluator"], "evaluator", get_args(Evaluator)),
            denominator=one_of(content["denominator"], "denominator", get_args(Denominator)),
            missing=one_of(content["missing"], "missing", get_args(Missing)),
        )


def _criteria(value: object) -> tuple[Criteria, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise MalformedError("criteria must be a list of one or more scales")
    names: list[Criteria] = [one_of(name, "a scale of criteria", get_args(Criteria)) for name in value]
    if names != sorted(set(names)):
        raise MalformedError("criteria must be sorted, each scale once")
    return tuple(names)


def _window(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != len(("first", "last")):
        raise MalformedError("window_days must be a list of two integers, days before and after week 16")
    first, last = value
    return (
        integer(first, "the first of window_days", least=-WEEK_16_DAYS, most=0),
        integer(last, "the last of window_days", least=0, most=LONGEST_DAYS),
    )


@dataclass(frozen=True, slots=True)
class Assessment:
    """One assessment. day: study day, None where the source has no full date. response: None at baseline."""

    day: int | None
    criteria: Criteria
    response: str | None
    evaluator: Literal["investigator", "central"]
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """The assessments of an episode in the order they were told. new_treatment_day: when another treatment began."""

    assessments: tuple[Assessment, ...]
    new_treatment_day: int | None = None


@dataclass(frozen=True, slots=True)
class Determined:
    """What a course gives under an endpoint. because: in words."""

    benefit: Literal["yes", "no", "not-evaluable"]
    best: str | None
    best_unconfirmed: str | None
    because: str


def determine(course: Course, endpoint: Endpoint) -> Determined:
    """STAND-IN until builder B's rules come: any response or stable disease at or after min_stable_days."""
    days = [
        each.day
        for each in course.assessments
        if each.day is not None and each.response in {"CR", "PR", "SD"} and not each.baseline
    ]
    has = any(day >= endpoint.min_stable_days - 7 for day in days)
    return Determined("yes" if has else "no", None, None, "stand-in")
