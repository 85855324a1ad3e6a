"""Who is logged in: tokens once, links once, sessions for a while; and nothing of it can be read from the database."""

from pathlib import Path

import pytest

from ledger.cohort.callers import ByKey, ByName, Identity
from ledger.store import sessions
from ledger.store.engine import Engine, reading, writing
from ledger.store.sessions import IDLE_S, LINK_LASTS_S, SESSION_LASTS_S
from ledger.store.tables import login_links, used_tokens
from ledger.store.tables import sessions as sessions_table

NOW = 1_790_000_000
SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
BY_KEY = ByKey("x" * 43)
BY_NAME = ByName("https://login.example", "anna-karin-4711")


def test_a_token_is_used_once_and_forgotten_when_it_has_expired(empty: Engine) -> None:
    with writing(empty) as conn:
        first = sessions.use_token(conn, "a", NOW + 300, now_s=NOW)
        again = sessions.use_token(conn, "a", NOW + 300, now_s=NOW + 300)
        other = sessions.use_token(conn, "b", NOW + 600, now_s=NOW + 301)
        kept = conn.execute(used_tokens.select()).all()

    assert (first, again, other) == (True, False, True)
    assert len(kept) == 1


def test_a_token_that_was_used_is_known_after_a_restart(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.use_token(conn, "a", NOW + 300, now_s=NOW)
    empty.dispose()

    with writing(empty) as conn:
        assert not sessions.use_token(conn, "a", NOW + 300, now_s=NOW)


@pytest.mark.parametrize("who", [BY_KEY, BY_NAME])
def test_a_link_logs_in_once_and_looking_at_it_does_not_use_it_up(empty: Engine, who: Identity) -> None:
    with writing(empty) as conn:
        sessions.new_link(conn, who, secret=SECRET, now_s=NOW)
        looked = [sessions.is_link(conn, each, now_s=NOW) for each in (SECRET, SECRET, OTHER)]
        used = [sessions.use_link(conn, each, now_s=NOW) for each in (OTHER, SECRET, SECRET)]

    assert looked == [True, True, False]
    assert used == [None, who, None]


def test_a_link_is_good_for_five_minutes(empty: Engine) -> None:
    with writing(empty) as conn:
        for secret in (SECRET, OTHER):
            sessions.new_link(conn, BY_KEY, secret=secret, now_s=NOW)

        assert sessions.use_link(conn, SECRET, now_s=NOW + LINK_LASTS_S) == BY_KEY
        assert sessions.use_link(conn, OTHER, now_s=NOW + LINK_LASTS_S + 1) is None


def test_a_session_ends_after_half_an_hour_without_a_request_and_after_eight_hours_with_them(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_session(conn, BY_KEY, secret=SECRET, now_s=NOW)
        assert sessions.find_session(conn, SECRET, now_s=NOW + IDLE_S - 1) is not None
        assert sessions.find_session(conn, SECRET, now_s=NOW + IDLE_S) is None

        for now_s in range(NOW, NOW + SESSION_LASTS_S, IDLE_S // 2):
            sessions.see(conn, SECRET, now_s=now_s)
            found = sessions.find_session(conn, SECRET, now_s=now_s)
            assert found is not None
            assert found.who == BY_KEY
        sessions.see(conn, SECRET, now_s=NOW + SESSION_LASTS_S)
        assert sessions.find_session(conn, SECRET, now_s=NOW + SESSION_LASTS_S + 1) is None


def test_a_session_that_was_ended_is_none(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_session(conn, BY_KEY, secret=SECRET, now_s=NOW)
        sessions.new_session(conn, BY_NAME, secret=OTHER, now_s=NOW)

        sessions.end_session(conn, SECRET)

        assert sessions.find_session(conn, SECRET, now_s=NOW) is None
        assert sessions.find_session(conn, OTHER, now_s=NOW) is not None


def test_a_session_is_seen_once_a_minute_and_not_at_each_request(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_session(conn, BY_KEY, secret=SECRET, now_s=NOW)

        due = [sessions.is_seen_long_ago(conn, SECRET, now_s=NOW + after_s) for after_s in (0, 59, 60)]

    assert due == [False, False, True]


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_the_database_tells_neither_the_secret_nor_who_logged_in(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_link(conn, BY_NAME, secret=SECRET, now_s=NOW)
        sessions.new_session(conn, BY_NAME, secret=OTHER, now_s=NOW)
    empty.dispose()

    stored = Path(str(empty.url.database)).read_bytes()
    assert [part for part in (SECRET, OTHER, b"anna-karin", b"login.example") if part in stored] == []


def test_a_session_that_was_given_anothers_identity_in_the_database_is_none(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_session(conn, BY_KEY, secret=SECRET, now_s=NOW)
        sessions.new_session(conn, BY_NAME, secret=OTHER, now_s=NOW)

        conn.exec_driver_sql("UPDATE sessions SET bound = (SELECT bound FROM sessions ORDER BY hash LIMIT 1)")

        found = [sessions.find_session(conn, secret, now_s=NOW) for secret in (SECRET, OTHER)]
    assert found.count(None) == 1


def test_what_is_over_is_deleted_when_the_next_begins(empty: Engine) -> None:
    with writing(empty) as conn:
        sessions.new_link(conn, BY_KEY, secret=SECRET, now_s=NOW)
        sessions.new_session(conn, BY_KEY, secret=SECRET, now_s=NOW)

        sessions.new_link(conn, BY_KEY, secret=OTHER, now_s=NOW + IDLE_S)

    with reading(empty) as conn:
        counts = [len(conn.execute(table.select()).all()) for table in (login_links, sessions_table)]
    assert counts == [1, 0]


@pytest.mark.parametrize("text", ["", "a", "A" * 42, "A" * 42 + "B", "A" * 44, "ä" * 43, "\udcff"])
def test_what_is_no_secret_is_none(text: str) -> None:
    assert sessions.read_secret(text) is None
