"""Cosigned checkpoints of the past: they show what the log was on their day, and when its entries were received.

A witness states when it cosigned. What a checkpoint has was received by then; what it has not, not long before. So a
hub that dates entries back, or ahead, is found out by as many as cosigned (step 4 of the audit).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from ledger.cohort.witnesses import Witness, cosignatures_on
from ledger.errors import TamperedError
from ledger.merkle.tree import NodeReader, root_at
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.note import Verifier

# how far the clocks of a hub and a witness may be apart, the time between a receipt and its first checkpoint included
CLOCKS_APART = timedelta(minutes=15)

ReceivedAt = Callable[[int], datetime]


def check_kept(
    notes: Sequence[bytes],
    *,
    log_key: Verifier,
    witnesses: Sequence[Witness],
    size: int,
    nodes: NodeReader,
    received_at: ReceivedAt,
) -> int:
    """Hold kept checkpoints against the log that is audited. Returns how many of them a witness has cosigned.

    size: of that log; nodes: its tree's; received_at: when the entry at an index was received, by the hub's word.

    Raises MalformedError and SignatureError for what the log did not sign, or a witness's line that does not hold;
    TamperedError, with the index, for a checkpoint of another history and a time that does not fit.
    """
    cosigned = 0
    for data in notes:
        checkpoint, note = read_checkpoint(data, log_key)
        times = [each.time_s for each in cosignatures_on(note, witnesses)]
        if checkpoint.size > size:
            raise TamperedError(f"a checkpoint over {checkpoint.size} entries is kept, where there are {size}")
        if root_at(checkpoint.size, nodes) != checkpoint.root:
            raise TamperedError(
                f"a checkpoint over {checkpoint.size} entries is kept that this log does not extend: it signed both"
            )
        if times:
            cosigned += 1
            _check_times(checkpoint, min(times), max(times), size=size, received_at=received_at)
    return cosigned


def _check_times(checkpoint: Checkpoint, first_s: int, last_s: int, *, size: int, received_at: ReceivedAt) -> None:
    """first_s, last_s: when it was cosigned first and last, in seconds since the epoch."""
    first, last = (datetime.fromtimestamp(time_s, UTC) for time_s in (first_s, last_s))
    after = checkpoint.size
    if after > 0 and received_at(after - 1) > first + CLOCKS_APART:
        raise TamperedError(
            f"entry {after - 1} was cosigned at {first:%Y-%m-%d %H:%M} UTC, before the hub says that it was received",
            index=after - 1,
        )
    if after < size and received_at(after) < last - CLOCKS_APART:
        raise TamperedError(
            f"entry {after} was not in the log at {last:%Y-%m-%d %H:%M} UTC, when the hub says that it had received it",
            index=after,
        )
