"""All benchmarks in one run, ratios first: `python tests/benchmarks/all.py`, an hour of a quiet machine.

Absolute figures are this machine's, today, clients included. `--quick` measures less of everything and leaves out what
is long; `--keep` names a folder where the ledgers of up to a million events stay for the next run.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import lengths
import psycopg
from appending import Urls, appending_figures
from figures import Figure, show
from foreign import foreign_figures
from over_http import http_figures
from page_times import page_figures
from psycopg.sql import SQL, Identifier
from raw import raw_figures
from scale import SIZES, scale_figures
from servers import server_on
from sqlalchemy import make_url

_RAW = "raw Ed25519 verification"
_PARTS = ("1", "100", "1000", "http")  # of which each has a database


@click.command()
@click.option("--events", default=5_000, show_default=True, help="that are appended, in each way")
@click.option("--quick", is_flag=True, help="a tenth of it, and no ledger above ten thousand events")
@click.option("--postgresql", help="a server where databases may be made; else one is started")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="where the long ledgers stay")
@click.option("--looks", default=200, show_default=True, help="at each page, of each ledger")
def main(events: int, quick: bool, postgresql: str | None, keep: Path | None, looks: int) -> None:
    if quick:
        events, looks = events // 10, looks // 10
    spoken = [each.envelope for each in lengths.spoken(events)]
    texts = [each.text for each in spoken]
    with TemporaryDirectory() as made, _urls(Path(made), postgresql) as urls:
        folder = Path(made)
        raw = raw_figures(texts, folder, urls["PostgreSQL"]["raw"])
        foreign = foreign_figures(
            [(each.claims.type, each.text) for each in spoken], folder, urls["PostgreSQL"]["foreign"]
        )
        ours = appending_figures(texts, folder, urls)
        show("In process: what bounds it, another package, and ours", _compared([*raw, *foreign, *ours]))
        show("Over HTTP, clients in a process of their own", http_figures(folder, urls, quick=quick))
        show("Pages of the demonstration's ledger, asked again", page_figures(folder, looks=max(5, looks // 10)))
        sizes = SIZES[:1] if quick else SIZES
        show("A longer log", scale_figures(keep or folder, sizes, looks=looks))


@contextmanager
def _urls(folder: Path, server: str | None) -> Iterator[Urls]:
    """By the database's name and the part of the run an empty one. All of it lies on one disk."""
    with ExitStack() as stack:
        url = make_url(server or stack.enter_context(_server()))
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            for part in ("raw", "foreign", *_PARTS):
                connection.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(_name(part))))
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(_name(part))))
        of_part = {part: url.set(database=_name(part)) for part in ("raw", "foreign", *_PARTS)}
        yield {
            "SQLite": {part: f"sqlite:///{folder}/ledger-{part}.db" for part in _PARTS},
            "PostgreSQL": {part: each.render_as_string(hide_password=False) for part, each in of_part.items()},
        }


@contextmanager
def _server() -> Iterator[str]:
    with TemporaryDirectory() as disk:
        Path(disk).chmod(0o755)  # its user is another
        with server_on(Path(disk), shared_buffers="128MB", max_wal_size="1GB") as started:
            yield started.url()


def _name(part: str) -> str:
    return f"cohort_ledger_benchmark_{part}"


def _compared(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Each with its ratio to what it is to be compared with, as the issue names it."""
    known = {each.what: each.value for each in figures}
    for each in figures:
        database = "PostgreSQL" if "PostgreSQL" in each.what else "SQLite"
        of = _RAW
        if each.what.startswith("append") and "batches of 100 " in f"{each.what} ":
            yield replace(each, ratio=each.value / known[_RAW], of=_RAW)
            of = f"eventsourcing, {database}: append with projection, batches of 100"
        elif each.what.startswith("rebuild"):
            of = f"eventsourcing, {database}: projection of what is stored"
        elif not each.what.startswith(("append", "doctor", "audit")):
            yield each
            continue
        yield replace(each, ratio=each.value / known[of], of=of)


if __name__ == "__main__":
    main()
