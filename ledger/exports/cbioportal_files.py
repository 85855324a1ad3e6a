"""The files of a cBioPortal study: tab-separated, nothing quoted; a meta file of `name: value` lines beside each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ledger.exports.study import Cell, one_line


class Attribute(NamedTuple):
    """A column of a clinical file. priority: 0 hides its chart."""

    name: str
    title: str
    description: str
    kind: Literal["STRING", "NUMBER", "BOOLEAN"] = "STRING"
    priority: int = 1


def clinical(attributes: Sequence[Attribute], rows: Iterable[Sequence[Cell]]) -> str:
    """Four lines about the columns, their names, the rows."""
    about = [
        "#" + "\t".join(_cell(cell) for cell in row)
        for row in zip(*((each.title, each.description, each.kind, each.priority) for each in attributes), strict=True)
    ]
    return "".join(f"{row}\n" for row in about) + tabular([each.name for each in attributes], rows)


def tabular(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    return "".join(_line(row) + "\n" for row in (columns, *rows))


def meta(values: Mapping[str, str]) -> str:
    return "".join(f"{name}: {one_line(value)}\n" for name, value in values.items())


def case_list(study: str, name: str, title: str, samples: Sequence[str]) -> str:
    told = {
        "cancer_study_identifier": study,
        "stable_id": f"{study}_{name}",
        "case_list_name": title,
        "case_list_description": f"{title} ({len(samples)} samples)",
    }
    return meta(told) + "case_list_ids: " + "\t".join(samples) + "\n"


def line(columns: Iterable[str], values: Mapping[str, Cell]) -> tuple[Cell, ...]:
    """A row with the columns that have a value."""
    assert values.keys() <= set(columns)
    return tuple(values.get(column) for column in columns)


def _line(row: Sequence[Cell]) -> str:
    text = "\t".join(_cell(cell) for cell in row)
    return f"'{text}" if text.startswith("#") else text  # which would be a comment


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return one_line(cell) if isinstance(cell, str) else str(cell)
