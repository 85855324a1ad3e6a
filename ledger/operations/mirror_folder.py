"""A mirror's folder: the log's static files where any plain file server finds them, each put in place whole.

One process writes at a time: the folder itself is locked, and a kill lets go of it. Files of a clear view are as the
umask says, so that another user's file server may read them; those of a full one are their owner's alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ledger.errors import MalformedError, NotFoundError, SetupError
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TilePath, parse_path
from ledger.operations.replacing import name_of_part, replacing, sync_folder
from ledger.operations.source import FolderSource, file_max

CONTRADICTS = "contradicts"  # a folder in the mirror: checkpoints that the log signed, and that contradict its own

_OPEN_FILE, _OPEN_FOLDER = 0o666, 0o777  # less what the umask takes away
_SHUT_FILE, _SHUT_FOLDER = 0o600, 0o700


class MirrorFolder:
    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._source = FolderSource(folder)
        self._file_mode, self._folder_mode = _SHUT_FILE, _SHUT_FOLDER
        self.written: list[str] = []  # in order
        self.removed: list[str] = []

    def show_all(self) -> None:
        """From now on files are made as the umask says: what is in them is not sealed."""
        self._file_mode, self._folder_mode = _OPEN_FILE, _OPEN_FOLDER

    def find(self, path: str) -> bytes | None:
        """A file that is there; None where there is none, or one that no log can have. It is not believed."""
        try:
            return self._source.read(path)
        except (NotFoundError, MalformedError):
            return None

    def put(self, path: str, data: bytes) -> None:
        """Put a file in place, whole and durable, unless the same bytes are there."""
        if self.find(path) == data:
            return
        file = self.path / path
        self._make(file.parent)
        with replacing(file, mode=self._file_mode) as opened:
            opened.write(data)
        self.written.append(path)

    def keep_contradicting(self, name: str, data: bytes) -> Path:
        """Keep what contradicts the mirror's own file of this name: signed checkpoints; together they convict."""
        path = f"{CONTRADICTS}/{sha256(data).hexdigest()[:16]}.{name}"
        file = self.path / path
        self._make(file.parent)
        with replacing(file, mode=self._file_mode) as opened:
            opened.write(data)
        return file

    def prune(self, size: int, *, view: str, outgrown_before_s: float | None = None) -> None:
        """Take away partial files that a log of this size has full, and what a kill left half written.

        Others stay, as C2SP tlog-tiles asks: who has taken an earlier checkpoint still reads them. So do those whose
        full file was not there before `outgrown_before_s`, by the file system's clock. But disclosures of earlier sizes
        go at once, where there are any: what was erased since would be in them.
        """
        for file in list(self.path.rglob("*.part")):
            name = name_of_part(file.name)
            if name is not None and _is_of_a_log(file.with_name(name).relative_to(self.path).as_posix()):
                file.unlink()
        for folder in list(self.path.rglob("*.p")):
            for file in list(folder.iterdir()):
                path = file.relative_to(self.path).as_posix()
                asked = _parse(path)
                if asked is None or not _is_outgrown(asked, size, view):
                    continue
                since_s = None if asked.kind == "disclosures" and view == "full" else outgrown_before_s
                if since_s is None or _is_older(folder.with_suffix(""), since_s):
                    file.unlink()
                    self.removed.append(path)
            if not any(folder.iterdir()):
                folder.rmdir()

    def _make(self, folder: Path) -> None:
        """Make folders down to this one, durable too: what is put into them is nowhere without their names."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(mode=self._folder_mode)
            sync_folder(each.parent)


@contextmanager
def opened_folder(folder: Path) -> Iterator[MirrorFolder]:
    """Take a folder, made where it is missing, for this process alone.

    Raises SetupError where another process mirrors into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(f"another process mirrors into {folder}: wait for it, or name another folder") from None
        yield MirrorFolder(folder)
    finally:
        os.close(handle)


def _is_outgrown(asked: TilePath, size: int, view: str) -> bool:
    reached = (size >> TILE_HEIGHT * (asked.level or 0)) - asked.n * TILE_WIDTH
    if asked.kind == "disclosures" and view != "clear":
        return asked.width != reached
    return reached >= TILE_WIDTH


def _is_older(file: Path, moment_s: float) -> bool:
    try:
        return file.stat().st_mtime < moment_s
    except FileNotFoundError:
        return False


def _is_of_a_log(path: str) -> bool:
    try:
        return file_max(path) > 0
    except MalformedError:
        return False


def _parse(path: str) -> TilePath | None:
    try:
        return parse_path(path)
    except MalformedError:
        return None  # not ours
