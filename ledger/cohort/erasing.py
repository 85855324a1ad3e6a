"""What erasures cover: a pure function of what was said before them, the same for the hub, an audit and a mirror.

An erasure names a case of its node, or events. It covers those of its node's events that it names and that came before
it, and the corrections and retractions of these that came before it, too: they hold the same values, or say why. What
is said of the case later is not covered; it takes another erasure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.cohort.cells import Record
from ledger.cohort.database import Database, Registered
from ledger.cohort.rows import Erasure
from ledger.errors import TamperedError


@dataclass(frozen=True, slots=True)
class Named:
    """What an erasure names. index: its own place in the log; case: None where it names `events`, by their ids."""

    index: int
    node: str
    case: str | None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What must be known of an event to tell whether it is covered. corrects: id of the event that it corrects."""

    index: int
    event_id: str
    node: str
    case: str | None
    corrects: str | None


class Coverage:
    """Tells of events, shown to it in the order of the log, whether these erasures cover them.

    Memory grows with what is named, not with the log.
    """

    def __init__(self, erasures: Iterable[Named]) -> None:
        self._of_case: dict[tuple[str, str], int] = {}  # the last erasure that names it
        self._of_event: dict[tuple[str, str], int] = {}
        for each in sorted(erasures, key=lambda each: each.index):
            if each.case is not None:
                self._of_case[each.node, each.case] = each.index
            for event_id in each.events:
                self._of_event[each.node, event_id] = each.index

    def covers(self, event: Told) -> bool:
        last = self._of_event.get((event.node, event.event_id), -1)
        if event.case is not None:
            last = max(last, self._of_case.get((event.node, event.case), -1))
        if event.index < last:
            # from now on also by its id, for the corrections of it
            self._of_event[event.node, event.event_id] = last
        if event.corrects is not None:
            last = max(last, self._of_event.get((event.node, event.corrects), -1))
        return event.index < last


def covered(database: Database, erasure: Record) -> frozenset[int]:
    """Indexes of the events that one erasure covers. erasure: its row in `erasures`."""
    return _covered(database, [_named(database, erasure)])


def erased_entries(database: Database) -> frozenset[int]:
    """Indexes of the events that all erasures so far cover."""
    named = [_named(database, record) for record in database.rows(Erasure.TABLE)]
    return _covered(database, named) if named else frozenset()


def told(event: Registered, events: Sequence[Registered]) -> Told:
    """events: the register that it is in."""
    corrects = None if event.corrects is None else events[event.corrects].event_id
    return Told(event.index, event.event_id, event.node, event.case, corrects)


def named(index: int, node: str, *, case: object, events: object) -> Named:
    """case, events: the fields of the erasure as JSON.

    Raises TamperedError where they are not what an erasure can say.
    """
    match case, events:
        case str(handle), None:
            return Named(index, node, handle)
        case None, [*ids] if all(isinstance(each, str) for each in ids):
            return Named(index, node, None, tuple(map(str, ids)))
    raise TamperedError(f"entry {index} is no erasure that was ever admitted", index=index)


def _covered(database: Database, erasures: list[Named]) -> frozenset[int]:
    coverage, events = Coverage(erasures), database.events
    meant = sorted({index for each in erasures for index in _meant(database, each)})
    return frozenset(index for index in meant if coverage.covers(told(events[index], events)))


def _meant(database: Database, erasure: Named) -> Iterator[int]:
    """What an erasure may cover: what it names, and all that amends it."""
    named = [database.index_of(event_id) for event_id in erasure.events]
    if erasure.case is not None:
        named += database.about(erasure.node, erasure.case)
    for index in named:
        if index is not None:
            yield index
            yield from database.standing.amendments_of(index)


def _named(database: Database, record: Record) -> Named:
    node, event_id = record.key
    index = database.index_of(event_id)
    assert index is not None
    return named(index, node, case=record.value("case"), events=record.value("events"))
