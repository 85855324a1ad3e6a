"""Files that appear whole and durable, or not at all, and are their owner's alone unless another mode is asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_MODE = 0o600
_FOLDER_MODE = 0o700


@contextmanager
def replacing(file: Path, *, mode: int = _MODE) -> Iterator[BinaryIO]:
    """Write beside a file, and put it in its place once all of it is on disk; a power cut does not undo that.

    What an earlier failure left beside it is replaced. mode: of the new file, before the process's umask.
    """
    file = file.absolute()  # "." has no name of its own
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        try:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    sync_folder(file.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, for their owner alone and durably; those that are there stay as they
    are.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=_FOLDER_MODE, exist_ok=True)  # another process may be making it too
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """When this returns, a power cut undoes no change of the names in it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
