"""PostgreSQL that waits for a replica: nothing is acknowledged that the replica does not have, whatever happens."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import given
import hubs
import ledgers
import load
import pytest
import servers

from ledger.errors import UnavailableError
from ledger.operations.hub import Hub
from ledger.signing.envelope import Envelope

_NOT_YET_S = 0.4


class Pair(NamedTuple):
    primary: servers.Server
    replica: servers.Server
    hub: Hub
    said: Envelope  # a node's next, that no hub has yet


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    alliance = load.busy_alliance(len(given.FOUNDERS))
    with servers.replicated() as (primary, replica):
        settings = hubs.settings_in(tmp_path, database_url=primary.url("ledger"))
        with ledgers.Ledger(tmp_path, alliance, settings, primary).hub() as hub:
            said = load.Stream(alliance, given.DRUP, alliance.database.streams[given.DRUP]).next()
            yield Pair(primary, replica, hub, said)


class Posting(threading.Thread):
    """A post that may take long. index: of what was acknowledged, None where it was not."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(daemon=True)
        self._pair = pair
        self.index: int | None = None
        self.error: UnavailableError | None = None
        self.start()

    def run(self) -> None:
        try:
            (self.index,) = load.InProcess(self._pair.hub)([self._pair.said])
        except UnavailableError as error:
            self.error = error

    @property
    def waits(self) -> bool:
        """Whether it has no answer, and will not have one soon."""
        self.join(_NOT_YET_S)
        return self.is_alive()


def committing(primary: servers.Server) -> list[int]:
    """The processes that have committed, and wait for the replica."""
    for _ in range(500):
        found = primary.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        if found:
            return [pid for (pid,) in found]
        time.sleep(0.01)
    raise AssertionError("nobody waits for the replica")


def log_of(server: servers.Server) -> int:
    ((size,),) = server.query("SELECT size FROM head", "ledger")
    assert isinstance(size, int)
    return size


def test_while_the_replica_is_away_nothing_is_acknowledged(pair: Pair) -> None:
    before = log_of(pair.primary)
    pair.replica.stop()

    posting = Posting(pair)

    assert posting.waits
    assert log_of(pair.primary) == before  # nor shown to anybody
    pair.replica.start()
    posting.join(20)
    assert posting.index == before
    assert log_of(pair.replica) == before + 1


def test_a_commit_that_an_administrator_did_not_let_wait_is_not_acknowledged(pair: Pair) -> None:
    # given
    pair.replica.stop()
    posting = Posting(pair)

    # when: the wait is broken off, and the server answers the commit with a warning
    (pid,) = committing(pair.primary)
    pair.primary.query(f"SELECT pg_cancel_backend({pid})")
    posting.join(20)

    # then: the node does not know, and asks again; it hears of it when the replica has it
    assert posting.index is None
    assert "not known" in str(posting.error)
    again = Posting(pair)
    assert again.waits
    pair.replica.start()
    again.join(20)
    assert again.index == log_of(pair.replica) - 1


@pytest.mark.parametrize("kills", [1, 2])
def test_what_a_killed_primary_had_committed_alone_is_acknowledged_once_the_replica_has_it_too(
    pair: Pair, kills: int
) -> None:
    # given: a primary that was killed while it waited, and started again: it shows what only it has. The first time
    # that is the entry, the second time the checkpoint over it
    before = log_of(pair.primary)
    pair.replica.stop()
    for _ in range(kills):
        posting = Posting(pair)
        committing(pair.primary)
        pair.primary.kill()
        posting.join(20)
        assert posting.error is not None
        pair.primary.start()
    assert log_of(pair.primary) == before + 1

    # when: the node sends the same again
    again = Posting(pair)

    # then: it is known, and yet no answer comes that the replica could make a lie
    assert again.waits
    pair.replica.start()
    again.join(20)
    assert again.index == before
    pair.primary.kill()
    pair.replica.promote()
    assert log_of(pair.replica) == before + 1
