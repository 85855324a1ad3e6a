"""The `eventsourcing` package with the same payloads, used as it documents: an application, and a projection of it.

It verifies no signature and checks no rule. Its events are of one aggregate a post; its projection counts what came by
type, in a materialised view that tracks how far it came, in a thread of the same process. Durability is the same as
ours: SQLite in WAL mode with its default, `synchronous=FULL`; PostgreSQL with `synchronous_commit`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory, Tracking, TrackingRecorder
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment
from figures import Figure
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url


class Stream(Aggregate):
    @event("Said")
    def say(self, type_: str, text: str) -> None:
        pass


class Log(Application):  # type: ignore[type-arg]  # of aggregates by their UUIDs, as it is by default
    def post(self, said: Iterable[tuple[str, str]]) -> int:
        """Returns how many events this was: the stream's own beginning is one."""
        stream, count = Stream(), 1
        for type_, text in said:
            stream.say(type_, text)
            count += 1
        self.save(stream)
        return count


class CountsInSqlite(SQLiteTrackingRecorder):
    def construct_create_table_statements(self) -> list[str]:
        table = "CREATE TABLE IF NOT EXISTS counts (type TEXT PRIMARY KEY, n INTEGER NOT NULL)"
        return [*super().construct_create_table_statements(), table]

    def count(self, type_: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO counts VALUES (?, 1) ON CONFLICT (type) DO UPDATE SET n = n + 1", (type_,))


class CountsInPostgres(PostgresTrackingRecorder):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        table = SQL("CREATE TABLE IF NOT EXISTS {}.counts (type text PRIMARY KEY, n bigint NOT NULL)")
        self.sql_create_statements.append(table.format(Identifier(self.datastore.schema)))

    def count(self, type_: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counts VALUES (%s, 1) ON CONFLICT (type) DO UPDATE SET n = counts.n + 1", (type_,)
            )


class Counting(Projection[TrackingRecorder]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(getattr(domain_event, "type_", ""), tracking)  # type: ignore[attr-defined]  # both views have it


class Again(Counting):
    """Begins at the first event: it has tracked none."""


def foreign_figures(said: Sequence[tuple[str, str]], folder: Path, postgresql: str) -> list[Figure]:
    found = []
    for name, view, env in (
        ("SQLite", CountsInSqlite, {"PERSISTENCE_MODULE": "eventsourcing.sqlite"}),
        ("PostgreSQL", CountsInPostgres, _postgres_env(postgresql)),
    ):
        for batch in (1, 100):
            part = said[:300] if batch == 1 else said
            here = {**env, "SQLITE_DBNAME": str(folder / f"foreign-{batch}.db")}
            if name == "PostgreSQL":
                _empty(postgresql)
            count, seconds = _append(Log(here), part, batch)
            found.append(Figure(f"eventsourcing, {name}: append, batches of {batch}", count / seconds))
            here |= {
                "SQLITE_DBNAME": str(folder / f"foreign-{batch}-projected.db"),
                "AGAIN_SQLITE_DBNAME": str(folder / f"foreign-{batch}-again.db"),
            }
            if name == "PostgreSQL":
                _empty(postgresql)
            both, alone = _project(here, view, part, batch)
            found.append(Figure(f"eventsourcing, {name}: append with projection, batches of {batch}", both))
            if batch > 1:
                found.append(Figure(f"eventsourcing, {name}: projection of what is stored", alone))
    return found


def _append(log: Log, said: Sequence[tuple[str, str]], batch: int) -> tuple[int, float]:
    start = perf_counter()
    count = sum(log.post(said[n : n + batch]) for n in range(0, len(said), batch))
    took = perf_counter() - start
    log.close()
    return count, took


def _project(
    env: dict[str, str], view: type[TrackingRecorder], said: Sequence[tuple[str, str]], batch: int
) -> tuple[float, float]:
    """Events a second: appended and projected, both done; and projected alone, of what is stored already."""
    posts = [said[n : n + batch] for n in range(0, len(said), batch)]
    run = _in_a_thread if issubclass(view, PostgresTrackingRecorder) else _pulling
    count, both = run(env, view, Counting, posts)
    _, alone = run(env, view, Again, [])
    return count / both, count / alone


def _in_a_thread(
    env: dict[str, str], view: type[TrackingRecorder], projection: type[Counting], posts: Sequence[Sequence[Any]]
) -> tuple[int, float]:
    """As it is documented where the database tells its listeners. Returns how many events, and seconds."""
    start = perf_counter()
    with ProjectionRunner(application_class=Log, projection_class=projection, view_class=view, env=env) as runner:
        count = sum(map(runner.app.post, posts))
        runner.wait(runner.app.recorder.max_notification_id(), timeout=600)
        return count, perf_counter() - start


def _pulling(
    env: dict[str, str], view: type[TrackingRecorder], projection: type[Counting], posts: Sequence[Sequence[Any]]
) -> tuple[int, float]:
    """Its SQLite recorder has no subscriptions: what is new is pulled out of the notification log after each post."""
    log = Log(env)
    recorder: InfrastructureFactory[Any] = InfrastructureFactory.construct(Environment(projection.name, env))
    counting = projection(recorder.tracking_recorder(view))
    start, count, last = perf_counter(), 0, 0

    def catch_up() -> None:
        nonlocal last
        while found := log.recorder.select_notifications(last + 1, 1_000):
            for each in found:
                counting.process_event(log.mapper.to_domain_event(each), Tracking(log.name, each.id))
                last = each.id

    for post in posts:
        count += log.post(post)
        catch_up()
    catch_up()
    took = perf_counter() - start
    recorder.close()
    log.close()
    return count, took


def _postgres_env(url: str) -> dict[str, str]:
    parsed = make_url(url)
    host = parsed.host or str(parsed.query.get("host", ""))
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parsed.database or "",
        "POSTGRES_HOST": host,
        "POSTGRES_PORT": str(parsed.port or 5432),
        "POSTGRES_USER": parsed.username or "",
        "POSTGRES_PASSWORD": parsed.password or "",
    }


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")
