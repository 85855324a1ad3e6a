"""The course of one patient: the assessments as they were told, and what of them counts, in order of time.

**Days** are study days: the first treatment is on day 1, and there is no day 0. Stable on study day 112 is stable for
112 days, the first of treatment counted (as CDISC ADaM counts a time to event); on day 111 it is not yet.

**What counts.** Assessments on an accepted scale, after day 1 and not marked a baseline, up to and on the day of a new
treatment, up to the first progression. NE is left out, whatever stands beside it. The order in which assessments were
told is no order of time, and is not used. One evaluator's assessments of one day are one finding, the worst of them;
so are those on two accepted scales.

**Whose.** "investigator": only the investigator's, even where nothing but a central review is known. "central-first":
for the whole patient, not scan by scan, because a reader compares with what the same reader saw before. It is the
central review's course where that found anything on a known day, else the investigator's.

**Unconfirmed progression** (iUPD, PDu) ends nothing where a later finding is stable disease or better. Where the next
findings confirm it (iCPD, PD), it was progression from its first day on; a second iUPD confirms nothing. One that was
never taken back counts as progression from its first day on, until it is: a later assessment changes the answer
(Seymour 2017 on the date of progression where nothing follows).

**An unknown day.** A partial date never becomes a day. Such an assessment is kept apart: only a progression among them
says anything (benefit.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from ledger.clinical.responses import Criteria, Kind, kind_of, rank

Evaluator = Literal["investigator", "central-first"]
FIRST_TREATMENT_DAY = 1
# Whose course is the patient's, the first that has a finding on a known day. None: anyone's, where no day is known.
_WHOSE: dict[Evaluator, tuple[str, ...]] = {
    "investigator": ("investigator",),
    "central-first": ("central", "investigator"),
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """One assessment as it was told.

    day: study day, None where the source has no full date. response: a code of these criteria; None at a baseline.
    target_sum_mm: the sum of the target lesions' diameters, None where it was not told or is shut.
    """

    day: int | None
    criteria: Criteria
    response: str | None
    evaluator: Literal["investigator", "central"]
    baseline: bool = False
    target_sum_mm: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """new_treatment_day: study day on which another treatment of the disease began, None where none is known of."""

    assessments: tuple[Assessment, ...]
    new_treatment_day: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on one day by those whose findings count; never NE."""

    day: int
    criteria: Criteria
    code: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.criteria, self.code)

    @property
    def is_stable_or_better(self) -> bool:
        return self.kind in {"complete", "partial", "stable"}


@dataclass(frozen=True, slots=True)
class History:
    """What counts of a course. findings: before `ended`, one a day, in order of time.

    ended: the first progression, on the first day on which it was found, confirmed then or not; or an unconfirmed one
    that nothing takes back. undated_progression: the code of one on an unknown day. undated: how many assessments say
    something, but not of which day. assessed: whether there was any assessment at all, evaluable or not.
    """

    findings: tuple[Finding, ...]
    ended: Finding | None
    undated_progression: str | None
    undated: int
    assessed: bool
    new_treatment: bool


def history(course: Course, criteria: Sequence[Criteria], evaluator: Evaluator) -> History:
    """Put in order what counts of a course. Raises MalformedError for a response that is no code of its scale."""
    # 1. what may count at all
    told = _that_may_count(course, criteria, evaluator)
    # 2. what says something, by those who come first
    telling = _telling(told, evaluator)
    # 3. one finding a day, up to progression
    days = _day_by_day(telling)
    before = list(takewhile(lambda finding: finding.kind != "progression", days))
    progression = days[len(before)] if len(before) < len(days) else None
    findings, ended = _with_its_first_signs(before, progression)
    # 4. what has no day
    undated = [(each.criteria, each.response) for each in telling if each.day is None and each.response is not None]
    progressed = [each for each in undated if kind_of(*each) == "progression"]
    return History(
        findings=findings,
        ended=ended,
        undated_progression=max(progressed, key=lambda each: rank(*each))[1] if progressed else None,
        undated=len(undated),
        assessed=bool(told),
        new_treatment=course.new_treatment_day is not None,
    )


def counted(course: Course, criteria: Sequence[Criteria], evaluator: Evaluator) -> tuple[Assessment, ...]:
    """The assessments behind what `history` finds on known days, those on the day that ended it among them; in the
    order in which they were told. None of them where progression came on a day that nobody knows: any may be after it.

    Errors: as `history`.
    """
    known = history(course, criteria, evaluator)
    if known.undated_progression:
        return ()
    days = {each.day for each in (*known.findings, *([known.ended] if known.ended else []))}
    telling = _telling(_that_may_count(course, criteria, evaluator), evaluator)
    return tuple(each for each in telling if each.day in days)


def _that_may_count(course: Course, criteria: Sequence[Criteria], evaluator: Evaluator) -> list[Assessment]:
    told = [each for each in course.assessments if each.criteria in criteria and _is_on_treatment(each, course)]
    return [each for each in told if each.evaluator in _WHOSE[evaluator]]


def _telling(told: Iterable[Assessment], evaluator: Evaluator) -> list[Assessment]:
    return _of_the_first(_WHOSE[evaluator], [each for each in told if _says_something(each)])


def _is_on_treatment(each: Assessment, course: Course) -> bool:
    if each.baseline:
        return False
    if each.day is None:  # nobody knows: it is kept, and proves nothing
        return True
    last = course.new_treatment_day
    return each.day > FIRST_TREATMENT_DAY and (last is None or each.day <= last)


def _says_something(each: Assessment) -> bool:
    return each.response is not None and kind_of(each.criteria, each.response) != "not-evaluable"


def _of_the_first(evaluators: Iterable[str], telling: list[Assessment]) -> list[Assessment]:
    for evaluator in evaluators:
        by_one = [each for each in telling if each.evaluator == evaluator]
        if any(each.day is not None for each in by_one):
            return by_one
    return telling  # no day is known of anything


def _day_by_day(telling: Iterable[Assessment]) -> list[Finding]:
    worst: dict[int, Finding] = {}
    for each in telling:
        if each.day is not None and each.response is not None:
            finding = Finding(each.day, each.criteria, each.response)
            worst[each.day] = max(worst.get(each.day, finding), finding, key=_rank)
    return [worst[day] for day in sorted(worst)]


def _with_its_first_signs(
    before: list[Finding], progression: Finding | None
) -> tuple[tuple[Finding, ...], Finding | None]:
    """Take off the end what was unconfirmed progression to the last: progression began on its first day."""
    kept = len(before)
    while kept and before[kept - 1].kind == "unconfirmed-progression":
        kept -= 1
    if kept == len(before):
        return tuple(before), progression
    first = before[kept]
    return tuple(before[:kept]), first if progression is None else replace(progression, day=first.day)


def _rank(finding: Finding) -> tuple[int, int, str]:
    return rank(finding.criteria, finding.code)
