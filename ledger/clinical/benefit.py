"""Whether a patient benefited: an endpoint that the alliance adopted, held against the course of one patient.

DRUP asks for a confirmed response, or stable disease for at least 16 weeks; IMPRESS and ProTarget ask for response or
stable disease *at* week 16. What counts of a course, and how days are counted, is in course.py. What neither endpoint
nor course says is decided here, once:

**Confirmed** is a response where a later one, at least confirm_days after it, has nothing but responses (and NE) in
between. It is as good as the worst of these: PR then CR is a confirmed PR, and so is CR then PR (RECIST 1.1, table 3,
second reading: whoever saw the disease come back would have said PD). Stable disease in between (PR SD PR) breaks it.
A response that is not confirmed was no worse than stable disease, and counts as that.

**At week 16** is the finding nearest to day 112 within the window, the later of two that are equally near; here the
window takes the place of min_stable_days. Who was not assessed within it is missing, whatever was found later;
progression before it is no benefit.

**No benefit, or missing.** Progression that came before benefit settles it: no. Without progression and without
benefit the needed assessments are missing, and the endpoint says what that counts as.

**Progression on an unknown day** may have come before everything else. Benefit is then neither shown nor disproved:
missing, unless the answer is "no" on whatever day it came. Everything else that is undated changes nothing.

**Best overall response** is asked for over the whole course that counts, up to progression, not for week 16 alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from typing import Literal, get_args

from ledger.clinical.content import boolean, check_members, integer, one_of
from ledger.clinical.course import Course, Evaluator, Finding, History, history
from ledger.clinical.responses import Criteria, Kind, is_response, rank, stable_instead
from ledger.errors import MalformedError

Denominator = Literal["evaluable", "treated"]
Missing = Literal["not-evaluable", "no"]
Benefit = Literal["yes", "no", "not-evaluable"]
Shown = Literal["yes", "no", "missing"]  # before the endpoint says what missing counts as

WEEK_16_DAYS = 112  # the study day on which 16 weeks of treatment are over
LONGEST_DAYS = 3_660
_WORDS: Mapping[Kind, str] = {
    "complete": "complete response",
    "partial": "partial response",
    "stable": "stable disease",
    "unconfirmed-progression": "unconfirmed progression",
    "progression": "progression",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a cohort's benefit is computed under: similar among the trials, not identical, so always named.

    criteria: the scales whose assessments count, sorted. min_stable_days: the first study day on which stable disease
    is long enough, counted from the first treatment. window_days: how many days an assessment "at week 16" may come
    before it (zero or negative) and after it. confirm_days: how long after a response a later assessment must confirm
    it; 0 asks for no confirmation. at_week_16_only: only what is found at week 16 counts. missing: what an evaluable
    patient without the needed assessments counts as.
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
class Determined:
    """What a course comes to under an endpoint.

    best: the best overall response, confirmed as the endpoint asks, with stable disease long enough for it.
    best_unconfirmed: the best single finding. Both: the progression where nothing better counts; iUPD or PDu where
    that stands last; NE where nothing can be said; None where there is no assessment. because: in words, without a day
    of the patient's.
    """

    benefit: Benefit
    best: str | None
    best_unconfirmed: str | None
    because: str


def determine(course: Course, endpoint: Endpoint) -> Determined:
    """Say whether a patient benefited, by the rules above. The denominator is the report's affair, not used here.

    Raises MalformedError for a response that is no code of its scale, and for nothing else.
    """
    # 1. what counts, in order of time
    known = history(course, endpoint.criteria, endpoint.evaluator)
    # 2. what is shown by what was found on known days
    shown, because = _at_week_16(known, endpoint) if endpoint.at_week_16_only else _response_or_stable(known, endpoint)
    # 3. what is left of that where there was progression on an unknown day
    if known.undated_progression and shown != "no":
        shown, because = _whenever_it_came(shown, known, endpoint)
    # 4. what it counts as where that cannot be said
    benefit: Benefit = endpoint.missing if shown == "missing" else shown
    if shown == "missing" and benefit == "no":
        because += "; this endpoint counts that as no benefit"
    if known.undated:
        because += f"; assessments without a full date, which show no benefit: {known.undated}"
    return Determined(
        benefit=benefit,
        best=_best(known, endpoint.confirm_days, _stable_from(endpoint)),
        best_unconfirmed=_best(known, 0, 0),
        because=because,
    )


def _response_or_stable(known: History, endpoint: Endpoint) -> tuple[Shown, str]:
    if _responses(known.findings, endpoint.confirm_days):
        confirmed = f", confirmed at least {endpoint.confirm_days} days later" if endpoint.confirm_days else ""
        return "yes", f"a response{confirmed}"
    if any(each.is_stable_or_better and each.day >= endpoint.min_stable_days for each in known.findings):
        return "yes", f"stable disease for at least {endpoint.min_stable_days} days of treatment"
    if known.ended:
        return "no", f"{_in_words(known.ended)} before any benefit"
    return "missing", f"no benefit so far, and no progression: not followed to day {endpoint.min_stable_days} or beyond"


def _at_week_16(known: History, endpoint: Endpoint) -> tuple[Shown, str]:
    first, last = (WEEK_16_DAYS + days for days in endpoint.window_days)
    seen = [*known.findings, known.ended] if known.ended else known.findings
    within = [each for each in seen if first <= each.day <= last]
    if within:
        found = min(within, key=lambda each: (abs(each.day - WEEK_16_DAYS), -each.day))
        return "yes" if found.is_stable_or_better else "no", f"{_in_words(found)} at week 16"
    if known.ended and known.ended.day < first:
        return "no", f"{_in_words(known.ended)} before week 16"
    return "missing", "nothing evaluable at week 16, and no progression before it"


def _whenever_it_came(shown: Shown, known: History, endpoint: Endpoint) -> tuple[Shown, str]:
    """What holds on whatever day an undated progression came, where it is not "no" without it already.

    Before everything else it makes every course a "no". So only "no" can hold: it does where coming last is "no" too.
    It may also have come after a new treatment, where it does not count.
    """
    if shown == "missing" and not endpoint.at_week_16_only and not known.new_treatment:
        return "no", "progression on an unknown day, and no benefit on any known one"
    return "missing", "progression on an unknown day, perhaps before what would be benefit"


def _responses(findings: Sequence[Finding], confirm_days: int) -> list[Finding]:
    """Each response that is confirmed, as good as the worst from it to the first that confirms it."""
    confirmed = []
    for index, first in enumerate(findings):
        row = list(takewhile(_is_response, findings[index:]))
        until = next((place for place, each in enumerate(row) if each.day - first.day >= confirm_days), None)
        if until is not None:
            confirmed.append(max(row[: until + 1], key=_rank))
    return confirmed


def _best(known: History, confirm_days: int, stable_from: int) -> str | None:
    held = _responses(known.findings, confirm_days)
    held += [_as_stable(each) for each in known.findings if each.is_stable_or_better and each.day >= stable_from]
    if known.undated_progression and (held or not _is_confirmed(known.ended)):
        return "NE" if held or known.new_treatment else known.undated_progression
    if held:
        return min(held, key=_rank).code
    if known.ended:
        return known.ended.code
    return "NE" if known.assessed else None


def _stable_from(endpoint: Endpoint) -> int:
    return WEEK_16_DAYS + endpoint.window_days[0] if endpoint.at_week_16_only else endpoint.min_stable_days


def _as_stable(finding: Finding) -> Finding:
    return replace(finding, code=stable_instead(finding.code)) if _is_response(finding) else finding


def _is_response(finding: Finding) -> bool:
    return is_response(finding.criteria, finding.code)


def _is_confirmed(ended: Finding | None) -> bool:
    return ended is not None and ended.kind == "progression"


def _in_words(finding: Finding) -> str:
    return _WORDS[finding.kind]


def _rank(finding: Finding) -> tuple[int, int, str]:
    return rank(finding.criteria, finding.code)
