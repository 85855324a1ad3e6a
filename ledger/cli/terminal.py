"""What a command says: data to standard output, as tables or JSON; progress and remarks to standard error."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ledger.exports.plain import plain

_PLAIN_LINE_EVERY_S = 5.0
_PIPED_SIZE = (120, 50)  # where no terminal bounds it and COLUMNS does not

Done = Callable[[int, int], None]  # how many are done, of how many


def remark(text: str) -> None:
    """Something to know that is no data."""
    click.echo(text, err=True)


def print_json(value: object) -> None:
    """One JSON document. value: JSON, or frozen dataclasses, or sequences and mappings of them."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def print_table(
    columns: Sequence[str], lines: Iterable[Sequence[str]], *, right: Iterable[str] = (), title: str | None = None
) -> None:
    """A table, no wider than the terminal. right: columns whose cells are numbers."""
    table = _table(title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    numbers = frozenset(right)
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    _print(table)


def print_facts(facts: Mapping[str, str], *, title: str | None = None) -> None:
    """Names and values, one a line."""
    table = _table(title, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))
    _print(table)


@contextmanager
def progress(what: str) -> Iterator[Done]:
    """Tell how far a long work is: a bar with rate and remaining time on a terminal, else a line each five seconds."""
    if sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    started = said = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _PLAIN_LINE_EVERY_S:
            said = now
            rate = done / (now - started)
            remark(f"{what}: {done} of {of}, {rate:.0f} a second, {(of - done) / rate if rate else 0:.0f} s left")

    yield tell


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f}/s" if speed else "")


def _table(title: str | None, *, box: box.Box | None = None, **look: Any) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box, pad_edge=False, show_edge=False, **look
    )


def _print(table: Table) -> None:
    """Print a table and an empty line after it; piped, without the spaces that fill up its lines."""
    console = Console(width=shutil.get_terminal_size(_PIPED_SIZE).columns)
    if console.is_terminal:
        console.print(table, "")
        return
    with console.capture() as capture:
        console.print(table, "")
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))
