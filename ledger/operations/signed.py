"""The last checkpoint that a hub signed, kept in a file beside its key.

The database alone cannot tell that it is an older copy of itself. This file can: it is written, durably, before a
checkpoint leaves, and a stored log that does not extend it gets no signature. It is not part of a backup.
"""

import os
from pathlib import Path


class SignedFile:
    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> bytes | None:
        """The signed note, None where nothing was signed here yet."""
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, note: bytes) -> None:
        """Keep a note in place of the one before; when this returns, a power cut does not undo it."""
        part = self.file.with_name(f"{self.file.name}.part")
        with part.open("wb") as opened:
            opened.write(note)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(self.file)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
