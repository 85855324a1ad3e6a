"""Cosigned checkpoints of the past: they show what the log was on their day, and when its entries were received.

A witness states when it cosigned. What a checkpoint has was received by then; what it has not, not long before. So a
hub that dates entries back, or ahead, is found out by as many as cosigned (step 4 of the audit).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ledger.cohort.witnesses import Witness, cosignatures_on
from ledger.errors import TamperedError
from ledger.merkle.tree import NodeReader, root_at
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.kept import encode_kept, parse_kept
from ledger.signing.note import Verifier

# how far the clocks of a hub and a witness may be apart, the time between a receipt and its first checkpoint included
CLOCKS_APART = timedelta(minutes=15)

ReceivedAt = Callable[[int], datetime]


@dataclass(frozen=True, slots=True)
class Brackets:
    """What an audit has checked of what was cosigned.

    size, hash: of the file `checkpoints`, as it was. open_from: where in it those begin that are over all the entries
    there were: they bracket the next entry too. cosigned: how many before that are. head: the checkpoint audited.
    """

    size: int = 0
    hash: bytes = sha256().digest()
    open_from: int = 0
    cosigned: int = 0
    head: bytes = b""


NOTHING_COSIGNED = Brackets()


@dataclass(frozen=True)
class Bracketing:
    """log_key, witnesses: whose signatures count. size: of the audited log; nodes: its tree's. received_at: when the
    entry at an index was received, by the hub's word.
    """

    log_key: Verifier
    witnesses: Sequence[Witness]
    size: int
    nodes: NodeReader
    received_at: ReceivedAt

    def check(self, kept: bytes, head: bytes, before: Brackets) -> tuple[Brackets, int]:
        """Hold the file `checkpoints`, and the checkpoint that is audited, against the log and an earlier audit's view.

        Returns what was checked, and how many checkpoints with cosignatures bracket the times of receipt.

        Raises MalformedError and SignatureError for what the log did not sign, or a witness's line that does not hold;
        TamperedError, with the index, for a checkpoint of another history, a time that does not fit, and checkpoints
        that were shown before and are not any more.
        """
        if sha256(kept[: before.size]).digest() != before.hash:
            raise TamperedError("cosigned checkpoints that an earlier audit saw are not shown any more: keep its files")
        place, settled, found = before.open_from, before, before.cosigned
        for data in parse_kept(kept[before.open_from :]):
            place += len(encode_kept([data]))
            checkpoint = self._check_kept(data)
            found += self._check_times(data)
            if checkpoint.size < self.size:
                settled = replace(settled, open_from=place, cosigned=found)
        for data in {before.head, head} - {b""}:  # their trees the audit itself has checked
            found += self._check_times(data) and data == head
        return Brackets(len(kept), sha256(kept).digest(), settled.open_from, settled.cosigned, head), found

    def _check_kept(self, data: bytes) -> Checkpoint:
        checkpoint, _ = read_checkpoint(data, self.log_key)
        if checkpoint.size > self.size:
            raise TamperedError(f"a checkpoint over {checkpoint.size} entries is kept, where there are {self.size}")
        if root_at(checkpoint.size, self.nodes) != checkpoint.root:
            raise TamperedError(
                f"a checkpoint over {checkpoint.size} entries is kept that this log does not extend: it signed both"
            )
        return checkpoint

    def _check_times(self, data: bytes) -> bool:
        """Whether anybody who is known has cosigned it, at a time that fits."""
        checkpoint, note = read_checkpoint(data, self.log_key)
        times = [each.time_s for each in cosignatures_on(note, self.witnesses)]
        if not times:
            return False
        first, last = (datetime.fromtimestamp(time_s, UTC) for time_s in (min(times), max(times)))
        after = checkpoint.size
        if after > 0 and self.received_at(after - 1) > first + CLOCKS_APART:
            raise TamperedError(
                f"entry {after - 1} was cosigned at {first:%Y-%m-%d %H:%M} UTC, before the hub says that it was "
                "received",
                index=after - 1,
            )
        if after < self.size and self.received_at(after) < last - CLOCKS_APART:
            raise TamperedError(
                f"entry {after} was not in the log at {last:%Y-%m-%d %H:%M} UTC, when the hub says that it had "
                "received it",
                index=after,
            )
        return True
