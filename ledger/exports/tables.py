"""One table as CSV (RFC 4180) or Parquet, with the place of the log in it that it was made from.

CSV says where it comes from in columns of its own, the same in every line: of all forms the one that spreadsheets,
pandas and R read without being told, and that stays with a line which is copied elsewhere. A table without lines has
no place for it but its header; Parquet has it in the file's metadata, lines or none. Equal tables give equal bytes,
those of Parquet under one version of pypa.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ledger.errors import SetupError
from ledger.exports.plain import plain

Kind = Literal["integer", "real", "boolean", "text", "json"]
Cell = Any  # of the column's kind, or None; of a json column whatever `plain` takes

_COMPUTED = r"=+\-@＝＋－＠"  # what spreadsheets take for the beginning of a formula
# at the beginning; or where a spreadsheet that separates cells by semicolons or tabs, as in much of Europe, begins one
_BEGINS_FORMULA = re.compile(rf'^(?=[{_COMPUTED}\t\r\n])|(?<=[;\t\r\n])(?=[" ]{{0,20}}[{_COMPUTED}])')
_HASH = re.compile(r"[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43}=")  # of 32 bytes; a formula of these letters can do nothing


class Column(NamedTuple):
    name: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """rows: a cell for each column. name: of what it shows, as a command takes it."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def of(self, column: str) -> tuple[Cell, ...]:
        """The cells of a column, in order of the rows."""
        place = self.names.index(column)
        return tuple(row[place] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Provenance:
    """From which state of which log something was made.

    size: entries that it takes in. root: of the tree over these, base64, as a checkpoint of that size has it. received:
    of the last of them, RFC 3339, None where there is none. at, on: what was asked for, in the words it was asked in.
    program: name and version of what made it.
    """

    origin: str
    size: int
    root: str
    received: str | None
    at: str | None
    on: str | None
    program: str

    def told(self) -> Mapping[str, str | int | None]:
        """By the names that they have in files."""
        return {
            "log_origin": self.origin,
            "log_size": self.size,
            "log_root": self.root,
            "log_time": self.received,
            "log_asked_at": self.at,
            "log_asked_on": self.on,
            "log_program": self.program,
        }


def as_csv(table: Table, provenance: Provenance) -> bytes:
    """UTF-8 without a byte order mark. Nothing and an empty text are an empty cell, JSON is text.

    A text that a spreadsheet would compute is changed: an apostrophe stands before it.
    """
    told = provenance.told()
    rows = ((*_written(table, row), *told.values()) for row in table.rows)
    return csv_of((*table.names, *told), rows).encode()


def as_parquet(table: Table, provenance: Provenance) -> bytes:
    """Columns of their kind, JSON as text; where it comes from stands in the file's metadata, under the names that CSV
    has as columns. What was not asked for is not there.

    Raises SetupError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - it takes half a second, and may not be there
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError:
        raise SetupError("Parquet is written with pyarrow: run `pip install 'cohort-ledger[tables]'`") from None
    types = {"integer": pa.int64(), "real": pa.float64(), "boolean": pa.bool_()}
    told = {name: str(value) for name, value in provenance.told().items() if value is not None}
    schema = pa.schema(
        [(column.name, types.get(column.kind, pa.string())) for column in table.columns],
        metadata={"log_table": table.name, **told},
    )
    rows = [_written(table, row) for row in table.rows]
    columns = [[row[place] for row in rows] for place in range(len(schema))]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns, schema=schema), sink)
    return bytes(sink.getvalue())


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and its lines, for a spreadsheet that must not be made to compute by what it is shown."""
    text = _Text()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return "".join(text)


class _Text(list[str]):
    write = list.append


def _written(table: Table, row: Sequence[Cell]) -> list[str | int | float | None]:
    return [_cell(column.kind, cell) for column, cell in zip(table.columns, row, strict=True)]


def _cell(kind: Kind, cell: Cell) -> str | int | float | None:
    if cell is None:
        return None
    match kind:
        case "json":
            return json.dumps(plain(cell), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        case "text":
            return str(cell)
    assert isinstance(cell, int | float), f"a cell of kind {kind} holds a {type(cell).__name__}"
    return cell


def _harmless(value: object) -> object:
    """A number stays one. A hash stays itself, also where it begins with a minus: others are held against it."""
    if not isinstance(value, str) or _HASH.fullmatch(value):
        return value
    return _BEGINS_FORMULA.sub("'", value)
