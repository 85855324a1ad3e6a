"""Tables as they came: CSV, SAS transport files (XPORT v5 and v8) and Parquet, every value as text.

A blank, a missing number and a null are all "", a whole number has no point, a date is ISO 8601. So one reader serves
all three, and the same data give the same drafts whatever they came in. Rows count from 1, a header is none.
"""

import codecs
import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import MalformedError, NotFoundError, SetupError

KINDS = (".csv", ".parquet", ".xpt")
_CELL_MAX = 1_000_000  # characters


class Row(NamedTuple):
    """One row of a table. file: its name, for people; number: from 1."""

    file: str
    number: int
    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """The value of a column, "" where it is blank or there is no such column."""
        return self.values.get(name, "")


@dataclass(frozen=True)
class Table:
    """faults: rows that are none, by number, with the reason. They are not among the rows."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: Mapping[int, str] = field(default_factory=dict)

    def check_has(self, columns: Iterable[str]) -> None:
        """Raises MalformedError, which names those that are missing."""
        missing = sorted(set(columns) - set(self.columns))
        if missing:
            raise MalformedError(f"{self.file} has no column {', '.join(missing)}")


def find_tables(folder: Path, name: str, pattern: str | None) -> list[Path]:
    """The files of a folder that hold a domain: those that match a pattern, else `name` with one of the KINDS.

    Letter case does not count. Raises NotFoundError where the folder or, for a pattern, a file is missing, and
    MalformedError where without a pattern several files would do.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}")
    listed = sorted(each for each in folder.iterdir() if each.is_file())
    if pattern is not None:
        found = [each for each in listed if fnmatch(each.name.lower(), pattern.lower())]
        if not found:
            raise NotFoundError(f"no file of {folder} is named {pattern}, as the mapping says of {name}")
        return found
    found = [each for each in listed if each.stem.lower() == name.lower() and each.suffix.lower() in KINDS]
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise MalformedError(f"{names} would all be {name}: name one in the mapping's [files]")
    return found


def read_table(file: Path, *, encoding: str = "utf-8", delimiter: str = ",", any_case: bool = False) -> Table:
    """Read a table, by its file's ending. encoding: of CSV and XPORT. any_case: column names are made upper case.

    Raises NotFoundError without a file, SetupError where the package that reads it is not installed, and
    MalformedError for what is no such table: no header, a column twice, other bytes.
    """
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}")
    read = _READERS.get(file.suffix.lower())
    if read is None:
        raise MalformedError(f"{file.name} is none of {', '.join(KINDS)}")
    if read is _read_csv:
        columns, lines = _read_csv(file, encoding, delimiter)
    else:
        columns, lines = read(file, encoding)
    names = [name.upper() if any_case else name for name in columns]
    if not names:
        raise MalformedError(f"{file.name} is empty: not even column names are there")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        what = "a column has no name" if "" in names else f"two columns are named {twice[0]}"
        raise MalformedError(f"{file.name}: {what}")
    rows: list[Row] = []
    faults: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        if len(line) != len(names):
            faults[number] = f"has {len(line)} cells, and the header {len(names)}"
        else:
            rows.append(Row(file.name, number, dict(zip(names, line, strict=True))))
    return Table(file.name, tuple(names), tuple(rows), faults)


Lines = tuple[Sequence[str], Iterable[Sequence[str]]]


def _read_csv(file: Path, encoding: str, delimiter: str = ",") -> Lines:
    codec = _codec(encoding)
    try:
        text = file.read_bytes().decode("utf-8-sig" if codec.name == "utf-8" else encoding)
    except UnicodeError:
        raise MalformedError(f"{file.name} is not {encoding}: the mapping may say another `encoding`") from None
    if "\0" in text:
        raise MalformedError(f"{file.name} is no text")
    csv.field_size_limit(_CELL_MAX)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        found = [[cell.strip() for cell in line] for line in lines if line]
    except csv.Error as error:
        raise MalformedError(f"{file.name} is no CSV: {error}", line=lines.line_num) from None
    return (found[0], found[1:]) if found else ([], [])


def _read_parquet(file: Path, _encoding: str) -> Lines:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only whoever has such files needs it
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise _not_installed(file, "pyarrow") from None
    try:
        table = parquet.ParquetFile(file).read()
    except (pa.ArrowException, OSError):
        raise MalformedError(f"{file.name} is no Parquet file") from None
    return list(table.column_names), _turned(file, [column.to_pylist() for column in table.columns])


def _read_xport(file: Path, encoding: str) -> Lines:
    try:
        import pyreadstat  # noqa: PLC0415 - only whoever has such files needs it
    except ImportError:
        raise _not_installed(file, "pyreadstat") from None
    name = _codec(encoding).name.upper()
    try:
        columns, _ = pyreadstat.read_xport(str(file), encoding=name, output_format="dict")
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, OverflowError, ValueError):
        raise MalformedError(f"{file.name} is no SAS transport file in {encoding}") from None
    return list(columns), _turned(file, [list(values) for values in columns.values()])


_READERS: Mapping[str, Callable[..., Lines]] = {".csv": _read_csv, ".parquet": _read_parquet, ".xpt": _read_xport}


def _codec(encoding: str) -> codecs.CodecInfo:
    try:
        "".encode(encoding)  # of what turns no text into bytes, too, there are codecs
        return codecs.lookup(encoding)
    except (LookupError, UnicodeError):
        raise MalformedError(f"there is no encoding {encoding}: utf-8, latin-1 and cp1252 are some") from None


def _not_installed(file: Path, package: str) -> SetupError:
    return SetupError(f"{file.name} takes the package {package}: pip install 'cohort-ledger[tables]'")


def _turned(file: Path, columns: Sequence[Sequence[Any]]) -> Iterator[tuple[str, ...]]:
    """Columns as rows of texts."""
    try:
        texts = [list(map(_Texts().__getitem__, column)) for column in columns]
    except TypeError:
        raise MalformedError(f"{file.name} holds values that are no text, number or date") from None
    return zip(*texts, strict=True)


class _Texts(dict[Any, str]):
    """The text of each value of a column: few are there, many times over."""

    def __missing__(self, value: Any) -> str:
        text = self[value] = _text(value)
        return text


def _text(value: Any) -> str:  # noqa: C901, PLR0911 - one for each kind of value
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if math.isnan(value):
                return ""
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.isoformat(timespec="seconds")
        case date() | time():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case bytes():
            return value.decode("utf-8", "replace").strip()
    raise TypeError(type(value).__name__)
