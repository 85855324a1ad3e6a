"""Copies of what a hub keeps, while it runs: two files, for two places."""

from pathlib import Path
from typing import Any

import click

from ledger.cli.options import File, as_json, hub_options
from ledger.cli.terminal import print_json, remark
from ledger.operations.hub import open_store
from ledger.settings import Settings
from ledger.store.copying import copy_database, copy_file


@click.group()
def backup() -> None:
    """Copy the database, or the vault's keys, each to a place of its own. How: `cohort-ledger deploy backup`."""


@backup.command()
@click.argument("file", type=File)
@hub_options
@as_json
def database(file: Path, as_json: bool, **flags: Any) -> None:
    """Copy the database, of this moment, to FILE, which there is none of yet. It opens nobody's values by itself.

    Copy the keys after it: a key is stored before what is under it, so these are all there then.
    """
    engine, memorandum = open_store(Settings.here(flags))
    copy_database(engine, file)
    engine.dispose()
    _print(file, as_json=as_json, origin=memorandum.origin)


@backup.command()
@click.argument("file", type=File)
@hub_options
@as_json
def keys(file: Path, as_json: bool, **flags: Any) -> None:
    """Copy the vault's keys to FILE, which there is none of yet. Keep it for days, apart from any database."""
    copy_file(Settings.here(flags).vault_key_file, file)
    _print(file, as_json=as_json)
    remark("with a database of before an erasure this opens what was erased since: keep it apart, and for days only")


def _print(file: Path, *, as_json: bool, **facts: str) -> None:
    if as_json:
        print_json({"file": str(file), "bytes": file.stat().st_size, **facts})
    else:
        click.echo(f"copied to {file}: {file.stat().st_size} bytes")
