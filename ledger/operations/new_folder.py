"""Folders that appear whole and durable, or not at all, and are their owner's alone.

Whoever writes one has a part beside it, as with files (`ledger.operations.replacing`): what a kill left behind is taken
away by the next who writes that folder.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ledger.errors import MalformedError, SetupError
from ledger.operations.replacing import name_of_part, sync_folder

_MODE = 0o600
_FOLDER_MODE = 0o700
_NUMBERS = count()


def check_new(folder: Path) -> None:
    """Raises MalformedError where there is something that a new folder would be written over, and SetupError where
    there is nothing that it could lie in.
    """
    check_parent(folder)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise MalformedError(f"{folder} is there already, and no folder: name another")
    if folder.is_dir() and any(folder.iterdir()):
        raise MalformedError(f"{folder} is there already, and not empty: name another, nothing is written over")


def check_parent(path: Path) -> None:
    """Raises SetupError where there is no folder that a new file or folder could lie in."""
    parent = path.absolute().parent
    if not parent.is_dir():
        raise SetupError(f"there is no folder {parent}: make it, or name another place")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Make a folder's files in the part that is given; they are in their place once the block ends.

    Raises MalformedError where the folder is there already, and not empty; then too where it comes to be meanwhile.
    """
    folder = folder.absolute()
    check_new(folder)
    part = folder.with_name(f"{folder.name}.{os.getpid()}-{next(_NUMBERS)}.part")
    part.mkdir(mode=_FOLDER_MODE)
    lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _take_away_abandoned(folder, own=part)
        yield part
        _take_place(part, folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        os.close(lock)
    sync_folder(folder.parent)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts in UTF-8, each durable when this returns. files: path below the folder -> text."""
    folders = {folder}
    for name, text in files.items():
        file = folder / name
        if file.parent not in folders:
            file.parent.mkdir(mode=_FOLDER_MODE)
            folders.add(file.parent)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
    for each in folders:
        sync_folder(each)


def _take_place(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)  # an empty folder of that name gives way, and nothing else
    except OSError:
        check_new(folder)
        raise


def _take_away_abandoned(folder: Path, *, own: Path) -> None:
    for each in folder.parent.iterdir():
        if name_of_part(each.name) != folder.name or each == own or each.is_symlink() or not each.is_dir():
            continue
        try:
            lock = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # in its place by now
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(each, ignore_errors=True)
        except OSError:
            pass  # its writer is at work
        finally:
            os.close(lock)
