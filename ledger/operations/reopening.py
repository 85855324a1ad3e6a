"""Step 9 of an audit reads again what the fold let go: the values that its findings are computed from.

Nobody keeps them: they are read at the end, used, and forgotten. A value is one of the log's by its hash alone, which
must be the commitment that the node signed; what the source does not show, or shows as another, is shut. Steps 1 to 7
have judged by then what must be there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from ledger.cohort.columns import Row
from ledger.cohort.reveal import Revealed
from ledger.cohort.rows import Assessment, Episode, StageDecision
from ledger.cohort.snapshot import Snapshot, cases_of
from ledger.errors import MalformedError, NotFoundError
from ledger.events.base import Event
from ledger.events.outcomes import OutcomeDetermined, ResponseAssessed
from ledger.merkle.tiles import TILE_WIDTH, numbered_path
from ledger.operations.fitting import fitting
from ledger.operations.source import Source, read_tiled
from ledger.signing.canonical import Json
from ledger.signing.encoding import digests_as_text
from ledger.signing.envelope import Disclosure

# the types whose sealed fields `reports.outcomes` asks for, by the table that these are cells of
_NEEDED: Mapping[type[Row], type[Event]] = {Episode: OutcomeDetermined, Assessment: ResponseAssessed}


def reopened(source: Source, snapshot: Snapshot, shown_of: Sequence[int]) -> Revealed:
    """A log's database with the values that outcomes rest on, as far as the source shows them.

    shown_of: for each entry how many disclosures were shown of it, 0 where they are erased or withheld: these are not
    looked for. Raises UnavailableError where the source cannot be reached.
    """
    wanted = defaultdict[int, dict[int, set[str]]](dict)  # tile -> place in it -> commitments
    for index, commitment in _needed(snapshot):
        if shown_of[index]:
            n, place = divmod(index, TILE_WIDTH)
            wanted[n].setdefault(place, set()).add(commitment)
    values: dict[str, Json] = {}
    for n in sorted(wanted):
        lines = _lines(source, n, min(TILE_WIDTH, snapshot.size - n * TILE_WIDTH))
        for place, commitments in wanted[n].items():
            if place < len(lines):
                values.update(_opened(lines[place], commitments))
    return fitting(Revealed(snapshot, values))


def _needed(snapshot: Snapshot) -> Iterator[tuple[int, str]]:
    """Each commitment that is needed, with the entry that made it."""
    for row, event_type in _rows(snapshot):
        for name in event_type.Sealed.model_fields:
            commitment = getattr(row, name)
            if commitment is not None:
                yield row.set_by[name], commitment


def _rows(snapshot: Snapshot) -> Iterator[tuple[Row, type[Event]]]:
    """The rows of cases of which a benefit is claimed, or that a decision names."""
    cases = {(row.cohort, row.node, row.case) for row in snapshot.of(Episode) if row.benefit is not None}
    cases.update(named for row in snapshot.of(StageDecision) for named in cases_of(row))
    for row_type, event_type in _NEEDED.items():
        for row in snapshot.of(row_type):
            if row.key[:3] in cases:
                yield row, event_type


def _lines(source: Source, n: int, width: int) -> list[bytes]:
    """None where the file is not there any more, as it was when it was checked."""
    try:
        return read_tiled(source, numbered_path("disclosures", n, width)).split(b"\n")
    except (NotFoundError, MalformedError):
        return []


def _opened(line: bytes, commitments: set[str]) -> Iterator[tuple[str, Json]]:
    texts = line.split(b"~") if line else []
    for text, digest in zip(texts, digests_as_text([sha256(text).digest() for text in texts]), strict=True):
        if digest in commitments:
            try:
                yield digest, Disclosure.parse(text.decode("ascii")).value
            except (MalformedError, UnicodeDecodeError):
                continue  # its node committed to something that is no value: nobody can open that
