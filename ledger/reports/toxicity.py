"""Adverse events of everybody treated, in every stage: of CTCAE grade 3 and over, and serious ones, by term.

A source without grades gets none invented: what has a severity alone is counted apart, as without a grade.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ledger.clinical.suppression import Shown
from ledger.reports.patients import Adverse, Patient
from ledger.reports.rates import Basis, Rate, proportion

SEVERE = 3  # CTCAE grade
GRADES = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class OfGrade:
    """patients: by the worst grade of each."""

    grade: int
    patients: Shown


@dataclass(frozen=True, slots=True)
class Term:
    """A term as it was told, in lower case."""

    term: str
    patients: Shown
    events: Shown


@dataclass(frozen=True, slots=True)
class Events:
    """A kind of adverse event: the patients who had any, all events, and each term, the most frequent first.

    terms_hidden: whether terms are left out that would tell of a few.
    """

    patients: Rate
    events: Shown
    terms: tuple[Term, ...]
    terms_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Toxicity:
    """severe: of grade 3 and over, with `grades` the patients by their worst. ungraded: without a CTCAE grade.

    shut_events: told of, and not open; whoever had one is unknown, unless an open one is such an event already.
    """

    severe: Events
    grades: tuple[OfGrade, ...]
    serious: Events
    ungraded: Events
    shut_events: int


def toxicity(patients: Sequence[Patient], basis: Basis) -> Toxicity:
    worst = [worst_of(each) for each in patients]
    return Toxicity(
        severe=_events(patients, is_severe, basis, f"adverse events of CTCAE grade {SEVERE} and over"),
        grades=tuple(OfGrade(grade, worst.count(grade)) for grade in GRADES),
        serious=_events(patients, is_serious, basis, "serious adverse events"),
        ungraded=_events(patients, is_ungraded, basis, "adverse events without a CTCAE grade"),
        shut_events=sum(each.shut_events for each in patients),
    )


def is_severe(event: Adverse) -> bool:
    return event.grade is not None and event.grade >= SEVERE


def is_serious(event: Adverse) -> bool:
    return event.serious


def is_ungraded(event: Adverse) -> bool:
    return event.grade is None


def terms_of(patient: Patient, counts: Callable[[Adverse], bool]) -> list[str]:
    """The terms of those of a patient's events that count, one for each event."""
    return [event.term.lower() for event in patient.adverse if counts(event)]


def worst_of(patient: Patient) -> int:
    """The worst grade of a patient's events, 0 where none has a grade."""
    return max((each.grade or 0 for each in patient.adverse), default=0)


def _events(patients: Sequence[Patient], counts: Callable[[Adverse], bool], basis: Basis, label: str) -> Events:
    had = [terms_of(each, counts) for each in patients]
    unknown = sum(bool(each.shut_events) and not terms for each, terms in zip(patients, had, strict=True))
    with_any = sum(bool(terms) for terms in had)
    rate = proportion(
        with_any, len(patients) - unknown, basis, population="treated", unknown=unknown, label=f"with {label}"
    )
    return Events(rate, sum(map(len, had)), tuple(_terms(had)))


def _terms(had: Iterable[Sequence[str]]) -> list[Term]:
    """had: the terms of each patient's events."""
    events, patients = Counter[str](), Counter[str]()
    for terms in had:
        events.update(terms)
        patients.update(set(terms))
    found = [Term(term, patients[term], number) for term, number in events.items()]
    return sorted(found, key=lambda each: (-patients[each.term], -events[each.term], each.term))
