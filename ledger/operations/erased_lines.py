"""Erasures as the log's files show them, to whoever passes disclosures on without folding the log: bundles, mirrors.

What is erased is dropped there, whoever handed it over. The entries are gone through twice, in their order: first for
the erasures, then for what these cover. Memory grows with what is named, not with the log. Rules are not asked:
an erasure that is none, an audit finds.
"""

from collections.abc import Iterator, Sequence

from ledger.cohort.erasing import Coverage, Named, Told, named
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError
from ledger.merkle.tiles import TILE_WIDTH, entries_path, tile_widths, unpack_entries
from ledger.operations.source import Source, read_tiled
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.encoding import from_base64url
from ledger.signing.entry import Entry
from ledger.signing.envelope import Claims, parse_jws

ERASURE = "disclosures.erased"
_CORRECTIONS = ("event.corrected", "event.retracted")
_TYPED = b'"type":"disclosures.erased"'  # in canonical JSON; where it stands in an event of another type, that is seen


class ErasedLines:
    """One log's. The two passes may be over files that are read twice: an entry is the same each time, by its hash."""

    def __init__(self) -> None:
        self._erasures: list[Named] = []
        self._coverage: Coverage | None = None

    @property
    def any(self) -> bool:
        """Whether the first pass has met an erasure; where it has not, there is no need of the second."""
        return bool(self._erasures)

    def note(self, first: int, leaves: Sequence[bytes]) -> None:
        """The first pass: the next tile's entries. first: index of the first of them."""
        self._erasures.extend(_erasures_in(first, leaves))

    def covered(self, first: int, leaves: Sequence[bytes]) -> frozenset[int]:
        """The second pass: the places in this tile whose entries are erased."""
        if self._coverage is None:
            self._coverage = Coverage(self._erasures)
        covered = set()
        for place, leaf in enumerate(leaves):
            claims = _claims(leaf)
            if claims is not None and self._coverage.covers(_told(first + place, claims)):
                covered.add(place)
        return frozenset(covered)


def without(disclosures: bytes, places: frozenset[int]) -> bytes:
    """A file of disclosures, the lines at these places emptied."""
    lines = disclosures.split(b"\n")
    return b"\n".join(b"" if place in places else line for place, line in enumerate(lines))


def erased_since(source: Source, memorandum: Memorandum, size: int) -> bool:
    """Whether a log has grown by an erasure beyond `size` entries: what was missing under that size may be erased.

    Nothing is verified but the checkpoint's signature: it is a reason to look again, and none to believe anything.
    """
    head, _ = read_checkpoint(source.read("checkpoint"), memorandum.log_key)
    for n, width in tile_widths(head.size, 0):
        first = n * TILE_WIDTH
        if first + width > size:
            leaves = unpack_entries(read_tiled(source, entries_path(n, width)), width)
            if any(each.index >= size for each in _erasures_in(first, leaves)):
                return True
    return False


def _erasures_in(first: int, leaves: Sequence[bytes]) -> Iterator[Named]:
    for place, leaf in enumerate(leaves):
        claims = _claims(leaf, holding=_TYPED)
        if claims is not None and claims.type == ERASURE:
            case, events = claims.data.get("case"), claims.data.get("events")
            yield named(first + place, claims.node, case=case, events=events)


def _claims(leaf: bytes, *, holding: bytes = b"") -> Claims | None:
    """What an entry claims; None where its payload does not hold these bytes, and where it cannot be read: whatever
    that is, it erases nothing, and an audit stops at it.
    """
    try:
        jws = Entry.parse(leaf).jws
        payload = jws.partition(".")[2].partition(".")[0]
        return parse_jws(jws).claims if holding in from_base64url(payload) else None
    except MalformedError:
        return None


def _told(index: int, claims: Claims) -> Told:
    target = claims.data.get("event") if claims.type in _CORRECTIONS else None
    case = claims.data.get("case")
    return Told(
        index,
        claims.event_id,
        claims.node,
        case if isinstance(case, str) else None,
        target if isinstance(target, str) else None,
    )
