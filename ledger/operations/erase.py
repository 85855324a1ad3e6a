"""Erasure beyond the commit that stores it: what the main path does right after, here is done again at each start."""

from ledger.errors import SetupError
from ledger.store.engine import Engine, empty_write_ahead, reading, writing
from ledger.store.erased import erased_events
from ledger.store.vault import Vault


def finish_erasures(engine: Engine, vault: Vault) -> None:
    """Take away what is there yet of all that was erased: keys that a crash left, or that an older copy of the key file
    brought back; ciphertexts that somebody put back.
    """
    with reading(engine) as connection:
        erased = erased_events(connection)
        sealed, keyed = vault.kept(connection, erased)
    if sealed:
        with writing(engine) as connection:
            vault.erase(connection, sealed)
    vault.destroy_keys(erased[index] for index in keyed)
    if sealed or keyed:
        empty_write_ahead(engine)


def check_finished(engine: Engine, vault: Vault) -> str:
    """Raises SetupError where anything of what was erased is kept."""
    with reading(engine) as connection:
        erased = erased_events(connection)
        sealed, keyed = vault.kept(connection, erased)
    if sealed or keyed:
        raise SetupError(f"{len({*sealed, *keyed})} entries that were erased are kept yet: start the hub, it ends that")
    return f"of {len(erased)} erased entries nothing is kept"
