"""One stored value of the cohort tables changed behind the hub's back, each column of each kind of row in turn."""

from typing import Any

import pytest
from altering import place_of_row
from kept import Kept, digests
from sqlalchemy import Row, Table, select, text
from sqlalchemy.exc import IntegrityError

from ledger.cohort.rows import TABLES, columns_of
from ledger.errors import TamperedError
from ledger.store.cells import all_changes, read_versions
from ledger.store.engine import Connection, writing
from ledger.store.tables import cohort_tables

INTEGERS = {"since", "until"} | {
    column.name for table in TABLES for column in columns_of(table).values() if column.kind in {"integer", "boolean"}
}


def unlock(conn: Connection) -> None:
    """What an administrator who means to change rows does first."""
    for name in TABLES:
        conn.exec_driver_sql(f"DROP INDEX ix_{name}_open")


def kinds_of_rows(conn: Connection, table: Table) -> list[Row[Any]]:
    """An open version and a closed one, where there are such."""
    rows = select(text(f"{place_of_row(conn)} AS place"), table)
    of_each = [rows.where(table.c.until.is_(None)).limit(1), rows.where(table.c.until.is_not(None)).limit(1)]
    return [row for kind in of_each for row in conn.execute(kind)]


def others(value: Any, column: str) -> list[Any]:
    """What a value could be changed to, little by little."""
    match value:
        case None:
            return [0] if column in INTEGERS else ["x"]
        case int():
            return [value + 1, value - 1, None]
        case _:
            return [value[:-1] + chr(ord(value[-1]) ^ 1), None]


def is_seen(conn: Connection, table: Table, place: object, change: dict[str, Any], true: list[bytes]) -> bool:
    """Change one row, look, and take it back."""
    with conn.begin_nested() as attempt:
        try:
            conn.execute(table.update().where(text(f"{place_of_row(conn)} = '{place}'")).values(change))
            return list(digests(conn, len(true))) != true
        except (IntegrityError, TamperedError):  # refused, or found
            return True
        finally:
            attempt.rollback()


@pytest.mark.parametrize("name", TABLES)
def test_a_changed_column_is_found_by_the_rows_or_by_their_digests(altered: Kept, name: str) -> None:
    table, true = cohort_tables[name], [taken.digest for taken in altered.taken]
    with writing(altered.engine) as conn:
        unlock(conn)

        seen = {
            (row.place, column.name, value): is_seen(conn, table, row.place, {column.name: value}, true)
            for row in kinds_of_rows(conn, table)
            for column in table.columns
            for value in others(row._mapping[column.name], column.name)
        }

        assert list(digests(conn, len(true))) == true
    assert len(seen) > len(table.columns)
    assert [change for change, was_seen in seen.items() if not was_seen] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE nodes SET opens_in_parallel = 2", "holds no boolean"),
        pytest.param(
            "UPDATE nodes SET trial = CAST(x'ff' AS TEXT)",
            "holds no text",
            marks=pytest.mark.sqlites_own("PostgreSQL refuses bytes that are no text"),
        ),
        ("UPDATE nodes SET set_by = '{}'", "which events set its fields"),
        ("UPDATE nodes SET set_by = replace(set_by, ':', ': ')", "canonical"),
        ("UPDATE nodes SET set_by = replace(set_by, 'trial', 'trail')", "no event set"),
        ("UPDATE nodes SET set_by = '{\"country\":0,' || substr(set_by, 2)", "canonical"),
        ("UPDATE nodes SET set_by = replace(set_by, '}', ',\"until\":0}')", "none of the table's"),
        ("UPDATE nodes SET set_by = replace(set_by, '0', '9')", "an event that came later"),
        ("UPDATE nodes SET set_by = replace(set_by, '0', 'false')", "not an integer"),
        ("UPDATE nodes SET until = 0 WHERE node = 'drup-nl'", "ends behind it"),
        ("UPDATE nodes SET since = -1 WHERE node = 'drup-nl'", "begins at an index"),
        ("UPDATE nodes SET until = 999 WHERE node = 'drup-nl'", "no entry ended"),
        ("UPDATE nodes SET since = 999 WHERE node = 'drup-nl'", "no entry made"),
        ("UPDATE keys SET jwk = 'null'", "holds no json"),
        ("UPDATE keys SET jwk = jwk || ' '", "holds no json"),
        ("INSERT INTO keys SELECT node, thumbprint, jwk, since + 1, NULL, set_by FROM keys", "overlaps another"),
        ("UPDATE episodes SET stage = 9007199254740992 WHERE stage IS NOT NULL", "holds no integer"),
        ("UPDATE episodes SET until = NULL WHERE until IS NOT NULL", "overlaps another"),
        ("UPDATE episodes SET until = until + 1 WHERE until IS NOT NULL", "overlaps another"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(altered: Kept, change: str, why: str) -> None:
    with writing(altered.engine) as conn:
        unlock(conn)
        conn.exec_driver_sql(change)

        with pytest.raises(TamperedError, match=why) as found:
            list(all_changes(conn, len(altered.taken)))

    assert found.value.facts["table"] == change.split()[1 if change.startswith("UPDATE") else 2]
    assert found.value.facts["key"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE nodes SET trial = 'another'",
        "UPDATE nodes SET until = 5 WHERE node = 'drup-nl'",
        "UPDATE episodes SET until = until - 1 WHERE until > since + 1",
        "DELETE FROM nodes",
    ],
)
def test_what_could_be_a_row_and_is_none_of_the_log_gives_other_digests(altered: Kept, change: str) -> None:
    true = [taken.digest for taken in altered.taken]
    with writing(altered.engine) as conn:
        conn.exec_driver_sql(change)

        assert list(digests(conn, len(true))) != true


def test_rows_of_entries_that_are_not_there_are_found(altered: Kept) -> None:
    with writing(altered.engine) as conn, pytest.raises(TamperedError, match="that no entry"):
        list(all_changes(conn, len(altered.taken) - 1))


def test_a_value_of_another_kind_is_not_handed_on_to_reports(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        conn.exec_driver_sql("UPDATE nodes SET opens_in_parallel = 2")

        with pytest.raises(TamperedError, match="nodes drup-nl"):
            list(read_versions(conn))
