"""Receipts held against a ledger: that it still holds what it once proved to hold.

Whatever has a log's static files may answer: the hub, a mirror, a bundle. Under its signed checkpoint, every checkpoint
that came with a receipt must be the same log at an earlier size, and every entry must stand where its receipt says, as
the node's own bytes have it. Tiles are read once each, and held up to the checkpoint's root.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger.cohort.memorandum import Memorandum
from ledger.errors import (
    LedgerError,
    MalformedError,
    SignatureError,
    TamperedError,
    UnavailableError,
)
from ledger.merkle.tree import NodeReader, root_at
from ledger.node.receipts import Kept, ReceiptChecker
from ledger.operations.forks import verified_nodes
from ledger.operations.source import Source
from ledger.signing.checkpoint import Checkpoint, read_checkpoint


@dataclass(frozen=True, slots=True)
class Broken:
    """A receipt that the ledger does not honour. seq: of the node's stream; index: in the log; what: differs."""

    seq: int
    index: int
    what: str


@dataclass
class Recheck:
    """checkpoint: of the source. receipts: how many were held against it. broken: those that it does not honour."""

    checkpoint: Checkpoint
    receipts: int
    broken: list[Broken] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.broken


def recheck(
    kept: Sequence[Kept],
    *,
    memorandum: Memorandum,
    source: Source,
    seen: Callable[[bytes], None] = lambda _checkpoint: None,
) -> Recheck:
    """Hold receipts against a source of the log's static files; goes on after the first that does not hold.

    seen: is given the source's checkpoint, once the log's signature on it was checked.

    Raises TamperedError where the source's checkpoint is not the log's or its tiles are not under it; UnavailableError
    and NotFoundError as the source does.
    """
    # 1. the source's head, and tiles that lead to it
    note = source.read("checkpoint")
    try:
        now, _ = read_checkpoint(note, memorandum.log_key)
    except (MalformedError, SignatureError) as error:
        raise TamperedError(f"the checkpoint there is not the log's: {error}") from None
    seen(note)
    nodes = verified_nodes(source, now)
    # 2. each receipt: good in itself, of the same log, and its entry where it says
    found = Recheck(now, len(kept))
    checker, same_log = ReceiptChecker(memorandum), _SameLog(now, nodes)
    for each in kept:
        for what in _faults(each, checker, same_log, nodes):
            found.broken.append(Broken(each.envelope.claims.seq, each.receipt.index, what))
            break
    return found


class _SameLog:
    """Whether earlier checkpoints are of the log whose nodes these are; one that comes again is not computed again."""

    def __init__(self, now: Checkpoint, nodes: NodeReader) -> None:
        self._now = now
        self._nodes = nodes
        self._known: dict[Checkpoint, str | None] = {}

    def fault(self, earlier: Checkpoint) -> str | None:
        if earlier not in self._known:
            self._known[earlier] = self._fault(earlier)
        return self._known[earlier]

    def _fault(self, earlier: Checkpoint) -> str | None:
        if earlier.size > self._now.size:
            return (
                f"rolled back: the log had {earlier.size} entries under its signature, and now there are "
                f"{self._now.size}; an old bundle or mirror of the same log shows this too"
            )
        if root_at(earlier.size, self._nodes) != earlier.root:
            return f"forked: the first {earlier.size} entries are not those that the log signed for when it was posted"
        return None


def _faults(kept: Kept, checker: ReceiptChecker, same_log: _SameLog, nodes: NodeReader) -> Iterator[str]:
    try:
        fault = same_log.fault(checker.check(kept))
        if fault is not None:
            yield fault
        if nodes(0, kept.receipt.index) != kept.leaf_hash:
            yield "another entry stands in its place"
    except UnavailableError:
        raise
    except LedgerError as error:
        yield str(error)
