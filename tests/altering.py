"""What an administrator does who changes rows behind the hub's back, in the words of either database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.settings import Settings
from ledger.store.engine import Connection, open_engine, writing


@contextmanager
def behind_its_back(settings: Settings) -> Iterator[Connection]:
    """A transaction in a hub's database, whose triggers are gone."""
    engine = open_engine(settings.database_url)
    with writing(engine) as conn:
        drop_triggers(conn)
        yield conn
    engine.dispose()


def drop_triggers(conn: Connection) -> None:
    """All of them; and what refers to what is looked at no more, or at the end of the transaction."""
    if conn.dialect.name == "sqlite":
        for (name,) in conn.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        return
    for (table,) in conn.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = current_schema").all():
        conn.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    conn.exec_driver_sql("ALTER TABLE vault DROP CONSTRAINT fk_vault_index")


def place_of_row(conn: Connection) -> str:
    """The name that the database itself has for where a row lies."""
    return "rowid" if conn.dialect.name == "sqlite" else "ctid"


def in_words_of(conn: Connection, statement: str) -> str:
    """A statement that SQLite understands, as this database does: bytes are written in another way."""
    if conn.dialect.name == "sqlite":
        return statement
    return re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", statement)
