"""What a source was read to say, and what of it could not be used: between the readers and the drafts.

No text here that people are shown holds a value of a patient's: a file, a row, a variable and a reason do.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.names import When
from ledger.node.importing.sources import Row, Table
from ledger.signing.canonical import Json

# the order in which one patient's events are said, each standing on those before it
NEEDED: Mapping[str, tuple[str, ...]] = {
    "case.submitted": (),
    "case.profiled": (),
    "case.prescreened": (),
    "case.allocated": ("case.submitted", "case.profiled"),
    "patient.enrolled": ("case.allocated",),
    "treatment.started": ("patient.enrolled",),
    "response.assessed": ("treatment.started",),
    "adverse_event.reported": ("treatment.started",),
    "outcome.determined": ("treatment.started",),
    "treatment.ended": ("treatment.started",),
    "evaluability.determined": ("treatment.started",),
    "survival.updated": ("treatment.started",),
    "consent.withdrawn": ("case.submitted", "case.profiled"),
}
WITHOUT_COHORT = frozenset({"case.submitted", "case.profiled", "case.prescreened", "consent.withdrawn"})
ONCE = frozenset(NEEDED) - {
    "case.prescreened",
    "response.assessed",
    "adverse_event.reported",
    "outcome.determined",
    "survival.updated",
    "consent.withdrawn",
}  # of a patient, or of a patient in a cohort


class UnusableError(Exception):
    """A row does not say what an event needs. It is caught where the row is read, and listed: no caller sees it."""


class Unused(NamedTuple):
    """A row that could not be used. subject: the source's name for the patient, for the node's own eyes."""

    file: str
    row: int
    reason: str
    subject: str = ""


class Remark(NamedTuple):
    """Something about a row that was used."""

    file: str
    row: int
    what: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a row tells. data: without the case. identity: what tells it apart in its source from others of its
    type and patient, "" and all for what there is once. on: when it was, for the order of drafts.
    """

    type: str
    subject: str
    data: Mapping[str, Json]
    row: Row
    identity: tuple[str, ...] = ()
    on: When | None = None

    @property
    def cohort(self) -> str:
        cohort = self.data.get("cohort")
        return cohort if isinstance(cohort, str) else ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.type, self.subject, self.cohort, *self.identity)


@dataclass
class Reading:
    """All of a source. rows: read, by file. passed: rows that the mapping does not ask for, by file and reason.
    places: of each patient, what a split goes by. because: what the mapping itself says, with its reason. is_whole: it
    is all of its source, so that what is not in it is no more. missing: tables that the mapping asks for and that no
    file holds.
    """

    told: list[Told] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)
    is_whole: bool = False
    missing: list[str] = field(default_factory=list)

    def heard(self, table: Table) -> None:
        """A table was read; what is no row of it cannot be used."""
        self.rows[table.file] += len(table.rows) + len(table.faults)
        self.unused += [Unused(table.file, number, fault) for number, fault in table.faults.items()]

    def leave(self, row: Row, reason: str, subject: str = "") -> None:
        self.unused.append(Unused(row.file, row.number, reason, subject))

    def remark(self, row: Row, what: str) -> None:
        self.remarks.append(Remark(row.file, row.number, what))

    def skip(self, row: Row, why: str) -> None:
        self.passed[row.file, why] += 1
