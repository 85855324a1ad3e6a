"""What two moments of the log differ by: what was added, corrected, withdrawn or said anew, and what was erased.

Made of the row versions that stood at one of the two and not at the other, so it costs what happened between them. A
sealed value is never opened: it was sealed anew, and whether it is another one cannot be told by its commitment.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.cohort.cells import RowKey, Version
from ledger.cohort.database import Registered
from ledger.cohort.rows import TABLES, Correction, Erasure, columns_of
from ledger.signing.canonical import Json

Kind = Literal["added", "added to", "corrected", "withdrawn", "said anew"]
KINDS: tuple[Kind, ...] = ("added", "added to", "corrected", "withdrawn", "said anew")
_STRONGEST: tuple[Kind, ...] = ("corrected", "withdrawn", "said anew")


@dataclass(frozen=True, slots=True)
class CellChange:
    """old, new: values, of a sealed field commitments; None, too, where no event sets it, and then so is its `by`: the
    index of the event that set it.
    """

    field: str
    kind: Kind
    sealed: bool
    old: Json
    new: Json
    old_by: int | None
    new_by: int | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """cells: those whose value or commitment is another. events: indexes of those between the two moments that made it
    so. cohort, node: None where the table's rows are of none. synthetic: a made-up event is behind it.
    """

    table: str
    key: RowKey
    kind: Kind
    cohort: str | None
    node: str | None
    cells: tuple[CellChange, ...]
    events: tuple[int, ...]
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """What a node had erased: a case, or events by their ids. The values are destroyed, and commitments stay."""

    index: int
    node: str
    case: str | None
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """rows: by cohort (those of none last), table and key. counts: table -> kind -> rows."""

    rows: tuple[RowChange, ...]
    counts: Mapping[str, Counter[Kind]]
    erased: tuple[Erased, ...]


@dataclass(frozen=True, slots=True)
class Amended:
    """What is known of corrections and retractions. root: event that amends -> event that it amends, by ids. between:
    of those that were amended between the two moments, what by, and how.
    """

    root: Mapping[str, str]
    between: Mapping[str, tuple[int, Literal["corrected", "withdrawn"]]]


@dataclass(frozen=True, slots=True)
class _Told:
    """What all of it is judged by."""

    events: Mapping[int, Registered]
    amended: Amended
    after: int

    def is_correction(self, index: int) -> bool:
        return index > self.after and self.events[index].event_id in self.amended.root

    def lifted(self, index: int) -> tuple[int, Kind] | None:
        """What was done to the event behind a value, between the two moments."""
        event_id = self.events[index].event_id
        return self.amended.between.get(self.amended.root.get(event_id, event_id))


Pair = tuple[Version | None, Version | None]  # a row at the earlier moment and at the later one


def changes(
    differing: Iterable[tuple[bool, Version]],
    events: Mapping[int, Registered],
    corrections: Iterable[Version],
    *,
    after: int,
    cohort: str | None = None,
    node: str | None = None,
) -> Changes:
    """differing: what stood at one of the moments and not at both, with whether it was the later. events: by index, at
    least those that set any of it or amended it. corrections: rows of those corrections that set any of it. after:
    index of the last entry of the earlier moment. cohort, node: only what is of it, or that a node said.
    """
    pairs: defaultdict[tuple[str, RowKey], list[Version | None]] = defaultdict(lambda: [None, None])
    for is_later, version in differing:
        pairs[version.table, version.key][is_later] = version
    made = {row: pair[1] for row, pair in pairs.items() if pair[1] is not None}
    told = _Told(events, _amended(made, corrections, after), after)
    rows = [
        _row(table, key, (old, new), told)
        for (table, key), (old, new) in pairs.items()
        if old is None or new is None or old.fields != new.fields  # what was said and taken back is as it was
    ]
    kept = [each for each in rows if _is_of(each, cohort, node, events)]
    counts: defaultdict[str, Counter[Kind]] = defaultdict(Counter)
    for each in kept:
        counts[each.table][each.kind] += 1
    ordered = sorted(kept, key=lambda each: (each.cohort is None, each.cohort or "", _ORDER[each.table], each.key))
    erased = tuple(each for each in _erased(made, after) if node in {None, each.node} and cohort is None)
    return Changes(tuple(ordered), {table: counts[table] for table in TABLES if table in counts}, erased)


_ORDER = {table: place for place, table in enumerate(TABLES)}


def setters(differing: Iterable[tuple[bool, Version]]) -> set[int]:
    """Indexes of the events that set any of it, or made it so."""
    told: set[int] = set()
    for is_later, version in differing:
        told.update(by for by, _ in version.fields.values())
        if is_later:
            told.add(version.since)
    return told


def _amended(made: Mapping[tuple[str, RowKey], Version], corrections: Iterable[Version], after: int) -> Amended:
    new = [version for (table, _), version in made.items() if table == Correction.TABLE]
    root = {version.key[1]: str(version.fields["target"][1]) for version in (*corrections, *new)}
    between: dict[str, tuple[int, Literal["corrected", "withdrawn"]]] = {}
    for version in sorted(new, key=lambda each: each.since):
        if version.since > after:
            is_retracted = version.fields["kind"][1] == "retracted"
            between[str(version.fields["target"][1])] = version.since, "withdrawn" if is_retracted else "corrected"
    return Amended(root, between)


def _row(table: str, key: RowKey, pair: Pair, told: _Told) -> RowChange:
    old, new = pair
    before, now = (each.fields if each else {} for each in pair)
    made: list[CellChange] = []
    events: set[int] = set()
    for name, column in columns_of(table).items():
        was, is_now = before.get(name), now.get(name)
        if was == is_now:
            continue
        kind, causes = _cell(was, is_now, told)
        events |= causes
        (old_by, old_value), (new_by, new_value) = was or (None, None), is_now or (None, None)
        if old_value != new_value or was is None or is_now is None:
            made.append(CellChange(name, kind, column.sealed, old_value, new_value, old_by, new_by))
    by = {index for cells in (before, now) for index, _ in cells.values()} | events
    named = dict(zip(TABLES[table].KEY, key, strict=True))
    return RowChange(
        table=table,
        key=key,
        kind=_kind(old, new, {each.kind for each in made}),
        cohort=named.get("cohort"),
        node=named.get("node"),
        cells=tuple(made),
        events=tuple(sorted(events)),
        synthetic=any(told.events[index].synthetic for index in by),
    )


_Cell = tuple[int, Json] | None


def _cell(was: _Cell, is_now: _Cell, told: _Told) -> tuple[Kind, set[int]]:
    """What happened to a cell, and by which events."""
    new = {is_now[0]} if is_now is not None and is_now[0] > told.after else set()
    if was is None:
        assert is_now is not None
        return "corrected" if told.is_correction(is_now[0]) else "added", new
    lifted = told.lifted(was[0])
    if lifted is not None:
        by, kind = lifted
        return kind, new | {by}
    return "corrected" if is_now and told.is_correction(is_now[0]) else "said anew", new


def _kind(old: Version | None, new: Version | None, kinds: set[Kind]) -> Kind:
    if old is None:
        return "corrected" if kinds == {"corrected"} else "added"
    if new is None and "withdrawn" in kinds:
        return "withdrawn"
    if not kinds:
        return "corrected"  # the same was said once more, by a correction of something else in the event
    return next((each for each in _STRONGEST if each in kinds), "added to")


def _is_of(row: RowChange, cohort: str | None, node: str | None, events: Mapping[int, Registered]) -> bool:
    if cohort is not None and row.cohort != cohort:
        return False
    return node is None or row.node == node or any(events[index].node == node for index in row.events)


def _erased(made: Mapping[tuple[str, RowKey], Version], after: int) -> Iterator[Erased]:
    for (table, key), version in sorted(made.items(), key=lambda each: each[1].since):
        if table == Erasure.TABLE and version.since > after:
            named = version.fields["events"][1] if "events" in version.fields else None
            case = version.fields["case"][1] if "case" in version.fields else None
            ids = tuple(map(str, named)) if isinstance(named, list) else ()
            yield Erased(version.since, key[0], None if case is None else str(case), ids)
