"""What is PostgreSQL's own: a user who owns the database and no more, a schema of its own, and what is made sure of."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from ledger.cli.demo_stage import free_port
from ledger.errors import SetupError, UnavailableError
from ledger.store.bulk import insert_rows
from ledger.store.engine import Engine, check_file, check_objects, check_schema, migrate, open_engine, reading, writing
from ledger.store.postgresql import meaning_of
from ledger.store.tables import tiles

USER = "cohort_ledger_owner"


@pytest.fixture
def owned_url(postgresql_url: str) -> Iterator[str]:
    """A database whose owner is nobody else on the server."""
    url = make_url(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        user = f"{USER}_{url.database}"
        server.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'p%@/:' NOSUPERUSER").format(Identifier(user)))
        server.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(str(url.database)), Identifier(user)))
    yield url.set(username=user, password="p%@/:").render_as_string(hide_password=False)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(Identifier(user)))
        server.execute(SQL("DROP OWNED BY {}; DROP ROLE {}").format(Identifier(user), Identifier(user)))


@pytest.fixture
def migrated(migrated_url: str) -> Engine:
    return open_engine(migrated_url)


def test_who_owns_the_database_needs_no_other_right(owned_url: str) -> None:
    engine = open_engine(owned_url)

    migrate(engine)

    check_schema(engine)
    check_objects(engine)
    assert check_file(engine) == "the server keeps what it has answered"
    with writing(engine) as conn:
        assert conn.exec_driver_sql("SELECT usesuper FROM pg_user WHERE usename = current_user").scalar_one() is False
        insert_rows(conn, tiles, [{"level": 0, "n": n, "data": b"x"} for n in range(50)])


def test_why_there_is_no_connection_is_said_and_no_password(owned_url: str) -> None:
    url = make_url(owned_url)

    def met(**parts: Any) -> str:
        wanted = parts.pop("wanted", SetupError)
        told = url.set(**parts).render_as_string(hide_password=False)
        with pytest.raises(wanted) as refused, reading(open_engine(told)):
            pass
        return str(refused.value)

    nowhere = {"host": "127.0.0.1", "port": free_port(), "query": {}}
    assert "has no such database" in met(database="nowhere")
    assert "cannot be reached: see that it runs" in met(**nowhere, wanted=UnavailableError)
    assert "an option that libpq does not know" in met(query={**url.query, "hunter2": "hunter2"})
    assert "refuses who we are" in met(username="nobody_at_all", password="hunter2")


@pytest.mark.parametrize(
    ("told", "meaning"),
    [
        ('FATAL:  password authentication failed for user "hub"', "check the user and password"),
        ("fe_sendauth: no password supplied", "check the user and password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "hub"', "see its pg_hba.conf"),
        ("server does not support SSL, but SSL was required", "check sslmode"),
        ('FATAL:  database "ledger" does not exist', "make one, or mend the URL"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("FATAL:  the database system is starting up", "cannot be reached"),
    ],
)
def test_what_a_server_answers_to_a_greeting_is_told_from_one_that_is_not_there(told: str, meaning: str) -> None:
    error = psycopg.OperationalError(f'connection failed: connection to server at "10.0.0.2", port 5432 failed: {told}')

    assert meaning in str(meaning_of(error))


def test_after_a_connection_was_lost_nobody_knows_whether_its_commit_came_about() -> None:
    error = psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")

    assert "whether a commit came about is not known" in str(meaning_of(error))


def test_a_schema_that_the_url_names_is_where_everything_lies(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("CREATE SCHEMA apart")
    engine = open_engine(f"{postgresql_url}{'&' if '?' in postgresql_url else '?'}options=-csearch_path%3Dapart")

    migrate(engine)

    check_schema(engine)
    check_objects(engine)
    with reading(engine) as conn:
        found = conn.exec_driver_sql("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'entries'").scalars()
        assert list(found) == ["apart"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE entries DISABLE TRIGGER entries_are_not_changed", "trigger entries_are_not_changed"),
        ("DROP TRIGGER access_log_is_not_deleted ON access_log", "trigger access_log_is_not_deleted"),
        ("DROP INDEX ix_episodes_open", "index ix_episodes_open"),
        ("ALTER TABLE vault DROP CONSTRAINT fk_vault_index", "constraint fk_vault_index"),
        ('ALTER TABLE episodes ALTER COLUMN "case" TYPE text COLLATE "default"', "column episodes.case"),
        (
            "CREATE OR REPLACE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "function ledger_refuses",
        ),
    ],
)
def test_an_object_that_was_changed_is_named(migrated: Engine, change: str, named: str) -> None:
    check_objects(migrated)
    with writing(migrated) as conn:
        conn.exec_driver_sql(change)

    with pytest.raises(SetupError, match=named):
        check_objects(migrated)


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_writer_sees_what_was_written_while_it_waited_whatever_the_servers_default_is(
    migrated_url: str, level: str
) -> None:
    name = Identifier(str(make_url(migrated_url).database))
    with psycopg.connect(migrated_url, autocommit=True) as server:
        server.execute(SQL("ALTER DATABASE {} SET default_transaction_isolation = {}").format(name, Literal(level)))
    engine, waiting = open_engine(migrated_url), ThreadPoolExecutor(1)

    def add() -> int:
        with writing(engine) as conn:
            insert_rows(conn, tiles, [{"level": 0, "n": (n := len(conn.execute(tiles.select()).all())), "data": b""}])
        return n

    with writing(engine) as conn:
        second = waiting.submit(add)
        with psycopg.connect(migrated_url, autocommit=True) as server:
            while not server.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone():
                sleep(0.01)
        insert_rows(conn, tiles, [{"level": 0, "n": 0, "data": b""}])

    assert second.result() == 1
    waiting.shutdown()


def test_a_time_limit_of_the_servers_is_met_by_trying_again(migrated_url: str) -> None:
    engine = open_engine(
        f"{migrated_url}{'&' if '?' in migrated_url else '?'}options=-cidle_in_transaction_session_timeout%3D50"
    )

    def write_late() -> None:
        with writing(engine) as conn:
            sleep(0.3)
            conn.execute(tiles.select())

    with pytest.raises(UnavailableError):
        write_late()


@pytest.mark.parametrize("value", ["7", 1.5, b"7"])
def test_a_value_of_another_type_is_refused_in_bulk(migrated: Engine, value: object) -> None:
    rows = [{"level": 0, "n": n, "data": b""} for n in range(49)] + [{"level": 0, "n": value, "data": b""}]

    with pytest.raises((DBAPIError, TypeError)), writing(migrated) as conn:
        insert_rows(conn, tiles, rows)

    with reading(migrated) as conn:
        assert conn.execute(tiles.select()).all() == []
