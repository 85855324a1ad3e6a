"""Whoever serves a log's files from somewhere else than the hub: a folder that is kept in step, for any file server."""

import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from ledger.cli.auditor import own_source
from ledger.cli.mirror import Copying
from ledger.cli.options import File, as_json, hub_options, read_pin, state_dir
from ledger.cli.sources import bearer_of, is_live, key_options, open_source
from ledger.cli.terminal import remark
from ledger.operations.following import keep_in_step, listening
from ledger.operations.heads import Heads
from ledger.operations.source import Source
from ledger.settings import Settings


@click.command("publish-static")
@click.argument("folder", type=File, metavar="DIR")
@click.option("--entries", is_flag=True, help="Entries and digests, too: DIR is for partners, see to that.")
@click.option("--from", "source", metavar="SOURCE", help="A hub's address, or a mirror: not this hub's own database.")
@click.option("--once", is_flag=True, help="Bring DIR in step and end; else stay, until Ctrl-C.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1, max=86_400),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look for a new checkpoint.",
)
@click.option(
    "--grace",
    "grace_s",
    type=click.FloatRange(min=0, max=31_536_000),
    default=3_600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long partial tiles stay once the full one is there, for who reads by an earlier checkpoint.",
)
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@key_options
@hub_options
@state_dir
@as_json
def publish_static(  # noqa: PLR0913 - each is one thing that a publisher may ask for
    *,
    folder: Path,
    entries: bool,
    source: str | None,
    once: bool,
    every_s: float,
    grace_s: float,
    pin: str | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    as_json: bool,
    **flags: Any,
) -> None:
    """Keep the log's static files in DIR, so that who reads them never asks the hub.

    What everybody may see goes in: checkpoint, tiles of hashes, the earlier checkpoints and the founding document. With
    --entries DIR holds the whole log but for its disclosures, which never go in; it can be audited, and mirrored. What
    a folder holds is settled when it begins.

    The checkpoint comes last: all that it stands on is there, verified, before it. One that does not extend that in DIR
    is an alarm, and changes nothing. Serve DIR below /log/; all but `checkpoint`, `checkpoints` and `digest` is for
    ever. To upload it somewhere, run it with --once before each upload, and upload these three last, `checkpoint` first
    among them.
    """
    live = source is None or is_live(source)
    copying = Copying(
        folder,
        read_pin(pin),
        Heads(state_dir),
        live=live,
        as_json=as_json,
        shows="clear" if entries else "public",
        grace_s=grace_s,
    )
    with (
        own_source(Settings.here(flags), "clear")
        if source is None
        else open_source(source, key_file, passphrase_file) as opened
    ):
        copying.once(opened)
        if once:
            return
        remark(f"keeping {folder} in step with {source or 'this hub'}, until Ctrl-C")
        news = threading.Event()
        with _hearing(source, news, copying, key_file, passphrase_file):
            keep_in_step(lambda: _look(copying, opened), news, every_s=every_s, failed=remark)


def _look(copying: Copying, source: Source) -> None:
    """Nothing else is read where the checkpoint is the last one: it is looked often."""
    note = source.read("checkpoint")
    if note != copying.note:
        copying.once(source)
        copying.note = note


def _hearing(
    source: str | None, news: threading.Event, copying: Copying, key_file: Path | None, passphrase_file: Path | None
) -> AbstractContextManager[None]:
    """A hub's live feed is for those it knows; others look from time to time."""
    if source is None or not is_live(source) or key_file is None:
        return nullcontext()
    return listening(source, news, copying.last, bearer_of(source, key_file, passphrase_file))
