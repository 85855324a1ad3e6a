"""Whoever must show that what was erased is gone: look for it in every file that the hub owns."""

import sys
from pathlib import Path
from typing import Any

import click

from ledger.cli.options import File, as_json, hub_options
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.errors import MalformedError
from ledger.operations.erase_check import Checked, check_erased
from ledger.settings import Settings

FOUND = 3


@click.command()
@click.argument("case")
@click.option("--node", help="Whose case; needed where several nodes have one of that handle.")
@click.option(
    "--values",
    "values_file",
    type=File,
    metavar="FILE",
    help="What to search for, one a line (- for standard input): the node's envelopes or disclosures, or values.",
)
@click.option("--also", type=File, multiple=True, metavar="PATH", help="Search this file or folder, too.")
@hub_options
@as_json
def erase_check(
    *, case: str, node: str | None, values_file: Path | None, also: tuple[Path, ...], as_json: bool, **flags: Any
) -> None:
    """Look whether anything sealed of CASE is here yet: in the vault, and with --values in every file of the hub.

    Exit code 0: nothing was found; 3: something was. No value is ever printed.
    """
    values = [] if values_file is None else _read(values_file)
    checked = check_erased(Settings.here(flags), case, node=node, values=values, also=also)
    if as_json:
        print_json(checked)
    else:
        _print(checked, searched=values_file is not None)
    if checked.found:
        raise click.exceptions.Exit(FOUND)


def _read(file: Path) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return data.decode().splitlines()
    except OSError as error:
        raise MalformedError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MalformedError(f"{file} is not UTF-8: write a value a line") from None


def _print(checked: Checked, *, searched: bool) -> None:
    if checked.found:
        print_table(["where", "what is there yet"], [[each.where, each.what] for each in checked.found])
    facts = {
        "case:": f"{checked.case} of {checked.node}",
        "entries:": f"{checked.entries} tell of it or correct that, {checked.erased} are erased",
        "searched:": f"{checked.searched} files for {checked.values} values"
        if searched
        else "the vault only; give --values to search all files for the values themselves",
        "found:": f"{len(checked.found)} places" if checked.found else "nothing",
    }
    print_facts(facts)
    for note in checked.notes:
        remark(note)
    if checked.skipped:
        remark(f"{checked.skipped} values are too short to tell: what seals them was searched for, if it was given")
    if checked.clear:
        remark(f"{checked.clear} values stand in the clear in the log itself, a drug's name for one: they say nothing")
    remark("this does not reach:")
    for each in checked.out_of_reach:
        remark(f"- {each}")
