"""What a node says of its trial: that it exists, when it was open, which drugs it has, and its census in total."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.view import View, ended_after
from ledger.events.base import DatedEvent, Event, Need, ReasonGiven, ReasonRequired, put, refuse, stated
from ledger.events.fields import Date, Label, Payload, Regimen, Slug
from ledger.events.needs import ends, registered_trial
from ledger.names import When, regimen_name

Metric = Literal[
    "cases_submitted",
    "cases_profiled",
    "cases_prescreened_with_target",
    "cases_allocated",
    "patients_enrolled",
    "treatments_started",
    "treatments_started_stage_3",
    "cohorts_opened",
    "cohorts_opened_or_approved",
    "drugs_available",
    "combinations_available",
    "drugs_committed",
    "drugs_planned",
    "enrolment_target",
    "trial_opening",
]


class Registries(Payload):
    nct: Annotated[str, Field(pattern=r"^NCT[0-9]{8}$")] | None = None
    eudract: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{6}-[0-9]{2}$")] | None = None
    euct: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{6}-[0-9]{2}-[0-9]{2}$")] | None = None


class TrialRegistered(Event):
    TYPE = "trial.registered"
    WORDS = frozenset({"name", "country", "registries", "aliases"})
    name: Label
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    registries: Registries
    aliases: Annotated[list[Label], Field(max_length=20)]

    def check(self, view: View) -> None:
        if view.trial() is not None:
            raise refuse(f"{view.node} has registered its trial already: correct that event instead")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Trial,
            (view.node,),
            name=self.name,
            country=self.country,
            registries=self.registries.model_dump(exclude_none=True),
            aliases=list(self.aliases),
        )


class TrialOpened(DatedEvent):
    TYPE = "trial.opened"
    WORDS = frozenset({"source"})
    source: Label | None = None

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)
        yield from ends(view.database.under(rows.TrialPeriod.TABLE, view.node), "closed_on")

    def check(self, view: View) -> None:
        periods = view.database.under(rows.TrialPeriod.TABLE, view.node)
        if view.running_trial_period() is not None or ended_after(periods, "closed_on", self.on.last):
            raise refuse(f"the trial of {view.node} is open already on {self.on}, or was closed after it")

    def sets(self, view: View) -> Iterable[Set]:
        return put(rows.TrialPeriod, (view.node, view.event_id), opened_on=self.on.text, opening_source=self.source)


class TrialClosed(DatedEvent):
    TYPE = "trial.closed"
    Sealed = ReasonRequired
    WORDS = frozenset({"reason_code", "source"})
    reason_code: Slug
    source: Label | None = None

    def needs(self, view: View) -> Iterable[Need]:
        period = view.running_trial_period()
        yield Need(f"an opening of the trial of {view.node}", period.root("opened_on") if period else None)

    def check(self, view: View) -> None:
        if view.trial_period(self.on.last) is not view.running_trial_period():
            raise refuse(f"the trial of {view.node} was not open on {self.on}: close it on a day after its opening")

    def sets(self, view: View) -> Iterable[Set]:
        period = view.running_trial_period()
        assert period is not None
        return put(
            rows.TrialPeriod,
            period.key,
            closed_on=self.on.text,
            closing_source=self.source,
            closing_code=self.reason_code,
            closing_reason=self.commitments["reason"],
        )


def _supplies(view: View, regimen: list[str]) -> Iterable[Record]:
    """This node's supplies of a regimen, from the first on."""
    return view.database.under(rows.Supply.TABLE, view.node, regimen_name(tuple(regimen)))


class SupplyCommitted(Event):
    TYPE = "supply.committed"
    WORDS = frozenset({"company", "atc", "by"})
    regimen: Regimen
    company: Label | None = None
    atc: Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?$")] | None = None
    by: Date | None = None

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)
        yield from ends(_supplies(view, self.regimen), "withdrawn_on")

    def check(self, view: View) -> None:
        if view.supply(tuple(self.regimen)) is not None:
            raise refuse(f"{view.node} has {' + '.join(self.regimen)} committed or available already")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Supply,
            (view.node, regimen_name(tuple(self.regimen)), view.event_id),
            company=self.company,
            atc=self.atc,
            available_by=stated(self.by),
        )


class SupplyAvailable(DatedEvent):
    TYPE = "supply.available"
    regimen: Regimen

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)
        supply = view.supply(tuple(self.regimen))
        committed = None if supply is None else supply.root("company")
        if committed is not None:  # it goes on in the row of what was committed
            yield Need(f"{' + '.join(self.regimen)} committed at {view.node}", committed)
        yield from ends(_supplies(view, self.regimen), "withdrawn_on")

    def check(self, view: View) -> None:
        supply = view.supply(tuple(self.regimen))
        if supply is not None and supply.root("available_on") is not None:
            raise refuse(f"{' + '.join(self.regimen)} is available at {view.node} already")
        if ended_after(_supplies(view, self.regimen), "withdrawn_on", self.on.last):
            raise refuse(f"{' + '.join(self.regimen)} was withdrawn at {view.node} after {self.on}: give a later day")

    def sets(self, view: View) -> Iterable[Set]:
        committed = view.supply(tuple(self.regimen))
        key = committed.key if committed else (view.node, regimen_name(tuple(self.regimen)), view.event_id)
        return put(rows.Supply, key, available_on=self.on.text)


class SupplyWithdrawn(DatedEvent):
    TYPE = "supply.withdrawn"
    Sealed = ReasonGiven
    WORDS = frozenset({"reason_code"})
    regimen: Regimen
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)
        supply = view.supply(tuple(self.regimen))
        begun = None if supply is None else supply.root("available_on")
        if supply is not None and begun is None:
            begun = supply.root("company")
        yield Need(f"{' + '.join(self.regimen)} committed or available at {view.node}", begun)

    def check(self, view: View) -> None:
        supply = view.supply(tuple(self.regimen))
        assert supply is not None
        is_available = supply.root("available_on") is not None
        if is_available and view.available_supply(tuple(self.regimen), self.on.last) is not supply:
            raise refuse(f"{' + '.join(self.regimen)} was not available at {view.node} on {self.on} yet")

    def sets(self, view: View) -> Iterable[Set]:
        supply = view.supply(tuple(self.regimen))
        assert supply is not None
        return put(
            rows.Supply,
            supply.key,
            withdrawn_on=self.on.text,
            withdrawal_code=self.reason_code,
            withdrawal_reason=self.commitments["reason"],
        )


class CensusAttested(Event):
    """What a node says in total, with the words it was said in. Exactly one of `value` and `when`."""

    TYPE = "census.attested"
    WORDS = frozenset({"kind", "operator", "value", "when", "as_of", "by", "quote"})
    metric: Metric
    kind: Literal["count", "plan", "target", "unresolved"]
    operator: Literal["eq", "ge", "le"]
    value: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    when: Date | None = None
    as_of: Date
    by: Date | None = None
    quote: Label

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if (self.value is None) == (self.when is None):
            raise ValueError("a census gives a value or a date, one of them")
        if (self.when is not None) != (self.metric == "trial_opening"):
            raise ValueError("trial_opening is told by a date, every other metric by a number")
        return self

    def happened_on(self) -> When:
        return self.as_of

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Census,
            (view.node, self.metric, view.event_id),
            kind=self.kind,
            operator=self.operator,
            value=self.value,
            when=stated(self.when),
            as_of=self.as_of.text,
            by=stated(self.by),
            quote=self.quote,
        )


EVENTS: tuple[type[Event], ...] = (
    TrialRegistered,
    TrialOpened,
    TrialClosed,
    SupplyCommitted,
    SupplyAvailable,
    SupplyWithdrawn,
    CensusAttested,
)
