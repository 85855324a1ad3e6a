"""The head of the log: how far it goes, what it was founded with, and what was last signed about it. One row.

Of the checkpoint there are two: the newest, with what cosignatures came in, and the newest that enough witnesses have
cosigned, which may lag behind.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger.errors import MalformedError, SetupError, TamperedError
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.note import Note
from ledger.store import tables
from ledger.store.listening import tell_others


@dataclass(frozen=True, slots=True)
class Head:
    """size: entries that are sequenced. memorandum: canonical JSON. checkpoint, digest_note: signed notes, None before
    the first were published. witnessed: the newest checkpoint that enough witnesses cosigned, None before the first
    was. kept: how many earlier ones are kept.
    """

    size: int
    memorandum: bytes
    checkpoint: bytes | None
    digest_note: bytes | None
    witnessed: bytes | None
    kept: int

    @property
    def published(self) -> int:
        """How many entries are under the signed checkpoint, whose signature is not checked here.

        Raises TamperedError where it is no checkpoint any more.
        """
        return _size_of(self.checkpoint, "checkpoint")

    @property
    def witnessed_size(self) -> int:
        """How many entries are under the checkpoint that enough witnesses cosigned; else as `published`."""
        return _size_of(self.witnessed, "witnessed checkpoint")


_HEAD = select(
    *(tables.head.c[name] for name in ("size", "memorandum", "checkpoint", "digest_note", "witnessed", "kept"))
)


def read_head(conn: Connection) -> Head:
    """Raises SetupError where no ledger was founded here."""
    row = conn.execute(_HEAD).one_or_none()
    if row is None:
        raise SetupError("no ledger was founded in this database: run `cohort-ledger init`")
    return Head(*row)


def found(conn: Connection, memorandum: bytes) -> None:
    """Found a ledger, empty yet. Raises SetupError where there is one: a ledger has one memorandum for ever."""
    if conn.execute(_HEAD).first() is not None:
        raise SetupError("a ledger was founded in this database already")
    conn.execute(tables.head.insert().values(only=1, size=0, memorandum=memorandum))


def advance(conn: Connection, size: int) -> None:
    conn.execute(tables.head.update().values(size=size))


def publish(conn: Connection, *, checkpoint: bytes, digest_note: bytes) -> None:
    """Keep what was signed last. The caller has checked that it extends what was signed before."""
    conn.execute(tables.head.update().values(checkpoint=checkpoint, digest_note=digest_note))
    tell_others(conn, _size_of(checkpoint, "checkpoint"))


def cosign(conn: Connection, *, checkpoint: bytes) -> None:
    """Put the newest checkpoint's note in place again, with more cosignatures on it."""
    conn.execute(tables.head.update().values(checkpoint=checkpoint))


def witness(conn: Connection, *, note: bytes) -> None:
    """Keep the newest checkpoint that enough witnesses cosigned. The caller has checked that it is no older one."""
    conn.execute(tables.head.update().values(witnessed=note))
    tell_others(conn, _size_of(note, "witnessed checkpoint"))


def _size_of(note: bytes | None, name: str) -> int:
    if note is None:
        return 0
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except MalformedError:
        raise TamperedError(f"the head's {name} was altered: it cannot be read") from None
