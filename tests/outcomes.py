"""What a fault left: every acknowledged event at its index, none twice, and everything that is stored agrees."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

import hubs

from ledger.operations.audit import audit
from ledger.operations.doctor import examine
from ledger.operations.hub import open_hub
from ledger.settings import Settings
from ledger.signing.envelope import parse_jws
from ledger.store.engine import reading
from ledger.store.entries import read_entries
from ledger.store.head import read_head

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Outcome:
    """said: events that nodes posted. unknown: answers that left open what the log has. found: of the acknowledged ones
    those that are in the log at the index of their receipt. lost: the others. doubled: events that are there twice.
    """

    fault: str
    database: str
    said: int
    unknown: int
    acknowledged: int
    found: int
    lost: int
    doubled: int

    @classmethod
    def of(
        cls, fault: str, database: str, *, said: int, unknown: int, acknowledged: Mapping[str, int], log: Sequence[str]
    ) -> "Outcome":
        """acknowledged: event id -> index; log: event ids, in order."""
        found = sum(index < len(log) and log[index] == name for name, index in acknowledged.items())
        doubled = sum(times > 1 for times in Counter(log).values())
        return cls(fault, database, said, unknown, len(acknowledged), found, len(acknowledged) - found, doubled)

    @property
    def is_well(self) -> bool:
        return self.acknowledged > 0 and self.lost == self.doubled == 0


def logged(settings: Settings) -> list[str]:
    """The event ids of a ledger's log, in order; all of it is published, agrees with itself, and an audit passes."""
    hub = open_hub(settings, hubs.LOG)  # publishes what a crash left
    try:
        found = audit(hub.source("full"), pin=hub.memorandum.hash, view="full")
        assert found.failure is None, found.failure
        with reading(hub.engine) as connection:
            size = read_head(connection).size
            names = [parse_jws(each.jws).claims.event_id for each in read_entries(connection, 0, size)]
    finally:
        hub.close()
    assert found.checkpoint is not None
    assert found.checkpoint.size == size
    assert [each for each in examine(settings) if each.verdict != "well"] == []
    return names


def table(told: Sequence["DataclassInstance"]) -> str:
    """Of values of one kind, a line each."""
    names = [each.name.replace("_", " ") for each in fields(told[0])] if told else []
    rows = [names, *([str(cell) for cell in astuple(each)] for each in told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = [all(row[n].isdigit() for row in rows[1:]) for n in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, numbers, strict=True)
        )
        for row in rows
    )
