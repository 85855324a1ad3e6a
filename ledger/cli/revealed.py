"""The stored database with its sealed values open, for the reports of the hub's own operator."""

from ledger.cohort.reveal import Revealed
from ledger.operations.hub import open_store, open_vault
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.revealing import reveal
from ledger.settings import Settings
from ledger.store.engine import reading


def revealed(settings: Settings, moment: Moment, *, cohort: str | None = None) -> Revealed:
    """cohort: whose values to open, None for all. Raises SetupError where the vault's keys are not there."""
    engine, _ = open_store(settings)
    snapshot, vault = snapshot_at(engine, moment), open_vault(settings)
    with reading(engine) as connection:
        found = reveal(connection, vault, snapshot, cohort=cohort)
    engine.dispose()
    return found
