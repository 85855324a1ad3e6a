"""Options that a node's commands share, and what they become: its memorandum, its key, its line to the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click

from ledger.cli.keys import key_in_force
from ledger.cli.options import File
from ledger.cli.sources import is_live, open_source
from ledger.cli.terminal import remark
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError
from ledger.node.bearer import Bearer
from ledger.node.client import NodeClient
from ledger.node.folder import NodeFolder
from ledger.operations.heads import Heads
from ledger.operations.source import HttpSource
from ledger.settings import Settings
from ledger.signing.keys import Algorithm

node_dir = click.option("--node-dir", type=File, help="The node's folder.")
url = click.option("--url", help="The hub's address.")
algorithm = click.option(
    "--algorithm", type=click.Choice(get_args(Algorithm)), default="Ed25519", show_default=True, help="Of the key."
)
passphrase = click.option("--passphrase-file", type=File, help="What opens the node's key.")


def is_for_subcommand(context: click.Context) -> bool:
    """Whether a group's command of its own is not what was asked for. Options before a subcommand are for neither."""
    if context.invoked_subcommand is None:
        return False
    if any(value for value in context.params.values()):
        raise click.UsageError(f"say options after `{context.invoked_subcommand}`")
    return True


def client_of(folder: NodeFolder, hub: str, passphrase_file: Path | None) -> NodeClient:
    """The node's line to a hub. passphrase_file: what opens the node's key, where the hub asks who it is."""
    memorandum = memorandum_of(folder, hub)
    bearer = Bearer(hub, lambda: key_in_force(folder, hub, passphrase_file))
    return NodeClient(hub, memorandum, bearer=bearer, seen=seen_by(memorandum, hub))


def seen_by(memorandum: Memorandum, named: str) -> Callable[[bytes], None]:
    """What holds every checkpoint that a source shows to a node's command against the largest one seen before."""
    heads = Heads(Settings.here({}).state_dir)

    def see(checkpoint: bytes) -> None:
        with open_source(named) as source:
            heads.see(checkpoint, memorandum, source, live=is_live(named))

    return see


def memorandum_of(folder: NodeFolder, hub: str) -> Memorandum:
    """The node's own copy; where it has none yet, the one that the hub serves is kept, and its hash told."""
    if folder.memorandum is None:
        with HttpSource(hub) as source:
            served = Memorandum.parse(source.read("memorandum"))
        folder.keep_memorandum(served)
        remark(f"kept the memorandum that {hub} serves; compare its hash with your partners': {served.hash.hex()}")
        return served
    return folder.memorandum


def lines_of(file: Path, *, after: int = 0) -> dict[int, str]:
    """The lines of a file of drafts by their numbers, from 1, behind line `after`; blank ones are left out.

    Raises NotFoundError where there is no such file, MalformedError for other bytes and where no line is left.
    """
    try:
        lines = file.read_text("utf-8-sig").split("\n")  # some editors put a mark before the first
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {file}") from None
    except UnicodeDecodeError:
        raise MalformedError(f"{file} is not UTF-8") from None
    found = {number: line.strip() for number, line in enumerate(lines, start=1) if number > after and line.strip()}
    if not found:
        raise MalformedError(f"{file} has no line after line {after}")
    return found
