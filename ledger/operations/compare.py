"""Comparing what two sources show of one log: the same, one more of it than the other, or two histories."""

from dataclasses import dataclass
from typing import Literal

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, TamperedError
from ledger.operations.evidence import Fork
from ledger.operations.forks import SignedHead, prove_fork
from ledger.operations.source import Source

Relation = Literal["equal", "a-extends-b", "b-extends-a", "fork"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """fork: the proof for others, where the two show two histories."""

    memorandum: Memorandum
    a: SignedHead
    b: SignedHead
    relation: Relation
    fork: Fork | None


def compare(a: Source, b: Source, *, pin: bytes | None = None) -> Comparison:
    """Compare two sources of one log by their checkpoints, and the hash tiles of the larger one.

    pin: SHA-256 of the memorandum that the reader trusts.

    Raises MalformedError where they are two ledgers, or one is none; TamperedError where they are founded with another
    memorandum than the pinned one, a checkpoint is not signed by the log, or the larger source does not hold its tree.
    """
    memorandum = Memorandum.parse(a.read("memorandum"))
    other = Memorandum.parse(b.read("memorandum"))
    if memorandum.hash != other.hash:
        raise MalformedError(
            f"two different ledgers: {memorandum.origin} was founded with {memorandum.hash.hex()}, {other.origin} with "
            f"{other.hash.hex()}; compare two sources of one"
        )
    if pin is not None and memorandum.hash != pin:
        raise TamperedError(
            f"this ledger was founded with another memorandum: {memorandum.hash.hex()}, not {pin.hex()}"
        )
    head_a, head_b = SignedHead.of(a, memorandum.log_key), SignedHead.of(b, memorandum.log_key)
    if head_a.checkpoint.size >= head_b.checkpoint.size:
        fork = prove_fork(memorandum.log_key, head_b, head_a, a)
    else:
        fork = prove_fork(memorandum.log_key, head_a, head_b, b)
    return Comparison(memorandum, head_a, head_b, _relation(head_a, head_b, fork), fork)


def _relation(a: SignedHead, b: SignedHead, fork: Fork | None) -> Relation:
    if fork is not None:
        return "fork"
    if a.checkpoint == b.checkpoint:
        return "equal"
    return "a-extends-b" if a.checkpoint.size > b.checkpoint.size else "b-extends-a"
