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

# a statement's rows are looked at together: they have no gap between them, and the row before the first is there
CHECKPOINTS_ARE_APPENDED_ONLY_ON_POSTGRESQL = (
    """
    CREATE TRIGGER checkpoints_are_not_changed BEFORE UPDATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('kept checkpoints are never changed')
    """,
    """
    CREATE TRIGGER checkpoints_are_not_deleted BEFORE DELETE OR TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('kept checkpoints are never deleted')
    """,
    """
    CREATE FUNCTION ledger_checkpoints_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE first bigint; last bigint; count bigint;
    BEGIN
        SELECT min(n), max(n), count(*) INTO first, last, count FROM fresh;
        IF count > 0 AND (
            first < 0 OR last - first + 1 <> count
            OR (first > 0 AND NOT EXISTS (SELECT 1 FROM checkpoints WHERE n = first - 1))
        ) THEN
            RAISE EXCEPTION 'a kept checkpoint follows the last one, and is of another day'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER checkpoints_have_no_gap AFTER INSERT ON checkpoints REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_checkpoints_follow()
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
    for trigger in (
        CHECKPOINTS_ARE_APPENDED_ONLY_ON_POSTGRESQL
        if op.get_bind().dialect.name == "postgresql"
        else CHECKPOINTS_ARE_APPENDED_ONLY
    ):
        op.execute(trigger)
