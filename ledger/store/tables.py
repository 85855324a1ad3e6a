"""The tables, as SQLAlchemy Core has them: the log and what belongs to it, who calls and
who read, and one table a class of `cohort.rows`.

Types are what SQLite and PostgreSQL share. Booleans are stored as 0 and 1 in integers, JSON as its canonical text, so
that what is read back is what was written and nothing is turned into anything else on the way. On SQLite the tables
are STRICT, which refuses a value of another type.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.types import TypeEngine

from ledger.cohort.columns import Kind, Row
from ledger.cohort.rows import TABLES, columns_of

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")  # sorted by code point, on both
# SQLite makes a key of type INTEGER, and of no other, the row's own number
Number = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

entries = Table(
    "entries",
    metadata,
    Column("index", Number, primary_key=True, autoincrement=False),
    Column("received", Text, nullable=False),
    Column("jws", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # derived from the JWS, to look entries up by
    Column("node", Text, nullable=False),
    Column("seq", Number, nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("happened_on", Text),
    Column("synthetic", Integer, nullable=False),
    Column("cohort", Text, index=True),
    Column("case", Text, index=True),
    UniqueConstraint("node", "seq"),
    sqlite_strict=True,
)

tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("n", Number, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_strict=True,
)

head = Table(
    "head",
    metadata,
    Column("only", Integer, CheckConstraint("only = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("size", Number, nullable=False),
    Column("memorandum", LargeBinary, nullable=False),
    Column("checkpoint", LargeBinary),
    Column("digest_note", LargeBinary),
    Column("witnessed", LargeBinary),
    Column("kept", Number, nullable=False, server_default="0"),
    Column("logged", Number, nullable=False, server_default="0"),
    Column("moved_to", Text),
    sqlite_strict=True,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("n", Number, primary_key=True, autoincrement=False),
    Column("day", Number, nullable=False, unique=True),
    Column("note", LargeBinary, nullable=False),
    sqlite_strict=True,
)

vault = Table(
    "vault",
    metadata,
    Column("index", Number, ForeignKey(entries.c.index), primary_key=True, autoincrement=False),
    Column("ciphertext", LargeBinary, nullable=False),
    sqlite_strict=True,
)

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("expires_s", Number, nullable=False, index=True),
    sqlite_strict=True,
)

login_links = Table(
    "login_links",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("bound", LargeBinary, nullable=False),
    Column("expires_s", Number, nullable=False),
    sqlite_strict=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("bound", LargeBinary, nullable=False),
    Column("expires_s", Number, nullable=False),
    Column("seen_s", Number, nullable=False),
    sqlite_strict=True,
)

access_log = Table(
    "access_log",
    metadata,
    Column("n", Number, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("nodes", Text, nullable=False),
    Column("rows", Number, nullable=False),
    Column("grants", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_strict=True,
)

_TYPES: Mapping[Kind, TypeEngine[Any] | type[Integer]] = {
    "text": Text,
    "integer": Number,
    "boolean": Integer,
    "json": Text,
}


def _versions_of(row_type: type[Row]) -> Table:
    """Key columns, fields in their order, and the three of every version; `_version` in `cells` reads them so."""
    table = Table(
        row_type.TABLE,
        metadata,
        *(Column(part, Text, primary_key=True) for part in row_type.KEY),
        *(Column(column.name, _TYPES[column.kind]) for column in columns_of(row_type.TABLE).values()),
        Column("since", Number, primary_key=True, autoincrement=False),
        Column("until", Number),
        Column("set_by", Text, nullable=False),
        sqlite_strict=True,
    )
    open_versions = table.c.until.is_(None)
    Index(
        f"ix_{row_type.TABLE}_open",
        *(table.c[part] for part in row_type.KEY),
        unique=True,
        sqlite_where=open_versions,
        postgresql_where=open_versions,
    )
    Index(None, table.c.since)
    return table


cohort_tables: Mapping[str, Table] = {name: _versions_of(row_type) for name, row_type in TABLES.items()}
