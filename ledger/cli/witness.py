"""Whoever watches logs for others: makes a witness, runs it, and looks at what it has cosigned."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import click

from ledger.cli.founding import read_memorandum
from ledger.cli.logs import begin_logging, say
from ledger.cli.options import File, as_json, log_options, new_passphrase, passphrase_for, protection_options
from ledger.cli.serving import listen, run_app
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.node.keyring import is_encrypted, new_cosigner, read_cosigner, write_key
from ledger.operations.witness import Witness
from ledger.operations.witness_folder import KEY_FILES, Log, WitnessFolder
from ledger.settings import Settings
from ledger.signing.cosignature import Cosigner, CosigningAlgorithm
from ledger.signing.note import COSIGNATURE, SUBTREE_COSIGNATURE, Verifier

_HOST, _PORT = "127.0.0.1", 8701  # beside a hub, which has a port of its own

_TYPES: Mapping[CosigningAlgorithm, int] = {"Ed25519": COSIGNATURE, "ML-DSA-44": SUBTREE_COSIGNATURE}
_CHOICES: Mapping[str, tuple[CosigningAlgorithm, ...]] = {
    "both": get_args(CosigningAlgorithm),
    **{each.lower(): (each,) for each in _TYPES},
}

witness_dir = click.option("--witness-dir", type=File, help="The witness's folder.")


@click.group()
def witness() -> None:
    """Watch logs: cosign each checkpoint that extends what was cosigned before, and no other."""


@witness.command()
@click.option("--name", required=True, help="A name like witness.example/nl: an address without https://.")
@click.option("--log", "logs", multiple=True, help="Verifier key of a log to watch; may be repeated.")
@click.option("--memorandum", "memoranda", multiple=True, type=File, help="Watch the log of this founding document.")
@click.option(
    "--algorithm", type=click.Choice(list(_CHOICES)), default="both", show_default=True, help="Of the keys to make."
)
@witness_dir
@protection_options
@as_json
def init(
    *,
    name: str,
    logs: tuple[str, ...],
    memoranda: tuple[Path, ...],
    algorithm: str,
    witness_dir: Path | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Make a witness and its keys, and print its verifier keys: what a `witness` resolution names."""
    watched = [*map(Verifier.parse, logs), *(read_memorandum(file).log_key for file in memoranda)]
    if not watched:
        raise click.UsageError("name what it watches: --log VERIFIER_KEY, or --memorandum FILE")
    path = Settings.here({"witness_dir": witness_dir}).witness_dir
    passphrase = new_passphrase(passphrase_file, no_passphrase=no_passphrase)
    files = {each: path / KEY_FILES[_TYPES[each]] for each in _CHOICES[algorithm]}
    earlier = {each for each, file in files.items() if file.exists()}  # of an attempt that did not come to its end
    cosigners = {
        each: read_cosigner(file, name, passphrase) if each in earlier else new_cosigner(name, each)
        for each, file in files.items()
    }
    folder = WitnessFolder.of(path, name=name, keys=[each.verifier for each in cosigners.values()], logs=watched)
    folder.prepare()
    for each in files.keys() - earlier:
        write_key(files[each], cosigners[each], passphrase)
    folder.found()
    if as_json:
        print_json({"name": name, "keys": [key.text for key in folder.keys], "folder": path})
    else:
        for key in folder.keys:
            click.echo(key.text)
    remark(f"the witness is in {path}; never put an older copy of that folder in its place: it may cosign a fork then")


@witness.command()
@click.option("--host", default=_HOST, show_default=True, help="Any address: checkpoints are public.")
@click.option("--port", type=int, default=_PORT, show_default=True)
@witness_dir
@click.option("--passphrase-file", type=File, help="What opens its keys.")
@log_options
def serve(host: str, port: int, witness_dir: Path | None, passphrase_file: Path | None, **flags: Any) -> None:
    """Run the witness: logs post checkpoints to it, and anyone reads what it cosigned."""
    folder = _opened(witness_dir)
    served = Witness(folder, _cosigners(folder, passphrase_file))
    listener, url = listen(host, port)
    app = importlib.import_module("api.witness").create_witness_app(served)  # by name: nothing here stands on api
    begin_logging(Settings.here(flags))
    say(f"{folder.name} on {url}, until Ctrl-C")
    run_app(app, listener)


@witness.command()
@witness_dir
@as_json
def show(witness_dir: Path | None, as_json: bool) -> None:
    """Show who the witness is, the logs that it watches and what it cosigned last of each."""
    folder = _opened(witness_dir)
    sizes = [(log, _size(folder, log)) for log in folder.logs.values()]
    evidence = [str(file) for file in folder.evidence]
    if as_json:
        told: list[dict[str, Any]] = [
            {"origin": log.origin, "hash": log.hash, "keys": [key.text for key in log.verifiers], "size": size}
            for log, size in sizes
        ]
        keys = [key.text for key in folder.keys]
        print_json({"name": folder.name, "keys": keys, "logs": told, "evidence": evidence})
        return
    print_facts({"name": folder.name, **{f"key {place}": key.text for place, key in enumerate(folder.keys, 1)}})
    print_table(
        ["log", "cosigned at size", "its hash"],
        [[log.origin, "nothing yet" if size is None else str(size), log.hash] for log, size in sizes],
    )
    if evidence:
        print_table(["refused, though a log had signed it"], [[file] for file in evidence])


def _opened(witness_dir: Path | None) -> WitnessFolder:
    return WitnessFolder.open(Settings.here({"witness_dir": witness_dir}).witness_dir)


def _size(folder: WitnessFolder, log: Log) -> int | None:
    held = folder.cosigned(log)
    return held[0].size if held else None


def _cosigners(folder: WitnessFolder, passphrase_file: Path | None) -> list[Cosigner]:
    """Its keys, opened; a passphrase is asked for once, for `init` gave all of them the same."""
    encrypted = [file for file in folder.key_files if is_encrypted(file)]
    passphrase = passphrase_for(encrypted[0], passphrase_file, encrypted=True) if encrypted else None
    return [read_cosigner(file, folder.name, passphrase if file in encrypted else None) for file in folder.key_files]
