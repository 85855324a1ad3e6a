"""A log's static files, by how a person writes where they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.cli.keys import key_at
from ledger.cli.options import File
from ledger.node.bearer import Bearer
from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource

_Command = TypeVar("_Command", bound=Callable[..., Any])


def is_live(text: str) -> bool:
    """Whether a source, as it is written, is a log as it stands now, and no bundle or folder of what it once was."""
    return text.startswith(("http://", "https://"))


def key_options(command: _Command) -> _Command:
    """Whose key says to a server who asks; nobody's where neither is given."""
    for option in (
        click.option("--passphrase-file", type=File, help="What opens that key."),
        click.option("--key", "key_file", type=File, metavar="FILE", help="Your key, where a server asks who you are."),
    ):
        command = option(command)
    return command


def bearer_of(url: str, key_file: Path | None, passphrase_file: Path | None) -> Bearer | None:
    """What says to a server who asks. key_file: a key in PEM, or a node's folder; None where nobody is to be said."""
    if key_file is None:
        return None
    return Bearer(url, lambda: key_at(key_file, url, passphrase_file))


@contextmanager
def open_source(text: str, key_file: Path | None = None, passphrase_file: Path | None = None) -> Iterator[Source]:
    """A bundle, a folder or a server. Raises NotFoundError and MalformedError as they do."""
    if is_live(text):
        with HttpSource(text, bearer=bearer_of(text, key_file, passphrase_file)) as server:
            yield server
    elif Path(text).is_dir():
        yield FolderSource(Path(text))
    else:
        with ZipSource(Path(text)) as bundled:
            yield bundled
