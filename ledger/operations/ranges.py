"""Ranges of a log: what of an audit needs no understanding of the entries, and so is shared out over processes.

An entry hashes to its leaf; its signature holds under the key that it names by thumbprint; its disclosures have these
digests. That is most of the work, and what it comes to is small. What the bytes say, which key is in force and what an
event does, whoever folds the ranges in their order finds out.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from ledger.errors import MalformedError, SignatureError
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import unpack_entries
from ledger.signing import jws as signed
from ledger.signing.encoding import digests_as_text
from ledger.signing.envelope import TYP
from ledger.signing.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Range:
    """A tile's entries, from the one at `skip` on: those before it were checked before.

    tile: the hashes of level 0; entries: the bundle; disclosures: the file of them; all three of one width.
    every: check each signature, else none. keys: JWK by thumbprint; under one that is not among them nothing is
    checked here.
    """

    n: int
    skip: int
    tile: bytes
    entries: bytes
    disclosures: bytes
    every: bool
    keys: Mapping[str, Mapping[str, str]]

    @property
    def width(self) -> int:
        return len(self.tile) // HASH_SIZE


class Fault(NamedTuple):
    """What does not hold of a whole range. step: of the audit's."""

    step: int
    message: str


class Looked(NamedTuple):
    """What was found of a range, all of it plain: it comes from another process.

    wrong_leaf: the first place in the tile whose entry has another hash there, None where each is right.
    unverified: the places whose signatures were not checked: not asked for, under a key that is not known yet, or no
    readable JWS. forged: the first place whose signature does not hold, and why; none is checked after it.
    shown: for each place, from the first of the tile on, the digests of its disclosures, in base64url.
    """

    wrong_leaf: int | None
    unverified: frozenset[int]
    forged: tuple[int, str] | None
    shown: list[list[str]]


def look_at_ranges(
    ranges: Iterable[Range | Fault], *, processes: int
) -> Iterator[tuple[Range, Looked | Fault] | Fault]:
    """Look at ranges, in their order; one that could not be read is passed on as the fault that it is.

    processes: 1 to do it in this one; else so many others do, a few ranges ahead.
    """
    if processes == 1:
        for each in ranges:
            yield each if isinstance(each, Fault) else (each, look_at(each))
        return
    # spawned, not forked: a copy of a process that has threads may hang in any lock that one of them held
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        ahead: deque[tuple[Range, Future[Looked | Fault]] | Fault] = deque()
        for each in ranges:
            ahead.append(each if isinstance(each, Fault) else (each, pool.submit(look_at, each)))
            if len(ahead) > 4 * processes:
                yield _when_done(ahead.popleft())
        while ahead:
            yield _when_done(ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def look_at(given: Range) -> Looked | Fault:
    """Look at a range. Raises nothing that the log may get wrong."""
    try:
        leaves = unpack_entries(given.entries, given.width)
    except MalformedError as error:
        return Fault(4, str(error))
    lines = given.disclosures.split(b"\n")
    if len(lines) != given.width + 1 or lines[-1]:
        return Fault(7, "the file of disclosures does not hold a line an entry")
    places = range(given.skip, given.width)
    wrong = (at for at in places if leaf_hash(leaves[at]) != given.tile[at * HASH_SIZE : (at + 1) * HASH_SIZE])
    unverified, forged = _verify(leaves, places, given.keys) if given.every else (frozenset(places), None)
    return Looked(next(wrong, None), unverified, forged, _digests(lines[:-1]))


def _verify(
    leaves: list[bytes], places: range, keys: Mapping[str, Mapping[str, str]]
) -> tuple[frozenset[int], tuple[int, str] | None]:
    opened = {thumbprint: PublicKey.from_jwk(jwk) for thumbprint, jwk in keys.items()}
    unverified = set()
    for place in places:
        try:
            jws = signed.read_signature(leaves[place].partition(b"\n")[2].decode("ascii"), typ=TYP)
            if jws.kid in opened:
                signed.verify(jws, opened[jws.kid])
            else:
                unverified.add(place)
        except (MalformedError, UnicodeDecodeError):
            unverified.add(place)  # whoever reads it says what is wrong with it
        except SignatureError as error:
            return frozenset(unverified), (place, str(error))
    return frozenset(unverified), None


def _digests(lines: list[bytes]) -> list[list[str]]:
    """For each line the digests of the disclosures on it: what hashes to a commitment is what the node sealed."""
    texts = [line.split(b"~") if line else [] for line in lines]
    digests = iter(digests_as_text([sha256(text).digest() for each in texts for text in each]))
    return [[next(digests) for _ in each] for each in texts]


def _when_done(
    under_way: tuple[Range, Future[Looked | Fault]] | Fault,
) -> tuple[Range, Looked | Fault] | Fault:
    return under_way if isinstance(under_way, Fault) else (under_way[0], under_way[1].result())


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
