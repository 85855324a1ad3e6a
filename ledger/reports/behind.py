"""What is behind a number of a report: what it counts, in which words, and which event made each count.

There is one `Counted` for each that counts, so that the number of these is the number of the report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ledger.cohort.snapshot import Snapshot
from ledger.errors import MalformedError, NotFoundError
from ledger.reports.counted import Counted, Which
from ledger.reports.nouns import NOUNS, Noun
from ledger.reports.outcomes import roots_of


@dataclass(frozen=True, slots=True)
class Behind:
    """A number, None where there is none. events: indexes of all events behind it; of a correction among them also of
    what it corrects, and `corrects` says which.
    """

    name: str
    noun: Noun
    which: Which
    number: int | None
    counted: tuple[Counted, ...]
    events: tuple[int, ...]
    corrects: Mapping[int, int]

    @property
    def is_count(self) -> bool:
        return self.noun.value is None

    @property
    def types(self) -> tuple[str, ...]:
        """Of the events that make one count, where that is so of one type alone."""
        return (self.which.type,) if self.which.type and not self.noun.types else self.noun.types


def noun_of(name: str, which: Which) -> Noun:
    """Raises NotFoundError for a number that is not known, MalformedError where it is not said of what it is."""
    noun = NOUNS.get(name)
    if noun is None:
        raise NotFoundError("there is no number of this name: numbers on pages link to those that there are")
    named = {field.name for field in fields(Which) if getattr(which, field.name) is not None}
    if not noun.needs <= named:
        raise MalformedError(f"this number is of one {' and one '.join(sorted(noun.needs - named))}: name it")
    if not named <= noun.needs | noun.takes:
        raise MalformedError(f"this number is not told by {', '.join(sorted(named - noun.needs - noun.takes))}")
    return noun


def behind(snapshot: Snapshot, name: str, which: Which) -> Behind:
    """Errors: as `noun_of`. Raises NotFoundError for a decision that there is not."""
    noun = noun_of(name, which)
    counted = tuple(sorted(noun.found.of(snapshot, which), key=lambda each: each.index))
    roots = roots_of(snapshot)
    indexes = {each.index for each in counted}
    corrects = {each: roots[each] for each in indexes & roots.keys()}
    events = tuple(sorted(indexes | set(corrects.values())))
    number = len(counted) if noun.value is None else noun.value(snapshot, which)
    return Behind(name, noun, which, number, counted, events, corrects)
