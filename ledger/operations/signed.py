"""The last checkpoint that a hub signed, kept in a file beside its key.

The database alone cannot tell that it is an older copy of itself. This file can: it is written, durably, before a
checkpoint leaves, and a stored log that does not extend it gets no signature. It is not part of a backup.
"""

from pathlib import Path

from ledger.errors import UnavailableError
from ledger.operations.replacing import replacing


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
        """Keep a note in place of the one before; when this returns, a power cut does not undo it.

        Raises UnavailableError where it cannot be written: nothing may be signed then, and the one before stands.
        """
        try:
            with replacing(self.file) as opened:
                opened.write(note)
        except OSError as error:
            raise UnavailableError(
                f"{self.file} cannot be written, and nothing is signed without it: {error.strerror}; try again"
            ) from None
