"""The vault: disclosures as ciphertext in the database, each event's under a key that lies in a file apart.

AES-256-GCM (NIST SP 800-38D), nonce before ciphertext, bound to the event's id and index. Whoever has the database, its
write-ahead file or a backup of it, has ciphertext only; and what is under a destroyed key is gone everywhere at once.

The key file is an SQLite file by itself, in rollback-journal mode with `secure_delete`: with a write-ahead log a
destroyed key would live on in it. It may be wrapped under a key that is in neither file.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Select, bindparam, func, select

from ledger.errors import SetupError, TamperedError, UnavailableError
from ledger.signing.envelope import parse_jws
from ledger.store.bulk import insert_rows
from ledger.store.tables import entries, vault

_KEY_SIZE = 32  # bytes
_NONCE_SIZE = 12
_EMPTY_SIZE = _NONCE_SIZE + 16  # of a ciphertext of nothing: its nonce and its tag
_MODE = 0o600
_BUSY_TIMEOUT_S = 30.0
_AT_A_TIME = 500  # values in a statement
_PRIMARY_CODE = 0xFF  # of what SQLite answers; the rest says more than is needed
# EXTRA: a commit is the journal's removal, and a power cut that brought it back would undo the last keys
_PRAGMAS = ("journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON")
_TABLE = "CREATE TABLE keys (event_id TEXT PRIMARY KEY NOT NULL, key BLOB NOT NULL) STRICT"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is kept of an entry: its disclosures as they travel, joined by `~`; nothing where they were never given.

    Of an entry that is erased nothing is kept, no row and no key.
    """

    index: int
    event_id: str
    disclosures: str = field(repr=False)


class Vault:
    """key_file: made by `create`. wrap: 32 bytes that the keys in it are encrypted under, None where they lie bare.
    draw: gives 32 random bytes.

    Raises SetupError where the key file is missing, or others may read it.
    """

    def __init__(self, key_file: Path, *, wrap: bytes | None, draw: Callable[[], bytes]) -> None:
        self._file = key_file
        self._wrap = None if wrap is None else AESGCM(wrap)
        self._draw = draw
        _check_mode(key_file)

    @classmethod
    def create(cls, key_file: Path, *, wrap: bytes | None, draw: Callable[[], bytes]) -> Self:
        """Make the key file. Raises SetupError where there is one: keys are never written over."""
        try:
            os.close(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE))
        except FileExistsError:
            raise SetupError(
                f"there is a key file already: {key_file}; move it away if no ledger was ever founded with it"
            ) from None
        created = cls(key_file, wrap=wrap, draw=draw)
        with created._open_file() as file:
            file.execute(_TABLE)
        return created

    @classmethod
    def take_up(cls, key_file: Path, *, wrap: bytes | None, draw: Callable[[], bytes]) -> Self:
        """Make the key file, or go on with the one that is there: its keys stay, and none is written over."""
        os.close(os.open(key_file, os.O_CREAT | os.O_RDWR, _MODE))
        taken = cls(key_file, wrap=wrap, draw=draw)
        with taken._open_file() as file:
            if file.execute("SELECT name FROM sqlite_master WHERE name = 'keys'").fetchone() is None:
                file.execute(_TABLE)  # a crash may have left the file without it
        return taken

    def put_keys(self, keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Keep a key of 32 bytes for each event id; durable when this returns: call it before the entries commit.

        A key that is there stays: it may be what opens something. One whose event does not come after all opens
        nothing, and harms nobody. Returns the keys as they are kept: to seal with.
        """
        rows = [(event_id, self._wrapped(event_id, key)) for event_id, key in keys.items()]
        with self._open_file() as file:
            put = file.executemany("INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING", rows).rowcount
            if put == len(rows):
                return keys
            return {event_id: self._key_of(file, event_id) or key for event_id, key in keys.items()}

    def seal(self, conn: Connection, items: Iterable[Sealed], keys: Mapping[str, bytes]) -> None:
        """Store disclosures, in the transaction that has stored their entries. keys: what `put_keys` has kept."""
        rows = [
            {
                "index": item.index,
                "ciphertext": self._encrypt(
                    AESGCM(keys[item.event_id]),
                    item.disclosures.encode("ascii"),
                    _binding(item.event_id, item.index),
                ),
            }
            for item in items
        ]
        insert_rows(conn, vault, rows)

    def erase(self, conn: Connection, indexes: Iterable[int]) -> None:
        """Delete the ciphertexts of entries, in the transaction that stores their erasure; `destroy_keys` follows its
        commit. The other way round a crash would lose what is not erased after all.
        """
        rows = [{"erased": index} for index in indexes]
        if rows:
            conn.execute(vault.delete().where(vault.c.index == bindparam("erased")), rows)

    def destroy_keys(self, event_ids: Iterable[str]) -> None:
        """Destroy keys, those that are there; durable when this returns. What they sealed opens nowhere any more."""
        rows = [(event_id,) for event_id in event_ids]
        if rows:
            with self._open_file() as file:
                file.executemany("DELETE FROM keys WHERE event_id = ?", rows)

    def kept(self, conn: Connection, events: Mapping[int, str]) -> tuple[list[int], list[int]]:
        """Of which entries (index -> event id) there is a ciphertext yet, and of which a key; in order."""
        asked = sorted(events)
        parts = (asked[start : start + _AT_A_TIME] for start in range(0, len(asked), _AT_A_TIME))
        found = (conn.execute(select(vault.c.index).where(vault.c.index.in_(part))).scalars() for part in parts)
        sealed = sorted(index for each in found for index in each)
        with self._open_file() as file:
            keyed = [index for index in asked if self._has_key(file, events[index])]
        return sealed, keyed

    def open(self, conn: Connection, start: int, stop: int) -> dict[int, str]:
        """The disclosures, joined by `~`, of the entries from index `start` up to and without `stop`.

        Entries that have none are absent, and so are those whose key was destroyed. Raises TamperedError, with the
        index, where a ciphertext is not what was stored for that entry.
        """
        index = vault.c.index
        return self._opened(conn, [self._rows.where(index >= start, index < stop)])

    def open_each(self, conn: Connection, indexes: Iterable[int]) -> dict[int, str]:
        """The same of these entries, wherever they stand."""
        asked = sorted(set(indexes))
        parts = (asked[start : start + _AT_A_TIME] for start in range(0, len(asked), _AT_A_TIME))
        return self._opened(conn, (self._rows.where(vault.c.index.in_(part)) for part in parts))

    @property
    def _rows(self) -> Select[Any]:
        index = vault.c.index
        columns = select(index, entries.c.event_id, vault.c.ciphertext)
        return columns.join(entries, entries.c.index == index).order_by(index)

    def _opened(self, conn: Connection, statements: Iterable[Select[Any]]) -> dict[int, str]:
        opened: dict[int, str] = {}
        with self._open_file() as file:
            for place, event_id, ciphertext in chain.from_iterable(conn.execute(each) for each in statements):
                key = self._key_of(file, event_id)
                if key is None:
                    continue
                try:
                    opened[place] = _decrypt(AESGCM(key), ciphertext, _binding(event_id, place)).decode("ascii")
                except InvalidTag:
                    raise TamperedError(f"the vault's row of entry {place} was altered", index=place) from None
        return opened

    def never_given(self, conn: Connection) -> list[int]:
        """The entries whose disclosures this ledger never had: it was restored without them, and remembers it by a row
        that opens to nothing. It is sealed as any other, so whoever has the database alone cannot make one.
        """
        empty = func.length(vault.c.ciphertext) == _EMPTY_SIZE
        indexes = conn.execute(select(vault.c.index).where(empty).order_by(vault.c.index)).scalars().all()
        return [index for index in indexes if self.open(conn, index, index + 1).get(index) == ""]

    def check(self, conn: Connection) -> None:
        """Raises TamperedError, with the index, for a row of an entry that has nothing sealed, or none at all."""
        rows = select(vault.c.index, entries.c.jws).join(entries, entries.c.index == vault.c.index, isouter=True)
        for index, jws in conn.execute(rows.order_by(vault.c.index)):
            if jws is None or not parse_jws(jws).commitments:
                raise TamperedError(f"the vault has a row of entry {index}, which has nothing sealed", index=index)

    def _has_key(self, file: sqlite3.Connection, event_id: str) -> bool:
        return file.execute("SELECT 1 FROM keys WHERE event_id = ?", (event_id,)).fetchone() is not None

    def _key_of(self, file: sqlite3.Connection, event_id: str) -> bytes | None:
        row = file.execute("SELECT key FROM keys WHERE event_id = ?", (event_id,)).fetchone()
        if row is None:
            return None
        try:
            key: bytes = row[0] if self._wrap is None else _decrypt(self._wrap, row[0], event_id.encode())
        except InvalidTag:
            key = b""
        if len(key) != _KEY_SIZE:
            raise SetupError("a key of the vault is none: was it wrapped under another vault_wrap_key than this?")
        return key

    def _wrapped(self, event_id: str, key: bytes) -> bytes:
        return key if self._wrap is None else self._encrypt(self._wrap, key, event_id.encode())

    def _encrypt(self, key: AESGCM, plain: bytes, binding: bytes) -> bytes:
        nonce = self._draw()[:_NONCE_SIZE]
        return nonce + key.encrypt(nonce, plain, binding)

    @contextmanager
    def _open_file(self) -> Iterator[sqlite3.Connection]:
        """One transaction of the key file, durable when the block ends."""
        address = f"{self._file.absolute().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S)) as file:
                for pragma in _PRAGMAS:
                    file.execute(f"PRAGMA {pragma}")
                with file:
                    yield file
        except sqlite3.Error as error:
            kind = UnavailableError if _is_passing(error) else SetupError
            raise kind(f"the vault's key file {self._file} cannot be used: {error}") from None


def _is_passing(error: sqlite3.Error) -> bool:
    """Whether it is no fault of the file itself: a full disk, somebody else at work."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY)


def _decrypt(key: AESGCM, ciphertext: bytes, binding: bytes) -> bytes:
    if len(ciphertext) < _NONCE_SIZE:
        raise InvalidTag
    return key.decrypt(ciphertext[:_NONCE_SIZE], ciphertext[_NONCE_SIZE:], binding)


def _binding(event_id: str, index: int) -> bytes:
    return f"{event_id}\n{index}".encode()


def _check_mode(key_file: Path) -> None:
    try:
        mode = stat.S_IMODE(key_file.stat().st_mode)
    except FileNotFoundError:
        raise SetupError(
            f"the vault's key file {key_file} is missing: restore it, or sealed values stay shut"
        ) from None
    if mode != _MODE:
        raise SetupError(f"the vault's key file {key_file} has mode {mode:04o}: run `chmod 600` on it")
