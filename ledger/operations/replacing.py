"""Files that appear whole and durable, or not at all, and are their owner's alone unless another mode is asked for.

Whoever writes one has a part of its own beside it, `<name>.<process>-<number>.part`, and holds a lock on that: so of
several that write at once the last one stands, and what a kill left behind, whose lock is free, is taken away by the
next who writes that file.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

_MODE = 0o600
_FOLDER_MODE = 0o700
_PART = re.compile(r"(.+)\.[0-9]+-[0-9]+\.part")
_NUMBERS = count()  # one for each part of this process, whichever thread writes it


@contextmanager
def replacing(file: Path, *, mode: int = _MODE) -> Iterator[BinaryIO]:
    """Write beside a file, and put it in its place once all of it is on disk; a power cut does not undo that.

    Several threads and processes may write the same file. mode: of the new file, before the process's umask.
    """
    file = file.absolute()  # "." has no name of its own
    part, handle = _new_part(file, mode)
    with os.fdopen(handle, "wb") as opened:
        try:
            _take_away_abandoned(file, own=part)
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    sync_folder(file.parent)


def name_of_part(part: str) -> str | None:
    """The name of the file that a part is written for, by the part's name; None where that names no part."""
    found = _PART.fullmatch(part)
    return found[1] if found else None


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


def _new_part(file: Path, mode: int) -> tuple[Path, int]:
    """A part that nobody else has, open and locked."""
    while True:
        part = file.with_name(f"{file.name}.{os.getpid()}-{next(_NUMBERS)}.part")
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            continue  # left by an earlier process of this number, or one that counts its processes elsewhere
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return part, handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # another took it for abandoned before it was locked


def _take_away_abandoned(file: Path, *, own: Path) -> None:
    """Take away the parts of a file whose writers are gone."""
    for name in os.listdir(file.parent):  # noqa: PTH208 - names are enough, and there may be many
        if name_of_part(name) == file.name and name != own.name:
            _take_away_unlocked(file.with_name(name))


def _take_away_unlocked(part: Path) -> None:
    try:
        handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return  # in its place by now; or no part, but a link of that name
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # only who has the lock takes the name away, so it stays this file's from here on
        if os.path.samestat(os.fstat(handle), os.lstat(part)):
            part.unlink()
    except OSError:
        pass  # its writer is at work; or it is in its place by now, or was taken away
    finally:
        os.close(handle)
