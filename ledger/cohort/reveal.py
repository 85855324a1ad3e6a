"""Rows with their sealed fields opened, as far as whoever asks has their disclosures.

The database holds commitments alone. What is computed from patients' values is computed from these two side by side,
and says how much of it was shut: a value that was erased, withheld or never given is simply not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.cohort.columns import Row
from ledger.cohort.rows import columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.signing.canonical import Json


@dataclass(frozen=True)
class Revealed:
    """values: commitment -> value, of what is open. A commitment's salt makes it one of a single field."""

    snapshot: Snapshot
    values: Mapping[str, Json] = field(default_factory=dict, repr=False)

    def fields(self, row: Row, *names: str) -> dict[str, Json] | None:
        """The sealed fields of these names, None for one that nothing set; None for all where one that is set is shut.

        names: every sealed field of the row where none is given.
        """
        columns = columns_of(row.TABLE)
        asked = names or tuple(name for name, column in columns.items() if column.sealed)
        found: dict[str, Json] = {}
        for name in asked:
            commitment = getattr(row, name)
            if commitment is not None and commitment not in self.values:
                return None
            found[name] = None if commitment is None else self.values[commitment]
        return found
