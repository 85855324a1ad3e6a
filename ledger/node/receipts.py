"""What a node keeps of what was taken: its envelopes, each with the receipt that proves its place in the log.

All of it stands in one file, `stream`, which grows by a line an envelope: its seq, the hub's time of receipt, the
envelope with all its disclosures, and the receipt (a C2SP tlog-proof) in base64url. It is for the node's eyes alone.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.cohort.database import Head
from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, MalformedError, ProofError, SetupError, TamperedError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.node.lines import LineFile
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import Entry, parse_time
from ledger.signing.envelope import Envelope
from ledger.signing.note import Verifier
from ledger.signing.receipt import Receipt

STREAM = "stream"


class Kept(NamedTuple):
    """An envelope that was taken. received: the hub's time, as the entry states it."""

    envelope: Envelope
    received: str
    receipt: Receipt

    @property
    def leaf_hash(self) -> bytes:
        """What the log must have at the receipt's place, by the node's own bytes."""
        return leaf_hash(Entry(parse_time(self.received), self.envelope.jws.text).leaf)


class ReceiptChecker:
    """Checks receipts of one log; a checkpoint that comes again is not verified again."""

    def __init__(self, memorandum: Memorandum) -> None:
        self._memorandum = memorandum
        self._last: tuple[bytes, Checkpoint] | None = None

    def check(self, kept: Kept) -> Checkpoint:
        """Check that the log holds exactly this envelope, received then, at the receipt's place.

        Returns the checkpoint that it is proved under. Raises ProofError where it is not held, SignatureError where
        the checkpoint is not the log's.
        """
        checkpoint = self._checkpoint(kept.receipt.checkpoint)
        try:
            check_inclusion(
                kept.receipt.proof,
                leaf_hash=kept.leaf_hash,
                index=kept.receipt.index,
                size=checkpoint.size,
                root=checkpoint.root,
            )
        except ProofError as error:
            claims = kept.envelope.claims
            raise error.with_facts(node=claims.node, seq=claims.seq) from None
        return checkpoint

    def _checkpoint(self, note: bytes) -> Checkpoint:
        if self._last is None or self._last[0] != note:
            self._last = note, read_checkpoint(note, self._memorandum.log_key)[0]
        return self._last[1]


class ReceiptFolder:
    """One node's. What is in it is never changed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / STREAM

    def keep(self, taken: Sequence[Kept]) -> None:
        """Add them, durably. What is kept twice, after a crash, is read back once."""
        LineFile(self._file).append(map(_line, taken))

    def kept(self) -> list[Kept]:
        """One for each envelope that was taken, the first, in the order of the node's stream; where an envelope is said
        to stand at two places or times, or two envelopes have one seq, all of them.

        Raises MalformedError for a line that was changed.
        """
        found: dict[tuple[str, str, int], Kept] = {}
        for each in self._read(None):
            found.setdefault((each.envelope.jws.text, each.received, each.receipt.index), each)
        return sorted(found.values(), key=lambda each: each.envelope.claims.seq)

    def of(self, seqs: Collection[int]) -> list[Kept]:
        """Those of these places in the node's stream, in its order. Raises SetupError where one is missing."""
        found: dict[int, Kept] = {}
        for each in self._read(frozenset(seqs)):
            found.setdefault(each.envelope.claims.seq, each)
        for seq in seqs:
            if seq not in found:
                raise SetupError(f"{self._file} lacks what the node said with seq {seq}: restore the file from a copy")
        return [found[seq] for seq in sorted(found)]

    def proved_size(self, log: Verifier) -> int:
        """How many entries the log had, by the largest of its checkpoints that came with a receipt; 0 without any.

        Raises MalformedError for a line that was changed.
        """
        notes: set[bytes] = set()
        for number, line in enumerate(LineFile(self._file).lines(), start=1):
            try:
                receipt = from_base64url(line.rpartition(b" ")[2].decode("ascii"))
                notes.add(Receipt.parse(receipt).checkpoint)
            except (LedgerError, UnicodeDecodeError) as error:
                raise MalformedError(f"{self._file} was altered: {error}", line=number) from None
        return max((read_checkpoint(note, log)[0].size for note in notes), default=0)

    def check_head(self, head: Head | None) -> None:
        """Check that a hub which says where the node's stream stands has all that was taken. Else whoever signs on that
        head signs a second history. Other devices of the node may have brought it further.

        Raises TamperedError where it has not.
        """
        seqs = [line.partition(b" ")[0] for line in LineFile(self._file).lines()]
        if not seqs:
            return
        last = self.of([max((int(seq) for seq in seqs if seq.isdigit()), default=0)])[0].envelope
        if head is None or head.seq < last.claims.seq:
            raise TamperedError(
                "rolled back: the hub has less of this node's stream than there are receipts for; nothing is signed on "
                "that: `cohort-ledger node receipts check` says more",
                seq=last.claims.seq,
            )
        if head.seq == last.claims.seq and head.hash != last.hash:
            raise TamperedError(
                "forked: the hub has another end of this node's stream than there is a receipt for; nothing is signed "
                "on that: `cohort-ledger node receipts check` says more",
                seq=last.claims.seq,
            )

    def _read(self, seqs: frozenset[int] | None) -> Iterator[Kept]:
        wanted = None if seqs is None else {b"%d" % seq for seq in seqs}
        for number, line in enumerate(LineFile(self._file).lines(), start=1):
            if wanted is not None and line.partition(b" ")[0] not in wanted:
                continue
            try:
                yield _parse(line)
            except LedgerError as error:
                raise MalformedError(f"{self._file} was altered: {error}", line=number) from None


def _line(kept: Kept) -> bytes:
    receipt = to_base64url(kept.receipt.encode())
    return f"{kept.envelope.claims.seq} {kept.received} {kept.envelope.text} {receipt}".encode("ascii")


def _parse(line: bytes) -> Kept:
    """Raises MalformedError for what `_line` would not print."""
    try:
        seq, received, envelope, receipt = line.decode("ascii").split(" ")
    except ValueError:
        raise MalformedError("a line is a seq, a time, an envelope and a receipt") from None
    kept = Kept(envelopes.parse(envelope), received, Receipt.parse(from_base64url(receipt)))
    parse_time(received)
    if seq != str(kept.envelope.claims.seq):
        raise MalformedError("a line begins with its envelope's seq")
    return kept
