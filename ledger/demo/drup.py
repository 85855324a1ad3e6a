"""DRUP's five years, made up so that they add up to what DRUP stated: its cases, its treatments in stages 1 and 2 and
those in stage 3. How many cohorts there were, and how they ended, nobody stated: that is drawn.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import repeat
from random import Random  # noqa: TID251 - synthetic patients are drawn from a seed, on purpose

from ledger.demo.accrual import STAGE_SIZES, Course, Look, accrue, share_out
from ledger.demo.catalogue import DRUP, WITHDRAWN, Plan, drup_plans
from ledger.demo.facts import NodeFacts
from ledger.demo.history import Told
from ledger.demo.patients import Patient, draw_patient
from ledger.demo.treatment import Fate
from ledger.signing.canonical import Json

# how many cohorts were decided how; every other one is given up, or open in stage 2 or still in stage 1
_DECIDED = {"stage-3": 4, "success": 2, "close-no-activity": 10, "close-futility": 20}
_GIVEN_UP = 4
_OPEN_IN_STAGE_2 = 12

_BEGUN_DAYS = 40  # from the opening of the trial to the first opening of a cohort
_CLOSED_DAYS = 20  # at most, from a decision that closes to the closing
_TRIED_DAYS = 400  # at most, from the last treatment of a cohort that is given up to its closing

# how a cohort ended -> its closing's reason code, scope and words
_CLOSINGS = {
    "success": ("success", "everywhere", "signal of activity at the second look; the results go to the payers"),
    "close-no-activity": ("no-activity", "everywhere", "four or fewer of 24 benefited"),
    "close-futility": ("futility", "everywhere", "none of the first eight benefited"),
    "given up": ("slow-accrual", "here", "too few patients with this profile in a year"),
    "withdrawn": ("drug-withdrawn", "here", "the company ended the supply"),
}


def drup_history(chance: Random, facts: NodeFacts, *, opened: date, until: date) -> Iterator[Told]:
    """All but what is told of the trial itself and its drugs. opened, until: the first and the last day."""
    submitted = 0

    def arrival(patient: Patient, day: date) -> Iterator[Told]:
        nonlocal submitted
        submitted += 1
        yield patient.submitted(day - timedelta(days=chance.randint(14, 20)))
        yield patient.profiled(chance, day - timedelta(days=chance.randint(7, 13)))

    for course, ending in _courses(chance, facts, opened=opened, until=until):
        opening = course.opened[DRUP]
        yield Told(opening - timedelta(days=7), DRUP, "cohort.defined", course.plan.as_json())
        yield Told(opening, DRUP, "cohort.opened", {"cohort": course.plan.cohort, "on": opening.isoformat()})
        told = list(accrue(chance, course, arrival))
        yield from told
        if ending in _CLOSINGS:
            yield _closed(chance, course.plan, ending, told)
    for _ in range(facts.figure("cases_submitted") - submitted):
        day = opened + timedelta(days=chance.randint(1, (until - opened).days))
        yield draw_patient(chance, DRUP, day.year).submitted(day)


def _courses(chance: Random, facts: NodeFacts, *, opened: date, until: date) -> Iterator[tuple[Course, str]]:
    """Each with how it ends: a decision, "given up", "withdrawn" or "open"."""
    plans = sorted(drup_plans(), key=lambda plan: (set(plan.regimen).isdisjoint(WITHDRAWN), chance.random()))
    in_stage_3 = iter(share_out(chance, facts.figure("treatments_started_stage_3"), [(20, 45)] * _DECIDED["stage-3"]))
    endings = ["withdrawn"] + ["given up"] * _GIVEN_UP
    endings += [ending for ending, number in _DECIDED.items() for _ in range(number)]
    ended = [_looks(chance, ending, in_stage_3) for ending in endings]
    left = facts.figure("treatments_started") - sum(
        each.starts for looks in ended for each in looks if each.stage in STAGE_SIZES
    )
    in_stage_1 = len(plans) - len(endings) - _OPEN_IN_STAGE_2
    bounds = [(10, 22)] * _OPEN_IN_STAGE_2 + [(1, 7)] * in_stage_1
    running = [_open(chance, starts) for starts in share_out(chance, left, bounds)]
    endings += ["open"] * len(running)
    for plan, looks, ending in zip(plans, (*ended, *running), endings, strict=True):
        tried = _CLOSED_DAYS if ending in _DECIDED else _TRIED_DAYS if ending in _CLOSINGS else 0
        latest = (until - opened).days - sum(each.longest_days for each in looks) - tried
        earliest = max(_BEGUN_DAYS, latest - 60) if ending == "open" else _BEGUN_DAYS
        begins = opened + timedelta(days=chance.randint(earliest, max(earliest, latest)))
        yield Course(plan, {DRUP: begins}, looks, repeat(DRUP)), ending


def _looks(chance: Random, ending: str, in_stage_3: Iterator[int]) -> tuple[Look, ...]:
    """Of a cohort that is not as it was. in_stage_3: how many patients each has there that reaches it."""
    if ending not in _DECIDED:
        return (_look(chance, 1, chance.randint(2, 5), pace_days=50),)
    if ending == "close-futility":
        return (_look(chance, 1, 8, pace_days=25, benefits=0, lost=1, decision=ending),)
    first = chance.randint(1, 3)
    total = chance.randint(first, 4) if ending == "close-no-activity" else chance.randint(5, 11)
    looks = (
        _look(chance, 1, 8, pace_days=16, benefits=first, lost=chance.randint(0, 1), decision="expand"),
        _look(chance, 2, 16, pace_days=14, benefits=total - first, lost=chance.randint(0, 2), decision=ending),
    )
    return (*looks, _look(chance, 3, next(in_stage_3), pace_days=9)) if ending == "stage-3" else looks


def _open(chance: Random, starts: int) -> tuple[Look, ...]:
    """In stage 2 with more patients than stage 1 can have, else in stage 1."""
    if starts <= 7:
        return (_look(chance, 1, starts, pace_days=30),)
    first = _look(chance, 1, 8, pace_days=18, benefits=chance.randint(1, 3), lost=1, decision="expand")
    return first, _look(chance, 2, starts - first.starts, pace_days=18)


def _look(
    chance: Random,
    stage: int,
    settled: int,
    *,
    pace_days: int,
    benefits: int | None = None,
    lost: int = 0,
    decision: str | None = None,
) -> Look:
    """settled: patients with an outcome; lost: those beside them who are treated and not evaluable.

    benefits: how many of them benefit, about a quarter where nobody counts.
    """
    yes = sum(chance.random() < 0.25 for _ in range(settled)) if benefits is None else benefits
    fates = [Fate.BENEFIT] * yes + [Fate.NO_BENEFIT] * (settled - yes)
    chance.shuffle(fates)
    last = fates.pop()  # whoever takes the last place keeps it: none is left to be freed
    fates += [Fate.NOT_EVALUABLE] * lost
    if decision is not None and chance.random() < 0.3:
        fates.append(Fate.RELEASED)
    chance.shuffle(fates)
    return Look(stage, (*fates, last), pace_days, decision)


def _closed(chance: Random, plan: Plan, ending: str, told: Sequence[Told]) -> Told:
    by_decision = ending in _DECIDED
    last = max(each.day for each in told if each.type == ("cohort.stage_decided" if by_decision else "case.allocated"))
    day = last + timedelta(days=chance.randint(3, _CLOSED_DAYS) if by_decision else chance.randint(200, _TRIED_DAYS))
    code, scope, reason = _CLOSINGS[ending]
    data: dict[str, Json] = {"cohort": plan.cohort, "reason_code": code, "scope": scope, "reason": reason}
    return Told(day, DRUP, "cohort.closed", {**data, "on": day.isoformat()})
