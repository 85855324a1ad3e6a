"""Who calls and who read: tokens that were used, login links, sessions, and the access log.

There is no way down: history is not taken back.
"""
# ruff: noqa: INP001 - Alembic finds it by its path

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorted by code point, on both
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ACCESS_LOG_IS_APPENDED_ONLY = (
    """
    CREATE TRIGGER access_log_is_not_changed BEFORE UPDATE ON access_log
    BEGIN SELECT RAISE(ABORT, 'the access log is never changed'); END
    """,
    """
    CREATE TRIGGER access_log_is_not_deleted BEFORE DELETE ON access_log
    BEGIN SELECT RAISE(ABORT, 'the access log is never deleted'); END
    """,
    """
    CREATE TRIGGER access_log_has_no_gap BEFORE INSERT ON access_log
    WHEN NEW.n IS NOT (SELECT coalesce(max(n) + 1, 0) FROM access_log)
    BEGIN SELECT RAISE(ABORT, 'a line of the access log follows the last one'); END
    """,
)

# a statement's rows are looked at together: they have no gap between them, and the row before the first is there
ACCESS_LOG_IS_APPENDED_ONLY_ON_POSTGRESQL = (
    """
    CREATE TRIGGER access_log_is_not_changed BEFORE UPDATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('the access log is never changed')
    """,
    """
    CREATE TRIGGER access_log_is_not_deleted BEFORE DELETE OR TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('the access log is never deleted')
    """,
    """
    CREATE FUNCTION ledger_access_log_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE first bigint; last bigint; count bigint;
    BEGIN
        SELECT min(n), max(n), count(*) INTO first, last, count FROM fresh;
        IF count > 0 AND (
            first < 0 OR last - first + 1 <> count
            OR (first > 0 AND NOT EXISTS (SELECT 1 FROM access_log WHERE n = first - 1))
        ) THEN
            RAISE EXCEPTION 'a line of the access log follows the last one'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER access_log_has_no_gap AFTER INSERT ON access_log REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_access_log_follow()
    """,
)


def upgrade() -> None:
    op.create_table(
        "used_tokens",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_s", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_used_tokens"),
        sqlite_strict=True,
    )
    op.create_index("ix_used_tokens_expires_s", "used_tokens", ["expires_s"])
    op.create_table(
        "login_links",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("bound", sa.LargeBinary, nullable=False),
        sa.Column("expires_s", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_login_links"),
        sqlite_strict=True,
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("bound", sa.LargeBinary, nullable=False),
        sa.Column("expires_s", NUMBER, nullable=False),
        sa.Column("seen_s", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
        sqlite_strict=True,
    )
    op.add_column("head", sa.Column("logged", NUMBER, nullable=False, server_default="0"))
    op.create_table(
        "access_log",
        sa.Column("n", NUMBER, autoincrement=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("nodes", TEXT, nullable=False),
        sa.Column("rows", NUMBER, nullable=False),
        sa.Column("grants", TEXT, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_access_log"),
        sqlite_strict=True,
    )
    for trigger in (
        ACCESS_LOG_IS_APPENDED_ONLY_ON_POSTGRESQL
        if op.get_bind().dialect.name == "postgresql"
        else ACCESS_LOG_IS_APPENDED_ONLY
    ):
        op.execute(trigger)
