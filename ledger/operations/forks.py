"""Forks: whether one tree gives both of a log's checkpoints, and the proof for others where none does.

An honest log signs checkpoints of one tree, each the beginning of the next. Two that are not convict it, whoever shows
them: that both are signed by the log is all that the proof stands on, and hashes.
"""

from typing import NamedTuple

from ledger.errors import LedgerError, MalformedError, NotFoundError, ProofError, TamperedError
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.proofs import beginning_roots, prove_beginning
from ledger.merkle.tiles import node_from_tiles, tile_path
from ledger.merkle.tree import NodeReader, root_at
from ledger.operations.evidence import Fork
from ledger.operations.source import Source, read_tiled
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.note import Verifier


class SignedHead(NamedTuple):
    """A checkpoint whose signature by the log was checked. note: its bytes as they came, cosignatures among them."""

    checkpoint: Checkpoint
    note: bytes

    @classmethod
    def read(cls, note: bytes, log: Verifier) -> "SignedHead":
        """Raises as `read_checkpoint` does."""
        return cls(read_checkpoint(note, log)[0], note)

    @classmethod
    def of(cls, source: Source, log: Verifier) -> "SignedHead":
        """What a source shows now. Raises TamperedError where the log did not sign it, and as the source raises."""
        note = source.read("checkpoint")
        try:
            return cls.read(note, log)
        except LedgerError as error:
            raise TamperedError(f"what is shown as the checkpoint of {log.name} is not the log's: {error}") from None


def prove_fork(log: Verifier, older: SignedHead, newer: SignedHead, source: Source | None) -> Fork | None:
    """The proof that the newer of two checkpoints does not extend the older; None where it does.

    source: holds the tree under the newer one; not looked at for equal sizes. Raises TamperedError where it does not
    hold that tree, and as it raises where it cannot be reached.
    """
    old, new = older.checkpoint, newer.checkpoint
    assert old.size <= new.size
    if old.size == new.size:
        return None if old.root == new.root else Fork(log, older.note, newer.note, ())
    assert source is not None
    nodes = verified_nodes(source, new)
    if root_at(old.size, nodes) == old.root:
        return None
    proof = prove_beginning(old.size, new.size, nodes) if old.size else ()
    return Fork(log, older.note, newer.note, proof)


def check_fork(fork: Fork) -> str:
    """Check that two checkpoints convict their log, and say in words of what.

    Raises MalformedError where they prove nothing.
    """
    try:
        old, new = (SignedHead.read(note, fork.log).checkpoint for note in (fork.older, fork.newer))
    except LedgerError as error:
        raise MalformedError(f"one of the two checkpoints is not the log's: {error}") from None
    if old.size > new.size:
        raise MalformedError("the older checkpoint is the larger one")
    if old.size in {0, new.size}:
        return _without_hashes(old, new, fork.proof)
    try:
        old_root, root = beginning_roots(fork.proof, old_size=old.size, size=new.size)
    except ProofError as error:
        raise MalformedError(str(error)) from None
    if root != new.root:
        raise MalformedError("the hashes do not lead to the root of the newer checkpoint")
    if old_root == old.root:
        raise MalformedError(f"the checkpoint over {new.size} entries extends the one over {old.size}: no fork")
    return (
        f"the log signed two histories: the first {old.size} entries under its checkpoint over {new.size} are not "
        f"those under its checkpoint over {old.size}"
    )


def verified_nodes(source: Source, checkpoint: Checkpoint) -> NodeReader:
    """Read the complete nodes of the tree under a checkpoint out of a source's tiles, once its root vouches for them.

    The checkpoint's signature was checked. Good for one task. Here and from the reader: raises TamperedError where the
    source does not hold that tree, UnavailableError where it cannot be reached.
    """

    def read(level: int, n: int, width: int) -> bytes:
        try:
            return read_tiled(source, tile_path(level, n, width))
        except (NotFoundError, MalformedError) as error:
            raise TamperedError(
                f"the tree under the checkpoint over {checkpoint.size} is not all there: {error}"
            ) from None

    nodes = node_from_tiles(read, checkpoint.size)
    if root_at(checkpoint.size, nodes) != checkpoint.root:
        raise TamperedError(
            f"the tiles do not lead to the root that the checkpoint over {checkpoint.size} is signed over"
        )
    return nodes


def _without_hashes(old: Checkpoint, new: Checkpoint, proof: tuple[bytes, ...]) -> str:
    if proof:
        raise MalformedError(f"from {old.size} to {new.size} entries there is nothing that hashes could show")
    if old.size == new.size and old.root != new.root:
        return f"the log signed two histories: two roots for {old.size} entries"
    if old.size == 0 and old.root != EMPTY_ROOT:
        return "the log signed entries before there were any: a root for 0 entries that is not that of the empty tree"
    raise MalformedError(f"one tree gives both checkpoints, over {old.size} and over {new.size} entries: no fork")
