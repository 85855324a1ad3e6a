"""What bounds an append: signatures verified, and rows inserted durably, by the drivers themselves."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
from figures import Figure
from rates import rate, raw_rate

_ONES = 300  # rows that are committed one by one


def raw_figures(texts: Sequence[str], folder: Path, postgresql: str) -> list[Figure]:
    found = [Figure("raw Ed25519 verification", raw_rate([*texts[:2_000]]))]
    for batch in (1, 100):
        rows = texts[: _ONES if batch == 1 else len(texts)]
        of = f"rows of these texts, {batch} a commit"
        sqlite, other = partial(_sqlite, rows, folder, batch), partial(_postgresql, rows, postgresql, batch)
        found.append(Figure(f"raw SQLite: {of}", rate(len(rows), sqlite), "rows/s"))
        found.append(Figure(f"raw PostgreSQL: {of}", rate(len(rows), other), "rows/s"))
    return found


def _sqlite(texts: Sequence[str], folder: Path, batch: int) -> None:
    with closing(sqlite3.connect(folder / f"raw-{batch}.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE raw (n INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        for start in range(0, len(texts), batch):
            database.execute("BEGIN IMMEDIATE")
            rows = enumerate(texts[start : start + batch], start)
            database.executemany("INSERT INTO raw VALUES (?, ?)", rows)
            database.execute("COMMIT")


def _postgresql(texts: Sequence[str], url: str, batch: int) -> None:
    with psycopg.connect(url) as database:
        database.execute("CREATE TEMPORARY TABLE before (n bigint)")  # the first statement of a session costs more
        database.execute("DROP TABLE IF EXISTS raw")
        database.execute("CREATE TABLE raw (n bigint PRIMARY KEY, text text NOT NULL)")
        database.commit()
        for start in range(0, len(texts), batch):
            with database.cursor() as cursor:
                cursor.executemany("INSERT INTO raw VALUES (%s, %s)", [*enumerate(texts[start : start + batch], start)])
            database.commit()
