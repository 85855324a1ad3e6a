"""Erasure beyond the commit that stores it: what the main path does right after, here is done again at each start."""

from ledger.store.engine import Engine, empty_write_ahead, reading
from ledger.store.erased import erased_events
from ledger.store.vault import Vault


def finish_erasures(engine: Engine, vault: Vault) -> None:
    """Destroy the keys of all that was erased: those that a crash left, and those that an older copy of the key file
    brought back.
    """
    with reading(engine) as connection:
        erased = erased_events(connection)
    if erased:
        vault.destroy_keys(erased.values())
        empty_write_ahead(engine)
