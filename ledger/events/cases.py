"""A patient's way, told by a random handle: submitted, profiled, prescreened, allocated, enrolled, treated.

An episode is a case in one cohort, from an allocation on; an allocation after a release begins a new one. Everything
about the person is sealed.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from ledger.cohort import rows
from ledger.cohort.cells import Set
from ledger.cohort.view import View
from ledger.events.base import DatedEvent, Event, Need, ReasonGiven, put, refuse
from ledger.events.fields import CaseId, Decimal, Label, OncoTree, Payload, Slug, Stage, StudyDay
from ledger.events.needs import (
    allocation,
    decisions_before,
    ends,
    enrolment,
    episode_of,
    known_case,
    registered_trial,
    treatment,
)

Sex = Literal["female", "male", "other", "unknown"]
BirthYear = Annotated[int, Field(ge=1900, le=2100)]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Variant(Payload):
    """One finding. vaf_percent: variant allele fraction, a whole number or a decimal text."""

    gene: Annotated[str, Field(min_length=1, max_length=40)]
    hgvs: Annotated[str, Field(max_length=200)] | None = None
    class_: Annotated[Slug, Field(alias="class")]
    vaf_percent: Annotated[int, Field(ge=0, le=100)] | Decimal | None = None


Variants = Annotated[list[Variant], Field(max_length=500)]


class CaseSubmitted(DatedEvent):
    TYPE = "case.submitted"
    WORDS = frozenset({"on"})
    case: CaseId

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)

    def check(self, view: View) -> None:
        if view.case(self.case) is not None:
            raise refuse(f"case {self.case} of {view.node} is known already")

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.Case, (view.node, self.case), submitted_on=self.on.text)


class ProfileSealed(Payload):
    sex: Sex
    birth_year: BirthYear
    oncotree: OncoTree
    icd10: Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}(\.[0-9]{1,4})?$")] | None
    variants: Variants
    tmb_per_10mb: Count | None
    msi: Literal["msi-high", "msi-low", "mss"] | None
    prior_lines: Count | None


class CaseProfiled(DatedEvent):
    TYPE = "case.profiled"
    Sealed = ProfileSealed
    WORDS = frozenset({"on", "assay"})
    case: CaseId
    assay: Literal["wgs", "wes", "panel", "rna", "ihc", "other"]

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)

    def check(self, view: View) -> None:
        if view.database.row(rows.Profile.TABLE, (view.node, self.case)) is not None:
            raise refuse(f"case {self.case} of {view.node} is profiled already")

    def sets(self, view: View) -> Iterable[Set]:
        key = (view.node, self.case)
        return put(rows.Profile, key, profiled_on=self.on.text, assay=self.assay, **self.commitments)


class PrescreeningSealed(Payload):
    targets: Annotated[list[Label], Field(max_length=50)] | None


class CasePrescreened(DatedEvent):
    TYPE = "case.prescreened"
    Sealed = PrescreeningSealed
    WORDS = frozenset({"on", "potential_target"})
    case: CaseId
    potential_target: bool

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Prescreening,
            (view.node, self.case, view.event_id),
            prescreened_on=self.on.text,
            potential_target=self.potential_target,
            **self.commitments,
        )


class CaseAllocated(DatedEvent):
    """Takes a place in a cohort. Two nodes that want the last one: the log's order decides."""

    TYPE = "case.allocated"
    OF_THE_INDEX = frozenset({"case", "cohort"})
    case: CaseId
    cohort: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield known_case(view, self.case)
        opening = view.opening(self.cohort, self.on.last)
        yield Need(
            f"cohort {self.cohort} open at {view.node} on {self.on}", opening.root("opened_on") if opening else None
        )
        yield from ends(view.database.under(rows.Episode.TABLE, self.cohort, view.node, self.case), "released_on")
        yield from decisions_before(view, self.cohort)

    def check(self, view: View) -> None:
        if view.suspension(self.cohort, self.on.last) is not None:
            raise refuse(f"cohort {self.cohort} is suspended at {view.node} on {self.on}")
        if view.episode(self.cohort, self.case) is not None:
            raise refuse(f"case {self.case} of {view.node} is in cohort {self.cohort} already")
        if view.stage(self.cohort) is None:
            raise refuse(f"a decision has ended cohort {self.cohort}: no case is allocated any more")

    def check_at_index(self, view: View) -> None:
        if view.places_left(self.cohort) == 0:
            raise refuse(f"no place is left in stage {view.stage(self.cohort)} of cohort {self.cohort}")

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.Episode, (self.cohort, view.node, self.case, view.event_id), allocated_on=self.on.text)


class CaseReleased(DatedEvent):
    TYPE = "case.released"
    Sealed = ReasonGiven
    WORDS = frozenset({"on", "reason_code"})
    case: CaseId
    cohort: Slug
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield allocation(view, self.cohort, self.case)

    def check(self, view: View) -> None:
        if episode_of(view, self.cohort, self.case).root("started_on") is not None:
            raise refuse(f"case {self.case} has started treatment in {self.cohort}: it is not released any more")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Episode,
            episode_of(view, self.cohort, self.case).key,
            released_on=self.on.text,
            release_code=self.reason_code,
            release_reason=self.commitments["reason"],
        )


class EnrolmentSealed(Payload):
    ecog: Annotated[int, Field(ge=0, le=5)]
    sex: Sex
    birth_year: BirthYear
    oncotree: OncoTree
    variants: Variants
    prior_lines: Count
    consent_version: Annotated[str, Field(min_length=1, max_length=40)]


class PatientEnrolled(DatedEvent):
    TYPE = "patient.enrolled"
    Sealed = EnrolmentSealed
    WORDS = frozenset({"on"})
    case: CaseId
    cohort: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield allocation(view, self.cohort, self.case)

    def check(self, view: View) -> None:
        if episode_of(view, self.cohort, self.case).root("enrolled_on") is not None:
            raise refuse(f"case {self.case} is enrolled in {self.cohort} already")

    def sets(self, view: View) -> Iterable[Set]:
        key = episode_of(view, self.cohort, self.case).key
        return put(rows.Episode, key, enrolled_on=self.on.text, **self.commitments)


class Dose(Payload):
    drug: Label
    amount: Annotated[int, Field(ge=0)] | Decimal
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    schedule: Label | None = None


class TreatmentSealed(Payload):
    doses: Annotated[list[Dose], Field(max_length=50)] | None


class TreatmentStarted(DatedEvent):
    TYPE = "treatment.started"
    Sealed = TreatmentSealed
    WORDS = frozenset({"on"})
    case: CaseId
    cohort: Slug
    stage: Stage

    def needs(self, view: View) -> Iterable[Need]:
        yield enrolment(view, self.cohort, self.case)
        yield from decisions_before(view, self.cohort)

    def check(self, view: View) -> None:
        if episode_of(view, self.cohort, self.case).root("started_on") is not None:
            raise refuse(f"case {self.case} has started treatment in {self.cohort} already")
        stage = view.stage(self.cohort)
        if stage is None:
            raise refuse(f"a decision has ended cohort {self.cohort}: no treatment is started any more")
        if stage != self.stage:
            raise refuse(f"cohort {self.cohort} is in stage {stage}, not in stage {self.stage}")

    def sets(self, view: View) -> Iterable[Set]:
        key = episode_of(view, self.cohort, self.case).key
        return put(rows.Episode, key, started_on=self.on.text, stage=self.stage, **self.commitments)


class EndSealed(Payload):
    day: StudyDay | None
    reason: Literal["progression", "toxicity", "death", "choice", "other"]


class TreatmentEnded(Event):
    TYPE = "treatment.ended"
    Sealed = EndSealed
    case: CaseId
    cohort: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield treatment(view, self.cohort, self.case)

    def check(self, view: View) -> None:
        if episode_of(view, self.cohort, self.case).root("end_day") is not None:
            raise refuse(f"the treatment of case {self.case} in {self.cohort} has ended already")

    def sets(self, view: View) -> Iterable[Set]:
        key = episode_of(view, self.cohort, self.case).key
        return put(rows.Episode, key, end_day=self.commitments["day"], end_reason=self.commitments["reason"])


class EvaluabilityDetermined(Event):
    """Whether the episode counts in the design. rule: the protocol's rule that says so, as a slug."""

    TYPE = "evaluability.determined"
    WORDS = frozenset({"rule"})
    case: CaseId
    cohort: Slug
    evaluable: bool
    rule: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield treatment(view, self.cohort, self.case)

    def check(self, view: View) -> None:
        if episode_of(view, self.cohort, self.case).root("evaluable") is not None:
            raise refuse(f"whether case {self.case} is evaluable is determined already: correct that event instead")

    def sets(self, view: View) -> Iterable[Set]:
        key = episode_of(view, self.cohort, self.case).key
        return put(rows.Episode, key, evaluable=self.evaluable, evaluability_rule=self.rule)


class ConsentWithdrawn(DatedEvent):
    TYPE = "consent.withdrawn"
    AFTER_REMOVAL = True
    WORDS = frozenset({"on", "scope"})
    case: CaseId
    scope: Literal["treatment", "follow-up", "sharing", "all"]

    def needs(self, view: View) -> Iterable[Need]:
        yield known_case(view, self.case)

    def sets(self, view: View) -> Iterable[Set]:
        key = (view.node, self.case, view.event_id)
        return put(rows.ConsentWithdrawal, key, withdrawn_on=self.on.text, scope=self.scope)


EVENTS: tuple[type[Event], ...] = (
    CaseSubmitted,
    CaseProfiled,
    CasePrescreened,
    CaseAllocated,
    CaseReleased,
    PatientEnrolled,
    TreatmentStarted,
    TreatmentEnded,
    EvaluabilityDetermined,
    ConsentWithdrawn,
)
