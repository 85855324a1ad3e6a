"""Patients' values, opened inside the hub for what is computed from them, and for nothing else.

What leaves the hub is made from them by `ledger.reports`, as far as the audience may see it; a value that is shown as
it is goes by `ledger.operations.callers` instead, which asks who may.
"""

from collections.abc import Collection

from ledger.cohort.columns import Row
from ledger.cohort.reveal import Revealed, by_then
from ledger.cohort.rows import AdverseEvent, Assessment, Episode, SurvivalUpdate, columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.operations.fitting import fitting
from ledger.signing.envelope import read_disclosures
from ledger.store.engine import Connection
from ledger.store.vault import Vault

CLINICAL: Collection[type[Row]] = (Episode, Assessment, AdverseEvent, SurvivalUpdate)
OF_OUTCOMES = frozenset({"benefit", "best_response", "basis", "end_day", "end_reason"})
"""What of an episode the report of a cohort counts: whom it is of stays shut."""


def reveal(
    connection: Connection,
    vault: Vault,
    snapshot: Snapshot,
    *,
    cohort: str | None = None,
    tables: Collection[type[Row]] = CLINICAL,
    of_episodes: Collection[str] | None = OF_OUTCOMES,
) -> Revealed:
    """A snapshot with what the vault has of its sealed values, in these tables, of one cohort or of all.

    of_episodes: the fields of an episode that are wanted, all of an event's or none; None for all. What does not fit
    its schema is shut.
    """
    indexes = {
        row.set_by[name]
        for row_type in tables
        for row in snapshot.of(row_type)
        if cohort is None or cohort == getattr(row, "cohort", None)
        for name, column in columns_of(row.TABLE).items()
        if column.sealed
        and name in row.set_by
        and (of_episodes is None or row_type is not Episode or name in of_episodes)
    }
    opened = vault.open_each(connection, indexes)
    disclosures = read_disclosures([each for text in opened.values() if text for each in text.split("~")])
    return by_then(fitting(Revealed(snapshot, {each.digest: each.value for each in disclosures})))
