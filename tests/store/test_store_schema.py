"""The schema: what the migrations make is what the program knows, and what the database itself refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from altering import in_words_of
from kept import Kept
from sqlalchemy.exc import IntegrityError

from ledger.errors import SetupError
from ledger.store import migrating
from ledger.store.checkpoints import KeptCheckpoint, is_kept, keep_checkpoint, kept_checkpoints
from ledger.store.engine import Engine, check_objects, check_schema, migrate, open_engine, reading, writing
from ledger.store.head import Head, found, read_head
from ledger.store.tables import metadata

ROOT = Path(__file__).parents[2]


def test_the_migrations_make_the_tables_that_the_program_knows(empty: Engine) -> None:
    with reading(empty) as conn:
        differences = compare_metadata(MigrationContext.configure(conn), metadata)

    assert differences == []


@pytest.mark.sqlites_own("PostgreSQL's columns have types anyway")
def test_every_table_refuses_values_of_another_type(empty: Engine) -> None:
    with reading(empty) as conn:
        strict = {row.name: row.strict for row in conn.exec_driver_sql("PRAGMA table_list")}

    assert {name: strict[name] for name in metadata.tables} == dict.fromkeys(metadata.tables, 1)


def test_a_database_that_was_not_migrated_is_refused_with_what_to_do(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")

    with pytest.raises(SetupError, match="cohort-ledger init"):
        check_schema(engine)


def test_migrating_again_changes_nothing(empty: Engine) -> None:
    migrate(empty)

    check_schema(empty)
    check_objects(empty)


def test_a_database_of_a_later_version_is_refused(empty: Engine) -> None:
    with writing(empty) as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SetupError, match="9999"):
        check_schema(empty)


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_processes_that_migrate_at_once_do_not_collide(on: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}" if on == "sqlite" else request.getfixturevalue("postgresql_url")
    program = f"from ledger.store.engine import *; engine = open_engine({url!r}); migrate(engine); check_schema(engine)"

    started = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]

    assert [process.communicate()[1] for process in started] == ["", "", ""]
    engine = open_engine(url)
    check_schema(engine)
    engine.dispose()


def test_alembic_runs_from_pyproject_on_the_database_of_the_settings(empty: Engine) -> None:
    alembic = Path(sys.executable).with_name("alembic")

    ran = subprocess.run(
        [alembic, "check"],
        cwd=ROOT,
        env={**os.environ, "COHORT_LEDGER_DATABASE_URL": empty.url.render_as_string(hide_password=False)},  # noqa: TID251 - a child's
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "No new upgrade operations detected.\n"), ran.stderr


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE entries SET node = 'impress-no' WHERE \"index\" = 3", "entries are never changed"),
        ('DELETE FROM entries WHERE "index" = 3', "entries are never deleted"),
        pytest.param(
            'INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE "index" = 3',
            "an entry follows the last one",
            marks=pytest.mark.sqlites_own("PostgreSQL has no INSERT OR REPLACE"),
        ),
        (
            "INSERT INTO entries VALUES (99, '', '', x'', 'x', 0, 'x', 'x', NULL, 0, NULL, NULL)",
            "an entry follows the last one",
        ),
    ],
)
def test_the_database_refuses_to_change_entries(altered: Kept, statement: str, refused: str) -> None:
    with reading(altered.engine) as conn:
        before = conn.exec_driver_sql("SELECT * FROM entries").all()

    with pytest.raises(IntegrityError, match=refused), writing(altered.engine) as conn:
        conn.exec_driver_sql(in_words_of(conn, statement))

    with reading(altered.engine) as conn:
        assert conn.exec_driver_sql("SELECT * FROM entries").all() == before


def test_kept_checkpoints_are_never_changed_taken_out_or_put_between(empty: Engine) -> None:
    note = b"a note"
    with writing(empty) as conn:
        found(conn, b"{}")
        for day in (20_780, 20_781):
            keep_checkpoint(conn, KeptCheckpoint(day, note))

    replacing = (
        "INSERT OR REPLACE INTO checkpoints VALUES (1, 20790, x'00')",
        "INSERT OR REPLACE INTO checkpoints VALUES (2, 20781, x'00')",
    )
    for statement in (
        "UPDATE checkpoints SET note = x'00'",
        "DELETE FROM checkpoints WHERE n = 1",
        "INSERT INTO checkpoints VALUES (9, 20790, x'00')",
        *(replacing if empty.dialect.name == "sqlite" else ()),  # SQLite's own words
    ):
        with pytest.raises(IntegrityError, match="kept checkpoint"), writing(empty) as conn:
            conn.exec_driver_sql(in_words_of(conn, statement))

    with reading(empty) as conn:
        assert list(kept_checkpoints(conn)) == [KeptCheckpoint(20_780, note), KeptCheckpoint(20_781, note)]
        assert (is_kept(conn, 20_781), is_kept(conn, 20_782)) == (True, False)


def test_a_database_of_the_first_version_is_brought_to_this_one_with_what_is_in_it(tmp_path: Path) -> None:
    # given
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    with writing(engine) as conn:
        migrating.upgrade(conn, "0001")
        conn.exec_driver_sql("INSERT INTO head (only, size, memorandum) VALUES (1, 0, x'7b7d')")
    with pytest.raises(SetupError, match="cohort-ledger migrate"):
        check_schema(engine)

    migrate(engine)

    check_schema(engine)
    check_objects(engine)
    with reading(engine) as conn:
        assert read_head(conn) == Head(0, b"{}", None, None, None, 0)
