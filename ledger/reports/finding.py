"""What a finding is, and what it is made from: the database at a moment, with what is open of its sealed values.

A finding names what people should look at. It is never a failure, and it shows no sealed value: that two of them differ
may be said, which of them says what may not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from ledger.cohort.reveal import Revealed
from ledger.cohort.rows import Episode
from ledger.cohort.snapshot import Snapshot
from ledger.reports.outcomes import Outcome, outcomes
from ledger.reports.standing import Standing, standings


@dataclass(frozen=True, slots=True)
class Finding:
    """kind: a slug. message: in words. index: of the entry that is to be looked at; node: who said it."""

    kind: str
    message: str
    index: int
    node: str


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many days it is a finding that a cohort was not opened, that nothing was told of an open one, that an
    allocation led to nothing. They are counted to the day of the last entry, or the one that the view is on.
    """

    not_opened_days: int = 90
    stale_cohort_days: int = 180
    stale_allocation_days: int = 60


@dataclass(frozen=True)
class Looked:
    """What the findings of one moment are made from; what several kinds ask for is worked out once."""

    revealed: Revealed
    patience: Patience = field(default_factory=Patience)

    @property
    def snapshot(self) -> Snapshot:
        return self.revealed.snapshot

    @property
    def today(self) -> date:
        return self.snapshot.today

    def is_over(self, since: date, days: int) -> bool:
        """Whether more than so many days have passed since a day."""
        return self.today - since > timedelta(days=days)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        return standings(self.snapshot)

    @cached_property
    def claimed_at(self) -> Mapping[tuple[str, ...], int]:
        """Episode -> index of the entry that claims its benefit, or corrected that last."""
        return {row.key: row.set_by["benefit"] for row in self.snapshot.of(Episode) if "benefit" in row.set_by}

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        return outcomes(self.revealed)


def key_of(outcome: Outcome) -> tuple[str, ...]:
    """Of the episode that it is of."""
    return outcome.cohort, outcome.node, outcome.case, outcome.event
