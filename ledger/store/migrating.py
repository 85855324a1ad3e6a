"""The schema's migrations, wherever the program is installed: run in a transaction that is handed in."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a revision. The caller holds the writer's lock."""
    from alembic import command  # noqa: PLC0415 - costs as much as all the rest together, and is seldom asked for

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revisions(connection: Connection) -> tuple[set[str], set[str]]:
    """At which revisions a database is, none where it is empty, and at which this version of the program would be."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    found = MigrationContext.configure(connection).get_current_heads()
    return set(found), set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    installed = Path(__file__).parent / "migrations"
    checkout = Path(__file__).parents[2] / "migrations"
    config = Config()
    folder = installed if installed.is_dir() else checkout
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
