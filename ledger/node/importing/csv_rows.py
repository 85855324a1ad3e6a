"""A CSV file of a trial's own making as what a node has to say: a mapping names the columns of each event's fields.

    kind = "csv"
    source = "registry-2024"            what these data are called: patients are remembered under it
    subject = "patient"                 the column with the source's own name of a patient
    whole = true                        each file is all of the source: what it has no more is gone
    [[event]]                           one for each event that a row gives
    type = "response.assessed"
    where = { scan_date = "*" }         only rows with these texts; "*" is anything but blank
    key = ["scan_no"]                   what tells a patient's rows apart, where a patient may have several
    [event.fields]
    day = { column = "scan_date", day = true }    the study day, counted from this patient's treatment.started

The case is never a field: it is drawn at the node. One row may give several events, and several rows of a patient
may say the same of what there is once: it is said once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.errors import MalformedError
from ledger.names import When
from ledger.node.importing.dates import ISO, check_formats
from ledger.node.importing.sources import Row, Table, read_table
from ledger.node.importing.told import NEEDED, ONCE, Reading, Told, UnusableError
from ledger.node.importing.toml import Section
from ledger.node.importing.values import Value, Where, fields_of, take_fields, take_where
from ledger.signing.canonical import Json

_ANYTHING = "*"
_STARTED = "treatment.started"
Started = Callable[[str, str], When | None]  # of a patient, in a cohort


@dataclass(frozen=True)
class EventOfRow:
    """where: columns and their texts. key: columns that tell a patient's rows apart, none for what there is once."""

    type: str
    where: Where
    key: tuple[str, ...]
    fields: Mapping[str, Value]

    def is_told(self, row: Row) -> bool:
        return all(
            row.get(name) in texts or (_ANYTHING in texts and row.get(name)) for name, texts in self.where.items()
        )

    def columns(self) -> Iterator[str]:
        yield from self.where
        yield from self.key
        for value in self.fields.values():
            yield from value.columns()


@dataclass(frozen=True)
class CsvMapping:
    """splits: by name, the column and what node each of its texts belongs to."""

    source: str
    synthetic: bool
    encoding: str
    delimiter: str
    subject: str
    whole: bool
    splits: Mapping[str, tuple[str, Mapping[str, str]]]
    events: tuple[EventOfRow, ...]

    def words(self) -> Iterator[tuple[str, str]]:
        """What is said by the mapping and not by the data, each with its reason."""
        for event in self.events:
            for value in event.fields.values():
                yield from value.words()


def read_csv_mapping(told: Section) -> CsvMapping:
    """Raises MalformedError, which names what is missing, wrong, or nothing that a mapping has."""
    if told.take("kind", str) != "csv":
        raise MalformedError('this mapping is not of kind "csv"')
    blank, formats = told.texts("blank", ()), told.texts("date", ISO)
    check_formats(formats)
    delimiter = told.take("delimiter", str, ",")
    if len(delimiter) != 1:
        raise MalformedError("delimiter takes one character")
    events: list[object] = told.take("event", list)
    mapping = CsvMapping(
        source=told.take("source", str),
        synthetic=told.take("synthetic", bool, False),  # noqa: FBT003 - the default
        encoding=told.take("encoding", str, "utf-8"),
        delimiter=delimiter,
        subject=told.take("subject", str),
        whole=told.take("whole", bool, False),  # noqa: FBT003 - the default
        splits=_splits(told.section("split")),
        events=tuple(_event(f"event[{n}]", each, blank, formats) for n, each in enumerate(events, start=1)),
    )
    told.end()
    return mapping


def read_csv(file: Path, mapping: CsvMapping, *, started: Started, split: str | None = None) -> Reading:
    """All that a file's rows tell. started: what is known of earlier imports, for study days.

    Raises NotFoundError and MalformedError for a file that is missing, none, or lacks a column.
    """
    table = read_table(file, encoding=mapping.encoding, delimiter=mapping.delimiter)
    needed = {mapping.subject, *(column for event in mapping.events for column in event.columns())}
    place = mapping.splits[split][0] if split is not None else None
    table.check_has(needed | ({place} if place is not None else set()))
    reading = Reading(because=dict(mapping.words()), is_whole=mapping.whole)
    reading.heard(table)
    _read_places(reading, table, mapping.subject, place)
    days: dict[tuple[str, ...], When] = {}

    def known(subject: str, cohort: str) -> When | None:
        return days.get((subject, cohort)) or started(subject, cohort)

    events = sorted(
        mapping.events, key=lambda each: list(NEEDED).index(each.type)
    )  # a start before what counts from it
    for event in events:
        for row in table.rows:
            _read(reading, mapping, event, row, known)
        for told in reading.told if event.type == _STARTED else ():
            if told.type == _STARTED and told.on is not None:
                days.setdefault(told.key[1:3], told.on)  # the first row of a patient is the one that is drafted
    for row in table.rows:
        if not any(event.is_told(row) for event in mapping.events):
            reading.skip(row, "no event.where asks for it")
    return reading


def _read(reading: Reading, mapping: CsvMapping, event: EventOfRow, row: Row, started: Started) -> None:
    if not event.is_told(row):
        return
    subject = row.get(mapping.subject)
    if not subject:
        reading.leave(row, f"{event.type}: {mapping.subject} is blank")
        return
    try:
        reading.told.append(_told(event, row, subject, started))
    except UnusableError as error:
        reading.leave(row, f"{event.type}: {error}", subject)


def _told(event: EventOfRow, row: Row, subject: str, started: Started) -> Told:
    fields = fields_of(event.type)
    cohort = event.fields["cohort"].read(row, fields["cohort"]) if "cohort" in event.fields else None
    first = started(subject, cohort) if isinstance(cohort, str) else None
    data: dict[str, Json] = {}
    on: When | None = None
    for name, value in event.fields.items():
        data[name] = value.read(row, fields[name], first)
        if value.day or name == "on":
            on = value.when(row) if value.column is not None else None
        if value.day and first is None and on is not None:
            raise UnusableError("the day that its patient's treatment started is not known: import that first")
    identity = tuple(row.get(name) for name in event.key)
    if event.key and not any(identity):
        raise UnusableError(f"{', '.join(event.key)}: blank, and nothing else tells a patient's rows apart")
    return Told(event.type, subject, data, row, identity, on=on)


def _read_places(reading: Reading, table: Table, subject: str, column: str | None) -> None:
    for row in table.rows if column is not None else ():
        place = reading.places.setdefault(row.get(subject), row.get(column or ""))
        if place != row.get(column or ""):
            reading.remark(row, f"{column} differs from an earlier row of this patient, which counts")


def _event(place: str, told: object, blank: tuple[str, ...], formats: tuple[str, ...]) -> EventOfRow:
    if not isinstance(told, dict):
        raise MalformedError(f"{place} is a table: [[event]]")
    section = Section(place, told)
    event_type = section.choice("type", tuple(NEEDED))
    fields = section.section("fields")
    if fields is None:
        raise MalformedError(f"{section.place('fields')} is missing: write [event.fields]")
    named = take_fields(fields, event_type)
    elsewhere = [value.place for value in named.values() if value.domain]
    if elsewhere:
        raise MalformedError(f"{elsewhere[0]}.domain: a file of rows has no domains")
    fields.end()
    key = section.texts("key", ())
    if (event_type in ONCE) == bool(key):
        raise MalformedError(
            f"{section.place('key')}: "
            + ("a patient has that once: leave it out" if key else "name the columns that tell a patient's rows apart")
        )
    event = EventOfRow(
        event_type,
        take_where(section, "where", needed=False),
        key,
        {name: _with_defaults(value, blank, formats) for name, value in named.items()},
    )
    section.end()
    return event


def _with_defaults(value: Value, blank: tuple[str, ...], formats: tuple[str, ...]) -> Value:
    """What the mapping says for all columns holds where a field does not say otherwise."""
    each = value.each and tuple({k: _with_defaults(v, blank, formats) for k, v in one.items()} for one in value.each)
    return replace(
        value,
        blank=value.blank or blank,
        formats=formats if value.formats == ISO else value.formats,
        each=each,
    )


def _splits(section: Section | None) -> dict[str, tuple[str, Mapping[str, str]]]:
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name in ("site", "country") if section is not None else ():
        inner = section.section(name) if section is not None else None
        if inner is not None:
            found[name] = inner.take("column", str), inner.table("nodes")
            inner.end()
    if section is not None:
        section.end()
    return found
