"""Several hubs on one database: what one publishes wakes the others at once, where the database can tell them."""

import threading
import time
from pathlib import Path

import given
import hubs
import psycopg
import pytest
from mirrors import busy_alliance
from sqlalchemy import QueuePool

from ledger.operations.hub import Hub

WAIT_S = 10.0

pytestmark = pytest.mark.usefixtures("on_postgresql")


@pytest.fixture
def two(tmp_path: Path) -> tuple[Hub, Hub, given.Alliance]:
    """Two hubs on one ledger; the second one hears."""
    alliance = busy_alliance(20)
    return hubs.founded_hub(tmp_path, alliance), hubs.reopened(tmp_path), alliance


def heard_by(hub: Hub) -> threading.Event:
    heard = threading.Event()
    hub.listeners._listeners.append(heard.set)
    return heard


def test_a_hub_hears_at_once_what_another_has_published(two: tuple[Hub, Hub, given.Alliance]) -> None:
    one, other, alliance = two
    heard = heard_by(other)
    other.hearing.start()
    assert heard.wait(WAIT_S)  # it looks once it is there
    heard.clear()

    begun = time.monotonic()
    hubs.post(one, alliance)

    assert heard.wait(WAIT_S)
    assert time.monotonic() - begun < WAIT_S / 2
    other.hearing.stop()


def test_a_listener_whose_connection_was_ended_comes_back_and_looks(two: tuple[Hub, Hub, given.Alliance]) -> None:
    one, other, alliance = two
    heard = heard_by(other)
    other.hearing.start()
    assert heard.wait(WAIT_S)
    heard.clear()

    url = one.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as server:
        ended = server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND query LIKE 'LISTEN%'"
        ).fetchall()

    assert len(ended) == 1
    assert heard.wait(WAIT_S)  # of what was published meanwhile
    heard.clear()
    hubs.post(one, alliance)
    assert heard.wait(WAIT_S)
    other.hearing.stop()


def test_a_listener_that_got_no_connection_tries_again(two: tuple[Hub, Hub, given.Alliance]) -> None:
    _, other, _ = two
    heard = heard_by(other)
    pool = other.engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout, pool._max_overflow = 0.1, 0
    taken = [other.engine.connect() for _ in range(pool.size())]

    other.hearing.start()
    time.sleep(0.3)
    for connection in taken:
        connection.close()

    assert heard.wait(WAIT_S)
    other.hearing.stop()
