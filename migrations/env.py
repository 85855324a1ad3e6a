"""Where Alembic starts: on the connection that it is handed, or, from its own command, on the settings' database."""
# ruff: noqa: INP001 - Alembic finds it by its path

from alembic import context
from sqlalchemy import Connection

from ledger.settings import Settings
from ledger.store.engine import open_engine, writing
from ledger.store.tables import metadata


def run(connection: Connection) -> None:
    # SQLite keeps table definitions under transactions as well: a migration is done whole, or not at all
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    with writing(open_engine(Settings.here({}).database_url)) as own:
        run(own)
