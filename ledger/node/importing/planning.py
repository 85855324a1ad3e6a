"""From what a source tells to drafts: each for its node, each tried as the hub would, in an order that it admits.

What was drafted before is not drafted again. What a patient's earlier events are missing for cannot be said either, and
is listed with the row that it stood in.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from ledger.errors import LedgerError
from ledger.node.drafts import Draft, nobodys_key, seal_draft
from ledger.node.importing.subjects import Drafted, Key, Memory, case_line, digest_of
from ledger.node.importing.told import NEEDED, ONCE, WITHOUT_COHORT, Reading, Told, Unused
from ledger.operations.gate import check_post
from ledger.signing.canonical import Json, dump
from ledger.signing.envelope import Actor

_RANKS = {event_type: rank for rank, event_type in enumerate(NEEDED)}
_STARTED = "treatment.started"
_SALT_SIZE = 16
_OF_ONCE = 3  # parts of a key: type, patient, cohort; what there may be more of has others behind them
_EVENT_ID = "00000000-0000-7000-8000-000000000000"  # of an event that is tried, and never posted


class Line(NamedTuple):
    """A draft that is to be posted."""

    told: Told
    case: str
    data: Mapping[str, Json]

    @property
    def text(self) -> bytes:
        return dump({"type": self.told.type, "data": dict(self.data)})


class Gone(NamedTuple):
    """An event that was drafted from a row that the source has no more."""

    type: str
    case: str


@dataclass
class Plan:
    """lines: to be posted, by node, in order. known: how many events were drafted before, by type. fresh: cases that
    nobody knew. corrected: events whose rows changed, and are said to be corrected.
    """

    reading: Reading
    lines: dict[str, list[Line]] = field(default_factory=dict)
    known: Counter[str] = field(default_factory=Counter)
    fresh: dict[str, dict[str, str]] = field(default_factory=dict)
    corrected: dict[str, list[Drafted]] = field(default_factory=dict)
    gone: dict[str, list[Gone]] = field(default_factory=dict)

    def cases_to_remember(self, node: str, source: str) -> list[bytes]:
        return [case_line(source, subject, case) for subject, case in self.fresh.get(node, {}).items()]

    def events_to_remember(self, node: str, source: str) -> list[bytes]:
        lines = self.lines.get(node, [])
        drafted = [_drafted(each.told, each.data) for each in lines] + self.corrected.get(node, [])
        return [each.line(source) for each in drafted]


@dataclass(frozen=True)
class Planner:
    """memories: of each node that drafts are for. node_of: the node of a patient; None, with the reason, where it has
    none here. new_case: draws a case's handle. now: in whose year a date may be of birth. synthetic: the data are made
    up, and every event says so. again: draft also what was drafted before. is_corrected: what changed was corrected.
    """

    memories: Mapping[str, Memory]
    node_of: Callable[[str], tuple[str | None, str]]
    new_case: Callable[[], str]
    now: datetime
    synthetic: bool = False
    again: bool = False
    is_corrected: bool = False

    def plan(self, reading: Reading) -> Plan:
        plan = Plan(reading)
        same: dict[tuple[str, ...], list[Told]] = defaultdict(list)
        unique = list(_unique(reading, same))
        met = {each.key: each for each in unique}
        numbers = {node: _numbers(memory) for node, memory in self.memories.items()}
        standing = {node: set(memory.said()) for node, memory in self.memories.items()}
        places: dict[str, dict[str, int]] = {}  # node -> patient -> place among the node's
        for told in sorted(unique, key=lambda each: _RANKS[each.type]):
            before = len(reading.unused)
            node = self._node(told, reading)
            if node is not None:
                places.setdefault(node, {}).setdefault(told.subject, len(places[node]))
                line = self._line(plan, node, told, standing[node], _Numbers(numbers[node], met))
                if line is not None:
                    plan.lines.setdefault(node, []).append(line)
            for reason in [each.reason for each in reading.unused[before:]]:
                for other in same.get(told.key, ()):
                    reading.leave(other.row, reason, other.subject)
        for node, lines in plan.lines.items():
            plan.lines[node] = _ordered(lines, places[node], self.memories[node])
        for node, memory in self.memories.items():
            if reading.is_whole:
                gone = [key for key in memory.drafted if key not in met]
                plan.gone[node] = [Gone(key[0], memory.cases.get(key[1], "")) for key in gone]
        return plan

    def _node(self, told: Told, reading: Reading) -> str | None:
        node, reason = self.node_of(told.subject)
        if node is None:
            reading.leave(told.row, reason, told.subject)
            return None
        for other, memory in self.memories.items():
            if other != node and told.subject in memory.cases:
                reading.leave(told.row, f"its patient was imported at {other} before", told.subject)
                return None
        return node

    def _line(
        self, plan: Plan, node: str, told: Told, standing: set[tuple[str, str, str]], numbers: "_Numbers"
    ) -> Line | None:
        """What is to be drafted of this, None where it is known or cannot be."""
        memory, reading = self.memories[node], plan.reading
        # 1. what it stands on
        needed = NEEDED[told.type]
        if needed and not any((each, told.subject, _cohort(each, told)) in standing for each in needed):
            reading.leave(told.row, f"there is no {needed[0]} of its patient that it could stand on", told.subject)
            return None
        # 2. itself, as the node would sign it and the gate would see it
        fresh = plan.fresh.setdefault(node, {})
        case = memory.cases.get(told.subject) or fresh.get(told.subject) or self.new_case()
        data = self._data(told, case)
        try:
            self._try(told.type, data)
        except LedgerError as error:
            reading.leave(told.row, str(error), told.subject)
            return None
        standing.add((told.type, told.subject, told.cohort))
        if told.subject not in memory.cases:
            fresh[told.subject] = case
        # 3. whether it is new
        before, digest = memory.drafted.get(told.key), digest_of(data)
        if before is None or before.digest != digest:
            for other in numbers.drafted.get((told.key[:_OF_ONCE], digest), ()):
                here = numbers.met.get(other)
                if here is None or digest_of(self._data(here, case)) != digest:
                    reason = f"{told.type} was imported under another number, and is not drafted twice: look at both"
                    reading.leave(told.row, reason, told.subject)
                    return None
        if before is None:
            return Line(told, case, data)
        if before.digest != digest:
            if not self.is_corrected:
                reading.leave(told.row, f"{told.type} changed since it was imported: correct it", told.subject)
                return None
            plan.corrected.setdefault(node, []).append(_drafted(told, data))
        plan.known[told.type] += 1
        return Line(told, case, data) if self.again else None

    def _data(self, told: Told, case: str) -> dict[str, Json]:
        return {"case": case, **told.data, **({"synthetic": True} if self.synthetic else {})}

    def _try(self, event_type: str, data: Mapping[str, Json]) -> None:
        envelope = seal_draft(
            Draft(event_type, data),
            node="nobody",
            head=None,
            key=nobodys_key(),
            actor=Actor("u1", "data-manager", "authored"),
            event_id=_EVENT_ID,
            issued_at=self.now,
            salts=_salts(),
        )
        check_post(envelope)


class _Numbers(NamedTuple):
    """Rows may have other numbers in a newer cut. drafted: by type, patient and cohort, and the hash of its data, under
    which keys an event was drafted. met: what the source says now, by key.
    """

    drafted: Mapping[tuple[Key, str], Sequence[Key]]
    met: Mapping[Key, Told]


def _numbers(memory: Memory) -> Mapping[tuple[Key, str], Sequence[Key]]:
    found: dict[tuple[Key, str], list[Key]] = defaultdict(list)
    for key, drafted in memory.drafted.items():
        if len(key) > _OF_ONCE:
            found[key[:_OF_ONCE], drafted.digest].append(key)
    return found


def _salts() -> Iterator[bytes]:
    """Salts for what is tried and thrown away: unlike each other, and no secret."""
    number = 0
    while True:
        number += 1
        yield number.to_bytes(_SALT_SIZE)


def _drafted(told: Told, data: Mapping[str, Json]) -> Drafted:
    on = told.on.text if told.type == _STARTED and told.on is not None else None
    return Drafted(told.key, digest_of(data), on)


def _unique(reading: Reading, same: dict[tuple[str, ...], list[Told]]) -> Iterator[Told]:
    """Each event once: a second row of the same key is the same again, or cannot be used. same: gets, by key, those
    that share the fate of the first.
    """
    first: dict[tuple[str, ...], Told] = {}
    for told in reading.told:
        before = first.setdefault(told.key, told)
        if before is told:
            yield told
        elif before.data != told.data:
            reading.leave(
                told.row, f"{told.type}: row {before.row.number} of {before.row.file} says otherwise", told.subject
            )
        elif told.type not in ONCE:
            reading.leave(told.row, f"{told.type}: the same as row {before.row.number}", told.subject)
        else:
            same[told.key].append(told)


def _cohort(event_type: str, told: Told) -> str:
    return "" if event_type in WITHOUT_COHORT else told.cohort


def _ordered(lines: Iterable[Line], places: Mapping[str, int], memory: Memory) -> list[Line]:
    """By date, and of a patient by what stands on what: no event comes before one that it needs."""
    reached: dict[str, date] = {}
    keyed: list[tuple[tuple[date, int, int, str, int], Line]] = []
    for line in lines:  # by rank
        told = line.told
        started = memory.started(told.subject, told.cohort)
        since = reached.get(told.subject, started.last if started is not None else date.min)
        day = max(since, told.on.last) if told.on is not None else since
        rank = _RANKS[told.type]
        if rank <= _RANKS[_STARTED]:
            reached[told.subject] = day
        keyed.append(((day, places[told.subject], rank, told.row.file, told.row.number), line))
    return [line for _, line in sorted(keyed, key=lambda each: each[0])]


def unused_in_order(unused: Iterable[Unused]) -> list[Unused]:
    """By file and row, each once for each reason."""
    return sorted(set(unused), key=lambda each: (each.file, each.row, each.reason))
