"""The Nordic trials' first year, made up so that it adds up to what they stated.

Their cohorts are pooled: a place is taken from all of them, and the node that defined the cohort decides for all. Two
cohorts that ProTarget and IMPRESS share fill faster than the others and come to a decision.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random  # noqa: TID251 - synthetic patients are drawn from a seed, on purpose

from ledger.demo.accrual import Arrival, Course, Look, accrue
from ledger.demo.catalogue import IMPRESS, MARKERS, MEGALIT, PROTARGET, Plan, nordic_plans
from ledger.demo.facts import Facts, NodeFacts
from ledger.demo.history import Told
from ledger.demo.patients import Patient, draw_patient
from ledger.demo.treatment import Fate, treat
from ledger.signing.canonical import Json

_NODES = (PROTARGET, MEGALIT, IMPRESS)
_OPENING_DAYS = {PROTARGET: (20, 330), MEGALIT: (20, 300), IMPRESS: (18, 180)}  # after the trial's own opening
_BEFORE_START = 20  # days: from an allocation to a treatment that has started for certain
_ROOM = 7  # of the eight places of stage 1: no look is due
_MORE_THAN_STATED = {PROTARGET: 12, IMPRESS: 4}  # "500+", "100+"
_WITHOUT_TARGET = 60  # prescreened at ProTarget
_FATES = (Fate.BENEFIT,) * 3 + (Fate.NO_BENEFIT,) * 6 + (Fate.NOT_EVALUABLE,)

# allocated and not enrolled, beside what is stated: released again, or allocated on the last day
_RELEASED = 2
_WAITING = 2  # where the trial stated no number of allocations

_FAST = (
    (
        (
            Look(1, (Fate.NO_BENEFIT,) * 4 + (Fate.BENEFIT,) * 2 + (Fate.NO_BENEFIT,) * 2, 12, "expand"),
            Look(2, (Fate.NO_BENEFIT, Fate.BENEFIT, Fate.NO_BENEFIT), 3),
        ),
        [PROTARGET] * 7 + [IMPRESS] * 4,
    ),
    ((Look(1, (Fate.NO_BENEFIT,) * 8, 12, "close-futility"),), [PROTARGET] * 6 + [IMPRESS] * 2),
)


def nordic_history(chance: Random, facts: Facts, *, opened: Mapping[str, date], until: date) -> Iterator[Told]:
    """All but what is told of the trials themselves and their drugs. opened: each trial's first day."""
    arrived: Counter[str] = Counter()

    def arrival(patient: Patient, day: date) -> Iterator[Told]:
        arrived[patient.node] += 1
        yield patient.profiled(chance, max(opened[patient.node], day - timedelta(days=chance.randint(15, 40))))
        if patient.node == PROTARGET:
            yield patient.prescreened(day - timedelta(days=chance.randint(5, 12)))

    plans = list(nordic_plans())
    chance.shuffle(plans)
    plans.sort(key=lambda plan: plan.nodes != (PROTARGET, IMPRESS))  # those that may be fast come first
    cohorts = [(plan, _openings(chance, plan, opened, is_fast=at < len(_FAST))) for at, plan in enumerate(plans)]
    for plan, days in cohorts:
        yield Told(min(days.values()) - timedelta(days=10), plan.nodes[0], "cohort.defined", plan.as_json())
        for node, day in days.items():
            yield Told(day, node, "cohort.opened", {"cohort": plan.cohort, "on": day.isoformat()})

    enrolled: Counter[str] = Counter()
    for (looks, takers), (plan, days) in zip(_FAST, cohorts, strict=False):
        enrolled.update(takers)
        told = list(accrue(chance, Course(plan, days, looks, takers), arrival))
        yield from told
        if looks[-1].decision is not None:
            yield _closed(plan, max(each.day for each in told if each.type == "cohort.stage_decided"))
    yield from _slowly(chance, facts, cohorts[len(_FAST) :], enrolled, arrival, until)
    for node in _NODES:
        yield from _profiled_only(chance, facts.of(node), arrived[node], opened=opened[node], until=until)


def _openings(chance: Random, plan: Plan, opened: Mapping[str, date], *, is_fast: bool) -> dict[str, date]:
    days = {node: _OPENING_DAYS[node] for node in plan.nodes}
    return {
        node: opened[node] + timedelta(days=least if is_fast else chance.randint(least, most))
        for node, (least, most) in days.items()
    }


def _slowly(
    chance: Random,
    facts: Facts,
    cohorts: Sequence[tuple[Plan, Mapping[str, date]]],
    enrolled: Counter[str],
    arrival: Arrival,
    until: date,
) -> Iterator[Told]:
    """The patients of the cohorts that fill slowly. enrolled: by node, those of the others."""
    taken: Counter[str] = Counter()
    for node in _NODES:
        for fate in _fates_to_come(chance, facts.of(node), enrolled[node]):
            plan, opened = chance.choice(
                [each for each in cohorts if node in each[1] and taken[each[0].cohort] < _ROOM]
            )
            taken[plan.cohort] += 1
            day = until
            if fate is not None:
                last = (until - opened[node]).days - _BEFORE_START
                day = opened[node] + timedelta(days=chance.randint(1, last))
            patient = draw_patient(chance, node, day.year, tumour=plan.tumour, marker=plan.marker)
            yield from arrival(patient, day)
            yield from treat(chance, plan, patient, fate or Fate.NO_BENEFIT, allocated=day, stage=1).told


def _fates_to_come(chance: Random, facts: NodeFacts, enrolled: int) -> list[Fate | None]:
    """One for each patient to be allocated; None: allocated on the last day, so that nothing has followed yet."""
    stated = facts.figure("patients_enrolled") or facts.figure("treatments_started")
    treated = [chance.choice(_FATES) for _ in range(stated - enrolled)]
    waiting = facts.figure("cases_allocated") - stated - _RELEASED if facts.figure("cases_allocated") else _WAITING
    return [*treated, *[Fate.RELEASED] * _RELEASED, *[None] * waiting]


def _profiled_only(chance: Random, facts: NodeFacts, arrived: int, *, opened: date, until: date) -> Iterator[Told]:
    """Those whose profile led to no allocation. arrived: the others, all of whom had a potential target."""
    with_target = facts.figure("cases_prescreened_with_target") - arrived
    for number in range(facts.figure("cases_profiled") + _MORE_THAN_STATED.get(facts.node, 0) - arrived):
        day = opened + timedelta(days=chance.randint(0, (until - opened).days - _BEFORE_START))
        marker = chance.choice(list(MARKERS.values())) if number < with_target else None
        patient = draw_patient(chance, facts.node, day.year, marker=marker)
        yield patient.profiled(chance, day)
        if facts.node == PROTARGET and number < with_target + _WITHOUT_TARGET:
            yield patient.prescreened(day + timedelta(days=chance.randint(5, 12)))


def _closed(plan: Plan, decided: date) -> Told:
    day = decided + timedelta(days=5)
    reason = "none of the first eight benefited"
    data: dict[str, Json] = {"cohort": plan.cohort, "reason_code": "futility", "scope": "everywhere", "reason": reason}
    return Told(day, plan.nodes[0], "cohort.closed", {**data, "on": day.isoformat()})
