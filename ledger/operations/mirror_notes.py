"""What a mirror never loses: the checkpoints that its log signed, and who cosigned them. No I/O.

Which witnesses there are takes a replay, so a mirror cannot tell their cosignatures from lines by anybody else: it
keeps what it has.
"""

from ledger.cohort.witnesses import with_cosignatures
from ledger.errors import TamperedError
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.kept import parse_kept
from ledger.signing.note import NOTE_MAX, SIGNATURES_MAX, Note, NoteSignature, Verifier


def read_earlier(notes: bytes, log: Verifier) -> list[Checkpoint]:
    """The file `checkpoints`, each under the log's signature. Raises as `parse_kept` and `read_checkpoint` do."""
    return [read_checkpoint(note, log)[0] for note in parse_kept(notes)]


def check_none_lost(kept: bytes, shown: bytes | None) -> None:
    """A log keeps its cosigned checkpoints for good: what a mirror has of them is the beginning of what is shown now.

    A file that is missing is taken for an empty one. Raises TamperedError.
    """
    if not (shown or b"").startswith(kept):
        now = "has no such file" if shown is None else f"shows {len(parse_kept(shown))}, which do not begin with those"
        raise TamperedError(
            f"the mirror has {len(parse_kept(kept))} of the log's earlier checkpoints, the source {now}"
        )


def with_lines_of_both(kept: bytes, shown: bytes, log: Verifier, *, believe_shown: bool) -> bytes:
    """A checkpoint that the mirror has and the source shows, with what cosignatures either has; both were checked.

    Of another text than the mirror's it is the source's as it came. What the mirror has is not crowded out by what
    anybody can add. believe_shown: where both have a line by one key, the source's stands, and not the mirror's.
    """
    ours, theirs = Note.parse(kept), Note.parse(shown)
    if ours.text != theirs.text:
        return shown
    known = {(line.name, line.key_id) for line in ours.signatures}
    new = [
        line
        for line in theirs.signatures
        if line not in ours.signatures and (believe_shown or (line.name, line.key_id) not in known)
    ]
    if not new:
        return kept
    note = with_cosignatures(Note(ours.text, (_line_of(log, ours),)), ours.signatures)
    for line in new:
        more = with_cosignatures(note, [line])
        if len(more.signatures) <= SIGNATURES_MAX and len(more.encode()) <= NOTE_MAX:
            note = more
    return note.encode()


def _line_of(log: Verifier, note: Note) -> NoteSignature:
    return next(line for line in note.signatures if (line.name, line.key_id) == (log.name, log.key_id))
