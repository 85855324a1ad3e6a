"""What a node keeps of what it said: its envelopes from before they are posted, and a receipt for each afterwards.

What is sealed together is first written to `outbox/`, whole and durable, under a name that its drafts give it: a
program that is killed while it posts, and started again, posts the same bytes, and a hub knows those. What was taken
is added to `stream`, a line each: the time of receipt and the envelope with its disclosures, for the node's eyes alone.
Beside it lies a receipt for each, `<seq>.proof` (a C2SP tlog-proof).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ledger.cohort.memorandum import Memorandum
from ledger.errors import ProofError, SetupError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations.replacing import replacing
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.entry import Entry, parse_time
from ledger.signing.envelope import Envelope
from ledger.signing.receipt import Receipt

_MODE = 0o600


class Kept(NamedTuple):
    """An envelope that was taken. received: the hub's time, as the entry states it."""

    envelope: Envelope
    received: str
    receipt: Receipt


class ReceiptChecker:
    """Checks receipts of one log; a checkpoint that comes again is not verified again."""

    def __init__(self, memorandum: Memorandum) -> None:
        self._memorandum = memorandum
        self._last: tuple[bytes, Checkpoint] | None = None

    def check(self, kept: Kept) -> None:
        """Check that the log holds exactly this envelope, received then, at the receipt's place.

        Raises ProofError where it does not, SignatureError where the checkpoint is not the log's.
        """
        checkpoint = self._checkpoint(kept.receipt.checkpoint)
        leaf = Entry(parse_time(kept.received), kept.envelope.jws.text).leaf
        try:
            check_inclusion(
                kept.receipt.proof,
                leaf_hash=leaf_hash(leaf),
                index=kept.receipt.index,
                size=checkpoint.size,
                root=checkpoint.root,
            )
        except ProofError as error:
            claims = kept.envelope.claims
            raise error.with_facts(node=claims.node, seq=claims.seq) from None

    def _checkpoint(self, note: bytes) -> Checkpoint:
        if self._last is None or self._last[0] != note:
            self._last = note, read_checkpoint(note, self._memorandum.log_key)[0]
        return self._last[1]


class ReceiptFolder:
    """One node's. Nothing in it is ever changed but an outbox whose rest was not taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._outbox = folder / "outbox"

    def keep(self, taken: Sequence[Kept]) -> None:
        lines = "".join(f"{each.received} {each.envelope.text}\n" for each in taken)
        with _opened(self._folder / "stream", os.O_APPEND) as stream:
            stream.write(lines.encode("ascii"))
        for each in taken:
            with _opened(self._folder / f"{each.envelope.claims.seq}.proof", os.O_TRUNC) as proof:
                proof.write(each.receipt.encode())

    def kept(self) -> list[Kept]:
        """All of them, in the order of the stream. Raises MalformedError for a file that was changed, SetupError where
        an envelope or a receipt is missing.
        """
        found: dict[int, Kept] = {}
        for line in _lines_of(self._folder / "stream"):
            received, _, text = line.partition(" ")
            envelope = envelopes.parse(text)
            seq = envelope.claims.seq
            try:
                receipt = Receipt.parse((self._folder / f"{seq}.proof").read_bytes())
            except FileNotFoundError:
                raise SetupError(f"{self._folder} has no {seq}.proof: post the same drafts again, to get it") from None
            found[seq] = Kept(envelope, received, receipt)
        return [found[seq] for seq in sorted(found)]

    def outbox(self, name: str) -> list[Envelope]:
        """What was sealed under a name; nothing where nothing was."""
        return [envelopes.parse(line) for line in _lines_of(self._outbox / name)]

    def put_outbox(self, name: str, sealed: Sequence[Envelope]) -> None:
        """Replace it, durably: when this returns, a power cut does not undo it."""
        self._outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(self._outbox / name) as opened:
            opened.writelines(f"{envelope.text}\n".encode("ascii") for envelope in sealed)


def _lines_of(file: Path) -> list[str]:
    """None where there is no such file; a last line that a crash cut off is left out."""
    try:
        return file.read_text("ascii").split("\n")[:-1]
    except FileNotFoundError:
        return []


def _opened(file: Path, flag: int) -> BinaryIO:
    """Open to write; made, where it is not there, for the node's eyes alone."""
    try:
        return os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | flag, _MODE), "wb")
    except FileNotFoundError:
        file.parent.mkdir(parents=True, mode=0o700)
        return _opened(file, flag)
