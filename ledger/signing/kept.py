"""The file `checkpoints`: earlier checkpoints with their cosignatures, one after the other (design: formats).

Each note stands behind a line with its length in bytes, in decimal. What the notes say, and who signed them, is for
their readers to check.
"""

from collections.abc import Iterable

from ledger.errors import MalformedError
from ledger.signing.encoding import from_decimal
from ledger.signing.note import NOTE_MAX, Note

_LENGTH_MAX = len(str(NOTE_MAX))  # digits


def encode_kept(notes: Iterable[bytes]) -> bytes:
    """Raises MalformedError for bytes that are no note."""
    return b"".join(b"%d\n%s" % (len(note), note) for note in map(_checked, notes))


def parse_kept(data: bytes) -> tuple[bytes, ...]:
    """The notes, in their order. Raises MalformedError for what `encode_kept` would not print."""
    notes = []
    at = 0
    while at < len(data):
        start = data.find(b"\n", at, at + _LENGTH_MAX + 1) + 1
        if not start:
            raise MalformedError("each kept checkpoint stands behind a line with its length in bytes")
        end = start + from_decimal(data[at : start - 1].decode("ascii", "replace"))
        if end > len(data):
            raise MalformedError("the last kept checkpoint is cut off")
        notes.append(_checked(data[start:end]))
        at = end
    return tuple(notes)


def _checked(note: bytes) -> bytes:
    Note.parse(note)
    return note
