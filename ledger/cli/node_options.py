"""Options that a node's commands share, and what they become: its memorandum, its key, its line to the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import click

from ledger import clock
from ledger.cli.keys import key_in_force
from ledger.cli.options import File, new_passphrase, protection_options, secret_of
from ledger.cli.sources import is_live, open_source
from ledger.cli.terminal import remark
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError
from ledger.node.bearer import Bearer
from ledger.node.client import NodeClient
from ledger.node.folder import NodeFolder
from ledger.node.hsm import Place, new_token_key
from ledger.node.keyring import new_key
from ledger.operations.heads import Heads
from ledger.operations.source import HttpSource
from ledger.settings import Settings
from ledger.signing.keys import Algorithm, SigningKey

_Command = TypeVar("_Command", bound=Callable[..., Any])

_KEY_ID_SIZE = 16  # bytes, of a key in a token

node_dir = click.option("--node-dir", type=File, help="The node's folder.")
url = click.option("--url", help="The hub's address.")
algorithm = click.option(
    "--algorithm", type=click.Choice(get_args(Algorithm)), default="Ed25519", show_default=True, help="Of the key."
)
passphrase = click.option("--passphrase-file", type=File, help="What opens the node's key; for a token, its PIN.")


class NewKey(NamedTuple):
    """A key that was just made. kept: how its file protects it, or where in a token it is."""

    key: SigningKey
    kept: bytes | Place | None


def key_options(command: _Command) -> _Command:
    """What a new key is for, and how it is protected: by a passphrase, or by the token that it never leaves."""
    for option in (
        click.option("--pin-file", type=File, help="Read the token's PIN from this file's first line."),
        click.option("--token", metavar="LABEL", help="The token's label."),
        click.option("--hsm", type=File, metavar="MODULE", help="Make the key in a token, by this PKCS#11 library."),
        algorithm,
    ):
        command = option(command)
    return protection_options(command)


def made_key(
    *,
    algorithm: Algorithm,
    passphrase_file: Path | None,
    no_passphrase: bool,
    hsm: Path | None,
    token: str | None,
    pin_file: Path | None,
) -> NewKey:
    """A new key, by the options of `key_options`."""
    if (hsm is None) != (token is None) or (hsm is None and pin_file is not None):
        raise click.UsageError("a key in a token takes --hsm and --token, and perhaps --pin-file")
    if hsm is None or token is None:
        return NewKey(new_key(algorithm), new_passphrase(passphrase_file, no_passphrase=no_passphrase))
    if passphrase_file is not None or no_passphrase:
        raise click.UsageError("a key in a token has no passphrase: give its PIN with --pin-file")
    place, key = new_token_key(
        hsm, token, algorithm, pin=secret_of(f"the token {token}", pin_file), key_id=clock.new_key()[:_KEY_ID_SIZE]
    )
    return NewKey(key, place)


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
