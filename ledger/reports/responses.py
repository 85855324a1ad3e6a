"""Objective responses: how many patients had a complete or partial one, and what was the best of each.

Counted are those of the endpoint's denominator, as everywhere; what counts as a response, and when it is confirmed, is
the endpoint's. Whoever has a course that is shut is unknown. A patient whose best response cannot be said is one
without a response: the rate is of all whose course is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.clinical.benefit import Endpoint
from ledger.clinical.responses import RESPONSE_CODES, kind_of
from ledger.clinical.suppression import Shown
from ledger.reports.patients import Patient
from ledger.reports.rates import Basis, Population, Rate, proportion

NO_ASSESSMENT = "none"
BEST: tuple[str, ...] = (
    "complete",
    "partial",
    "stable",
    "unconfirmed-progression",
    "progression",
    "not-evaluable",
    NO_ASSESSMENT,
)
RESPONSES = frozenset({"complete", "partial"})


@dataclass(frozen=True, slots=True)
class BestResponse:
    """kind: what the codes of all scales have in common, or `none` where there is no assessment. patients: a count, or
    the word that stands for it.
    """

    kind: str
    patients: Shown


@dataclass(frozen=True, slots=True)
class Responses:
    """objective: confirmed, where the endpoint asks for that. best: every kind once, with the confirmed ones."""

    objective: Rate
    unconfirmed: Rate
    best: tuple[BestResponse, ...]


def responses(patients: Sequence[Patient], endpoint: Endpoint, basis: Basis) -> Responses:
    """patients: of the endpoint's denominator, in stages that the design plans."""
    known = [each for each in patients if each.outcome.computed is not None]
    best = [kind_of_best(each, endpoint, confirmed=True) for each in known]
    single = [kind_of_best(each, endpoint, confirmed=False) for each in known]
    confirmed = "confirmed" if endpoint.confirm_days else "no confirmation asked for"
    unknown = len(patients) - len(known)
    return Responses(
        objective=_rate(best, basis, endpoint.denominator, unknown, f"objective response, {confirmed}"),
        unconfirmed=_rate(single, basis, endpoint.denominator, unknown, "objective response, confirmed or not"),
        best=tuple(BestResponse(kind, best.count(kind)) for kind in BEST),
    )


def _rate(kinds: Sequence[str], basis: Basis, population: Population, unknown: int, label: str) -> Rate:
    responded = sum(each in RESPONSES for each in kinds)
    return proportion(responded, len(kinds), basis, population=population, unknown=unknown, label=label)


def kind_of_best(patient: Patient, endpoint: Endpoint, *, confirmed: bool) -> str:
    """The kind of the best response of a patient whose course is known. Its code is of a scale that the course uses."""
    computed, course = patient.outcome.computed, patient.outcome.course
    assert computed is not None
    assert course is not None
    code = computed.best if confirmed else computed.best_unconfirmed
    if code is None:
        return NO_ASSESSMENT
    scales = [each.criteria for each in course.assessments if each.criteria in endpoint.criteria]
    return next((kind_of(scale, code) for scale in scales if code in RESPONSE_CODES[scale]), "not-evaluable")
