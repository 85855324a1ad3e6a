"""Ranges of a log: what of an audit needs no understanding of the entries, and so is shared out.

An entry hashes to its leaf; its signature holds under the key that it names by thumbprint; its disclosures have these
digests. That is most of the work, and what it comes to is small. What the bytes say, which key is in force and what an
event does, whoever folds the ranges in their order finds out.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from ledger.errors import MalformedError, SignatureError
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import unpack_entries
from ledger.signing import jws as signed
from ledger.signing.encoding import digests_as_text
from ledger.signing.envelope import TYP
from ledger.signing.keys import PublicKey

Keys = Mapping[str, Mapping[str, str]]  # JWK by thumbprint


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
    keys: Keys

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


class Pool(Protocol):
    """Whoever looks at ranges, many at a time.

    few: of fewer entries than these, one is done sooner oneself. ahead: how many ranges may be under way, which bounds
    the memory. vouched: in words, what of the result was not found out by this machine and is taken on trust; none
    where nothing is.
    """

    @property
    def few(self) -> int: ...

    @property
    def ahead(self) -> int: ...

    @property
    def vouched(self) -> str: ...

    def begin(self, given: Range) -> Callable[[], Looked | Fault]:
        """Have a range looked at. Returns what waits until that is done, and tells."""


def look_at_ranges(
    ranges: Iterable[Range | Fault], *, pool: Pool | None
) -> Iterator[tuple[Range, Looked | Fault] | Fault]:
    """Look at ranges, in their order; one that could not be read is passed on as the fault that it is.

    pool: who does it, some ranges ahead; None to do it here, one after the other.
    """
    if pool is None:
        for each in ranges:
            yield each if isinstance(each, Fault) else (each, look_at(each))
        return
    under_way: deque[tuple[Range, Callable[[], Looked | Fault]] | Fault] = deque()
    for each in ranges:
        under_way.append(each if isinstance(each, Fault) else (each, pool.begin(each)))
        if len(under_way) > pool.ahead:
            yield _when_done(under_way.popleft())
    while under_way:
        yield _when_done(under_way.popleft())


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
    unverified, forged = verify_each(leaves, places, given.keys) if given.every else (frozenset(places), None)
    return Looked(next(wrong, None), unverified, forged, _digests(lines[:-1]))


def open_keys(keys: Keys) -> dict[str, PublicKey]:
    return {thumbprint: PublicKey.from_jwk(jwk) for thumbprint, jwk in keys.items()}


def is_verified(leaf: bytes, keys: Mapping[str, PublicKey]) -> bool:
    """Check an entry's signature; False where it cannot be told here: under another key, or no readable JWS.

    Raises SignatureError where it does not hold.
    """
    try:
        jws = signed.read_signature(leaf.partition(b"\n")[2].decode("ascii"), typ=TYP)
        if jws.kid not in keys:
            return False
        signed.verify(jws, keys[jws.kid])
    except (MalformedError, UnicodeDecodeError):
        return False  # whoever reads it says what is wrong with it
    return True


def verify_each(
    leaves: Sequence[bytes], places: Iterable[int], keys: Keys
) -> tuple[frozenset[int], tuple[int, str] | None]:
    """The places that could not be verified, and the first that does not hold, with why: none is looked at after it."""
    opened = open_keys(keys)
    unverified = set()
    for place in places:
        try:
            if not is_verified(leaves[place], opened):
                unverified.add(place)
        except SignatureError as error:
            return frozenset(unverified), (place, str(error))
    return frozenset(unverified), None


def _digests(lines: list[bytes]) -> list[list[str]]:
    """For each line the digests of the disclosures on it: what hashes to a commitment is what the node sealed."""
    texts = [line.split(b"~") if line else [] for line in lines]
    digests = iter(digests_as_text([sha256(text).digest() for each in texts for text in each]))
    return [[next(digests) for _ in each] for each in texts]


def _when_done(
    under_way: tuple[Range, Callable[[], Looked | Fault]] | Fault,
) -> tuple[Range, Looked | Fault] | Fault:
    return under_way if isinstance(under_way, Fault) else (under_way[0], under_way[1]())
