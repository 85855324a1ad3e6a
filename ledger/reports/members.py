"""Whom reports list: every node that has signed the memorandum, or has registered a trial.

On a day before the memorandum its trials were there already; that they are bound by it was not so yet.
"""

from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Member:
    """opens_in_parallel: bound by the memorandum to open shared cohorts when the others do, until it is removed."""

    node: str
    trial: str | None
    country: str | None
    opens_in_parallel: bool


def members(snapshot: Snapshot) -> tuple[Member, ...]:
    """By node."""
    signed = {row.node: row for row in snapshot.of(rows.Node)}
    trials = {row.node: row for row in snapshot.of(rows.Trial)}
    found = []
    for node in sorted({*signed, *trials}):
        founder, trial = signed.get(node), trials.get(node)
        name = trial.name if trial else founder.trial if founder else None
        country = trial.country if trial else founder.country if founder else None
        bound = founder is not None and founder.removed_at is None and founder.opens_in_parallel is True
        found.append(Member(node, name, country, bound))
    return tuple(found)
