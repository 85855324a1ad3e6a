"""Whoever wants to look at a hub in a browser: a link, made for the key that they hold."""

from pathlib import Path

import click

from ledger.cli.keys import key_at
from ledger.cli.node_options import node_dir, passphrase, url
from ledger.cli.options import File, as_json
from ledger.cli.terminal import print_json, remark
from ledger.clock import new_key, now
from ledger.node.login import ask_link
from ledger.settings import Settings


@click.command()
@url
@node_dir
@click.option("--key", "key_file", type=File, help="A grantee's key, PKCS#8 PEM, instead of the node's.")
@passphrase
@as_json
def login(
    *, url: str | None, node_dir: Path | None, key_file: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Print a link that logs you in in a browser: once, and within five minutes."""
    if node_dir is not None and key_file is not None:
        raise click.UsageError("--node-dir and --key exclude each other: whose key is it?")
    settings = Settings.here({"url": url, "node_dir": node_dir})
    key = key_at(key_file or settings.node_dir, settings.url, passphrase_file)
    made = ask_link(settings.url, key, now=now(), drawn=new_key())
    if as_json:
        print_json(made._asdict())
        return
    click.echo(made.link)
    remark(f"open it in a browser before {made.expires}, once; whoever opens it is logged in as you")
