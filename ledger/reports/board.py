"""The board: every cohort, at every node, side by side. Who has opened it, who has not and for how long, what is left.

Treatments are counted per node and never over nodes. A cohort that closed stays on the board.
"""

from dataclasses import dataclass

from ledger.cohort.snapshot import Snapshot, once
from ledger.reports.members import Member, members
from ledger.reports.standing import Standing, standings


@dataclass(frozen=True, slots=True)
class Board:
    """nodes: the members, in the order in which each cohort lists them. day: that the board is on, None: as it is."""

    day: str | None
    nodes: tuple[Member, ...]
    cohorts: tuple[Standing, ...]


@once
def board(snapshot: Snapshot) -> Board:
    return Board(snapshot.day.isoformat() if snapshot.day else None, members(snapshot), standings(snapshot))
