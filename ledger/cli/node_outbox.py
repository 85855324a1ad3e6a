"""What a node has to say, posted when it can be: drafts wait in its outbox, and a flush posts them in order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ledger.cli.keys import keys_of
from ledger.cli.node_options import client_of, is_for_subcommand, lines_of, node_dir, passphrase, url
from ledger.cli.node_receipts import span, told
from ledger.cli.options import File, as_json
from ledger.cli.terminal import print_json, print_table, progress, remark
from ledger.errors import LedgerError, UnavailableError
from ledger.node.client import Answered, NodeClient
from ledger.node.flushing import flush as flush_outbox
from ledger.node.flushing import repost
from ledger.node.folder import NodeFolder
from ledger.node.outbox import Added, Outbox, Refusal, Waiting, is_sealed
from ledger.node.rotation import Keys
from ledger.settings import Settings

_FLUSH = "`cohort-ledger node outbox flush`"

drafts = click.argument("drafts_file", metavar="DRAFTS", type=File)


@click.command()
@drafts
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="LINE", help="Leave out the lines up to this one."
)
@node_dir
@url
@passphrase
@as_json
def post(
    *,
    drafts_file: Path,
    after: int,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Put the drafts of a file (or the envelopes that `node seal` printed) into the outbox, and flush it.

    Every receipt is checked. Safe to repeat: the same file waits once, and once it was taken posts the same bytes,
    which the hub knows. Where the hub cannot be reached, the drafts wait.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    added = _add(folder, folder.outbox, drafts_file, after=after)
    _post(folder, settings.url, added, passphrase_file, as_json=as_json)


def post_lines(
    folder: NodeFolder,
    hub: str,
    lines: Sequence[str],
    origins: Sequence[str],
    passphrase_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Post drafts that a command has made, as `post` does a file's. origins: where each came from, with its line."""
    for line in lines:
        folder.check_line(line)
    _post(folder, hub, folder.outbox.add(lines, origins), passphrase_file, as_json=as_json)


def _post(folder: NodeFolder, hub: str, added: Added, passphrase_file: Path | None, *, as_json: bool) -> None:
    outbox = folder.outbox
    with said_where_it_stops(outbox, added.file), client_of(folder, hub, passphrase_file) as client:
        if added.waiting:
            taken = flushed(folder, outbox, client, keys_of(folder, passphrase_file))
        else:
            taken = repost(client, folder.receipts, added.taken)
    _tell(folder, taken, as_json=as_json)


@click.group(invoke_without_command=True)
@node_dir
@as_json
@click.pass_context
def outbox(context: click.Context, node_dir: Path | None, *, as_json: bool) -> None:
    """Show what waits to be posted, and what stops it."""
    if is_for_subcommand(context):
        return
    opened = _folder(node_dir).outbox
    waiting, refusal = opened.waiting(), opened.refusal()
    under_way = {each.number for each in opened.under_way()}
    lines = [_line(each, refusal, is_sealed=each.number in under_way) for each in waiting]
    if as_json:
        print_json(lines)
        return
    columns = ["draft", "from", "type", "state", "reason"]
    print_table(columns, [[str(line[name] or "") for name in columns] for line in lines], right=["draft"])
    click.echo(f"{len(lines)} drafts wait" if lines else "nothing waits")


@outbox.command()
@drafts
@node_dir
@as_json
def add(*, drafts_file: Path, node_dir: Path | None, as_json: bool) -> None:
    """Put the drafts of a file into the outbox, to be posted later; mistakes in them show at once."""
    folder = _folder(node_dir)
    added = _add(folder, folder.outbox, drafts_file, after=0)
    if as_json:
        print_json({"new": added.new, "waiting": added.waiting, "taken": len(added.taken)})
    else:
        click.echo(
            f"{added.new} drafts added; of this file {added.waiting} wait and {len(added.taken)} were taken before"
        )


@outbox.command()
@node_dir
@url
@passphrase
@as_json
def flush(*, node_dir: Path | None, url: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Seal, sign and post what waits, in order, and check every receipt. One that is refused stops those behind it."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    outbox = folder.outbox
    taken: list[Answered] = []
    if outbox.waiting():
        with said_where_it_stops(outbox, None), client_of(folder, settings.url, passphrase_file) as client:
            taken = flushed(folder, outbox, client, keys_of(folder, passphrase_file))
    _tell(folder, taken, as_json=as_json)


@outbox.command()
@click.argument("draft", type=int)
@click.option("--later", is_flag=True, help="Those behind it, too.")
@node_dir
@as_json
def drop(draft: int, *, later: bool, node_dir: Path | None, as_json: bool) -> None:
    """Take a DRAFT out of the outbox, by its number. It is kept in outbox/dropped, and comes back with its file."""
    outbox = _folder(node_dir).outbox
    gone = outbox.drop(draft, and_later=later)
    if as_json:
        print_json([{"draft": each.number, "from": each.origin, "type": each.type} for each in gone])
    else:
        click.echo(f"{len(gone)} dropped, kept in {outbox.folder / 'dropped'}; {len(outbox.waiting())} wait")


def _line(waiting: Waiting, refusal: Refusal | None, *, is_sealed: bool) -> dict[str, Any]:
    """What may be shown of a draft: nothing that is sealed in it."""
    stops = refusal if refusal is not None and refusal.number == waiting.number else None
    return {
        "draft": waiting.number,
        "from": waiting.origin,
        "type": waiting.type,
        "state": "refused" if stops else "sealed" if is_sealed else "waits",
        "error": stops.error if stops else None,
        "reason": stops.reason if stops else None,
    }


def _folder(node_dir: Path | None) -> NodeFolder:
    return NodeFolder.open(Settings.here({"node_dir": node_dir}).node_dir)


def _add(folder: NodeFolder, outbox: Outbox, drafts_file: Path, *, after: int) -> Added:
    """Check every line of a file, then add them all."""
    lines = lines_of(drafts_file, after=after)
    for number, line in lines.items():
        try:
            folder.check_line(line)
        except LedgerError as error:
            raise error.with_facts(line=number) from None
    return outbox.add(list(lines.values()), [f"{drafts_file.name}:{number}" for number in lines])


def flushed(folder: NodeFolder, outbox: Outbox, client: NodeClient, keys: Keys) -> list[Answered]:
    """Flush the outbox, and say how far it is. Returns what was taken."""
    memorandum = folder.memorandum
    assert memorandum is not None
    waiting = len(outbox.waiting())
    taken: list[Answered] = []
    with progress("posting") as done:
        for part in flush_outbox(
            outbox,
            node=folder.name,
            memorandum=memorandum,
            seal=lambda text, end: folder.seal_line(text, keys, end),
            client=client,
            receipts=folder.receipts,
            refusals=folder.refusals,
        ):
            taken += part
            done(len(taken), waiting)
    return taken


@contextmanager
def said_where_it_stops(outbox: Outbox, file: str | None) -> Iterator[None]:
    """Say what waits on, and what to do about it. file: whose lines an error may be about."""
    try:
        yield
    except UnavailableError as error:
        waiting = len(outbox.waiting())
        if not waiting:
            raise
        raise UnavailableError(f"{error}; queued, {waiting} drafts wait: {_FLUSH}", **error.facts) from None
    except LedgerError as error:
        number = error.facts.get("draft")
        waits = outbox.waiting()
        stopping = next((each for each in waits if each.number == number), None)
        if stopping is not None:
            if stopping.file == file:
                error.with_facts(line=int(stopping.origin.rpartition(":")[2]))
            _advise(stopping, len(waits) - 1)
        raise


def _advise(stopping: Waiting, behind: int) -> None:
    remark(
        f"draft {stopping.number} ({stopping.origin}) is refused, and {behind} wait behind it; what was before it is "
        f"taken. When what it needs is there, {_FLUSH}; else take it out, `cohort-ledger node outbox drop "
        f"{stopping.number}` (with --later those behind it, too), and post what you have corrected"
    )
    if is_sealed(stopping.text):
        remark("it was sealed before it was posted here: for another place in the stream, its draft is sealed anew")


def _tell(folder: NodeFolder, taken: Sequence[Answered], *, as_json: bool) -> None:
    if as_json:
        print_json([{**told(each.kept), "state": each.state, "is_new": each.is_new} for each in taken])
        return
    if not taken:
        click.echo("nothing waits")
        return
    counts = Counter(each.is_new for each in taken)
    words = [
        f"{counts[is_new]} {word}"
        for is_new, word in ((True, "taken"), (False, "were there already"))
        if counts[is_new]
    ]
    kept = [each.kept for each in taken]
    click.echo(f"{' and '.join(words)}, {span(kept)}; each receipt was checked and is in {folder.path / 'receipts'}")
