"""A trial's own side: its key, what it says, and the receipts that prove that it was heard."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from ledger.cli.options import File, as_json, new_passphrase, passphrase_for, protection_options
from ledger.cli.terminal import print_json, print_table, progress, remark
from ledger.cohort.database import Head
from ledger.cohort.memorandum import Member, Memorandum
from ledger.errors import LedgerError, MalformedError, NotFoundError
from ledger.node.client import NodeClient
from ledger.node.drafts import Draft
from ledger.node.folder import NodeFolder
from ledger.node.keyring import is_encrypted, new_key, read_key
from ledger.node.receipts import Kept, ReceiptChecker, ReceiptFolder
from ledger.operations.source import HttpSource
from ledger.settings import Settings
from ledger.signing import envelope as envelopes
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Actor, Envelope
from ledger.signing.keys import Algorithm, SigningKey

node_dir = click.option("--node-dir", type=File, help="The node's folder.")
url = click.option("--url", help="The hub's address.")
passphrase = click.option("--passphrase-file", type=File, help="What opens the node's key.")


@click.group()
def node() -> None:
    """A trial's own side: its key, what it posts, its receipts."""


@node.command()
@click.option("--node", "name", required=True, help="The node's name: lower case, like drup-nl.")
@click.option("--trial", required=True, help="What the trial is called.")
@click.option("--country", required=True, help="Two capital letters.")
@click.option("--opens-in-parallel", is_flag=True, help="Bound to open shared cohorts when the others do.")
@click.option("--user", default="u1", show_default=True, help="A pseudonym: the node alone knows the person.")
@click.option("--role", default="data-manager", show_default=True, help="As what that user speaks.")
@click.option(
    "--algorithm", type=click.Choice(get_args(Algorithm)), default="Ed25519", show_default=True, help="Of the key."
)
@node_dir
@protection_options
def init(  # noqa: PLR0913 - each is one thing that a node is
    *,
    name: str,
    trial: str,
    country: str,
    opens_in_parallel: bool,
    user: str,
    role: str,
    algorithm: Algorithm,
    node_dir: Path | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
) -> None:
    """Make a node's key and folder, and print what the founding document says of it (member.json, no secret in it)."""
    key = new_key(algorithm)
    try:
        member = Member(
            node=name, trial=trial, country=country, key=dict(key.public.jwk), opens_in_parallel=opens_in_parallel
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise MalformedError(f"--{fault['loc'][0]}: {fault['msg']}") from None
    folder = Settings.here({"node_dir": node_dir}).node_dir
    protection = new_passphrase(passphrase_file, no_passphrase=no_passphrase)
    NodeFolder.create(folder, member, Actor(user, role, "authored"), key=key, passphrase=protection)
    click.echo((folder / "member.json").read_text())
    remark(f"the key is in {folder / 'key.pem'}; send {folder / 'member.json'} to whoever drafts the document")


@node.command()
@node_dir
@url
@as_json
def head(node_dir: Path | None, url: str | None, as_json: bool) -> None:
    """Show where the node's stream stands at the hub: what it signs next."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    with NodeClient(settings.url, _memorandum(folder, settings.url)) as client:
        found = client.head(folder.name)
    told = {
        "node": folder.name,
        "seq": found.seq if found else None,
        "prev": to_base64url(found.hash) if found else None,
        "next_seq": found.seq + 1 if found else 0,
    }
    if as_json:
        print_json(told)
    else:
        click.echo(f"{folder.name}: {told['next_seq']} events; the next has seq {told['next_seq']}")


@node.command()
@click.argument("draft_file", metavar="DRAFT", type=File)
@node_dir
@url
@passphrase
def seal(draft_file: Path, node_dir: Path | None, url: str | None, passphrase_file: Path | None) -> None:
    """Seal and sign the drafts of a file, one JSON object a line, on the stream's head; post nothing.

    Prints an envelope a line, with all its disclosures: the values can be read in it. `node post` takes such a file.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    lines = _lines(draft_file)
    with NodeClient(settings.url, _memorandum(folder, settings.url)) as client:
        sealed = _seal(folder, lines, _key(folder, passphrase_file), client.head(folder.name))
    for envelope in sealed:
        click.echo(envelope.text)


@node.command()
@click.argument("drafts_file", metavar="DRAFTS", type=File)
@click.option("--after", default=0, metavar="LINE", help="Leave out the lines up to this one.")
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
    """Seal, sign and post the drafts of a file (or the envelopes that `node seal` printed), and check every receipt.

    Safe to repeat after a crash: the same file posts the same bytes, and the hub knows those.
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    lines = _lines(drafts_file)[after:]
    if not lines:
        raise MalformedError(f"{drafts_file} has no line after line {after}")
    receipts = folder.receipts
    name = f"{sha256(chr(10).join(lines).encode()).hexdigest()[:32]}.envelopes"
    with NodeClient(settings.url, _memorandum(folder, settings.url)) as client:
        sealed = receipts.outbox(name)
        if len(sealed) < len(lines):  # new to us, or the stream moved on while the rest was on its way
            rest = lines[len(sealed) :]
            sealed += _seal(folder, rest, _key(folder, passphrase_file), client.head(folder.name))
            receipts.put_outbox(name, sealed)
        taken = _post(client, receipts, name, sealed, after=after)
    if as_json:
        print_json([_told(each) for each in taken])
    else:
        click.echo(f"{len(taken)} taken, {_span(taken)}; each receipt was checked and is in {folder.path / 'receipts'}")


@node.command()
@node_dir
@url
@as_json
def receipts(node_dir: Path | None, url: str | None, as_json: bool) -> None:
    """List the receipts that the node keeps, each checked under the log's key again; no hub is asked."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    checker = ReceiptChecker(_memorandum(folder, settings.url))
    kept = folder.receipts.kept()
    for each in kept:
        checker.check(each)
    if as_json:
        print_json([_told(each) for each in kept])
        return
    print_table(
        ["seq", "index", "received", "type", "event"],
        [
            [str(told["seq"]), str(told["index"]), told["received"], told["type"], told["event_id"]]
            for told in map(_told, kept)
        ],
        right=["seq", "index"],
    )
    click.echo(f"{len(kept)} receipts, and each holds")


def _memorandum(folder: NodeFolder, hub: str) -> Memorandum:
    """The node's own copy; where it has none yet, the one that the hub serves is kept, and its hash told."""
    if folder.memorandum is None:
        with HttpSource(hub) as source:
            served = Memorandum.parse(source.read("memorandum"))
        folder.keep_memorandum(served)
        remark(f"kept the memorandum that {hub} serves; compare its hash with your partners': {served.hash.hex()}")
        return served
    return folder.memorandum


def _key(folder: NodeFolder, passphrase_file: Path | None) -> SigningKey:
    file = folder.key_file
    return read_key(file, passphrase_for(file, passphrase_file, encrypted=is_encrypted(file)))


def _post(
    client: NodeClient, receipts: ReceiptFolder, name: str, sealed: Sequence[Envelope], *, after: int
) -> list[Kept]:
    taken: list[Kept] = []
    try:
        with progress("posting") as done:
            for answered in client.post(sealed):
                receipts.keep(answered)
                taken += answered
                done(len(taken), len(sealed))
    except LedgerError as error:
        place = error.facts.pop("place", None)
        if isinstance(place, int):
            # refused, not lost: what was taken stays, and the rest is signed anew when it is posted again
            receipts.put_outbox(name, sealed[: len(taken)])
            error.with_facts(line=after + place + 1)
            if taken:
                remark(
                    f"{len(taken)} were taken before; correct the file and post it with --after {after + len(taken)}"
                )
        raise
    return taken


def _seal(folder: NodeFolder, lines: Iterable[str], key: SigningKey, head: Head | None) -> list[Envelope]:
    sealed = []
    for number, line in enumerate(lines, start=1):
        try:
            envelope = folder.seal(Draft.parse(line), key, head) if line.startswith("{") else envelopes.parse(line)
            if envelope.claims.node != folder.name:
                raise MalformedError(f"sealed by {envelope.claims.node}: {folder.name} posts what it sealed itself")
        except LedgerError as error:
            raise error.with_facts(line=number) from None
        head = Head(envelope.claims.seq, envelope.hash)
        sealed.append(envelope)
    return sealed


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {file}") from None
    except UnicodeDecodeError:
        raise MalformedError(f"{file} is not UTF-8") from None


def _told(kept: Kept) -> dict[str, Any]:
    claims = kept.envelope.claims
    return {
        "seq": claims.seq,
        "index": kept.receipt.index,
        "received": kept.received,
        "type": claims.type,
        "event_id": claims.event_id,
    }


def _span(taken: Sequence[Kept]) -> str:
    first, last = taken[0].receipt.index, taken[-1].receipt.index
    return f"entry {first}" if first == last else f"entries {first} to {last}"
