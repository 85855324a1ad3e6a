"""What a study export is of, where its data come from, and the plain sheets that it is made of."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.snapshot import Snapshot
from ledger.exports.tables import Provenance, harmless
from ledger.signing.entry import format_time

Cell = str | int | Decimal | date | None

OF_PATIENTS: tuple[type[Row], ...] = (
    rows.Case,
    rows.Profile,
    rows.Episode,
    rows.Assessment,
    rows.AdverseEvent,
    rows.SurvivalUpdate,
)


class Sheet(NamedTuple):
    """One file of an export. name: without its ending."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class Part(NamedTuple):
    """Which patients: of one node, in one cohort, or both. Of a patient in a cohort its stay in that one is taken, with
    its profile.
    """

    node: str | None = None
    cohort: str | None = None

    def rows(self, snapshot: Snapshot) -> Iterator[Row]:
        """The rows of the patients' tables that are in it."""
        inside = {(row.node, row.case) for row in snapshot.of(rows.Episode) if row.cohort == self.cohort}
        for row_type in OF_PATIENTS:
            for row in snapshot.of(row_type):
                cohort, node, case = (getattr(row, name, None) for name in ("cohort", "node", "case"))
                if self.node in (None, node) and (
                    self.cohort is None or (cohort in (None, self.cohort) and (node, case) in inside)
                ):
                    yield row

    def __str__(self) -> str:
        named = (f"{name} {value}" for name, value in self._asdict().items() if value is not None)
        return " and ".join(named) or "all nodes and cohorts"


class About(NamedTuple):
    """What an export is of, where its data come from, and when it was made.

    log: the place of the log. holder: the alliance; memorandum: its hash, hexadecimal. until: when the last entry was
    received, None where there is none. synthetic: some of it is made up.
    """

    log: Provenance
    holder: str
    memorandum: str
    until: datetime | None
    made: datetime
    part: Part
    synthetic: bool

    def as_json(self) -> str:
        told = {
            **self.log.told(),
            "memorandum": self.memorandum,
            "made": format_time(self.made),
            "node": self.part.node,
            "cohort": self.part.cohort,
            "synthetic": self.synthetic,
        }
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        until = "" if self.until is None else f", received until {format_time(self.until)}"
        day = "" if self.log.on is None else f"; what is dated and past by {self.log.on}"
        made_up = "SYNTHETIC: holds made-up patients. " if self.synthetic else ""
        return (
            f"{made_up}Log {self.log.origin}, {self.log.size} entries, root {self.log.root}{until}{day}; {self.part}; "
            f"exported {format_time(self.made)}."
        )


def one_line(text: str) -> str:
    """Text without what would end a cell or a line where nothing can be quoted: each run of it is one space."""
    return str(harmless(" ".join("".join(each if each.isprintable() else " " for each in text).split())))


def synthetic_among(found: Iterable[Row]) -> bool:
    return any(row.synthetic for row in found)
