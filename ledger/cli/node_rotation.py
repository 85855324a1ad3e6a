"""A new key for a node: made, proven, and in force once the hub has taken the event that the old one signs."""

from pathlib import Path

import click

from ledger.cli.keys import keys_of
from ledger.cli.node_options import algorithm, client_of, node_dir, url
from ledger.cli.node_outbox import flushed, said_where_it_stops
from ledger.cli.options import File, as_json, new_passphrase, protection_options
from ledger.cli.terminal import print_json, remark
from ledger.node.folder import NodeFolder
from ledger.node.keyring import new_key
from ledger.settings import Settings
from ledger.signing.keys import Algorithm


@click.command("rotate-key")
@algorithm
@click.option(
    "--old-passphrase-file", type=File, help="What opens the node's key of now, where --passphrase-file does not."
)
@node_dir
@url
@protection_options
@as_json
def rotate_key(
    *,
    algorithm: Algorithm,
    old_passphrase_file: Path | None,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Make a new key for the node, and post what brings it: the old one signs that, the new one all that follows.

    It takes its place in the outbox, behind what waits there. Where a crash, or the hub's absence, stopped it: run this
    again, or flush the outbox, and it goes on with the same key. The old key stays where it is.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    with client_of(folder, settings.url, old_passphrase_file or passphrase_file) as client:
        kid = folder.rotation()
        if kid is None:
            key = new_key(algorithm)
            folder.begin_rotation(key, new_passphrase(passphrase_file, no_passphrase=no_passphrase))
            kid = key.public.thumbprint
        else:
            remark(f"a rotation waits in the outbox: this goes on with it, and makes no other key than {kid}")
        keys = keys_of(folder, old_passphrase_file or passphrase_file, others={kid: passphrase_file})
        outbox = folder.outbox
        with said_where_it_stops(outbox, None):
            flushed(folder, outbox, client, keys)
    file = folder.key_file(kid)
    if as_json:
        print_json({"node": folder.name, "key": kid, "file": str(file)})
    else:
        click.echo(f"{folder.name} signs with key {kid} now, which is in {file}")
    remark(f"keep a copy of {file} apart from here; the key before it signs nothing any more")
