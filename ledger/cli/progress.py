"""One cohort's progress, for the hub's own operator: exact, with the values that the vault opens."""

from typing import NamedTuple

from ledger.cohort.reveal import Revealed
from ledger.errors import SetupError
from ledger.operations.hub import open_store, open_vault
from ledger.operations.reading import Moment, snapshot_of_cohort
from ledger.operations.revealing import OF_OUTCOMES, reveal
from ledger.reports.cohort_progress import CohortProgress, cohort_progress
from ledger.settings import Settings
from ledger.store.engine import reading


class Found(NamedTuple):
    """shut: why nothing sealed could be opened, None where it could be."""

    progress: CohortProgress
    shut: str | None


def read_progress(settings: Settings, moment: Moment, cohort: str) -> Found:
    """Where the vault cannot be opened, what follows from clear fields."""
    engine, _ = open_store(settings)
    snapshot, shut = snapshot_of_cohort(engine, moment, cohort), None
    revealed = Revealed(snapshot)
    try:
        vault = open_vault(settings)
        with reading(engine) as connection:
            revealed = reveal(connection, vault, snapshot, cohort=cohort, of_episodes=OF_OUTCOMES)
    except SetupError as error:
        shut = str(error)
    engine.dispose()
    return Found(cohort_progress(revealed, cohort), shut)
