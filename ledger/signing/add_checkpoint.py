"""What a log asks of a witness: to cosign a checkpoint that extends the one it cosigned last (C2SP tlog-witness).

The format of the request only: whether the proof holds, and whose checkpoint it is, is `operations.witness`'s to say.
"""

from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.encoding import from_base64, from_decimal, to_base64
from ledger.signing.note import NOTE_MAX, Note

PROOF_MAX = 63  # hashes

_OLD = "old "
_HASH_SIZE = 32
_LINE_MAX = 45  # bytes of a hash in base64 and its newline
REQUEST_MAX = NOTE_MAX + (PROOF_MAX + 1) * _LINE_MAX  # bytes; the first line is no longer than a hash's


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """old_size: of the checkpoint that the witness cosigned last, 0 where it has cosigned none. proof: consistency of
    the tree of that size with the checkpoint's, hashes of 32 bytes. note: the checkpoint, signed by its log.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """Raises MalformedError for what `encode` would not print, and for more than 63 hashes."""
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise MalformedError("a request's lines before its checkpoint are ASCII") from None
        match lines:
            case [old, *proof] if blank and old.startswith(_OLD) and len(proof) <= PROOF_MAX:
                hashes = tuple(from_base64(line, size=_HASH_SIZE) for line in proof)
                asked = cls(from_decimal(old.removeprefix(_OLD)), hashes, Note.parse(note))
                Checkpoint.parse(asked.note.text)
                return asked
        raise MalformedError(
            f"a request is the old size, at most {PROOF_MAX} hashes, an empty line and a checkpoint, a line each"
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """Who is asked about, and what: to be believed once the note's signatures are checked."""
        return Checkpoint.parse(self.note.text)

    def encode(self) -> bytes:
        lines = [f"{_OLD}{self.old_size}", *map(to_base64, self.proof), "", ""]
        return "\n".join(lines).encode("ascii") + self.note.encode()
