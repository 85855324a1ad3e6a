"""The list of faults that must lose nothing: each is done to a ledger under load, and what it left is counted.

Each takes an empty folder, and raises AssertionError where a hub answers what it must not, or what is stored does not
agree with itself.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

import given
import hubs
import ledgers
import load
import proxies
import servers
from ledgers import Ledger
from outcomes import Outcome, logged
from sqlalchemy import event

from ledger.clock import now
from ledger.operations.audit import audit
from ledger.operations.hub import Hub
from ledger.operations.mirror import mirror
from ledger.operations.source import FolderSource
from ledger.signing.entry import parse_time
from ledger.store.engine import Connection, Engine, reading
from ledger.store.entries import read_entries
from ledger.store.head import read_head

_SOME = 15  # acknowledged posts before and after a fault

Outage = Callable[[Path], Outcome]


@cache
def alliance() -> given.Alliance:
    return load.busy_alliance()


def _outcome(fault: str, of: Ledger, posting: load.Load) -> Outcome:
    return Outcome.of(
        fault,
        of.database,
        said=posting.said,
        unknown=posting.unknown,
        acknowledged=posting.acknowledged,
        log=logged(of.settings),
    )


@contextmanager
def _served_here(of: Ledger, statuses: Counter[int] | None = None) -> Iterator[tuple[Hub, load.Load]]:
    """A hub over HTTP in this process, under load."""
    with (
        of.hub() as hub,
        ledgers.serving_here(hub) as url,
        load.posting(of.alliance, lambda _: load.OverHttp(url, of.alliance, statuses)) as posting,
    ):
        yield hub, posting


# ---------------------------------------------------------------------- processes that are killed


def hub_killed(folder: Path, database: str, *, times: int = 1) -> Outcome:
    with ledgers.ledger(database, folder, alliance()) as it:
        with (
            ledgers.served(it) as (hub,),
            load.posting(it.alliance, lambda _: load.OverHttp(hub.url, it.alliance)) as posting,
        ):
            for _ in range(times):
                posting.more(_SOME)
                hub.kill()
                hub.start()
            posting.more(_SOME)
        return _outcome("kill -9 of the hub", it, posting)


def server_killed(folder: Path) -> Outcome:
    return _server_fails("kill -9 of PostgreSQL", folder, _kill_and_start)


def server_restarted(folder: Path) -> Outcome:
    return _server_fails("PostgreSQL is restarted", folder, _restart)


def backends_ended(folder: Path) -> Outcome:
    return _server_fails("pg_terminate_backend of the hub's", folder, lambda server: [server.end_backends()])


def backend_killed(folder: Path) -> Outcome:
    """The server ends all others then, and recovers as after a crash."""
    return _server_fails("kill -9 of one backend", folder, _kill_backend)


def _kill_and_start(server: servers.Server) -> None:
    server.kill()
    time.sleep(0.1)
    server.start()


def _restart(server: servers.Server) -> None:
    server.stop()
    time.sleep(0.1)
    server.start()


def _kill_backend(server: servers.Server) -> None:
    os.kill(server.backends()[0], 9)


def _server_fails(fault: str, folder: Path, fail: Callable[[servers.Server], object], *, times: int = 2) -> Outcome:
    """The hub goes on by itself, without being started again."""
    with ledgers.ledger("postgresql", folder, alliance()) as it:
        statuses = Counter[int]()
        with _served_here(it, statuses) as (_, posting):
            for _ in range(times):
                posting.more(_SOME)
                fail(it.server)
            posting.more(_SOME)
        return _outcome(fault, it, posting)


# ---------------------------------------------------------------------- no room


def disk_full(folder: Path, database: str) -> Outcome:
    """Posts are refused while there is no room; once there is, all goes on as it was."""
    with servers.small_disk("48m") as disk, ExitStack() as stack:
        if database == "postgresql":
            server = stack.enter_context(servers.server_on(disk))
            settings = hubs.settings_in(folder, database_url=server.url("ledger"))
        else:
            server = None
            settings = hubs.settings_in(disk)
        it = Ledger(folder, alliance(), settings, server)
        statuses = Counter[int]()
        with _served_here(it, statuses) as (_, posting):
            posting.more(_SOME)
            ballast = _fill(disk)
            posting.until(lambda: statuses[503] > 0)
            refused = statuses[503]
            _fill(disk, name="more")  # a server that gave up has made room
            posting.until(lambda: statuses[503] > refused + 2 * len(posting.writers))
            ballast.unlink()
            (disk / "more").unlink()
            if server is not None and not server.is_ready():
                server.start()
            posting.more(_SOME)
        return _outcome("disk full", it, posting)


def file_too_large(folder: Path) -> Outcome:
    """As a full disk, for whoever cannot mount one: SQLite may not make its file larger."""
    with ledgers.ledger("sqlite", folder, alliance()) as it:
        with it.hub() as hub, ExitStack() as stack:
            limit = _Limit(hub.engine)
            posting = stack.enter_context(load.posting(it.alliance, lambda _: load.InProcess(hub)))
            posting.more(_SOME)
            limit.set()
            posting.until(lambda: posting.unknown > 2 * len(posting.writers))
            limit.lift()
            posting.more(_SOME)
        return _outcome("file may not grow", it, posting)


class _Limit:
    """On every connection that is used from now on."""

    def __init__(self, engine: Engine) -> None:
        self._pages = 0
        event.listen(engine, "begin", self._apply)

    def set(self) -> None:
        self._pages = 1  # SQLite takes as many as there are

    def lift(self) -> None:
        self._pages = 1_000_000

    def _apply(self, connection: Connection) -> None:
        if self._pages:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {self._pages}")


def _fill(disk: Path, name: str = "ballast") -> Path:
    """Take all the room there is."""
    file = disk / name
    with file.open("wb", buffering=0) as opened:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    opened.write(bytes(size))
            except OSError:
                continue
    return file


# ---------------------------------------------------------------------- lines that are cut

# which of the two commits of a post, and whether the server has heard of it
CUTS: tuple[tuple[int, proxies.Moment], ...] = ((0, "asked"), (0, "answered"), (1, "asked"), (1, "answered"))


def commit_cut(folder: Path) -> Outcome:
    """Between hub and PostgreSQL, in the middle of a commit: before the server hears of it, and after it is done."""
    with ledgers.ledger("postgresql", folder, alliance()) as it, proxies.proxy(it.server.port) as between:
        through = replace(it.settings, database_url=it.server.url("ledger", port=between.port))
        with it.hub(through) as hub, ledgers.serving_here(hub) as url:
            cutting = _Cutting(hub.engine, between)
            with load.posting(it.alliance, lambda _: load.OverHttp(url, it.alliance)) as posting:
                for which, moment in CUTS:
                    posting.more(_SOME // 2)
                    cutting.next(which, moment)
                    posting.until(lambda: not cutting.is_armed)
                posting.more(_SOME)
            assert between.cut == len(CUTS)
        return _outcome("line cut in a commit", it, posting)


class _Cutting:
    """Arms a proxy when a transaction that writes is about to commit."""

    def __init__(self, engine: Engine, between: proxies.Proxy) -> None:
        self._between = between
        self._left = -1
        self._moment: proxies.Moment = "asked"
        event.listen(engine, "commit", self._committing)

    def next(self, which: int, moment: proxies.Moment) -> None:
        """Of the writing transactions from now on, the one of this number, from 0."""
        self._left, self._moment = which, moment

    @property
    def is_armed(self) -> bool:
        return self._left >= 0

    def _committing(self, connection: Connection) -> None:
        if self._left < 0 or not connection.get_execution_options().get("writes"):
            return
        if self._left == 0:
            self._between.arm(b"COMMIT", self._moment)
        self._left -= 1


def answers_cut(folder: Path, database: str) -> Outcome:
    """Between node and hub, after the request was sent: the node's program sends it again."""
    with ledgers.ledger(database, folder, alliance()) as it, it.hub() as hub, ledgers.serving_here(hub) as url:
        with proxies.proxy(int(url.rpartition(":")[2])) as between:
            through = f"http://127.0.0.1:{between.port}"
            with load.posting(it.alliance, lambda _: load.OverHttp(through, it.alliance)) as posting:
                for _ in range(5):
                    posting.more(_SOME // 2)
                    between.arm(b"POST /events", "answered")
                    posting.more(_SOME // 2)
                    between.cut_all()
                posting.more(_SOME)
            assert between.cut == 5
        return _outcome("line cut before the answer", it, posting)


# ---------------------------------------------------------------------- clocks, and hubs that do not know each other


def clock_set_back(folder: Path, database: str) -> Outcome:
    """By an hour, twice, and once more over a restart: what the log says of times never goes back."""
    with ledgers.ledger(database, folder, alliance()) as it:
        with it.hub() as hub, load.posting(it.alliance, lambda _: load.InProcess(hub)) as before:
            for hours in (1, 2):
                before.more(_SOME)
                hub.appender.now = partial(_earlier, hours)
            before.more(_SOME)
        with it.hub() as hub:
            hub.appender.now = partial(_earlier, 3)
            heads = hub.appender.look(lambda _, database: dict(database.streams))
            with load.posting(it.alliance, lambda _: load.InProcess(hub), heads=heads) as after:
                after.more(_SOME)
            with reading(hub.engine) as connection:
                entries = list(read_entries(connection, 0, read_head(connection).size))
        times = [parse_time(each.received) for each in entries]
        assert times == sorted(times)
        return Outcome.of(
            "clock set back",
            database,
            said=before.said + after.said,
            unknown=before.unknown + after.unknown,
            acknowledged=before.acknowledged | after.acknowledged,
            log=logged(it.settings),
        )


def _earlier(hours: int) -> datetime:
    return now() - timedelta(hours=hours)


def two_hubs(folder: Path, database: str) -> Outcome:
    """Both serve one ledger, each node posts to both in turn: there is one log, and no index is given twice."""
    with ledgers.ledger(database, folder, alliance()) as it, it.hub() as first, it.hub() as second:
        with load.posting(it.alliance, lambda _: load.InProcess(first, second)) as posting:
            posting.more(4 * _SOME)
        assert first.appender.size() == second.appender.size()
        acknowledged = posting.acknowledged
        assert len(set(acknowledged.values())) == len(acknowledged)
        return _outcome("two hubs", it, posting)


# ---------------------------------------------------------------------- a replica that takes over


def replica_promoted(folder: Path) -> Outcome:
    """The primary is killed for good under load, and its replica, which it waited for, takes over. The hub knows both
    addresses and goes on by itself; a mirror that followed goes on, too.
    """
    with servers.replicated() as (primary, replica):
        both = f"postgresql://postgres@/ledger?host=127.0.0.1:{primary.port}&host=127.0.0.1:{replica.port}"
        settings = hubs.settings_in(folder, database_url=f"{both}&target_session_attrs=read-write")
        it = Ledger(folder, alliance(), settings, primary)
        copy = folder / "mirror"
        with _served_here(it) as (hub, posting):
            posting.more(2 * _SOME)
            mirrored = mirror(hub.source("full"), copy)
            posting.more(2 * _SOME)
            replica.kill()  # for a moment it gets nothing: what the primary said meanwhile would be lost
            time.sleep(0.3)
            primary.kill()
            replica.start()
            replica.promote()
            posting.more(2 * _SOME)
            later = mirror(hub.source("full"), copy, verified=mirrored.checkpoint.size)
            assert later.checkpoint.size > mirrored.checkpoint.size
        found = audit(FolderSource(copy), pin=it.alliance.memorandum.hash, view="full")
        assert found.failure is None, found.failure
        return _outcome("a replica takes over", it, posting)


# ---------------------------------------------------------------------- the list

BOTH = ("sqlite", "postgresql")
OUTAGES: Mapping[str, Outage] = {
    **{f"{each.__name__}, {database}": partial(each, database=database)
       for each in (hub_killed, disk_full, answers_cut, clock_set_back, two_hubs) for database in BOTH},
    **{each.__name__: each for each in (
        file_too_large, server_killed, server_restarted, backends_ended, backend_killed, commit_cut, replica_promoted)},
}  # fmt: skip
