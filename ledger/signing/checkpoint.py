"""Checkpoints: a log's size and root hash as a signed note (C2SP tlog-checkpoint), without extension lines.

The digest of the cohort database is published in the same three lines, by the same key: `<origin>/cohort-database` for
the origin, and the digest for the root.
"""

from dataclasses import dataclass

from ledger.errors import SignatureError
from ledger.signing.cosigned import checkpoint_lines
from ledger.signing.encoding import to_base64
from ledger.signing.note import Note, NoteSigner, Verifier, sign_note, verified


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """origin: who the log is, one line. size: number of entries. root: 32 bytes (RFC 6962, 2.1)."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a checkpoint's text. Raises MalformedError for what `text` would not print."""
        return cls(*checkpoint_lines(text))

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def database_origin(origin: str) -> str:
    """The first line of the note on the digest of the database that a log's entries add up to."""
    return f"{origin}/cohort-database"


def sign_checkpoint(checkpoint: Checkpoint, *signers: NoteSigner) -> Note:
    """Sign a log's head. The caller has checked it against the last one signed: two that fork convict the log.

    signers: by the log's founding key, and by the one that is in force besides, if there is one.
    """
    Checkpoint.parse(checkpoint.text)
    notes = [sign_note(checkpoint.text, signer) for signer in signers]
    return Note(checkpoint.text, tuple(line for note in notes for line in note.signatures))


def read_checkpoint(data: bytes, verifier: Verifier, *, origin: str | None = None) -> tuple[Checkpoint, Note]:
    """Read and check a log's signed head; the note may hold cosignatures, which are not looked at.

    origin: what the first line must be, if it is not the verifier's name (see `database_origin`).

    Raises MalformedError for bytes that are no checkpoint; SignatureError where the log's signature is missing or does
    not hold, or the origin is another's.
    """
    note = Note.parse(data)
    if not verified(note, [verifier]):
        raise SignatureError("the note is not signed by the log", expected=verifier.name)
    checkpoint = Checkpoint.parse(note.text)
    expected = verifier.name if origin is None else origin
    if checkpoint.origin != expected:
        raise SignatureError("the note is about another log", expected=expected, actual=checkpoint.origin)
    return checkpoint, note
