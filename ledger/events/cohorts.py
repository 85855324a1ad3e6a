"""Cohorts: a definition is the alliance's, an opening is a node's, and a stage is decided by the design's own rule."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ledger.clinical.two_stage import decisions_allowed, decisions_at
from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.columns import Row
from ledger.cohort.view import View, date_of, ended_after, text
from ledger.events.base import DatedEvent, Event, Need, ReasonGiven, ReasonRequired, plain, put, refuse
from ledger.events.fields import CaseId, Decimal, Flag, Label, OncoTree, Payload, PlannedStage, Regimen, Slug
from ledger.events.needs import decisions_before, ends
from ledger.names import When

Years = Annotated[int, Field(ge=0, le=130)]


class Tumour(Payload):
    """Either any tumour, or the ones that have one of these OncoTree codes."""

    agnostic: Flag | None = None
    oncotree: Annotated[list[OncoTree], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.agnostic is None) == (self.oncotree is None):
            raise ValueError("a tumour is agnostic, or has oncotree codes, one of them")
        return self


class Range(Payload):
    """A measure's limits, `from` included and `to` excluded; a limit left out is none."""

    measure: Slug
    from_: Annotated[int | Decimal | None, Field(alias="from")] = None
    to: int | Decimal | None = None
    unit: Annotated[str, Field(min_length=1, max_length=40)]


class Biomarker(Payload):
    label: Label
    gene: Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$", max_length=40)] | None = None
    class_: Annotated[Slug | None, Field(alias="class")] = None
    range: Range | None = None


class Ages(Payload):
    """In years, both included; a limit left out is none."""

    from_: Annotated[Years | None, Field(alias="from")] = None
    to: Years | None = None


class CohortDefined(Event):
    TYPE = "cohort.defined"
    WORDS = frozenset({"label", "tumour", "biomarker", "ages", "line", "endpoint"})
    cohort: Slug
    label: Label
    tumour: Tumour
    biomarker: Biomarker
    regimen: Regimen
    ages: Ages | None = None
    line: Slug | None = None
    design: Slug
    endpoint: Slug
    accrual: Literal["pooled", "per-trial"]

    def needs(self, view: View) -> Iterable[Need]:
        for subject, slug in (("design", self.design), ("endpoint", self.endpoint)):
            resolution = view.in_force(slug, subject)
            yield Need(f"a {subject} {slug} in force", resolution.root("in_force_at") if resolution else None)

    def check(self, view: View) -> None:
        if view.cohort(self.cohort) is not None:
            raise refuse(f"a cohort named {self.cohort} is defined already: choose another name")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Cohort,
            (self.cohort,),
            defined_by=view.node,
            label=self.label,
            tumour=plain(self.tumour),
            biomarker=plain(self.biomarker),
            regimen=list(self.regimen),
            ages=plain(self.ages),
            line=self.line,
            design=self.design,
            endpoint=self.endpoint,
            accrual=self.accrual,
        )


def definition_of(view: View, cohort: str) -> Need:
    definition = view.cohort(cohort)
    return Need(f"a definition of cohort {cohort}", definition.root("label") if definition else None)


class CohortOpened(DatedEvent):
    TYPE = "cohort.opened"
    cohort: Slug

    def needs(self, view: View) -> Iterable[Need]:
        definition = definition_of(view, self.cohort)
        yield definition
        if definition.event is None:
            return
        period = view.trial_period(self.on.last)
        yield Need(f"the trial of {view.node} open on {self.on}", period.root("opened_on") if period else None)
        regimen = _regimen_of(view, self.cohort)
        supply = view.available_supply(regimen, self.on.last)
        yield Need(
            f"{' + '.join(regimen)} available at {view.node} on {self.on}",
            supply.root("available_on") if supply else None,
        )
        yield from ends(view.database.under(rows.CohortOpening.TABLE, self.cohort, view.node), "closed_on")

    def check(self, view: View) -> None:
        openings = view.database.under(rows.CohortOpening.TABLE, self.cohort, view.node)
        if view.running_opening(self.cohort) is not None:
            raise refuse(f"cohort {self.cohort} is open at {view.node} already")
        if ended_after(openings, "closed_on", self.on.last):
            raise refuse(f"cohort {self.cohort} was closed at {view.node} after {self.on}: give a later day")
        if _cohort(view, self.cohort).root("closed_on") is not None:
            raise refuse(f"cohort {self.cohort} is closed everywhere")

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.CohortOpening, (self.cohort, view.node, view.event_id), opened_on=self.on.text)


def opened_here(view: View, cohort: str) -> Need:
    opening = view.running_opening(cohort)
    return Need(f"an opening of cohort {cohort} at {view.node}", opening.root("opened_on") if opening else None)


class CohortSuspended(DatedEvent):
    TYPE = "cohort.suspended"
    Sealed = ReasonGiven
    WORDS = frozenset({"reason_code"})
    cohort: Slug
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield opened_here(view, self.cohort)
        yield from ends(view.database.under(rows.Suspension.TABLE, self.cohort, view.node), "resumed_on")

    def check(self, view: View) -> None:
        _check_open_here(view, self.cohort, self.on)
        suspensions = view.database.under(rows.Suspension.TABLE, self.cohort, view.node)
        if view.running_suspension(self.cohort) is not None:
            raise refuse(f"cohort {self.cohort} is suspended at {view.node} already")
        if ended_after(suspensions, "resumed_on", self.on.last):
            raise refuse(f"cohort {self.cohort} was resumed at {view.node} after {self.on}: give a later day")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Suspension,
            (self.cohort, view.node, view.event_id),
            suspended_on=self.on.text,
            suspension_code=self.reason_code,
            suspension_reason=self.commitments["reason"],
        )


class CohortResumed(DatedEvent):
    TYPE = "cohort.resumed"
    Sealed = ReasonGiven
    WORDS = frozenset({"reason_code"})
    cohort: Slug
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        suspension = view.running_suspension(self.cohort)
        yield Need(
            f"a suspension of cohort {self.cohort} at {view.node}",
            suspension.root("suspended_on") if suspension else None,
        )

    def check(self, view: View) -> None:
        _check_open_here(view, self.cohort, self.on)
        if view.suspension(self.cohort, self.on.last) is not view.running_suspension(self.cohort):
            raise refuse(f"cohort {self.cohort} was not suspended at {view.node} on {self.on} yet")

    def sets(self, view: View) -> Iterable[Set]:
        suspension = view.running_suspension(self.cohort)
        assert suspension is not None
        return put(
            rows.Suspension,
            suspension.key,
            resumed_on=self.on.text,
            resumption_code=self.reason_code,
            resumption_reason=self.commitments["reason"],
        )


class CohortClosed(DatedEvent):
    """Closed `here` ends this node's opening. Closed `everywhere`, by its definer alone, ends the cohort itself; every
    opening of it ends with that, at the definer too, who may have closed here before. Where the definer was removed,
    any member closes what is pooled once a decision has ended it.
    """

    TYPE = "cohort.closed"
    Sealed = ReasonRequired
    WORDS = frozenset({"reason_code"})
    cohort: Slug
    reason_code: Literal[
        "completed",
        "futility",
        "no-activity",
        "success",
        "drug-withdrawn",
        "registered",
        "slow-accrual",
        "safety",
        "merged",
        "other",
    ]
    scope: Literal["here", "everywhere"]

    def needs(self, view: View) -> Iterable[Need]:
        yield opened_here(view, self.cohort) if self.scope == "here" else definition_of(view, self.cohort)

    def check(self, view: View) -> None:
        definition = _cohort(view, self.cohort)
        if self.scope == "everywhere":
            definer = text(definition, "defined_by")
            is_orphaned = view.was_removed(definer) and view.is_pooled(self.cohort) and view.stage(self.cohort) is None
            if definer != view.node and not is_orphaned:
                raise refuse(f"only {definer}, which defined {self.cohort}, closes it everywhere")
            if definition.root("closed_on") is not None:
                raise refuse(f"cohort {self.cohort} is closed everywhere already")
            for opening in view.database.under(rows.CohortOpening.TABLE, self.cohort):
                if not date_of(opening.value("opened_on")).is_past(self.on.last):
                    raise refuse(f"cohort {self.cohort} was opened at {opening.key[1]} after {self.on}")
        else:
            _check_open_here(view, self.cohort, self.on)

    def sets(self, view: View) -> Iterable[Set]:
        opening = view.running_opening(self.cohort)
        row_type: type[Row] = rows.Cohort
        key: tuple[str, ...] = (self.cohort,)
        if self.scope == "here":
            assert opening is not None
            row_type, key = rows.CohortOpening, opening.key
        return put(
            row_type,
            key,
            closed_on=self.on.text,
            closing_code=self.reason_code,
            closing_reason=self.commitments["reason"],
        )


class NodeCase(Payload):
    node: Slug
    case: CaseId


class CohortStageDecided(Event):
    """The decision at a look of the two-stage design, on the first so many evaluable cases in order.

    data_cut: the log index as of which they were counted; it names an entry before this one. Where accrual is pooled
    the definer decides; once that one was removed, any member that names a decision resolution of the alliance.
    """

    TYPE = "cohort.stage_decided"
    cohort: Slug
    stage: PlannedStage
    evaluable: Annotated[list[NodeCase], Field(max_length=1000)]
    benefits: Annotated[int, Field(ge=0)]
    decision: Literal["expand", "close-futility", "close-no-activity", "success", "stage-3"]
    data_cut: Annotated[int, Field(ge=0)]
    override: Slug | None = None

    def needs(self, view: View) -> Iterable[Need]:
        yield definition_of(view, self.cohort)
        if view.cohort(self.cohort) is None:
            return
        found = {(each.key[1], each.key[2]): each for each in view.evaluable_in_order(self.cohort, self.data_cut)}
        for each in self.evaluable:
            episode = found.get((each.node, each.case))
            yield Need(
                f"case {each.case} of {each.node} found evaluable in {self.cohort} by entry {self.data_cut}",
                episode.root("evaluable") if episode else None,
            )
        yield from decisions_before(view, self.cohort)

    def check(self, view: View) -> None:
        self._check_decider(view)
        if view.decision(self.cohort, self.stage) is not None:
            raise refuse(f"stage {self.stage} of cohort {self.cohort} is decided already")
        if view.stage(self.cohort) != self.stage:
            raise refuse(f"cohort {self.cohort} is not in stage {self.stage}")
        excused = self._excused(view)
        if self.data_cut >= view.index:
            raise refuse("data_cut names an entry that is not there yet")
        self._check_cases(view, any_number="cases" in excused)
        if self.benefits > len(self.evaluable):
            raise refuse("there are more benefits than evaluable cases")
        if "decision" in excused:
            if self.decision not in decisions_at(self.stage):
                raise refuse(f"{self.decision} is no decision at the end of stage {self.stage}, whatever is excused")
        elif self.decision not in decisions_allowed(view.design_of(self.cohort), self.stage, self.benefits):
            raise refuse(f"{self.decision} is not the design's decision at {self.benefits} of {len(self.evaluable)}")

    def _check_decider(self, view: View) -> None:
        definer = text(_cohort(view, self.cohort), "defined_by")
        if not view.is_pooled(self.cohort) or definer == view.node:
            return
        if not view.was_removed(definer):
            raise refuse(f"accrual is pooled: only {definer}, which defined it, decides")
        if self.override is None:
            raise refuse(f"{definer}, which defined it, was removed: name the alliance's decision resolution")

    def _excused(self, view: View) -> frozenset[str]:
        """What the design need not be followed in, by the resolution that the decision names."""
        if self.override is None:
            return frozenset()
        agreed = view.in_force(self.override, "decision")
        if agreed is None:
            raise refuse(f"no decision resolution {self.override} is in force")
        content = agreed.value("content")
        assert isinstance(content, dict)
        if (content["cohort"], content["stage"]) != (self.cohort, self.stage):
            raise refuse(f"{self.override} is about another cohort or stage")
        off_design = content["off_design"]
        assert isinstance(off_design, list)
        return frozenset(map(str, off_design))

    def _check_cases(self, view: View, *, any_number: bool) -> None:
        """The first so many, in order. any_number: fewer or more than the design asks for are excused."""
        wanted = len(self.evaluable) if any_number else view.design_of(self.cohort).size_of(self.stage)
        first = view.evaluable_in_order(self.cohort, self.data_cut)[:wanted]
        if len(first) < wanted:
            raise refuse(f"stage {self.stage} is decided on {wanted} evaluable cases; there are {len(first)}")
        if [(each.node, each.case) for each in self.evaluable] != [(each.key[1], each.key[2]) for each in first]:
            raise refuse(f"evaluable must be the first {wanted} evaluable cases, in the order their treatment started")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.StageDecision,
            (self.cohort, view.node, str(self.stage)),
            evaluable=[plain(each) for each in self.evaluable],
            benefits=self.benefits,
            decision=self.decision,
            data_cut=self.data_cut,
            override=self.override,
        )


def _check_open_here(view: View, cohort: str, on: When) -> None:
    """The day lies in the opening that runs, not in an earlier one."""
    opening = view.opening(cohort, on.last)
    if opening is None or opening is not view.running_opening(cohort):
        raise refuse(f"cohort {cohort} is not open at {view.node} on {on}")


def _cohort(view: View, cohort: str) -> Record:
    definition = view.cohort(cohort)
    assert definition is not None
    return definition


def _regimen_of(view: View, cohort: str) -> tuple[str, ...]:
    regimen = _cohort(view, cohort).value("regimen")
    assert isinstance(regimen, list)
    return tuple(str(drug) for drug in regimen)


EVENTS: tuple[type[Event], ...] = (
    CohortDefined,
    CohortOpened,
    CohortSuspended,
    CohortResumed,
    CohortClosed,
    CohortStageDecided,
)
