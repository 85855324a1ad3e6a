"""Moving a ledger to another database: all of it, the same, once; and it goes on there."""

from collections.abc import Callable
from pathlib import Path

import given
import hubs
import pytest
from altering import drop_triggers
from sqlalchemy import make_url
from story import FOUNDERS, STORY

from ledger.errors import LedgerError, SetupError, TamperedError
from ledger.operations.doctor import examine
from ledger.operations.hub import open_hub
from ledger.operations.moving import move
from ledger.store.engine import migrate, open_engine, reading, writing
from ledger.store.head import read_head
from ledger.store.moving import contents
from ledger.store.tables import metadata


@pytest.fixture
def alliance() -> given.Alliance:
    alliance = given.Alliance(FOUNDERS)
    for sentence in STORY:
        alliance.says(*sentence)
    return alliance


@pytest.fixture
def url(tmp_path: Path, alliance: given.Alliance) -> str:
    """A ledger on SQLite that has the whole story."""
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.close()
    return hubs.settings_in(tmp_path).database_url


def rows_in(url: str) -> int:
    engine = open_engine(url)
    with reading(engine) as conn:
        count = sum(each.rows for each in contents(conn))
    engine.dispose()
    return count


def test_a_moved_ledger_is_the_same_goes_on_there_and_nowhere_else(
    url: str, tmp_path: Path, alliance: given.Alliance, postgresql_url: str
) -> None:
    # given: somebody was shown something, so that there is an access log to move
    before = hubs.reopened(tmp_path)
    told = before.appender.digest()
    before.close()

    moved = move(url, postgresql_url)

    # then: every table and row
    assert (moved.size, moved.digest) == (alliance.database.size, told)
    assert {each.table for each in moved.contents} == metadata.tables.keys() - {"sessions", "login_links"}
    assert all(each.rows for each in moved.contents if each.table in {"entries", "tiles", "vault", "head", "episodes"})
    assert rows_in(postgresql_url) == rows_in(url) == sum(each.rows for each in moved.contents)
    settings = hubs.settings_in(tmp_path, database_url=postgresql_url)
    assert [each for each in examine(settings) if each.verdict != "well"] == []
    # it goes on there
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(77), "on": "2021-11-20"})
    hub = open_hub(settings, hubs.LOG)
    assert [posted.index for posted, _ in hubs.post(hub, alliance)] == [moved.size]
    hub.close()
    # and not here
    with pytest.raises(SetupError, match="goes on there"):
        hubs.reopened(tmp_path)
    with pytest.raises(SetupError, match="goes on there"):
        move(url, f"sqlite:///{tmp_path / 'another.db'}")


def test_a_hub_that_runs_on_at_the_old_place_appends_nothing(
    url: str, tmp_path: Path, alliance: given.Alliance, postgresql_url: str
) -> None:
    running = hubs.reopened(tmp_path)
    running.appender.size()
    move(url, postgresql_url)
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(77), "on": "2021-11-20"})

    with pytest.raises(SetupError, match="goes on there"):
        hubs.post(running, alliance)

    assert running.appender.size() == alliance.database.size - 1
    with pytest.raises(SetupError, match="goes on there"):  # nor does it judge by old keys and grants who may read
        running.callers.known()
    running.close()


def test_a_ledger_moves_back_to_sqlite(url: str, tmp_path: Path, postgresql_url: str) -> None:
    there = move(url, postgresql_url)

    back = move(postgresql_url, f"sqlite:///{tmp_path / 'back.db'}")

    assert (back.contents, back.digest) == (there.contents, there.digest)


def test_a_target_that_is_not_empty_is_refused_and_left_as_it_was(url: str, postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    migrate(engine)
    with writing(engine) as conn:
        conn.exec_driver_sql(r"INSERT INTO tiles VALUES (0, 0, '\x00')")
    engine.dispose()

    with pytest.raises(SetupError, match="not empty: it has rows in tiles"):
        move(url, postgresql_url)

    assert rows_in(postgresql_url) == 1


def test_a_ledger_is_not_moved_onto_itself(url: str) -> None:
    with pytest.raises(SetupError, match="not empty"):
        move(url, url)


def test_what_does_not_hold_is_not_moved(url: str, postgresql_url: str) -> None:
    def refused(change: str, error: type[LedgerError], why: str) -> None:
        engine = open_engine(url)
        with writing(engine) as conn:
            drop_triggers(conn)
            conn.exec_driver_sql(change)
        engine.dispose()
        with pytest.raises(error, match=why):
            move(url, postgresql_url)
        assert rows_in(postgresql_url) == 0

    refused(
        "UPDATE episodes SET release_code = 'x' || release_code", TamperedError, "stored rows|a value that no event"
    )
    refused("UPDATE trials SET name = name || char(0)", SetupError, r"trials.name holds the character U\+0000")
    refused("UPDATE trials SET name = CAST(x'ff' AS TEXT)", TamperedError, "trials")


def test_a_row_that_is_lost_on_the_way_is_found_and_nothing_is_moved(
    url: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., None] = __import__("ledger.store.moving", fromlist=["insert_rows"]).insert_rows

    def losing(conn: object, table: object, rows: list[object]) -> None:
        real(conn, table, rows[:-1] if str(table) == "vault" else rows)

    monkeypatch.setattr("ledger.store.moving.insert_rows", losing)

    with pytest.raises(TamperedError, match="vault is not the same in both"):
        move(url, postgresql_url)

    assert rows_in(postgresql_url) == 0


def test_the_report_shows_no_password(url: str, postgresql_url: str) -> None:
    secret = make_url(postgresql_url).set(password="hunter2").render_as_string(hide_password=False)

    moved = move(url, secret)

    engine = open_engine(url)
    with reading(engine) as conn:
        marked = conn.exec_driver_sql("SELECT moved_to FROM head").scalar_one()
        assert read_head(conn).size == moved.size
    engine.dispose()
    assert "hunter2" not in moved.to + marked
