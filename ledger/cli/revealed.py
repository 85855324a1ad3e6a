"""The stored database with its sealed values open, for the reports of the hub's own operator."""

from typing import NamedTuple

from ledger.cohort.reveal import Revealed
from ledger.errors import SetupError
from ledger.operations.hub import open_store, open_vault
from ledger.operations.reading import Moment, snapshot_at, snapshot_of_cohort
from ledger.operations.revealing import reveal
from ledger.settings import Settings
from ledger.store.engine import reading

SHUT = "no sealed value could be opened, and this rests on clear fields alone"


class Opened(NamedTuple):
    """shut: why nothing sealed could be opened, None where it could be."""

    revealed: Revealed
    shut: str | None


def revealed(settings: Settings, moment: Moment, *, cohort: str | None = None) -> Opened:
    """What reports are computed from. cohort: the one that it is about, None for all."""
    engine, _ = open_store(settings)
    snapshot = snapshot_at(engine, moment) if cohort is None else snapshot_of_cohort(engine, moment, cohort)
    found, shut = Revealed(snapshot), None
    try:
        vault = open_vault(settings)
        with reading(engine) as connection:
            found = reveal(connection, vault, snapshot, cohort=cohort)
    except SetupError as error:
        shut = f"{SHUT} ({error})"
    engine.dispose()
    return Opened(found, shut)
