"""Whoever suspects a log: compares what it shows here and there, and checks what others say that it did."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from ledger.cli.founding import read_memorandum
from ledger.cli.options import File, as_json, read_pin, state_dir
from ledger.cli.sources import is_live, key_options, open_source
from ledger.cli.terminal import print_facts, print_json, progress
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError
from ledger.operations.compare import Comparison
from ledger.operations.compare import compare as compare_sources
from ledger.operations.evidence import Evidence, Fork, encode, kind_of, read_evidence, write_evidence
from ledger.operations.forks import SignedHead
from ledger.operations.heads import Heads
from ledger.operations.source import Source
from ledger.operations.verdict import judge, trusted_key
from ledger.signing.encoding import to_base64

CONVICTS = 3
_EXITS = {"convicts": CONVICTS, "nothing wrong": 0, "would convict": 2, "proves nothing": 2}
_RULINGS = {
    "convicts": "it convicts the log",
    "nothing wrong": "nothing wrong is proved",
    "would convict": "it would convict whoever holds that key: whether that is the log, --memorandum or --log says",
    "proves nothing": "it proves nothing",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@click.option("--out", type=File, metavar="FILE", help="Where the evidence of a fork goes; else here, named after it.")
@key_options
@state_dir
@as_json
def compare(
    *,
    a: str,
    b: str,
    pin: str | None,
    out: Path | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    as_json: bool,
) -> None:
    """Compare two sources of one log, each a bundle (.zip), a folder or a hub's address.

    Exit code 0: they show one history; 3: they show two, and one file proves it to others.
    """
    who = (key_file, passphrase_file)
    with open_source(a, *who) as first, open_source(b, *who) as second:
        found = compare_sources(first, second, pin=read_pin(pin))
        if found.fork is None:  # the smaller one is the beginning of the larger: a copy may lag
            newest = found.a if found.relation == "a-extends-b" else found.b
            source, name = (first, a) if newest is found.a else (second, b)
            Heads(state_dir).see(newest.note, found.memorandum, source, live=is_live(name))
    file = None if found.fork is None else _keep(found, found.fork, out)
    if as_json:
        print_json(
            {
                "relation": found.relation,
                "origin": found.memorandum.origin,
                "memorandum": found.memorandum.hash.hex(),
                "a": _told(a, found.a),
                "b": _told(b, found.b),
                "evidence": file,
            }
        )
    else:
        if pin is None:
            click.echo("no founding document was pinned; its hash comes from the alliance's members")
        click.echo(_in_words(found, a, b))
        if file is not None:
            click.echo(f"{file} proves it to others: cohort-ledger evidence check {file} --memorandum FILE")
    if file is not None:
        raise click.exceptions.Exit(CONVICTS)


@click.group()
def evidence() -> None:
    """Check a file that is said to convict a log."""


@evidence.command()
@click.argument("file", type=File)
@click.option("--log", metavar="SOURCE", help="A source of the log, to judge a refusal by; others are held against it.")
@click.option("--memorandum", "memorandum_file", type=File, metavar="FILE", help="The founding document.")
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@key_options
@state_dir
@as_json
def check(
    *,
    file: Path,
    log: str | None,
    memorandum_file: Path | None,
    pin: str | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    as_json: bool,
) -> None:
    """Check FILE: a fork, a refusal, a witness's record of a request, a rollback.

    Exit code 3: it convicts the log; 0: it was checked, and nothing wrong is proved; 2: it proves nothing, or not
    without the founding document, which says whose key it is.
    """
    if pin is not None and log is None and memorandum_file is None:
        raise click.UsageError("--pin takes the document that it is the hash of: give --memorandum or --log too")
    found, pinned = read_evidence(file), read_pin(pin)
    given = None if memorandum_file is None else read_memorandum(memorandum_file)
    if log is None:
        memorandum = _agreed(given, None, pinned)
        verdict = judge(found, memorandum=memorandum)
    else:
        with open_source(log, key_file, passphrase_file) as opened, progress("auditing") as done:
            memorandum = _agreed(given, opened, pinned)
            assert memorandum is not None
            Heads(state_dir).look(opened, memorandum, live=is_live(log))
            verdict = judge(found, memorandum=memorandum, log=opened, progress=done)
    unknown = memorandum is None and verdict.ruling == "convicts"  # anybody can make a key, and a fork under it
    ruling = "would convict" if unknown else verdict.ruling
    _report(found, ruling, verdict.finding, memorandum, pinned, as_json=as_json)
    raise click.exceptions.Exit(_EXITS[ruling])


def _report(
    found: Evidence, ruling: str, finding: str, memorandum: Memorandum | None, pin: bytes | None, *, as_json: bool
) -> None:
    if as_json:
        print_json(
            {
                "kind": kind_of(found),
                "origin": found.log.name,
                "log": found.log.text,
                "memorandum": None if memorandum is None else memorandum.hash.hex(),
                "pinned": pin is not None,
                "ruling": ruling,
                "finding": finding,
            }
        )
        return
    print_facts(
        {
            "log": found.log.name,
            "key": trusted_key(found.log, memorandum, pin),
            "kind": kind_of(found),
            "found": finding,
            "evidence:": _RULINGS[ruling],
        }
    )


def _agreed(given: Memorandum | None, log: Source | None, pin: bytes | None) -> Memorandum | None:
    """The memorandum that the reader names, whichever way. Raises MalformedError where the ways disagree."""
    shown = None if log is None else Memorandum.parse(log.read("memorandum"))
    if given is not None and shown is not None and given.hash != shown.hash:
        raise MalformedError(
            f"two different ledgers: --memorandum is {given.hash.hex()}, --log was founded with {shown.hash.hex()}"
        )
    memorandum = given or shown
    if memorandum is not None and pin is not None and memorandum.hash != pin:
        raise MalformedError(f"another memorandum than the pinned one: {memorandum.hash.hex()}, not {pin.hex()}")
    return memorandum


def _keep(found: Comparison, fork: Fork, out: Path | None) -> Path:
    """Write the evidence; under its usual name no other fork's is replaced."""
    data = encode(fork)
    if out is None:
        sizes = sorted((found.a.checkpoint.size, found.b.checkpoint.size))
        stem = f"fork-{_UNSAFE.sub('_', found.memorandum.origin)}-{sizes[0]}-{sizes[1]}"
        out = Path(f"{stem}.json")
        if out.exists() and out.read_bytes() != data:
            out = Path(f"{stem}-{sha256(data).hexdigest()[:16]}.json")
    write_evidence(out, fork)
    return out


def _in_words(found: Comparison, a: str, b: str) -> str:
    sizes = {a: found.a.checkpoint.size, b: found.b.checkpoint.size}
    match found.relation:
        case "equal":
            return f"equal: both show the same {sizes[a]} entries"
        case "a-extends-b":
            return f"{a} extends {b}: {sizes[a]} entries, of which {b} shows the first {sizes[b]}"
        case "b-extends-a":
            return f"{b} extends {a}: {sizes[b]} entries, of which {a} shows the first {sizes[a]}"
        case "fork":
            return f"FORK: {a} shows {sizes[a]} entries, {b} {sizes[b]}, and no one history has both"


def _told(source: str, head: SignedHead) -> dict[str, Any]:
    return {"source": source, "size": head.checkpoint.size, "root": to_base64(head.checkpoint.root)}
