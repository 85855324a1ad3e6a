"""The database in memory, kept in files of the hub's own, so that a start replays the last entries and not all.

A file has what some entries brought, and each goes on where the one before it ends; none is ever changed. The hub signs
each with the log's key, over its bytes and those of all before it, so whoever can write to the folder and has not that
key can make the hub replay, and nothing else. Beyond that it is believed as far as it fits the stored rows: the digest
where a file ends must be the one that is stored with that entry, and the file be of this program's own making, rule for
rule. What is not so is thrown away, with all behind it, and replayed. Patients' values are in none of it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ledger.cohort.database import Database
from ledger.cohort.digest import START
from ledger.cohort.dump import dump_database, load_more
from ledger.errors import LedgerError, MalformedError
from ledger.operations.replacing import make_folder, replacing
from ledger.signing.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from ledger.signing.note import NoteSigner
from ledger.store.engine import Connection
from ledger.store.entries import find_entry

EACH = 10_000  # entries: to replay them takes a second or two, to keep them a fraction of one
_JUDGES = ("cohort", "events", "clinical", "signing", "names.py", "replay.py")  # they decide what a replay comes to
_PREFIX = "from-"


class _Chain(NamedTuple):
    """How far the files reach: entries, and the hash over what is kept of them."""

    size: int = 0
    hash: bytes = START


class KeptDatabase:
    """One hub process's view of the folder. signer: the log's key. Other processes of the same ledger may share it."""

    def __init__(self, folder: Path, origin: str, signer: NoteSigner) -> None:
        self._folder = folder
        self._origin = f"{origin}/kept-database"
        self._signer = signer
        self._reached = _Chain()
        self._tried = 0  # entries, when it was last tried to keep them

    def load(self, connection: Connection, size: int) -> Database:
        """The database as of the last entry, of the first `size`, up to which it was kept and that holds."""
        self._reached, database = _Chain(), Database()
        try:
            while (found := self._next(connection, size)) is not None:
                chain, dumped = found
                load_more(database, dumped)
                self._reached = chain
        except MalformedError:  # signed, and yet no dump
            self._throw_away(_Chain().size)
            self._reached, database = _Chain(), Database()
        return database

    def keep(self, connection: Connection, database: Database) -> None:
        """Keep what came since the last file, where it is enough for one. The database is as it is stored.

        What cannot be written is not kept: it costs a replay, and no post is refused for it.
        """
        if database.size - max(self._reached.size, self._tried) < EACH:
            return
        self._tried = database.size
        with suppress(OSError):
            make_folder(self._folder)
            with _alone(self._folder) as is_alone:
                if is_alone:
                    self._keep(connection, database)

    def _keep(self, connection: Connection, database: Database) -> None:
        while (found := self._next(connection, database.size)) is not None:
            self._reached, _ = found  # another process was first
        start = self._reached.size
        if database.size - start < EACH:
            return
        dumped = dump_database(database, start)
        chain = _after(self._reached, database.size, database.digest, dumped)
        note = sign_checkpoint(Checkpoint(self._origin, chain.size, chain.hash), self._signer).encode()
        self._throw_away(start)
        with replacing(self._folder / _name(start)) as opened:
            opened.write(note + dumped)
        self._reached = chain

    def _next(self, connection: Connection, size: int) -> tuple[_Chain, bytes] | None:
        """The file that goes on where the last one ends, and no farther than to `size`; None where none that holds
        does.
        """
        try:
            content = (self._folder / _name(self._reached.size)).read_bytes()
            note, line_end, rest = content.partition(b"\n{")
            stated, _ = read_checkpoint(note + b"\n", self._signer.verifier, origin=self._origin)
        except (OSError, LedgerError):
            return None
        if not self._reached.size < stated.size <= size:
            return None
        stored = find_entry(connection, index=stated.size - 1)
        if stored is None:
            return None
        dumped = line_end[1:] + rest
        chain = _after(self._reached, stated.size, stored.digest, dumped)
        return (chain, dumped) if chain.hash == stated.root else None

    def _throw_away(self, start: int) -> None:
        """The files from there on: they did not hold, or go on from one that did not."""
        for each in self._folder.glob(f"{_PREFIX}*"):
            if each.name >= _name(start):
                each.unlink(missing_ok=True)


def _name(start: int) -> str:
    return f"{_PREFIX}{start:015d}"


def _after(before: _Chain, size: int, digest: bytes, dumped: bytes) -> _Chain:
    """digest: of the database after `size` entries, 32 bytes."""
    hashed = sha256(before.hash + program() + digest + size.to_bytes(8, "big"))
    hashed.update(dumped)
    return _Chain(size, hashed.digest())


@cache
def program() -> bytes:
    """SHA-256 over the source of all that decides what a replay comes to: of another program, nothing is taken."""
    root = Path(__file__).parents[1]
    hashed = sha256()
    for source in sorted(each for each in root.rglob("*.py") if each.relative_to(root).parts[0] in _JUDGES):
        content = source.read_bytes()
        hashed.update(b"%s %d\n" % (str(source.relative_to(root)).encode(), len(content)))
        hashed.update(content)
    return hashed.digest()


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether no other process is writing there; none will while the block runs."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
