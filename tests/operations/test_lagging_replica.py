"""Reads from a replica of a real server: one that lags, one that is gone, and the node that wants what it posted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import given
import httpx2 as httpx
import hubs
import ledgers
import load
import pytest
import servers

BATCH = 5


class Lagging(NamedTuple):
    """url: of a hub that reads from the replica, which replays nothing any more. before: how many entries it has."""

    url: str
    replica: servers.Server
    alliance: given.Alliance
    before: int

    def sizes(self, **headers: str) -> tuple[int, int]:
        """How far the log goes, by its pages and by its checkpoint."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        page = httpx.get(f"{self.url}/events", params={"after": str(self.before - 2)}, headers=named)
        checkpoint = httpx.get(f"{self.url}/log/checkpoint", headers=named)
        return page.json()["events"][-1]["index"] + 1, int(checkpoint.text.splitlines()[1])


@pytest.fixture
def lagging(tmp_path: Path) -> Iterator[Lagging]:
    alliance = load.busy_alliance(len(given.FOUNDERS))
    with servers.replicated() as (primary, replica):
        settings = hubs.settings_in(tmp_path, database_url=primary.url("ledger"), read_url=replica.url("ledger"))
        with ledgers.Ledger(tmp_path, alliance, settings, primary).hub() as hub, ledgers.serving_here(hub) as url:
            replica.query("SELECT pg_wal_replay_pause()")
            stream = load.Stream(alliance, given.DRUP, alliance.database.streams[given.DRUP])
            post = load.OverHttp(url, alliance)
            indexes = post([stream.next() for _ in range(BATCH)])
            post.close()
            yield Lagging(url, replica, alliance, indexes[0])


def test_a_replica_that_lags_shows_an_older_log_but_to_who_asks_for_no_older_one(lagging: Lagging) -> None:
    newest = str(lagging.before + BATCH - 1)

    assert lagging.sizes() == (lagging.before, lagging.before)
    assert lagging.sizes(Ledger_Not_Older_Than=newest) == (lagging.before + BATCH, lagging.before + BATCH)
    # and once it has caught up, it is as new as that
    lagging.replica.query("SELECT pg_wal_replay_resume()")
    for _ in range(100):
        if lagging.sizes() == (lagging.before + BATCH, lagging.before + BATCH):
            break
    else:
        raise AssertionError("the replica does not catch up")


def test_of_a_replica_that_is_killed_nobody_hears(lagging: Lagging) -> None:
    assert lagging.sizes() == (lagging.before, lagging.before)

    lagging.replica.kill()

    assert lagging.sizes() == (lagging.before + BATCH, lagging.before + BATCH)
