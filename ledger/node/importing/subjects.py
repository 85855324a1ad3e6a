"""What a node remembers of its imports: which patient of a source is which case, and what was drafted.

All of it stands in the node's folder in the file `imported`, for its owner alone: a line a patient, by the source's
own name, and a line a drafted event, with a hash of its data. So a newer cut of the same data gives the same cases, and
only what is new. The file is the only place where a source's names and the ledger's handles stand side by side. Two
sources may have a patient of one name: what is remembered is of one source.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ledger.errors import MalformedError
from ledger.names import When
from ledger.node.lines import LineFile
from ledger.signing.canonical import Json, dump

IMPORTED = "imported"

Key = tuple[str, ...]  # an event's type, patient and cohort, and what else tells it apart in its source


class Drafted(NamedTuple):
    """An event that was drafted. digest: of its data; on: of treatment.started the day, by which study days count."""

    key: Key
    digest: str
    on: str | None = None

    def line(self, source: str) -> bytes:
        on = {} if self.on is None else {"on": self.on}
        return dump({"source": source, "drafted": list(self.key), "digest": self.digest, **on})


@dataclass
class Memory:
    """Of one source. cases: by patient. drafted: by key, the latest of each."""

    cases: dict[str, str] = field(default_factory=dict)
    drafted: dict[Key, Drafted] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, source: str) -> "Memory":
        """What a node's folder remembers; nothing where nothing was imported yet."""
        return cls.parse(folder / IMPORTED, LineFile(folder / IMPORTED).lines(), source)

    @classmethod
    def parse(cls, file: Path, lines: Iterable[bytes], source: str) -> "Memory":
        """Raises MalformedError for a line that `case_line` and `Drafted.line` would not print."""
        memory = cls()
        for number, line in enumerate(lines, start=1):
            try:
                memory._hear(json.loads(line), source)
            except ValueError:
                raise MalformedError(f"{file} was altered: restore it from a copy", line=number) from None
        return memory

    def _hear(self, told: object, source: str) -> None:
        match told:
            case {"source": str(other)} if other != source:
                pass
            case {"source": _, "subject": str(subject), "case": str(case), **rest} if not rest:
                self.cases[subject] = case
            case {"source": _, "drafted": list(key), "digest": str(digest), **rest} if set(rest) <= {"on"}:
                on = rest.get("on")
                drafted = Drafted(tuple(map(str, key)), digest, on if isinstance(on, str) else None)
                self.drafted[drafted.key] = drafted
            case _:
                raise ValueError

    def started(self, subject: str, cohort: str) -> When | None:
        """The day that a patient's treatment in a cohort started, as it was drafted."""
        found = self.drafted.get(("treatment.started", subject, cohort))
        return When.parse(found.on) if found is not None and found.on is not None else None

    def said(self) -> Iterator[tuple[str, str, str]]:
        """Type, patient and cohort of all that was drafted."""
        for type_, subject, cohort, *_ in self.drafted:
            yield type_, subject, cohort


def case_line(source: str, subject: str, case: str) -> bytes:
    return dump({"source": source, "subject": subject, "case": case})


def digest_of(data: Mapping[str, Json]) -> str:
    """A hash of an event's data, in hex."""
    return sha256(dump(dict(data))).hexdigest()
