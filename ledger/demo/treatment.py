"""From an allocation on: what becomes of a synthetic patient in a cohort.

Whether a patient benefits is decided by the course of the cohort; here the assessments are drawn that bear it out
under both endpoints of the demonstration: stable disease or better at week 16, a response confirmed eight weeks on.
"""

from datetime import date, timedelta
from enum import Enum
from random import Random  # noqa: TID251 - synthetic patients are drawn from a seed, on purpose
from typing import NamedTuple

from ledger.demo.catalogue import TUMOURS, Plan
from ledger.demo.history import Told
from ledger.demo.patients import Patient
from ledger.signing.canonical import Json

_WEEK_8, _WEEK_16 = 57, 113  # study days: the first treatment is on day 1
_TOXICITIES = (
    ("fatigue", 1), ("fatigue", 2), ("nausea", 1), ("diarrhoea", 2), ("rash maculo-papular", 2), ("anaemia", 2),
    ("anaemia", 3), ("alanine aminotransferase increased", 3), ("pneumonitis", 3), ("hypertension", 3), ("sepsis", 4),
)  # fmt: skip


class Fate(Enum):
    """How an episode goes; two of them free the place that the allocation took."""

    BENEFIT = "benefit"
    NO_BENEFIT = "no benefit"
    NOT_EVALUABLE = "not evaluable"
    RELEASED = "released"

    @property
    def frees_place(self) -> bool:
        return self in (Fate.NOT_EVALUABLE, Fate.RELEASED)


class Episode(NamedTuple):
    """told: everything about it, in order. settled: the day on which its place was freed, or it was found evaluable."""

    told: tuple[Told, ...]
    settled: date


def treat(chance: Random, plan: Plan, patient: Patient, fate: Fate, *, allocated: date, stage: int) -> Episode:
    """An episode without an end in time: what lies after the day of the demonstration is for the caller to leave out.

    Treatment starts 5 to 12 days after the allocation.
    """
    way = _Way(chance, plan, patient, allocated)
    way.dates(0, "case.allocated")
    if fate is Fate.RELEASED:
        code, reason = chance.choice((("deterioration", "declined before the first cycle"), ("choice", "chose not to")))
        settled = way.dates(chance.randint(6, 15), "case.released", reason_code=code, reason=reason)
        return Episode(tuple(way.told), settled)
    ecog, version = chance.choice((0, 0, 1, 1, 1, 2)), f"{chance.randint(1, 5)}.0"
    way.dates(chance.randint(2, 5), "patient.enrolled", ecog=ecog, consent_version=version, **patient.shared)
    way.day_1 = way.dates(chance.randint(3, 7), "treatment.started", stage=stage)
    way.assessed(1, None, round(chance.triangular(18, 160, 50)), baseline=True)
    settled = {
        Fate.BENEFIT: _benefits,
        Fate.NO_BENEFIT: _progresses,
        Fate.NOT_EVALUABLE: _stops_early,
    }[fate](way)
    return Episode(tuple(way.told), settled)


class _Way:
    """One episode being told: each thing so many days after the last, or on a study day."""

    def __init__(self, chance: Random, plan: Plan, patient: Patient, allocated: date) -> None:
        self.chance, self.plan, self.patient = chance, plan, patient
        self.day = self.day_1 = allocated
        self.told: list[Told] = []

    def says(self, later: int, event_type: str, /, **data: Json) -> date:
        self.day += timedelta(days=later)
        self.told.append(self.patient.tells(self.day, event_type, cohort=self.plan.cohort, **data))
        return self.day

    def dates(self, later: int, event_type: str, /, **data: Json) -> date:
        return self.says(later, event_type, on=(self.day + timedelta(days=later)).isoformat(), **data)

    def on_day(self, study_day: int, event_type: str, /, **data: Json) -> date:
        later = (self.day_1 + timedelta(days=study_day - 1) - self.day).days
        return self.says(later, event_type, day=study_day, **data)

    def assessed(self, study_day: int, response: str | None, sum_mm: int, *, baseline: bool | None = None) -> None:
        criteria = TUMOURS[self.plan.tumour].criteria
        new_lesions = None if baseline else response == "PD" and self.chance.random() < 0.5
        self.on_day(
            study_day, "response.assessed", criteria=criteria, response=response, evaluator="investigator",
            target_sum_mm=sum_mm, new_lesions=new_lesions, baseline=baseline,
        )  # fmt: skip
        self.sum_mm = sum_mm

    def toxicity(self, study_day: int) -> None:
        if self.chance.random() < 0.4:
            term, grade = self.chance.choice(_TOXICITIES)
            self.on_day(
                study_day, "adverse_event.reported", term=term, ctcae_grade=grade, serious=grade > 2,
                related=self.chance.random() < 0.7, outcome="recovered" if grade < 4 else "recovering",
            )  # fmt: skip

    def judged(self, *, evaluable: bool, rule: str, benefit: str, best: str | None, basis: str) -> date:
        settled = self.says(self.chance.randint(2, 7), "evaluability.determined", evaluable=evaluable, rule=rule)
        self.says(0, "outcome.determined", benefit=benefit, best_response=best, basis=basis)
        return settled

    def followed(self, study_day: int, *, dead: float) -> None:
        """study_day: of the end of treatment. dead: the share of such patients of whom a death is told later."""
        later = study_day + self.chance.randint(30, 300)
        if self.chance.random() < dead:
            self.on_day(later, "survival.updated", status="dead", cause="disease")
        elif self.chance.random() < 0.3:
            self.on_day(later, "survival.updated", status="alive", cause=None)


def _benefits(way: _Way) -> date:
    way.toxicity(way.chance.randint(8, 45))
    response = way.chance.choice(("CR", "PR", "PR", "PR", "SD", "SD", "SD"))
    shrunk = {"CR": 0, "PR": way.sum_mm * 55 // 100, "SD": way.sum_mm * 95 // 100}[response]
    week_16 = _WEEK_16 + way.chance.randint(0, 7)
    way.assessed(_WEEK_8 + way.chance.randint(-3, 3), response, shrunk)
    way.assessed(week_16, response, shrunk)
    basis = "stable disease at week 16" if response == "SD" else "response at week 8, confirmed at week 16"
    settled = way.judged(evaluable=True, rule="treated-and-assessed", benefit="yes", best=response, basis=basis)
    ended = week_16 + way.chance.randint(30, 500)
    way.on_day(ended, "treatment.ended", reason="progression")
    way.followed(ended, dead=0.35)
    return settled


def _progresses(way: _Way) -> date:
    way.toxicity(way.chance.randint(8, 45))
    study_day, best = _WEEK_8 + way.chance.randint(-3, 3), "PD"
    if way.chance.random() < 0.3:
        way.assessed(study_day, "SD", way.sum_mm)
        study_day, best = _WEEK_16 + way.chance.randint(-5, 0), "SD"
    way.assessed(study_day, "PD", way.sum_mm * 130 // 100 + 5)
    basis = "progression by week 16" if best == "SD" else "progression at week 8"
    settled = way.judged(evaluable=True, rule="treated-and-assessed", benefit="no", best=best, basis=basis)
    ended = study_day + way.chance.randint(7, 14)
    way.on_day(ended, "treatment.ended", reason="progression")
    way.followed(ended, dead=0.5)
    return settled


def _stops_early(way: _Way) -> date:
    ended = way.chance.randint(9, 25)
    way.on_day(ended, "treatment.ended", reason=way.chance.choice(("toxicity", "choice", "other")))
    settled = way.judged(
        evaluable=False, rule="no-full-cycle", benefit="not-evaluable", best=None, basis="no assessment after baseline"
    )
    way.followed(ended, dead=0.4)
    return settled
