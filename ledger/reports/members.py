"""Whom reports list: every node that has signed the memorandum, or has registered a trial.

On a day before the memorandum its trials were there already; that they are bound by it was not so yet.
"""

from dataclasses import dataclass
from datetime import date

from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot, once
from ledger.signing.entry import parse_time


@dataclass(frozen=True, slots=True)
class Member:
    """opens_in_parallel: bound by the memorandum to open shared cohorts when the others do, until it is removed.
    removed_on: the day of its removal by the hub's clock, None for a member.
    """

    node: str
    trial: str | None
    country: str | None
    opens_in_parallel: bool
    removed_on: str | None = None


@once
def members(snapshot: Snapshot) -> tuple[Member, ...]:
    """By node."""
    signed = {row.node: row for row in snapshot.of(rows.Node)}
    trials = {row.node: row for row in snapshot.of(rows.Trial)}
    found = []
    for node in sorted({*signed, *trials}):
        founder, trial = signed.get(node), trials.get(node)
        name = trial.name if trial else founder.trial if founder else None
        country = trial.country if trial else founder.country if founder else None
        removed_on = _removed_on(founder, snapshot.today)
        bound = founder is not None and removed_on is None and founder.opens_in_parallel is True
        found.append(Member(node, name, country, bound, removed_on))
    return tuple(found)


def _removed_on(founder: rows.Node | None, today: date) -> str | None:
    """The hub's time of a removal is its day; on an earlier one the node was a member yet."""
    if founder is None or founder.removed_at is None:
        return None
    day = parse_time(founder.removed_at).date()
    return day.isoformat() if day <= today else None
