"""Findings of a moment. To find them every sealed value is opened, in the hub; what is found says none of them.

So what is found may be kept in memory, as nothing that is opened may: until the log grows by anything, for that may be
an erasure. Disclosures come into the vault and go out of it with entries alone, so of one length they are the same.
"""

from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from ledger.cohort.snapshot import Snapshot
from ledger.operations.hub import Hub
from ledger.operations.revealing import reveal
from ledger.reports.finding import Finding, Patience
from ledger.reports.findings import findings
from ledger.store.engine import reading
from ledger.store.head import read_head

_MOST = 8  # moments


@dataclass
class KeptFindings:
    """Any number of threads may ask. known: how long the log is of which these are."""

    known: int = -1
    _kept: dict[tuple[int, date | None, Patience], tuple[Finding, ...]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, hub: Hub, seen: Snapshot, patience: Patience) -> tuple[Finding, ...]:
        """All of them, whoever asks: `findings_for` says which of them it is shown. patience: the app's own."""
        name = seen.size, seen.day, patience
        with reading(hub.engine) as connection:
            known = read_head(connection).size  # before anything is opened: what comes meanwhile is of a longer log
        with self._lock:  # while one finds them, the others wait: each would open everything again
            found = self._kept.get(name) if self.known == known else None
            if found is None:
                with reading(hub.engine) as connection:
                    opened = reveal(connection, hub.vault, seen)
                found = findings(opened, patience)
                if self.known != known or len(self._kept) >= _MOST:
                    self._kept, self.known = {}, known
                self._kept[name] = found
        return found
