"""Who watches the log: the witnesses that resolutions in force name, and what they have cosigned.

Two keys of one name are one witness: whoever counts, counts names. Nothing here is about how a witness is reached.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.cohort.database import Database
from ledger.cohort.view import resolutions_in_force
from ledger.errors import SignatureError
from ledger.signing.canonical import Json
from ledger.signing.note import COSIGNED_AT_SIZE, Note, NoteSignature, Verifier

_DAY_S = 86_400
_SUBJECT = "witness"


@dataclass(frozen=True, slots=True)
class Witness:
    """verifiers: its keys, in the order in which they came into force."""

    name: str
    verifiers: tuple[Verifier, ...]


class Cosignature(NamedTuple):
    """A witness's line on a checkpoint, checked. time_s: what it states, in seconds since the epoch."""

    witness: str
    line: NoteSignature
    time_s: int

    @property
    def day(self) -> int:
        """The UTC day of its time, in days since 1970-01-01."""
        return self.time_s // _DAY_S


def witnesses_of(database: Database) -> tuple[Witness, ...]:
    """The witnesses of a database in memory, by name."""
    return witnesses_named(record.value("content") for record in resolutions_in_force(database, _SUBJECT))


def witnesses_named(contents: Iterable[Json]) -> tuple[Witness, ...]:
    """The witnesses that these contents of resolutions in force name, by name. Of other subjects nothing is taken.

    Raises MalformedError for a verifier key that is none: no such resolution was ever admitted.
    """
    keys: dict[str, list[Verifier]] = defaultdict(list)
    for content in contents:
        match content:
            case {"name": str(name), "verifier": str(verifier)}:
                keys[name].append(Verifier.parse(verifier))
    return tuple(Witness(name, tuple(keys[name])) for name in sorted(keys))


def majority(count: int) -> int:
    """How many of the witnesses are more than half of them; 0 where there are none."""
    return count // 2 + 1 if count else 0


def cosignatures_on(note: Note, witnesses: Iterable[Witness]) -> list[Cosignature]:
    """Every cosignature of these witnesses on a checkpoint, each checked; signatures of others are ignored.

    Raises SignatureError where one by a key that is known does not hold, or states no time: that spoils the note.
    """
    known = {(key.name, key.key_id): (witness.name, key) for witness in witnesses for key in witness.verifiers}
    found = []
    for line in note.signatures:
        if (line.name, line.key_id) in known:
            witness, key = known[line.name, line.key_id]
            key.check(line.signature, note.text)
            time_s = int.from_bytes(line.signature[:COSIGNED_AT_SIZE])
            if time_s == 0:
                raise SignatureError("a witness's cosignature states when it was given", expected=witness)
            found.append(Cosignature(witness, line, time_s))
    return found


def names_of(cosignatures: Iterable[Cosignature]) -> frozenset[str]:
    """Who cosigned, each once."""
    return frozenset(each.witness for each in cosignatures)


def with_cosignatures(note: Note, lines: Iterable[NoteSignature]) -> Note:
    """A note with more lines, behind the log's, by name; one by the same key takes the place of the one there."""
    by_key = {(each.name, each.key_id): each for each in (*note.signatures, *lines)}
    logs, *others = by_key
    return Note(note.text, tuple(by_key[each] for each in (logs, *sorted(others))))


def of_one_day(note: Note, cosignatures: Sequence[Cosignature], day: int) -> Note:
    """A note without the cosignatures of other days: what is kept, to say what the log was on that day."""
    others = [each.line for each in cosignatures if each.day != day]
    return Note(note.text, tuple(line for line in note.signatures if line not in others))
