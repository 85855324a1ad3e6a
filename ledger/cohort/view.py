"""What rules may see: the database read-only, from the place of the event that is being judged.

A period (of a trial, a supply, a cohort at a node, a suspension) is one row, from the event that began it to the one
that ended it. Whether something is open is asked for a day; places and stage are asked for this place in the log.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from ledger.clinical.two_stage import Design
from ledger.cohort.cells import Record
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.places import PLANNED_STAGES, places_left, stage_after, takes_place
from ledger.errors import MalformedError
from ledger.names import When, regimen_name
from ledger.signing.canonical import Json


@dataclass(frozen=True, slots=True)
class View:
    """The database as an event finds it. index, received: its place and time in the log; node, event_id: its own.

    memorandum: the one that the ledger was founded with.
    """

    database: Database
    memorandum: Memorandum
    index: int
    received: datetime
    node: str
    event_id: str

    # ------------------------------------------------------------------ alliance

    def members(self) -> list[str]:
        """The nodes that signed the memorandum and were not removed, sorted."""
        return sorted(
            record.key[0] for record in self.database.rows("nodes") if is_member(self.database, record.key[0])
        )

    def is_member(self) -> bool:
        return is_member(self.database, self.node)

    def was_removed(self, node: str) -> bool:
        return self.database.row("nodes", (node,)) is not None and not is_member(self.database, node)

    def resolution(self, slug: str) -> Record | None:
        return self.database.row("resolutions", (slug,))

    def in_force(self, slug: str, subject: str) -> Record | None:
        """A resolution of this subject that is in force."""
        resolution = self.resolution(slug)
        if resolution is None or resolution.value("subject") != subject or resolution.root("in_force_at") is None:
            return None
        return resolution

    # ------------------------------------------------------------------ trials and supplies

    def trial(self) -> Record | None:
        return self.database.row("trials", (self.node,))

    def trial_period(self, day: date) -> Record | None:
        """The period of this node's trial that the day lies in."""
        return _covering(self.database.under("trial_periods", self.node), "opened_on", "closed_on", day)

    def running_trial_period(self) -> Record | None:
        return _unended(self.database.under("trial_periods", self.node), "closed_on")

    def supply(self, regimen: tuple[str, ...]) -> Record | None:
        """This node's supply of a regimen that was not withdrawn, committed or available."""
        return _unended(self.database.under("supplies", self.node, regimen_name(regimen)), "withdrawn_on")

    def available_supply(self, regimen: tuple[str, ...], day: date) -> Record | None:
        supplies = self.database.under("supplies", self.node, regimen_name(regimen))
        return _covering(supplies, "available_on", "withdrawn_on", day)

    # ------------------------------------------------------------------ cohorts

    def cohort(self, slug: str) -> Record | None:
        return self.database.row("cohorts", (slug,))

    def opening(self, cohort: str, day: date) -> Record | None:
        """This node's opening of the cohort that the day lies in, where the cohort is not closed everywhere by then."""
        definition = self.cohort(cohort)
        if definition is None or _has_happened(definition, "closed_on", day):
            return None
        return _covering(self.database.under("cohort_openings", cohort, self.node), "opened_on", "closed_on", day)

    def running_opening(self, cohort: str) -> Record | None:
        return _unended(self.database.under("cohort_openings", cohort, self.node), "closed_on")

    def running_suspension(self, cohort: str) -> Record | None:
        return _unended(self.database.under("suspensions", cohort, self.node), "resumed_on")

    def suspension(self, cohort: str, day: date) -> Record | None:
        suspensions = self.database.under("suspensions", cohort, self.node)
        return _covering(suspensions, "suspended_on", "resumed_on", day)

    def design_of(self, cohort: str) -> Design:
        definition = self.cohort(cohort)
        assert definition is not None
        resolution = self.resolution(text(definition, "design"))
        assert resolution is not None
        content = resolution.value("content")
        assert isinstance(content, dict)
        return Design.parse(content)

    def is_pooled(self, cohort: str) -> bool:
        definition = self.cohort(cohort)
        return definition is not None and definition.value("accrual") == "pooled"

    def decision(self, cohort: str, stage: int) -> Record | None:
        """The decision on a stage in this node's scope: whoever took it where accrual is pooled, else its own."""
        if not self.is_pooled(cohort):
            return self.database.row("stage_decisions", (cohort, self.node, str(stage)))
        decisions = self.database.under("stage_decisions", cohort)
        return next((each for each in decisions if each.key[2] == str(stage)), None)

    def stage(self, cohort: str) -> int | None:
        """The stage that the cohort is in for this node, None after a decision that ended it."""
        decided = {stage: self.decision(cohort, stage) for stage in PLANNED_STAGES}
        return stage_after({stage: text(each, "decision") for stage, each in decided.items() if each is not None})

    def places_left(self, cohort: str) -> int | None:
        """Free places in the present stage, None where it has no limit. Pooled over nodes, or this trial's own."""
        taken = sum(
            takes_place(
                released=episode.root("released_on") is not None,
                stage=episode.value("stage"),
                evaluable=episode.value("evaluable"),
            )
            for episode in self.episodes_in_scope(cohort)
        )
        return places_left(self.design_of(cohort), self.stage(cohort), taken)

    def episodes_in_scope(self, cohort: str) -> Iterable[Record]:
        if self.is_pooled(cohort):
            return self.database.under("episodes", cohort)
        return self.database.under("episodes", cohort, self.node)

    def evaluable_in_order(self, cohort: str, as_of: int) -> list[Record]:
        """Evaluable episodes of stages 1 and 2 as of an index, in the order of their `treatment.started` entries."""
        evaluable = [
            episode
            for episode in self.episodes_in_scope(cohort)
            if episode.value_at("evaluable", as_of) is True and episode.value_at("stage", as_of) in PLANNED_STAGES
        ]
        return sorted(evaluable, key=lambda episode: episode.root("started_on") or 0)

    # ------------------------------------------------------------------ cases

    def case(self, case: str) -> int | None:
        """Index of the event that this node made the case known with: its submission, or else its profile."""
        for table, field in (("cases", "submitted_on"), ("profiles", "profiled_on")):
            record = self.database.row(table, (self.node, case))
            if record is not None:
                return record.root(field)
        return None

    def episode(self, cohort: str, case: str) -> Record | None:
        """The case's episode in the cohort that was not released."""
        return _unended(self.database.under("episodes", cohort, self.node, case), "released_on")


def is_member(database: Database, node: str) -> bool:
    """Whether the node has signed the memorandum, and no resolution has removed it."""
    record = database.row("nodes", (node,))
    return record is not None and record.root("removed_at") is None


def resolutions_in_force(database: Database, subject: str) -> Iterable[Record]:
    """The resolutions of one subject that are in force, oldest first."""
    return [
        record
        for record in database.rows("resolutions")
        if record.value("subject") == subject and record.root("in_force_at") is not None
    ]


def text(record: Record, field: str) -> str:
    """A clear text field that its event always sets."""
    value = record.value(field)
    assert isinstance(value, str)
    return value


def date_of(value: Json) -> When:
    if not isinstance(value, str):
        raise MalformedError("a date is missing where a row must have one")
    return When.parse(value)


def ended_after(records: Iterable[Record], ended: str, day: date) -> bool:
    """Whether an earlier period ended after the day: one that begins on it would lie in the other's time."""
    return any(each.root(ended) is not None and date_of(each.value(ended)).last > day for each in records)


def _has_happened(record: Record, field: str, day: date) -> bool:
    return record.root(field) is not None and date_of(record.value(field)).is_past(day)


def _covering(records: Iterable[Record], begun: str, ended: str, day: date) -> Record | None:
    """The last period that has begun by the day and has not ended by it."""
    found = None
    for record in records:
        if _has_happened(record, begun, day) and not _has_happened(record, ended, day):
            found = record
    return found


def _unended(records: Iterable[Record], ended: str) -> Record | None:
    found = None
    for record in records:
        if record.root(ended) is None:
            found = record
    return found
