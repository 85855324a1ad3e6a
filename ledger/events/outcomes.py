"""What became of a patient in a cohort: assessments, the node's own claim, adverse events, survival. All sealed."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ledger.clinical.responses import RESPONSE_CODES, Criteria
from ledger.cohort import rows
from ledger.cohort.cells import RowKey, Set
from ledger.cohort.view import View
from ledger.events.base import Event, Need, put
from ledger.events.fields import CaseId, Label, Payload, Slug, StudyDay
from ledger.events.needs import episode_of, treatment

Millimetres = Annotated[int, Field(ge=0, le=10_000)]
ANY_CODE = frozenset[str]().union(*RESPONSE_CODES.values())


class Outcome(Event):
    """What all outcomes have: an episode that has started treatment."""

    case: CaseId
    cohort: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield treatment(view, self.cohort, self.case)

    def row_of_its_own(self, view: View) -> RowKey:
        return self.cohort, view.node, self.case, view.event_id


class AssessmentSealed(Payload):
    """day: study day, null where the source has no full date; a baseline has no response yet."""

    day: StudyDay | None
    criteria: Criteria
    response: str | None
    evaluator: Literal["investigator", "central"]
    target_sum_mm: Millimetres | None
    new_lesions: bool | None
    baseline: bool | None

    @model_validator(mode="after")
    def _code_of_its_scale(self) -> Self:
        if self.response is None and not self.baseline:
            raise ValueError("only a baseline has no response; write NE where it is not evaluable")
        if self.response is not None and self.response not in RESPONSE_CODES[self.criteria]:
            raise ValueError("the response is no code of these criteria")
        return self


class ResponseAssessed(Outcome):
    TYPE = "response.assessed"
    Sealed = AssessmentSealed

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.Assessment, self.row_of_its_own(view), **self.commitments)


class ClaimSealed(Payload):
    benefit: Literal["yes", "no", "not-evaluable"]
    best_response: str | None
    basis: Label | None

    @model_validator(mode="after")
    def _code_of_some_scale(self) -> Self:
        if self.best_response is not None and self.best_response not in ANY_CODE:
            raise ValueError("the best response is a code of no criteria")
        return self


class OutcomeDetermined(Outcome):
    """The node's own claim of benefit, held against its assessments by the reports. A later claim takes its place."""

    TYPE = "outcome.determined"
    Sealed = ClaimSealed

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.Episode, episode_of(view, self.cohort, self.case).key, **self.commitments)


class AdverseEventSealed(Payload):
    """ctcae_grade: 1 to 5, or null with a severity: a source without grades gets none invented."""

    day: StudyDay | None
    term: Label
    ctcae_grade: Annotated[int, Field(ge=1, le=5)] | None
    severity: Literal["mild", "moderate", "severe", "life-threatening", "fatal"] | None
    serious: bool
    related: bool | None
    outcome: Slug | None

    @model_validator(mode="after")
    def _graded_or_severe(self) -> Self:
        if self.ctcae_grade is None and self.severity is None:
            raise ValueError("an adverse event has a CTCAE grade, or where the source has none a severity")
        return self


class AdverseEventReported(Outcome):
    TYPE = "adverse_event.reported"
    Sealed = AdverseEventSealed

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.AdverseEvent, self.row_of_its_own(view), **self.commitments)


class SurvivalSealed(Payload):
    day: StudyDay | None
    status: Literal["alive", "dead"]
    cause: Slug | None


class SurvivalUpdated(Outcome):
    TYPE = "survival.updated"
    Sealed = SurvivalSealed

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.SurvivalUpdate, self.row_of_its_own(view), **self.commitments)


EVENTS: tuple[type[Event], ...] = (
    ResponseAssessed,
    OutcomeDetermined,
    AdverseEventReported,
    SurvivalUpdated,
)
