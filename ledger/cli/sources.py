"""A log's static files, by how a person writes where they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource


def is_live(text: str) -> bool:
    """Whether a source, as it is written, is a log as it stands now, and no bundle or folder of what it once was."""
    return text.startswith(("http://", "https://"))


@contextmanager
def open_source(text: str) -> Iterator[Source]:
    """A bundle, a folder or a server. Raises NotFoundError and MalformedError as they do."""
    if is_live(text):
        with HttpSource(text) as server:
            yield server
    elif Path(text).is_dir():
        yield FolderSource(Path(text))
    else:
        with ZipSource(Path(text)) as bundled:
            yield bundled
