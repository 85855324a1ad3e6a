"""Reference made from the code itself: what a node can say, and the tables that it sets."""

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from ledger.cohort.columns import Row, Tier
from ledger.cohort.rows import TABLES, columns_of
from ledger.events.base import Event, ReasonGiven, ReasonRequired
from ledger.events.catalog import EVENT_TYPES
from ledger.node.draft_schema import SEALED, draft_schema, in_words


class Field(NamedTuple):
    """Of a draft. takes: in words. tier: who may see it where it is sealed, beside the node itself; None where it is
    clear, and stands in the log.
    """

    name: str
    is_required: bool
    takes: str
    tier: Tier | None


class EventType(NamedTuple):
    """dated: whether it states a day."""

    name: str
    version: int
    text: str
    dated: bool
    fields: tuple[Field, ...]


class TableColumn(NamedTuple):
    name: str
    kind: str
    is_sealed: bool
    tier: Tier
    dated: str | None


class Table(NamedTuple):
    name: str
    text: str
    key: tuple[str, ...]
    columns: tuple[TableColumn, ...]


@cache
def event_types() -> tuple[EventType, ...]:
    """Every type and version, in the order of the catalogue."""
    return tuple(
        EventType(each.TYPE, each.VERSION, _doc(each), "on" in each.model_fields, tuple(_fields(each)))
        for each in EVENT_TYPES
    )


@cache
def tables() -> tuple[Table, ...]:
    """The tables of the cohort database, in their order."""
    return tuple(Table(name, _doc(row), row.KEY, tuple(_columns(name))) for name, row in TABLES.items())


def _fields(event_type: type[Event]) -> Iterator[Field]:
    schema = draft_schema(event_type)
    data = schema["properties"]["data"]
    fields: Mapping[str, Mapping[str, object]] = data["properties"]
    for name, field in fields.items():
        tier = _tier(event_type, name) if field.get(SEALED) else None
        yield Field(name, name in data["required"], in_words(dict(field), schema["$defs"]), tier)


def _tier(event_type: type[Event], field: str) -> Tier:
    """Of the column that a sealed field sets: the reasons of all types go to members, the others are told by name."""
    if field == "reason":
        return "partner" if issubclass(event_type.Sealed, ReasonGiven | ReasonRequired) else "auditor"
    found = {column.tier for table in TABLES for column in columns_of(table).values() if column.name == field}
    return next(iter(found)) if len(found) == 1 else "auditor"


def _columns(table: str) -> Iterator[TableColumn]:
    for each in columns_of(table).values():
        yield TableColumn(each.name, each.kind, each.sealed, each.tier, each.dated)


def _doc(kind: type[Event] | type[Row]) -> str:
    """A class's own words, and not those of what it derives from."""
    return inspect.cleandoc(kind.__dict__.get("__doc__") or "") if "__doc__" in kind.__dict__ else ""
