"""The receipts that a node keeps: listed, handed on, and held against the ledger."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ledger.cli.auditor import DOES_NOT_HOLD
from ledger.cli.node_options import is_for_subcommand, memorandum_of, node_dir, passphrase, seen_by, url
from ledger.cli.options import as_json
from ledger.cli.sources import open_source
from ledger.cli.terminal import print_json, print_table
from ledger.node.folder import NodeFolder
from ledger.node.receipts import Kept, ReceiptChecker
from ledger.node.rechecking import recheck
from ledger.settings import Settings


@click.group(invoke_without_command=True)
@node_dir
@url
@as_json
@click.pass_context
def receipts(context: click.Context, node_dir: Path | None, url: str | None, *, as_json: bool) -> None:
    """List the receipts that the node keeps, each checked under the log's key again; no hub is asked."""
    if is_for_subcommand(context):
        return
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    checker = ReceiptChecker(memorandum_of(folder, settings.url))
    kept = folder.receipts.kept()
    for each in kept:
        checker.check(each)
    if as_json:
        print_json([told(each) for each in kept])
        return
    print_table(
        ["seq", "index", "received", "type", "event"],
        [
            [str(line["seq"]), str(line["index"]), line["received"], line["type"], line["event_id"]]
            for line in map(told, kept)
        ],
        right=["seq", "index"],
    )
    click.echo(f"{len(kept)} receipts, and each holds")


@receipts.command()
@click.argument("seq", type=int)
@node_dir
def proof(seq: int, node_dir: Path | None) -> None:
    """Print one receipt, by its SEQ, as others can check it: a C2SP tlog-proof."""
    (kept, *_) = NodeFolder.open(Settings.here({"node_dir": node_dir}).node_dir).receipts.of([seq])
    click.echo(kept.receipt.encode(), nl=False)


@receipts.command()
@click.option("--from", "source", metavar="SOURCE", help="A bundle, a folder or another server: not the hub.")
@node_dir
@url
@passphrase
@as_json
def check(
    *, source: str | None, node_dir: Path | None, url: str | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Prove that the ledger still holds each receipt: the same log, grown, and every entry in its place.

    Exit code 0: it holds them all; 3: it does not.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    memorandum = memorandum_of(folder, settings.url)
    kept = folder.receipts.kept()
    named = source or settings.url
    with open_source(named, folder.path, passphrase_file) as opened:
        found = recheck(kept, memorandum=memorandum, source=opened, seen=seen_by(memorandum, named))
    lost = sorted({*folder.outbox.taken()} - {each.envelope.claims.seq for each in kept})
    if as_json:
        print_json(
            {
                "holds": found.holds and not lost,
                "size": found.checkpoint.size,
                "receipts": found.receipts,
                "broken": found.broken,
                "lost": lost,
            }
        )
    else:
        for each in found.broken[:1]:
            click.echo(f"seq {each.seq}, index {each.index}: {each.what}")
        if lost:
            click.echo(f"{len(lost)} receipts are missing here, seq {lost[0]} the first: restore them from a copy")
        whole = f"{found.receipts} receipts, against {found.checkpoint.size} entries at {named}"
        click.echo(f"{whole}: {f'{len(found.broken)} do not hold' if found.broken else 'each holds'}")
    if lost or not found.holds:
        raise click.exceptions.Exit(DOES_NOT_HOLD)


def told(kept: Kept) -> dict[str, Any]:
    claims = kept.envelope.claims
    return {
        "seq": claims.seq,
        "index": kept.receipt.index,
        "received": kept.received,
        "type": claims.type,
        "event_id": claims.event_id,
    }


def span(taken: Sequence[Kept]) -> str:
    first, last = taken[0].receipt.index, taken[-1].receipt.index
    return f"entry {first}" if first == last else f"entries {first} to {last}"
