"""Where a field's value comes from: a column, turned by a table of values, or the mapping's own word with its reason.

    sex = { column = "SEX", values = { F = "female", M = "male" } }
    birth_year = { column = "BRTHDTC", part = "year" }
    ecog = { constant = 1, because = "inclusion criterion 4" }
    oncotree = "TUMOUR"                                                 the column, as it is
    ecog = { domain = "QS", where = { QSTESTCD = "ECOG101", QSBLFL = "Y" }, column = "QSSTRESC" }     of SDTM
    variants = [ { gene = "GENE", class = "CLASS" } ]                   a list of objects, left out where all is blank

`blank` lists texts that mean nothing was recorded, `date` the formats of dates. What `values` does not list cannot be
used: nothing is guessed. `values` may list "", which is then the node's own word for what is not recorded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ledger.errors import MalformedError
from ledger.events.catalog import event_type_of
from ledger.names import When
from ledger.node.draft_schema import Schema, draft_schema
from ledger.node.importing.dates import ISO, check_formats, study_day, when_of
from ledger.node.importing.sources import Row
from ledger.node.importing.told import UnusableError
from ledger.node.importing.toml import Section
from ledger.signing.canonical import Json

Where = Mapping[str, tuple[str, ...]]  # a row's columns, and the texts that they may have

_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Value:
    """One field's. place: in the mapping. column: none for a constant. day: the study day of the date there. domain,
    where: of SDTM, where it does not lie in DM.
    """

    place: str
    column: str | None = None
    values: Mapping[str, Json] | None = None
    blank: tuple[str, ...] = ()
    formats: tuple[str, ...] = ISO
    part: str = "all"
    day: bool = False
    domain: str = ""
    where: Where = field(default_factory=dict)
    constant: Json = None
    because: str = ""
    each: tuple[Mapping[str, "Value"], ...] | None = None

    def columns(self) -> Iterator[str]:
        if self.column is not None:
            yield self.column
        for members in self.each or ():
            for value in members.values():
                yield from value.columns()

    def words(self) -> Iterator[tuple[str, str]]:
        """What is the mapping's own word, with its reason."""
        if self.because:
            yield self.place, f"{self.constant!r}: {self.because}"
        for members in self.each or ():
            for value in members.values():
                yield from value.words()

    def text(self, row: Row) -> str:
        """What stands in the column, "" for what means that nothing does."""
        found = row.get(self.column or "")
        return "" if found in self.blank else found

    def when(self, row: Row) -> When | None:
        """The date in the column. Raises UnusableError for what is none."""
        try:
            return when_of(self.text(row), self.formats)
        except MalformedError as error:
            raise UnusableError(f"{self.column} {error}") from None

    def read(self, row: Row, schema: "FieldSchema", first: When | None = None) -> Json:
        """The field's value, null where nothing is recorded. first: treatment's first day, for study days.

        Raises UnusableError for what the mapping does not say how to read, and for null where an event needs more.
        """
        found = self._read(row, schema, first)
        if found is None and schema.is_needed and self.column is not None:
            raise UnusableError(f"{self.column} is blank, or says less than is needed")
        return found

    def _read(self, row: Row, schema: "FieldSchema", first: When | None = None) -> Json:  # noqa: PLR0911 - kinds
        if self.each is not None:
            return self._list(row, schema)
        if self.column is None:
            return self.constant
        text = self.text(row)
        if self.values is not None:
            if text in self.values:
                return self.values[text]
            if text:
                raise UnusableError(f"{self.column} has a value that {self.place}.values does not list")
            return None
        if not text:
            return None
        if self.day:
            return study_day(self.when(row), first)
        if self.part == "year":
            when = self.when(row)
            return when.first.year if when is not None and when.first.year == when.last.year else None
        if schema.is_date:
            when = self.when(row)
            return None if when is None else when.text
        return _fitted(self.column, text, schema)

    def _list(self, row: Row, schema: "FieldSchema") -> Json:
        found: list[Json] = []
        for members in self.each or ():
            read = {name: value.read(row, schema.member(name)) for name, value in members.items()}
            columns = [name for name, value in members.items() if value.column is not None]
            if not columns or any(read[name] is not None for name in columns):
                found.append({name: value for name, value in read.items() if value is not None})
        return found


def _fitted(column: str, text: str, schema: "FieldSchema") -> Json:
    if "integer" in schema.kinds and _WHOLE.fullmatch(text):
        return int(text)
    if "boolean" in schema.kinds:
        if text not in ("true", "false"):
            raise UnusableError(f"{column} is neither true nor false: the mapping's `values` may say what it means")
        return text == "true"
    return text


def take_value(section: Section, key: str) -> Value | None:
    """The value that a mapping names for a field, None where it does not. Raises MalformedError."""
    place, told = section.place(key), section.any(key)
    match told:
        case None:
            return None
        case str():
            return Value(place, told)
        case list() if told and all(isinstance(each, dict) for each in told):
            return Value(place, each=tuple(_members(f"{place}[{n}]", each) for n, each in enumerate(told)))
        case dict():
            return _value(Section(place, told))
    raise MalformedError(f'{place} takes a column, a table with `column`, or {{ constant = …, because = "…" }}')


def _members(place: str, told: Mapping[str, object]) -> dict[str, Value]:
    section = Section(place, told)
    return {name: value for name in section.rest() if (value := take_value(section, name)) is not None}


def _value(section: Section) -> Value:
    constant = section.any("constant")
    if constant is not None:
        because = section.take("because", str)
        if not because.strip():
            raise MalformedError(f"{section.place('because')} must not be blank: say on whose word it is so")
        section.end()
        return Value(section.name, constant=plain_json(section.place("constant"), constant), because=because)
    values: dict[str, Any] | None = section.maybe("values", dict)
    part = section.choice("part", ("all", "year"), "all")
    value = Value(
        place=section.name,
        column=section.take("column", str),
        values=values and {name: plain_json(f"{section.name}.values", each) for name, each in values.items()},
        blank=section.texts("blank", ()),
        formats=section.texts("date", ISO),
        part=part,
        day=section.take("day", bool, False),  # noqa: FBT003 - the default
        domain=section.take("domain", str, "").upper(),
        where=take_where(section, "where", needed=False),
    )
    check_formats(value.formats)
    if value.where and not value.domain:
        raise MalformedError(f"{section.place('where')} says which row of another domain: name that `domain`")
    section.end()
    return value


def take_where(section: Section, key: str, *, needed: bool = True) -> Where:
    """Which rows are meant. Raises MalformedError where that is needed, and missing."""
    inner = section.section(key)
    if inner is not None:
        return {name: inner.texts(name) for name in inner.rest()}
    if needed:
        raise MalformedError(f'{section.place(key)} is missing: it says which rows, as {{ VARIABLE = "TEXT" }}')
    return {}


def is_selected(row: Row, where: Where) -> bool:
    return all(row.get(name) in texts for name, texts in where.items())


def plain_json(place: str, value: object) -> Json:
    """TOML's value as JSON. Raises MalformedError for a float or a date: events have neither."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, list):
        return [plain_json(place, each) for each in value]
    if isinstance(value, dict):
        return {str(name): plain_json(place, each) for name, each in value.items()}
    raise MalformedError(f"{place} takes texts, whole numbers, true and false, and lists and tables of them")


# ---------------------------------------------------------------------- what the events' own description says


class FieldSchema:
    """What a field of a draft takes, by its type's own JSON Schema."""

    def __init__(self, field: Schema, definitions: Mapping[str, Schema], *, is_needed: bool = False) -> None:
        self._choices = list(_choices(field, definitions))
        self._definitions = definitions
        self.is_needed = is_needed

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(str(each.get("type")) for each in self._choices)

    @property
    def words(self) -> tuple[str, ...]:
        """Those that it is one of; none where it is free."""
        return tuple(str(word) for each in self._choices for word in each.get("enum", ()))

    @property
    def is_date(self) -> bool:
        return any(each.get("title") == "date" for each in self._choices)

    def member(self, name: str) -> "FieldSchema":
        """Of the objects that a list is of. A name that they do not have is anything: the type refuses it."""
        for each in self._choices:
            for item in _choices(each.get("items", {}), self._definitions):
                if name in item.get("properties", {}):
                    return FieldSchema(item["properties"][name], self._definitions)
        return FieldSchema({}, self._definitions)


def _choices(field: Schema, definitions: Mapping[str, Schema]) -> Iterator[Schema]:
    if "$ref" in field:
        yield from _choices(definitions[field["$ref"].removeprefix("#/$defs/")], definitions)
    elif "anyOf" in field:
        for each in field["anyOf"]:
            yield from _choices(each, definitions)
    else:
        yield field


@cache
def fields_of(event_type: str) -> Mapping[str, FieldSchema]:
    """The fields of a draft of a type, but the case and the flag of made-up data."""
    schema = draft_schema(event_type_of(event_type, 1))
    data = schema["properties"]["data"]
    return {
        name: FieldSchema(field, schema["$defs"], is_needed=name in data["required"])
        for name, field in data["properties"].items()
        if name not in ("case", "synthetic")
    }


def take_fields(section: Section, event_type: str, names: Iterable[str] | None = None) -> dict[str, Value]:
    """The values that a section names for a type's fields, or for those of `names`. Its other keys are left.

    Raises MalformedError where one is missing that the event needs.
    """
    fields = fields_of(event_type)
    found = {name: take_value(section, name) for name in (fields if names is None else names)}
    for name, value in found.items():
        if value is None and fields[name].is_needed:
            raise MalformedError(
                f'{section.place(name)} is missing: name a column, or say {{ constant = …, because = "…" }}'
            )
    return {name: value for name, value in found.items() if value is not None}
