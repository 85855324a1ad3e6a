"""What witnesses cosigned: the newest checkpoint that enough of them did, in the head, and a table of those kept.

There is no way down: history is not taken back.
"""
# ruff: noqa: INP001 - Alembic finds it by its path

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CHECKPOINTS_ARE_APPENDED_ONLY = (
    """
    CREATE TRIGGER checkpoints_are_not_changed BEFORE UPDATE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'kept checkpoints are never changed'); END
    """,
    """
    CREATE TRIGGER checkpoints_are_not_deleted BEFORE DELETE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'kept checkpoints are never deleted'); END
    """,
    """
    CREATE TRIGGER checkpoints_have_no_gap BEFORE INSERT ON checkpoints
    WHEN NEW.n IS NOT (SELECT coalesce(max(n) + 1, 0) FROM checkpoints)
        OR EXISTS (SELECT 1 FROM checkpoints WHERE day = NEW.day)
    BEGIN SELECT RAISE(ABORT, 'a kept checkpoint follows the last one, and is of another day'); END
    """,
)


def upgrade() -> None:
    op.add_column("head", sa.Column("witnessed", sa.LargeBinary))
    op.add_column("head", sa.Column("kept", NUMBER, nullable=False, server_default="0"))
    op.create_table(
        "checkpoints",
        sa.Column("n", NUMBER, autoincrement=False),
        sa.Column("day", NUMBER, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_checkpoints"),
        sa.UniqueConstraint("day", name="uq_checkpoints_day"),
        sqlite_strict=True,
    )
    for trigger in CHECKPOINTS_ARE_APPENDED_ONLY:
        op.execute(trigger)
