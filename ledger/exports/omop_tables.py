"""Tables of the OMOP common data model while they are filled: numbered rows, texts as wide as the model has them."""

from ledger.cohort.columns import Row
from ledger.exports import omop_model as model
from ledger.exports.patients import LeftOut
from ledger.exports.study import Cell, Sheet


class Tables:
    """Rows as they come; each table with a number of its own counts from 1."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Cell, ...]]] = {name: [] for name in model.COLUMNS}

    def put(self, table: str, left_out: LeftOut, row: tuple[Row, str] | None, **values: Cell) -> int:
        """Add a row with the columns that have a value. Returns its number. row: what it is made of, and whose."""
        number, columns = len(self._rows[table]) + 1, model.COLUMNS[table]
        if columns[0] == f"{table}_id" and columns[0] not in values:
            values[columns[0]] = number
        for column, value in values.items():
            width = model.width_of(column)
            if isinstance(value, str) and width is not None and len(value) > width:
                values[column] = value[:width]
                if row is not None:
                    left_out.add(row[0], f"cut to {width} characters", what=column, person=row[1])
        assert values.keys() <= set(columns)
        self._rows[table].append(tuple(values.get(column) for column in columns))
        return number

    def made(self) -> tuple[Sheet, ...]:
        return tuple(Sheet(name, model.COLUMNS[name], tuple(found)) for name, found in self._rows.items())
