"""Options that several commands share, and what they become: settings, passphrases."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.errors import MalformedError, SetupError
from ledger.settings import LOG_FORMATS, LOG_LEVELS, Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])
File = click.Path(path_type=Path)

_HASH_SIZE = 32

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
state_dir = click.option(
    "--state-dir",
    type=File,
    callback=lambda _context, _option, folder: Settings.here({"state_dir": folder}).state_dir,
    help="Where the largest checkpoint that you saw of each log is remembered, and what your audits reached.",
)


def hub_options(command: _Command) -> _Command:
    """Where a hub keeps what it keeps; each may come from the environment or a file instead."""
    for option in reversed(
        (
            click.option("--data-dir", type=File, help="Folder of the hub's files."),
            click.option(
                "--database-url",
                metavar="URL",
                help="Its database: sqlite:///<file> or postgresql://user@host/database.",
            ),
            click.option("--vault-key-file", type=File, help="The keys of its vault."),
            click.option("--log-key-file", type=File, help="The log's key, PKCS#8 PEM."),
        )
    ):
        command = option(command)
    return command


def log_options(command: _Command) -> _Command:
    """What a server writes to standard error of its work; see `ledger.cli.logs`."""
    for option in (
        click.option("--log-level", type=click.Choice(LOG_LEVELS), help="From which on; info unless set."),
        click.option("--log-format", type=click.Choice(LOG_FORMATS), help="For people, or JSON; text unless set."),
    ):
        command = option(command)
    return command


def protection_options(command: _Command) -> _Command:
    """How a new key file is protected."""
    for option in (
        click.option("--no-passphrase", is_flag=True, help="Leave the key file unencrypted."),
        click.option("--passphrase-file", type=File, help="Read the passphrase from this file's first line."),
    ):
        command = option(command)
    return command


def read_pin(text: str | None) -> bytes | None:
    """The hash of a founding document, 32 bytes, as `--pin` takes it."""
    if text is None:
        return None
    try:
        pin = bytes.fromhex(text)
    except ValueError:
        pin = b""
    if len(pin) != _HASH_SIZE:
        raise MalformedError("--pin takes a SHA-256 in hex, 64 characters, as `alliance hash` prints it")
    return pin


def new_passphrase(passphrase_file: Path | None, *, no_passphrase: bool) -> bytes | None:
    """What a new key is encrypted with, asked for twice where no file has it; None where it shall not be."""
    if no_passphrase:
        if passphrase_file is not None:
            raise click.UsageError("--no-passphrase and --passphrase-file exclude each other")
        return None
    if passphrase_file is not None:
        return _first_line(passphrase_file)
    return _ask("Passphrase for the new key", twice=True, instead="--passphrase-file or --no-passphrase")


def secret_of(what: str, file: Path | None) -> bytes:
    """What opens something, as a passphrase or a PIN: from a file's first line, or asked for."""
    if file is not None:
        return _first_line(file)
    return _ask(f"Passphrase of {what}", twice=False, instead="the file that holds it")


def passphrase_for(key_file: Path, passphrase_file: Path | None, *, encrypted: bool) -> bytes | None:
    """What opens a key file."""
    if not encrypted:
        return None
    return secret_of(str(key_file), passphrase_file)


def _ask(prompt: str, *, twice: bool, instead: str) -> bytes:
    """instead: what to give where nobody can be asked."""
    try:
        asked: str = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise SetupError(f"nobody is here to be asked for a passphrase: name {instead}") from None
    return asked.encode()


def _first_line(file: Path) -> bytes:
    try:
        line = file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise SetupError(f"the passphrase file {file} cannot be read: {error.strerror}") from None
    if not line:
        raise SetupError(f"the passphrase file {file} begins with an empty line: write the passphrase there")
    return line
