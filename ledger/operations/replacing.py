"""Files that appear whole and durable, or not at all, and are their owner's alone unless another mode is asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_MODE = 0o600


@contextmanager
def replacing(file: Path, *, mode: int = _MODE) -> Iterator[BinaryIO]:
    """Write beside a file, and put it in its place once all of it is on disk; a power cut does not undo that.

    What an earlier failure left beside it is replaced. mode: of the new file, before the process's umask.
    """
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
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
