"""A trial's own side: its key, what it says, and the receipts that prove that it was heard."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from ledger.cli.keys import keys_of
from ledger.cli.node_import import import_
from ledger.cli.node_keys import apply, key
from ledger.cli.node_options import client_of, key_options, lines_of, made_key, node_dir, passphrase, url
from ledger.cli.node_outbox import outbox, post
from ledger.cli.node_receipts import receipts
from ledger.cli.node_types import types
from ledger.cli.options import File, as_json
from ledger.cli.terminal import print_json, remark
from ledger.cohort.memorandum import Member
from ledger.errors import LedgerError, MalformedError
from ledger.node.folder import NodeFolder
from ledger.node.rotation import Keys, StreamEnd
from ledger.settings import Settings
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Actor, Envelope


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
@node_dir
@key_options
def init(
    *,
    name: str,
    trial: str,
    country: str,
    opens_in_parallel: bool,
    user: str,
    role: str,
    node_dir: Path | None,
    **made: Any,
) -> None:
    """Make a node's key and folder, and print what the founding document says of it (member.json, no secret in it)."""
    new = made_key(**made)
    try:
        member = Member(
            node=name, trial=trial, country=country, key=dict(new.key.public.jwk), opens_in_parallel=opens_in_parallel
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise MalformedError(f"--{fault['loc'][0]}: {fault['msg']}") from None
    folder = Settings.here({"node_dir": node_dir}).node_dir
    created = NodeFolder.create(folder, member, Actor(user, role, "authored"), key=new.key, kept=new.kept)
    click.echo((folder / "member.json").read_text())
    file = created.key_file(new.key.public.thumbprint)
    remark(f"the key is in {file}; send {folder / 'member.json'} to whoever drafts the document")


@node.command()
@node_dir
@url
@passphrase
@as_json
def head(node_dir: Path | None, url: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show where the node's stream stands at the hub: what it signs next, and with which key."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    with client_of(folder, settings.url, passphrase_file) as client:
        found, key = client.end_of(folder.name)
    told = {
        "node": folder.name,
        "seq": found.seq if found else None,
        "prev": to_base64url(found.hash) if found else None,
        "next_seq": found.seq + 1 if found else 0,
        "key": key,
    }
    if as_json:
        print_json(told)
    else:
        click.echo(f"{folder.name}: {told['next_seq']} events; the next has seq {told['next_seq']}, by key {key}")


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
    lines = lines_of(draft_file)
    with client_of(folder, settings.url, passphrase_file) as client:
        end = client.end_of(folder.name)
        folder.receipts.check_head(end.head)
        sealed = list(_seal(folder, lines, keys_of(folder, passphrase_file), end))
    for envelope in sealed:
        click.echo(envelope.text)


for _command in (post, outbox, receipts, key, apply, types, import_):
    node.add_command(_command)


def _seal(folder: NodeFolder, lines: Mapping[int, str], keys: Keys, end: StreamEnd) -> Iterator[Envelope]:
    for number, line in lines.items():
        try:
            envelope = folder.seal_line(line, keys, end)
            end = end.behind(envelope)
        except LedgerError as error:
            raise error.with_facts(line=number) from None
        yield envelope
