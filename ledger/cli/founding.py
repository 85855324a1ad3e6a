"""Founding: the log's own key, and the document that the alliance's members sign."""

from pathlib import Path
from typing import Any

import click

from ledger.cli.options import File, as_json, new_passphrase, protection_options
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError
from ledger.node.keyring import new_key, write_key
from ledger.settings import Settings
from ledger.signing.canonical import load
from ledger.signing.note import NoteSigner, Verifier


@click.group(name="log-key")
def log_key() -> None:
    """Make the log's own key."""


@log_key.command(name="new")
@click.argument("origin")
@click.option("--log-key-file", type=File, help="Where it is written.")
@click.option("--next", "is_next", is_flag=True, help="One for a resolution to bring in, kept beside the first.")
@protection_options
@as_json
def log_key_new(
    *,
    origin: str,
    log_key_file: Path | None,
    is_next: bool,
    passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Make the key of the log ORIGIN (a name like ledger.example/alliance), and print its verifier key.

    The verifier key goes into the founding document; checkpoints are checked under it for ever. That of a later key
    goes into a resolution (subject log-key): a hub that was started with that key signs with both from then on.
    """
    settings = Settings.here({"log_key_file": log_key_file})
    key = new_key()
    verifier = NoteSigner(origin, key).verifier.text
    file = settings.log_key_file
    if is_next:
        file = file.with_name(f"{file.stem}.{Verifier.parse(verifier).key_id.hex()}{file.suffix}")
    write_key(file, key, new_passphrase(passphrase_file, no_passphrase=no_passphrase))
    remark(f"the log's key is in {file}; back it up apart from the database")
    if as_json:
        print_json({"origin": origin, "log_key": verifier, "file": str(file)})
    else:
        click.echo(verifier)


@click.group()
def alliance() -> None:
    """Draft, show and hash the founding document."""


@alliance.command()
@click.option("--name", required=True, help="What the alliance is called.")
@click.option("--log-key", "verifier", required=True, help="The log's verifier key, as `log-key new` printed it.")
@click.option("--signed", required=True, help="When it is signed: 2021-11-16, or 2021-11-11/2021-11-16.")
@click.option("--quorum", default="majority", show_default=True, help="all, majority, or a number above half.")
@click.option("--commitment", "commitments", multiple=True, help="What the members commit to; may be repeated.")
@click.argument("members", nargs=-1, required=True, type=File)
def draft(
    name: str, verifier: str, signed: str, quorum: str, commitments: tuple[str, ...], members: tuple[Path, ...]
) -> None:
    """Write the founding document to standard output, from MEMBERS: the member.json of each node.

    Every founder must hold the same bytes: its SHA-256 (`alliance hash`) is what auditors pin.
    """
    content: dict[str, Any] = {
        "v": 1,
        "name": name,
        "origin": verifier.partition("+")[0],
        "log_key": verifier,
        "signed": signed,
        "members": [load(_read(file).strip()) for file in members],
        "quorum": {"kind": int(quorum) if quorum.isdecimal() else quorum},
        "commitments": list(commitments),
    }
    drafted = Memorandum.of(content)
    click.echo(drafted.text, nl=False)
    remark(f"its hash, to be pinned: {drafted.hash.hex()}")


@alliance.command()
@click.argument("file", type=File)
@as_json
def show(file: Path, as_json: bool) -> None:
    """Show what a founding document says."""
    found = read_memorandum(file)
    document = found.document
    if as_json:
        print_json({"hash": found.hash.hex(), **document.model_dump(mode="json")})
        return
    facts = {
        "name": document.name,
        "origin": document.origin,
        "log key": document.log_key,
        "signed": document.signed,
        "quorum": str(document.quorum.kind),
        "commitments": "; ".join(document.commitments) or "none",
        "hash": found.hash.hex(),
    }
    print_facts(facts)
    print_table(
        ["node", "trial", "country", "opens in parallel", "key"],
        [
            [
                member.node,
                member.trial,
                member.country,
                "yes" if member.opens_in_parallel else "no",
                f"{member.public_key.algorithm} {member.public_key.thumbprint}",
            ]
            for member in found.members
        ],
    )


@alliance.command(name="hash")
@click.argument("file", type=File)
def hash_(file: Path) -> None:
    """Print the SHA-256 of a founding document, in hex: what `audit --pin` takes."""
    click.echo(read_memorandum(file).hash.hex())


def read_memorandum(file: Path) -> Memorandum:
    """A file of canonical JSON; an editor may have ended its line."""
    return Memorandum.parse(_read(file).removesuffix(b"\n"))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {file}") from None
    except IsADirectoryError:
        raise MalformedError(f"{file} is a folder") from None
