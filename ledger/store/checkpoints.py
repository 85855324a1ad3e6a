"""Cosigned checkpoints that are kept, at least one a day: what the log was, by the clocks of others.

They are kept in order and never changed or taken out: triggers refuse it, and the head counts them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from ledger.errors import TamperedError
from ledger.store.tables import checkpoints, head


class KeptCheckpoint(NamedTuple):
    """day: the UTC day of all its cosignatures, in days since 1970-01-01. note: as it was kept."""

    day: int
    note: bytes


def keep_checkpoint(conn: Connection, kept: KeptCheckpoint) -> None:
    """Keep one behind those that are kept. The caller has checked it, and that none of its day is kept."""
    count = conn.execute(select(head.c.kept)).scalar_one()
    conn.execute(checkpoints.insert().values(n=count, day=kept.day, note=kept.note))
    conn.execute(head.update().values(kept=count + 1))


def is_kept(conn: Connection, day: int) -> bool:
    return conn.execute(select(checkpoints.c.n).where(checkpoints.c.day == day)).first() is not None


def kept_checkpoints(conn: Connection) -> Iterator[KeptCheckpoint]:
    """All of them, in order. Raises TamperedError where one is missing, or there are more than the head counts."""
    count = 0
    for place, day, note in conn.execute(
        select(checkpoints.c.n, checkpoints.c.day, checkpoints.c.note).order_by(checkpoints.c.n)
    ):
        if place != count:
            raise TamperedError(f"checkpoints: number {count} of those that were kept is missing")
        count += 1
        yield KeptCheckpoint(day, note)
    counted = conn.execute(select(head.c.kept)).scalar_one()
    if counted != count:
        raise TamperedError(f"checkpoints: {count} are kept where the head counts {counted}")
