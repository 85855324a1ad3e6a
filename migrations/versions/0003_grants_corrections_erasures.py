"""What was granted, corrected and erased: three tables of row versions, as `ledger.store.tables` had them then.

There is no way down: history is not taken back.
"""
# ruff: noqa: INP001 - Alembic finds it by its path

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorted by code point, on both
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_versions(
        "grants",
        "node event",
        "jwk grantee role regimens purpose granted_until revoked_at revocation_code revocation_reason",
    )
    create_versions("corrections", "node event", "target kind reason_code reason")
    create_versions("erasures", "node event", "case events basis")


def create_versions(table: str, key: str, fields: str) -> None:
    """Make a table of row versions whose fields are all text."""
    parts = key.split()
    op.create_table(
        table,
        *(sa.Column(part, TEXT, nullable=False) for part in parts),
        *(sa.Column(name, TEXT) for name in fields.split()),
        sa.Column("since", NUMBER, nullable=False, autoincrement=False),
        sa.Column("until", NUMBER),
        sa.Column("set_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint(*parts, "since", name=f"pk_{table}"),
        sqlite_strict=True,
    )
    is_open = sa.text("until IS NULL")
    op.create_index(f"ix_{table}_open", table, parts, unique=True, sqlite_where=is_open, postgresql_where=is_open)
    op.create_index(f"ix_{table}_since", table, ["since"])
