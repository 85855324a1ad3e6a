"""Lines of a report, which are dataclasses, as tables: their columns are made from their fields.

A field is a column; a dataclass within one is its fields under its name; a pair of numbers is a low and a high one; of
anything else that is many things the column is JSON. A sequence of dataclasses, or a mapping of them, is a table too:
a part of the report. So a report that comes to say more gets more columns and parts, and nothing here knows of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from ledger.errors import NotFoundError
from ledger.exports.tables import Cell, Column, Kind, Table

_SCALARS: Mapping[Any, Kind] = {int: "integer", float: "real", bool: "boolean", str: "text"}
_UNIONS = frozenset({Union, UnionType})
_KEY = Column("key")  # what a line is called in a mapping


class Leaf(NamedTuple):
    """A column, and the way to its cell from a line: names of fields, and a place in a pair."""

    column: Column
    way: tuple[str | int, ...]

    def of(self, line: Any) -> Cell:
        return _at(line, self.way)


@dataclass(frozen=True, slots=True)
class _Step:
    """From a line to those within it. of: the dataclass of these."""

    way: tuple[str, ...]
    of: type
    is_mapping: bool

    def from_line(self, line: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Each of them; where they are in a mapping, what it is called there before it."""
        found = _at(line, self.way)
        for each in () if found is None else found:
            yield ((each,), found[each]) if self.is_mapping else ((), each)


def table_of(name: str, of: type, lines: Iterable[Any]) -> Table:
    """Lines that are all of one dataclass."""
    leaves = leaves_of(of)
    rows = tuple(tuple(leaf.of(line) for leaf in leaves) for line in lines)
    return Table(name, tuple(leaf.column for leaf in leaves), rows)


def part_of(name: str, of: type, lines: Iterable[Any], *, part: str) -> Table:
    """The lines that stand within others, all in one table. Before each is the first column of every line that it
    stands in, and what it is called there.

    part: the way to them, names of fields with a dot between two. Raises NotFoundError where there is none such.
    """
    steps = _parts(of).get(part)
    if steps is None:
        raise NotFoundError(f"the report has no part {part[:80]!r}: it has {', '.join(_parts(of)) or 'none'}")
    outer: list[Column] = []
    found: list[tuple[tuple[Cell, ...], Any]] = [((), line) for line in lines]
    for step in steps:
        first = leaves_of(of)[0]
        outer += [first.column, _KEY] if step.is_mapping else [first.column]
        found = [
            ((*before, first.of(line), *key), inner) for before, line in found for key, inner in step.from_line(line)
        ]
        of = step.of
    inner = table_of(name, of, (line for _, line in found))
    rows = tuple((*before, *row) for (before, _), row in zip(found, inner.rows, strict=True))
    return Table(name, (*_told_apart(outer, inner.names), *inner.columns), rows)


@cache
def leaves_of(of: type) -> tuple[Leaf, ...]:
    found = []
    for way, hint in _members(of):
        name = "_".join(way)
        if _is_pair(hint):
            found += [Leaf(Column(f"{name}_{end}", "real"), (*way, place)) for place, end in enumerate(("low", "high"))]
        else:
            found.append(Leaf(Column(name, _kind(hint)), way))
    return tuple(found)


@cache
def _parts(of: type) -> Mapping[str, tuple[_Step, ...]]:
    """What is a table of its own within a dataclass: its name, and the steps there."""
    found: dict[str, tuple[_Step, ...]] = {}
    for way, hint in _members(of):
        step = _step(way, hint)
        if step is not None:
            name = ".".join(way)
            found |= {name: (step,)} | {f"{name}.{inner}": (step, *more) for inner, more in _parts(step.of).items()}
    return found


def _members(of: type) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields of a dataclass and their types without None; those of a dataclass within it in its place."""
    hints = get_type_hints(of)
    for field in fields(of):
        hint = _without_none(hints[field.name])
        if isinstance(hint, type) and is_dataclass(hint):
            for way, inner in _members(hint):
                yield (field.name, *way), inner
        else:
            yield (field.name,), hint


def _kind(hint: Any) -> Kind:
    """Where several kinds may stand it is a number if all are, text if all are scalars, else JSON."""
    kinds = {_SCALARS.get(each, "json") for each in _alternatives(hint)}
    if len(kinds) == 1:
        return kinds.pop()
    return "json" if "json" in kinds else "real" if kinds == {"integer", "real"} else "text"


def _alternatives(hint: Any) -> Iterator[Any]:
    if get_origin(hint) in _UNIONS:
        for each in get_args(hint):
            yield from _alternatives(each)
    elif get_origin(hint) is Literal:
        yield from map(type, get_args(hint))
    elif hint is not NoneType:
        yield hint


def _without_none(hint: Any) -> Any:
    """The one type beside None; of several, or without None, the hint as it is."""
    if get_origin(hint) not in _UNIONS:
        return hint
    others = [each for each in get_args(hint) if each is not NoneType]
    return others[0] if len(others) == 1 else hint


def _is_pair(hint: Any) -> bool:
    return get_origin(hint) is tuple and get_args(hint) in {(float, float), (int, int)}


def _step(way: tuple[str, ...], hint: Any) -> _Step | None:
    """A step to lines, where a hint is of a sequence or a mapping of them."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in {tuple, list, Sequence} and (len(args) == 1 or args[1:] == (Ellipsis,)):
        of, is_mapping = args[0], False
    elif origin in {dict, Mapping} and args[0] is str:
        of, is_mapping = args[1], True
    else:
        return None
    return _Step(way, of, is_mapping) if isinstance(of, type) and is_dataclass(of) else None


def _at(line: Any, way: Iterable[str | int]) -> Any:
    """What stands at the end of a way; None where a line on it is missing."""
    for step in way:
        if line is None:
            return None
        line = line[step] if isinstance(step, int) else getattr(line, step)
    return line


def _told_apart(outer: Sequence[Column], inner: Sequence[str]) -> tuple[Column, ...]:
    """The outer columns, under names that nothing within them has."""
    taken, found = set(inner), list[Column]()
    for column in reversed(outer):
        name = column.name
        while name in taken:
            name = f"of_{name}"
        taken.add(name)
        found.append(column._replace(name=name))
    return tuple(reversed(found))
