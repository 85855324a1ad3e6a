"""A node's keys: a new one in place of the one that it has, or of the one that it has lost."""

from pathlib import Path
from typing import Any

import click

from ledger.cli.keys import keys_of
from ledger.cli.node_options import client_of, key_options, made_key, memorandum_of, node_dir, passphrase, url
from ledger.cli.node_outbox import flushed, said_where_it_stops
from ledger.cli.options import File, as_json
from ledger.cli.terminal import print_json, remark
from ledger.node.folder import NodeFolder
from ledger.settings import Settings
from ledger.signing.canonical import dump
from ledger.signing.keys import PublicKey, SigningKey
from ledger.signing.possession import prove_possession


@click.group()
def key() -> None:
    """The node's keys: rotate the one in force, or make one for the others to agree on."""


@key.command()
@click.option(
    "--old-passphrase-file", type=File, help="What opens the node's key of now, where --passphrase-file does not."
)
@node_dir
@url
@key_options
@as_json
def rotate(
    *, old_passphrase_file: Path | None, node_dir: Path | None, url: str | None, as_json: bool, **made: Any
) -> None:
    """Make a new key for the node, and post what brings it: the old one signs that, the new one all that follows.

    It takes its place in the outbox, behind what waits there. Where a crash, or the hub's absence, stopped it: run this
    again, or flush the outbox, and it goes on with the same key. The old key stays where it is.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    opener: Path | None = made["pin_file"] or made["passphrase_file"]
    with client_of(folder, settings.url, old_passphrase_file or made["passphrase_file"]) as client:
        kid = folder.rotation()
        if kid is None:
            new = made_key(**made)
            folder.begin_rotation(new.key, new.kept)
            kid = new.key.public.thumbprint
        else:
            remark(f"a rotation waits in the outbox: this goes on with it, and makes no other key than {kid}")
        keys = keys_of(folder, old_passphrase_file or made["passphrase_file"], others={kid: opener})
        outbox = folder.outbox
        with said_where_it_stops(outbox, None):
            flushed(folder, outbox, client, keys)
    file = folder.key_file(kid)
    if as_json:
        print_json({"node": folder.name, "key": kid, "file": str(file)})
    else:
        click.echo(f"{folder.name} signs with key {kid} now, which is in {file}")
    remark(f"keep a copy of {file} apart from here; the key before it signs nothing any more")


@key.command()
@node_dir
@url
@key_options
def new(*, node_dir: Path | None, url: str | None, **made: Any) -> None:
    """Make a key for a node that has lost its own, and print what another member proposes: the key, and its proof.

    That is the content of a key-replacement, to which the proposer adds since which entry the old key may have been
    somebody else's. Once enough of the others have endorsed it, the node signs with the new key, which is here already.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    origin = memorandum_of(folder, settings.url).origin
    fresh = made_key(**made)
    file = folder.keep_key(fresh.key, fresh.kept)
    click.echo(dump({"node": folder.name, **_proven(fresh.key, folder.name, origin)}))
    remark(f"the key is in {file}; it signs nothing before a resolution has brought it into force")


@click.command()
@node_dir
@url
@passphrase
def apply(*, node_dir: Path | None, url: str | None, passphrase_file: Path | None) -> None:
    """Print what a member proposes so that this node is admitted: who it is, its key, and the proof that it has it."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    member = folder.member
    kid = PublicKey.from_jwk(member.key).thumbprint
    origin = memorandum_of(folder, settings.url).origin
    proven = _proven(keys_of(folder, passphrase_file)(kid), folder.name, origin)
    click.echo(dump({"node": folder.name, "trial": member.trial, "country": member.country, **proven}))


def _proven(key: SigningKey, node: str, origin: str) -> dict[str, Any]:
    return {"key": dict(key.public.jwk), "proof": prove_possession(key=key, node=node, origin=origin, prev=None)}
