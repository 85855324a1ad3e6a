"""What a database administrator could do: change a stored byte, with no program of ours in the way."""

from pathlib import Path

from ledger.errors import SetupError
from ledger.operations.hub import open_store
from ledger.settings import Settings
from ledger.store.engine import reading
from ledger.store.entries import read_entries
from ledger.store.head import read_head

_PART = slice(-60, -20)  # of a JWS: characters of its signature, which no other entry has


def change_one_byte(settings: Settings) -> int:
    """Change one character of one stored envelope's signature in the database file itself. Returns the entry's index.

    No process may have the database open. Raises SetupError where it is not in a file, or no entry lies in it as
    searched.
    """
    engine, _ = open_store(settings)
    file = Path(engine.url.database or "")
    with reading(engine) as connection:
        size = read_head(connection).size
        entries = [(entry.index, entry.jws[_PART].encode()) for entry in read_entries(connection, size // 2, size)]
    engine.dispose()
    stored = bytearray(file.read_bytes())
    for index, part in entries:
        if stored.count(part) == 1:
            place = stored.index(part)
            stored[place] = ord("A") if stored[place] != ord("A") else ord("B")
            file.write_bytes(stored)
            return index
    raise SetupError(f"no entry was found in {file}")
