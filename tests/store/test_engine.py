"""The door: one writer at a time, readers that see one moment, and errors by who must act."""

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from given import case
from kept import Kept
from sqlalchemy import event

from ledger.errors import SetupError, TamperedError, UnavailableError
from ledger.store.engine import Engine, check_file, empty_write_ahead, open_engine, reading, shown_url, writing
from ledger.store.head import advance, found, read_head

WAIT_S = 10.0


def test_a_block_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    def begin_and_fail() -> None:
        with writing(empty) as conn:
            found(conn, b"{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_and_fail()

    with reading(empty) as conn, pytest.raises(SetupError, match="init"):
        read_head(conn)


def test_two_writers_do_not_interleave(empty: Engine) -> None:
    with writing(empty) as conn:
        found(conn, b"{}")
    together = threading.Barrier(4, timeout=WAIT_S)

    def count_up() -> None:
        together.wait()
        for _ in range(25):
            with writing(empty) as conn:  # what is read under the lock is still so when it is written
                advance(conn, read_head(conn).size + 1)

    writers = [threading.Thread(target=count_up) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(WAIT_S)

    with reading(empty) as conn:
        assert read_head(conn).size == 100


def test_the_lock_is_taken_before_the_first_write(empty: Engine) -> None:
    other = open_engine(empty.url.render_as_string(hide_password=False))
    soon = "PRAGMA busy_timeout = 1" if empty.dialect.name == "sqlite" else "SET lock_timeout = 1"
    event.listen(other, "checkout", lambda raw, *_: raw.execute(soon))

    with (
        writing(empty),
        pytest.raises(UnavailableError, match="another process is writing"),
        writing(other),
    ):
        pass

    with writing(other) as conn:
        found(conn, b"{}")


def test_a_reader_sees_one_moment_while_a_writer_commits(empty: Engine) -> None:
    with writing(empty) as conn:
        found(conn, b"{}")

    with reading(empty) as reader:
        before = read_head(reader).size
        with writing(empty) as writer:
            advance(writer, 7)
        during = read_head(reader).size

    with reading(empty) as conn:
        assert (before, during, read_head(conn).size) == (0, 0, 7)


@pytest.mark.sqlites_own("of PostgreSQL, test_postgresql tells")
def test_commits_survive_a_power_cut(empty: Engine) -> None:
    with reading(empty) as conn:
        modes = [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert modes == ["wal", 2]  # 2 is FULL


@pytest.mark.parametrize("url", ["mysql://localhost/ledger", "sqlite://", "sqlite", "ledger.db"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="sqlite:///<file>"):
        open_engine(url)


def test_a_password_in_a_refused_url_is_not_shown() -> None:
    with pytest.raises(SetupError) as refused:
        open_engine("mysql://hub:hunter2@localhost/ledger")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:hunter2@db/ledger",
        "postgres://hub:hunter2@db/ledger",
        "postgresql://hub@db/ledger?password=hunter2&sslpassword=hunter2",
        "postgresql://hub:hunter2@one:1,two:2/ledger?sslmode=require",
    ],
)
def test_a_shown_url_has_no_password(url: str) -> None:
    shown = shown_url(url)

    assert "hunter2" not in shown
    assert shown.startswith("postgresql://hub")


def test_urls_are_read_as_libpq_reads_them() -> None:
    def sent(url: str, *, of_replica: bool = False) -> dict[str, object]:
        engine = open_engine(url, of_replica=of_replica)
        _, given = engine.dialect.create_connect_args(engine.url)
        return {name: value for name, value in given.items() if name != "context"}

    assert sent("postgres://hub:100%25%40%2F@db:6432/ledger?sslmode=verify-full") == {
        "user": "hub",
        "password": "100%@/",
        "host": "db",
        "port": 6432,
        "dbname": "ledger",
        "sslmode": "verify-full",
    }
    assert sent("postgresql://hub@one:5432,two:5433/ledger?target_session_attrs=read-write") == {
        "user": "hub",
        "dbname": "ledger",
        "target_session_attrs": "read-write",
        "host": "one,two",
        "port": "5432,5433",
    }
    # of several hosts one may be a replica, which is behind
    assert sent("postgresql://one,two/ledger")["target_session_attrs"] == "read-write"
    assert sent("postgresql://one,two/ledger?target_session_attrs=any")["target_session_attrs"] == "any"
    assert "target_session_attrs" not in sent("postgresql://one,two/ledger", of_replica=True)
    assert sent("postgresql:///ledger?host=/run/postgresql") == {"host": "/run/postgresql", "dbname": "ledger"}


@pytest.mark.parametrize("url", ["postgresql://hub@db", "postgresql://hub@db:x/ledger"])
def test_a_url_that_is_none_says_what_to_write(url: str) -> None:
    with pytest.raises(SetupError, match="postgresql://user@host/database"):
        open_engine(url)


def test_the_first_connections_to_a_new_file_wait_for_each_other(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(100)]  # without waiting, one in ten is refused
    processes = multiprocessing.get_context("spawn")
    together = processes.Barrier(3, timeout=WAIT_S)

    started = [processes.Process(target=_write_into_each, args=(urls, together)) for _ in range(together.parties)]
    for process in started:
        process.start()
    for process in started:
        process.join()

    assert [process.exitcode for process in started] == [0, 0, 0]


def _write_into_each(urls: list[str], together: Barrier) -> None:
    for url in urls:
        engine = open_engine(url)
        together.wait()
        with writing(engine) as conn:
            conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS opened (by_one INTEGER)")
        engine.dispose()


def test_a_missing_folder_is_the_operators(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")

    with pytest.raises(SetupError, match="cannot be opened"), reading(engine):
        pass


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_a_row_that_was_edited_past_sqlite_is_found(altered: Kept) -> None:
    check_file(altered.engine)
    altered.engine.dispose()
    file = Path(str(altered.engine.url.database))
    name, data = case(2).encode(), file.read_bytes()
    file.write_bytes(data[: data.rindex(name)] + name[:-1] + b"x" + data[data.rindex(name) + len(name) :])

    with pytest.raises(TamperedError, match="the database file is damaged"):
        check_file(altered.engine)


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
@pytest.mark.parametrize("kept", [0, 100])  # bytes of the file's beginning
def test_a_damaged_file_is_an_alarm(empty: Engine, kept: int) -> None:
    empty.dispose()
    file = Path(str(empty.url.database))
    file.write_bytes(file.read_bytes()[:kept] + b"x" * (file.stat().st_size - kept))

    with pytest.raises(TamperedError, match="the database file is"), reading(empty) as conn:
        read_head(conn)


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_the_write_ahead_file_is_emptied_where_no_reader_needs_it_and_nobody_is_waited_for(empty: Engine) -> None:
    engine, write_ahead = empty, Path(f"{empty.url.database}-wal")
    with reading(engine) as reader:
        read_nothing_yet = reader.exec_driver_sql("SELECT count(*) FROM head").scalar_one()
        with writing(engine) as conn:
            conn.exec_driver_sql("INSERT INTO tiles VALUES (0, 0, x'00')")
        begun = time.monotonic()

        assert not empty_write_ahead(engine)

        assert time.monotonic() - begun < 5  # and not the half minute that a writer waits
        assert write_ahead.stat().st_size > 0
    assert read_nothing_yet == 0
    assert empty_write_ahead(engine)
    assert write_ahead.stat().st_size == 0


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_what_is_deleted_is_overwritten_in_the_database(empty: Engine, tmp_path: Path) -> None:
    engine, secret = empty, b"once there, and deleted since"
    with writing(engine) as conn:
        conn.exec_driver_sql("INSERT INTO tiles VALUES (0, 0, ?)", (secret,))
    empty_write_ahead(engine)
    assert secret in (tmp_path / "ledger.db").read_bytes()

    with writing(engine) as conn:
        conn.exec_driver_sql("DELETE FROM tiles")
    empty_write_ahead(engine)

    assert secret not in (tmp_path / "ledger.db").read_bytes() + (tmp_path / "ledger.db-wal").read_bytes()
