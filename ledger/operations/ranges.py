"""Ranges of a log: what of an audit needs nothing but a tile's worth of entries, and so is shared out over processes.

Steps 4, 5 and 7 of the audit, as far as an entry can be judged by itself: it hashes to its leaf, it is a well-formed
envelope, its signature holds under a key that is named by its thumbprint, its disclosures open its commitments. Which
key is in force, and what the event does, whoever folds the ranges in their order says.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from ledger.errors import LedgerError, TamperedError
from ledger.events.base import Recorded
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import TILE_WIDTH, unpack_entries
from ledger.signing import envelope as envelopes
from ledger.signing.encoding import to_base64url
from ledger.signing.entry import Entry
from ledger.signing.envelope import Envelope
from ledger.signing.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Range:
    """A tile's entries, from the one at `skip` on: those before it were checked before.

    tile: the hashes of level 0; entries: the bundle; disclosures: the file of them; all three of one width.
    whole: no disclosure may be missing. every: check each signature, else only name the last of each node and key.
    keys: JWK by thumbprint; under one that is not among them nothing is checked here.
    """

    n: int
    skip: int
    tile: bytes
    entries: bytes
    disclosures: bytes
    whole: bool
    every: bool
    keys: Mapping[str, Mapping[str, str]]


class Checked(NamedTuple):
    """An entry that is what the tree has there. unverified: its JWS, where its signature is still to be checked.

    shown, missing: how many disclosures are there and are not.
    """

    recorded: Recorded
    unverified: str | None
    shown: int
    missing: int


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not hold in a range. step: of the audit's; index: of the entry."""

    step: int
    index: int
    node: str | None
    message: str


class CheckedRange(NamedTuple):
    """entries: in order, up to a fault; an entry that only its disclosures are wrong of is among them."""

    n: int
    tile: bytes
    entries: list[Checked]
    fault: Fault | None


def check_ranges(ranges: Iterable[Range | CheckedRange], *, processes: int) -> Iterator[CheckedRange]:
    """Check ranges, in their order; one that is checked already is passed on.

    processes: 1 to do it in this one; else so many others do, a few ranges ahead.
    """
    if processes == 1:
        for each in ranges:
            yield each if isinstance(each, CheckedRange) else check_range(each)
        return
    # spawned, not forked: a copy of a process that has threads may hang in any lock that one of them held
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        ahead: deque[Future[CheckedRange]] = deque()
        for each in ranges:
            ahead.append(_done(each) if isinstance(each, CheckedRange) else pool.submit(check_range, each))
            if len(ahead) > 2 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def check_range(given: Range) -> CheckedRange:
    """Check entry after entry, up to the first that does not hold. Raises nothing that the log may get wrong."""
    checked: list[Checked] = []
    last: dict[tuple[str, str], int] = {}  # node and key -> place in `checked`
    index = given.n * TILE_WIDTH + given.skip
    step, node = 4, None
    try:
        width = len(given.tile) // HASH_SIZE
        leaves = unpack_entries(given.entries, width)
        step = 7
        lines = _lines(given.disclosures, width)
        for place in range(given.skip, width):
            index, node, step = given.n * TILE_WIDTH + place, None, 4
            if leaf_hash(leaves[place]) != given.tile[place * HASH_SIZE : (place + 1) * HASH_SIZE]:
                raise TamperedError(f"entry {index} is not the one that the tree has there")
            entry = Entry.parse(leaves[place])
            step = 5
            envelope = envelopes.parse_jws(entry.jws)
            node, kid = envelope.claims.node, envelope.jws.kid
            verified = given.every and kid in given.keys
            if verified:
                envelopes.verify(envelope, PublicKey.from_jwk(given.keys[kid]))
            recorded = Recorded.of(envelope, index=index, received=entry.received)
            checked.append(Checked(recorded, None if verified else entry.jws, 0, 0))
            if not given.every:
                before = last.get((node, kid))
                if before is not None:  # authenticated by the one that follows it
                    checked[before] = checked[before]._replace(unverified=None)
                last[node, kid] = len(checked) - 1
            step = 7
            shown, missing = _disclosed(envelope, lines[place], whole=given.whole)
            checked[-1] = checked[-1]._replace(shown=shown, missing=missing)
    except LedgerError as error:
        return CheckedRange(given.n, given.tile, checked, Fault(step, index, node, str(error)))
    return CheckedRange(given.n, given.tile, checked, None)


def _lines(data: bytes, width: int) -> list[str]:
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise TamperedError("the file of disclosures is not ASCII") from None
    if len(lines) != width + 1 or lines[-1]:
        raise TamperedError("the file of disclosures does not hold a line an entry")
    return lines[:-1]


def _disclosed(envelope: Envelope, line: str, *, whole: bool) -> tuple[int, int]:
    """By their hashes: what hashes to a commitment is what the node sealed, well made or not."""
    texts = line.split("~") if line else []
    shown = {to_base64url(sha256(text.encode("ascii")).digest()) for text in texts}
    if len(shown) < len(texts) or not shown.issubset(envelope.commitments.values()):
        raise TamperedError("a disclosure opens none of the envelope's commitments, or stands there twice")
    missing = len(envelope.commitments) - len(shown)
    if missing and whole:
        raise TamperedError("a disclosure is missing that was not erased: the source claims to hold all of them")
    return len(shown), missing


def _done(checked: CheckedRange) -> "Future[CheckedRange]":
    future: Future[CheckedRange] = Future()
    future.set_result(checked)
    return future


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
