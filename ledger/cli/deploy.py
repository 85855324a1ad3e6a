"""What an operator puts beside the program: printed, so that it is of the version that runs, and to be read first."""

import shutil
import sys
from pathlib import Path

import click

from ledger.errors import SetupError

_FILES = Path(__file__).parent / "deploying"
_PROGRAM = "@PROGRAM@"
_NAME = "cohort-ledger"


@click.group()
def deploy() -> None:
    """Print what runs a hub elsewhere: a systemd unit, a Containerfile; and how to back it up and restore it."""


@deploy.command()
@click.option("--program", metavar="PATH", help="Where the program is, if not where this one is.")
def unit(program: str | None) -> None:
    """Print a unit for systemd, hardened; its first lines say where it goes."""
    path = program or _this_program()
    if not path.startswith("/") or path.split() != [path]:
        raise click.UsageError("--program takes an absolute path without spaces")
    click.echo(_read("cohort-ledger.service").replace(_PROGRAM, path), nl=False)


@deploy.command()
def containerfile() -> None:
    """Print a Containerfile, to be built in a checkout of the program."""
    click.echo(_read("Containerfile"), nl=False)


@deploy.command()
def backup() -> None:
    """Print how to back up a hub and how to restore it, step by step, as it is tested."""
    click.echo(_read("backup.md"), nl=False)


def _read(name: str) -> str:
    return (_FILES / name).read_text("utf-8")


def _this_program() -> str:
    beside = Path(sys.executable).with_name(_NAME)  # in the environment that it is installed in
    found = str(beside) if beside.exists() else shutil.which(_NAME)
    if found is None:
        raise SetupError("it is not known where the program is installed: name it with --program")
    return found
