"""What a study export is of, where its data come from, and the plain tables that it is made of."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.snapshot import Snapshot
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
_FORMULA = tuple("=+-@＝＋－＠\t\r")  # what a spreadsheet takes for the beginning of a formula


class Table(NamedTuple):
    """name: of the file, without its ending."""

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


class Provenance(NamedTuple):
    """Where an export's data come from.

    size, root (32 bytes): of the log as the export has it, whose last entry was received at `until` (None: it is
    empty). day: where the view is *on* a day, that day. made: when the export was. synthetic: some of it is made up.
    """

    origin: str
    holder: str
    memorandum: str
    size: int
    root: str
    until: datetime | None
    day: date | None
    made: datetime
    part: Part
    synthetic: bool

    def as_json(self) -> str:
        told = {
            "origin": self.origin,
            "memorandum": self.memorandum,
            "size": self.size,
            "root": self.root,
            "until": None if self.until is None else format_time(self.until),
            "on": None if self.day is None else self.day.isoformat(),
            "made": format_time(self.made),
            "node": self.part.node,
            "cohort": self.part.cohort,
            "synthetic": self.synthetic,
        }
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        until = "" if self.until is None else f", received until {format_time(self.until)}"
        day = "" if self.day is None else f"; what is dated and past by {self.day}"
        made_up = "SYNTHETIC: holds made-up patients. " if self.synthetic else ""
        return (
            f"{made_up}Log {self.origin}, {self.size} entries, root {self.root}{until}{day}; {self.part}; "
            f"exported {format_time(self.made)}."
        )


def as_csv(table: Table) -> str:
    """RFC 4180, with a line of names. Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    lines = (table.columns, *table.rows)
    return "".join(",".join(_quoted(cell) for cell in line) + "\r\n" for line in lines)


def one_line(text: str) -> str:
    """Text without what would end a cell or a line where nothing can be quoted: each run of it is one space."""
    return harmless(" ".join("".join(each if each.isprintable() else " " for each in text).split()))


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def synthetic_among(found: Iterable[Row]) -> bool:
    return any(row.synthetic for row in found)


def _quoted(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    text = harmless(cell)
    return (
        '"' + text.replace('"', '""') + '"' if any(each in text for each in '",\r\n') or text != text.strip() else text
    )
