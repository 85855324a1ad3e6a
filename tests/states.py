"""What a database holds, and what an event did to it, as plain values to be compared."""

from ledger.cohort.cells import Record, RowKey
from ledger.cohort.database import Database, Taken
from ledger.signing.canonical import Json


def set_by(taken: Taken) -> dict[tuple[str, RowKey], dict[str, Json]]:
    """The cells that an event set, by row; those that others set in the same rows are left out."""
    return {
        (version.table, version.key): {
            field: value for field, (by, value) in version.fields.items() if by == taken.event.index
        }
        for version in taken.versions
    }


def state_of(database: Database) -> object:
    """All that a database remembers, copied; two databases that remember the same have equal states."""
    return (
        database.size,
        database.digest,
        dict(database.streams),
        list(database.events),
        dict(database._index_of),
        [
            (table, record.key, {field: list(cell) for field, cell in record.cells.items()}, record.lifted)
            for table, record in database.histories()
        ],
        {index: list(each) for index, each in database.standing._corrections.items()},
        dict(database.standing.retracted),
        {index: set(each) for index, each in database.standing._dependants.items()},
        list(database.standing._needs),
        {of: list(each) for of, each in database._about.items()},
        [{(table, record.key) for table, record in each} for each in database._set_in],
        {
            table: {place: list(of) for place, of in _indexed(database, table).items()}
            for table, rows in database._rows.items()
            if rows
        },
    )


def _indexed(database: Database, table: str) -> dict[RowKey, dict[RowKey, Record]]:
    """The rows of a table by what their keys begin with: made where nobody has asked for it yet."""
    database.under(table, "")
    return database._under[table]
