"""Which keys a hub signs its notes with: the founding one, and the one that a resolution brought in."""

from ledger.cohort.log_keys import SUBJECT, LogKey, key_at, log_keys_named
from ledger.cohort.rows import Resolution
from ledger.errors import SetupError
from ledger.signing.note import NoteSigner
from ledger.store.cells import read_versions
from ledger.store.engine import Connection


def stored_log_keys(connection: Connection, size: int) -> tuple[LogKey, ...]:
    """Those that the first `size` entries brought into force, after the founding one."""
    if not size:
        return ()
    versions = read_versions(connection, at=size - 1, tables=[Resolution.TABLE])
    fields = [each.fields for each in versions if "in_force_at" in each.fields]
    return log_keys_named(
        (each["content"][1], each["in_force_at"][0]) for each in fields if each["subject"][1] == SUBJECT
    )


def signers_at(connection: Connection, signer: NoteSigner, size: int) -> tuple[NoteSigner, ...]:
    """Who signs a note on a log of this size. signer: the founding one, with those that may come later.

    Raises SetupError where a key is in force that the hub does not have: it signs nothing without it.
    """
    key = key_at(stored_log_keys(connection, size), size)
    if key is None:
        return (signer,)
    later = next((each for each in signer.later if each.verifier == key.verifier), None)
    if later is None:
        raise SetupError(
            f"entry {key.since} brought the log key {key.verifier.text} into force, and the hub has not got it: put "
            "its file beside the founding one, as `log-key new --next` does, and start again; until then nothing is "
            "signed"
        )
    return signer, later
