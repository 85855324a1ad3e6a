"""A witness: cosigns the checkpoints of logs that it knows, each only if it extends the one before (C2SP tlog-witness).

It never cosigns two checkpoints of a log that one history cannot have. What it cosigned last is read, checked against
and replaced under one lock, and on disk before a cosignature leaves: of a failure in between, the log learns by asking
again. It looks at no entry, and keeps no tree.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from ledger.errors import (
    ConflictError,
    MalformedError,
    NotFoundError,
    ProofError,
    RefusedError,
    SetupError,
    SignatureError,
)
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.proofs import check_consistency
from ledger.operations.witness_folder import Held, Log, WitnessFolder
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.cosignature import Cosigner
from ledger.signing.entry import format_time
from ledger.signing.note import Note, NoteSignature, Verifier, verified


class Witness:
    """folder: what it keeps. cosigners: its keys, opened, in the order that the folder names them.

    Raises SetupError for keys of another witness, and where it is not known any more what was cosigned.
    """

    def __init__(self, folder: WitnessFolder, cosigners: Sequence[Cosigner]) -> None:
        if tuple(each.verifier for each in cosigners) != folder.keys:
            raise SetupError(f"the keys in {folder.path} are not those that the witness's file names")
        for log in folder.logs.values():
            folder.cosigned(log)
        self.folder = folder
        self._cosigners = tuple(cosigners)

    def add_checkpoint(self, request: bytes, *, time_s: int) -> bytes:
        """Cosign a checkpoint that extends what was cosigned last. Returns a signature line for each key.

        time_s: now, in seconds since the epoch. Raises, in this order, what HTTP answers with these statuses:

            400  MalformedError   not the format of a request
            404  NotFoundError    the origin is no log that is watched here
            403  SignatureError   no key of the log's signed it, or one whose signature does not hold
            400  MalformedError   the old size is above the checkpoint's
            409  ConflictError    the old size is not that of what was cosigned last, which is its fact `size`
            422  RefusedError     the proof does not hold, or one size has two roots: a fork, or a log gone wrong
        """
        asked = AddCheckpoint.parse(request)
        checkpoint = asked.checkpoint
        log = self._log_of(checkpoint)
        signers = _signers(asked.note, log)
        if asked.old_size > checkpoint.size:
            raise MalformedError(
                "the old size is above the checkpoint's", old_size=asked.old_size, size=checkpoint.size
            )
        with self.folder.locked():
            held = self.folder.cosigned(log)
            try:
                _check_extends(asked, held[0] if held else None)
            except RefusedError as refusal:
                self._keep_evidence(asked, refusal, held, log=signers[0], time_s=time_s)
                raise
            cosignatures = tuple(each.cosign(asked.note.text, time_s) for each in self._cosigners)
            self.folder.keep(log, Note(asked.note.text, (*_signatures(asked.note, signers), *cosignatures)))
        return "".join(f"{each.line}\n" for each in cosignatures).encode()

    def checkpoint(self, origin_hash: str) -> bytes:
        """The newest checkpoint that was cosigned for a log, with the log's signatures and ours.

        origin_hash: SHA-256 of the log's origin, lower-case hex. Raises NotFoundError where nothing was cosigned yet.
        """
        log = self.folder.logs.get(origin_hash)
        held = self.folder.cosigned(log) if log else None
        if held is None:
            raise NotFoundError("no checkpoint of such a log was cosigned here")
        return held[1].encode()

    def _log_of(self, checkpoint: Checkpoint) -> Log:
        log = self.folder.logs.get(Log(checkpoint.origin, ()).hash)
        if log is None:
            raise NotFoundError("this witness does not watch a log of that origin")
        return log

    def _keep_evidence(
        self, asked: AddCheckpoint, refusal: RefusedError, held: Held, *, log: Verifier, time_s: int
    ) -> None:
        """A wrong old size is an honest slip, and not kept, but for another root at the size that was cosigned."""
        fork = held is not None and held[0].size == asked.checkpoint.size and held[0].root != asked.checkpoint.root
        if isinstance(refusal, ConflictError) and not fork:
            return
        at = format_time(datetime.fromtimestamp(time_s, UTC))
        said = {"witness": self.folder.name, "log": log.text, "at": at}
        self.folder.keep_evidence(asked, said, held=held[1] if held else None, fork=fork)


def _signers(note: Note, log: Log) -> tuple[Verifier, ...]:
    signers = verified(note, log.verifiers)
    if not signers:
        raise SignatureError("the checkpoint is not signed by a key that is known as its log's", expected=log.origin)
    return signers


def _signatures(note: Note, signers: Sequence[Verifier]) -> tuple[NoteSignature, ...]:
    """Of a note's signatures, one by each of these keys: those of others are not vouched for, and not kept."""
    by_key = {(each.name, each.key_id): each for each in note.signatures}
    return tuple(by_key[signer.name, signer.key_id] for signer in signers)


def _check_extends(asked: AddCheckpoint, held: Checkpoint | None) -> None:
    size, root = (held.size, held.root) if held else (0, EMPTY_ROOT)
    if asked.old_size != size:
        raise ConflictError(f"the checkpoint that was cosigned last has size {size}: prove from there", size=size)
    new = asked.checkpoint
    try:  # size 0 follows nothing or size 0 alone: so this holds its root to the empty tree's too
        check_consistency(asked.proof, old_size=size, old_root=root, size=new.size, root=new.root)
    except ProofError as error:
        raise RefusedError(f"not cosigned: {error}", size=size) from None
