"""When a member was removed: a column of the nodes' row versions, as `ledger.store.tables` had it then.

There is no way down: history is not taken back.
"""
# ruff: noqa: INP001 - Alembic finds it by its path

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorted by code point, on both


def upgrade() -> None:
    op.add_column("nodes", sa.Column("removed_at", TEXT))
