"""Files that grow by whole lines: a line is there, durable, or it is not; one process writes at a time.

What a crash cut off has no newline at its end: whoever reads leaves it out, and whoever adds next takes it away.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger.operations.replacing import make_folder, replacing, sync_folder

_MODE = 0o600
_FIRST = 32  # bytes
_PART = 64 * 1024  # bytes that are looked through at a time for the last newline


class LineFile:
    """One such file; it and its folder are made when something is written, for their owner alone."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def lines(self) -> list[bytes]:
        """All whole lines, without their newlines; none where there is no file."""
        try:
            return self._file.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []

    @contextmanager
    def locked(self) -> Iterator["Locked"]:
        """Keep all other writers out for as long as the block lasts."""
        make_folder(self._file.parent)
        while True:
            with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, _MODE), "r+b") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX)
                if os.fstat(opened.fileno()).st_ino != self._file.stat().st_ino:
                    continue  # it was replaced while we waited
                yield Locked(self._file, opened)
                return

    def append(self, lines: Iterable[bytes]) -> None:
        with self.locked() as opened:
            opened.append(lines)


class Locked:
    """The file while it is one process's to write.

    identity: another one says that the file may have been replaced, and everything in it is to be read again. It has
    the file's first bytes too, for a system gives the number of a file that is gone to another.
    """

    def __init__(self, file: Path, opened: BinaryIO) -> None:
        self._file = file
        self._opened = opened
        self.identity = os.fstat(opened.fileno()).st_ino, opened.read(_FIRST)

    def read_from(self, offset: int) -> tuple[list[bytes], int]:
        """The whole lines from an offset on that one ends at, and where the last of them ends."""
        end = self._end()
        self._opened.seek(offset)
        return self._opened.read(end - offset).split(b"\n")[:-1], end

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines, durably: when this returns, a power cut does not undo it."""
        end = self._end()
        self._opened.truncate(end)
        self._opened.seek(end)
        self._opened.writelines(line + b"\n" for line in lines)
        self._opened.flush()
        os.fsync(self._opened.fileno())
        if end == 0:
            sync_folder(self._file.parent)

    def replace(self, lines: Iterable[bytes]) -> None:
        """Put these lines in the place of all; whoever waits for the lock gets the new file."""
        with replacing(self._file) as opened:
            opened.writelines(line + b"\n" for line in lines)

    def _end(self) -> int:
        """Where the last whole line ends."""
        end = self._opened.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _PART)
            self._opened.seek(start)
            newline = self._opened.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0
