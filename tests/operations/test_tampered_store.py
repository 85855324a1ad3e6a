"""One byte changed in any stored column, behind the hub's back: the doctor names the place, whatever it is."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import hubs
import pytest
from given import witness
from story import STORY, before
from watched import Witness, running

from ledger.operations.doctor import Finding, examine
from ledger.operations.hub import open_hub
from ledger.settings import Settings
from ledger.store.access_log import append_access, export_by_operator
from ledger.store.engine import writing

WITNESS = "w1.example"
# the schema's own tables, of which `check_schema` reads the first; and what is forgotten by itself
APART = ("alembic_version", "sqlite_", "used_tokens", "login_links", "sessions")


class Cell(NamedTuple):
    """One stored value. row: its rowid; which: what is special about the row, for the report."""

    table: str
    column: str
    row: int
    which: str


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A hub with a history that has a row in every table, open and closed versions among them, and that is watched."""
    folder = tmp_path_factory.mktemp("stored")
    alliance = before(STORY[-1])
    alliance.says(*STORY[-1])
    alliance.adopts("witness", "witness", witness(WITNESS))
    hubs.founded_hub(folder, alliance).engine.dispose()
    with running(Witness(WITNESS)) as other:
        hub = open_hub(hubs.settings_in(folder, witness_urls=f"{WITNESS}={other.url}"), hubs.LOG)
        hub.witnessing.admit()
        hubs.post(hub, alliance)
        hub.witnessing.work()
        for what in ("bundle", "export"):
            with writing(hub.engine) as conn:
                append_access(conn, export_by_operator(hub.appender.now(), what, nodes=["drup-nl"], rows=1))
        hub.engine.dispose()
    return hubs.settings_in(folder)


def cells_of(settings: Settings) -> Iterator[Cell]:
    """For every column of every table: a row, and where versions are kept one that is open and one that is closed."""
    with closing(sqlite3.connect(file_of(settings))) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table.startswith(APART):
                continue
            columns = [column for _, column, *_ in database.execute(f'PRAGMA table_info("{table}")')]
            wheres = {"open": "until IS NULL", "closed": "until IS NOT NULL"} if "until" in columns else {"any": "1"}
            for which, where in wheres.items():
                for column in columns:
                    for filled in ("IS NOT NULL", "IS NULL"):
                        found = database.execute(
                            f'SELECT rowid FROM "{table}" WHERE {where} AND "{column}" {filled} LIMIT 1'  # noqa: S608
                        ).fetchone()
                        if found:
                            yield Cell(table, column, found[0], f"{which}, {filled.lower()}")


def file_of(settings: Settings) -> Path:
    return settings.data_dir / "ledger.db"


@contextmanager
def behind_its_back(settings: Settings) -> Iterator[sqlite3.Connection]:
    """As a database administrator: the triggers are out of the way, and afterwards as if they had never been."""
    with closing(sqlite3.connect(file_of(settings))) as database, database:
        triggers = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        for trigger in triggers:
            database.execute(f'DROP TRIGGER "{trigger}"')
        yield database
        for sql in triggers.values():
            database.execute(sql)


def change_one_byte(settings: Settings, cell: Cell) -> None:
    with behind_its_back(settings) as database:
        where = f'FROM "{cell.table}" WHERE rowid = {cell.row}'
        (value,) = database.execute(f'SELECT "{cell.column}" {where}').fetchone()
        database.execute(
            f'UPDATE "{cell.table}" SET "{cell.column}" = ? WHERE rowid = {cell.row}',  # noqa: S608
            (changed(value),),
        )


def changed(value: Any) -> Any:
    match value:
        case None:
            return 1
        case int():
            return value + 4096  # an index that no entry has, a seq, a flag that is none
        case bytes():
            place = len(value) // 2
            return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        case str():
            place = len(value) // 2
            return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
    raise AssertionError(value)


def examined(settings: Settings) -> list[Finding]:
    return [finding for finding in examine(settings) if finding.verdict != "well"]


def test_an_untouched_store_is_well(stored: Settings) -> None:
    assert examined(stored) == []


def test_the_history_has_rows_in_every_table(stored: Settings) -> None:
    with closing(sqlite3.connect(file_of(stored))) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        empty = [
            table
            for table in tables
            if not table.startswith(APART) and not database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
        ]

    assert empty == []


def test_one_byte_changed_in_any_stored_column_is_found_and_placed(stored: Settings, tmp_path: Path) -> None:
    cells = list(cells_of(stored))
    silent = []

    for number, cell in enumerate(cells):
        copy = replace(stored, **copied(stored, tmp_path / str(number)))
        try:
            change_one_byte(copy, cell)
        except sqlite3.IntegrityError:
            continue  # the database itself refuses it
        if not any(names_the_place(finding, cell) for finding in examined(copy)):
            silent.append(cell)
        shutil.rmtree(tmp_path / str(number))

    assert len(cells) > 200
    assert silent == []


def copied(settings: Settings, folder: Path) -> dict[str, Any]:
    shutil.copytree(settings.data_dir, folder)
    return {
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'ledger.db'}",
        "vault_key_file": folder / settings.vault_key_file.name,
        "log_key_file": folder / settings.log_key_file.name,
    }


FILES_OF = {"access_log": ("access log",), "tiles": ("tile",), "head": ("head", "memorandum", "checkpoint", "digest")}


def names_the_place(finding: Finding, cell: Cell) -> bool:
    """An index (`entry 12`), the table, or the file of the log that is made from it."""
    named = ("entry ", cell.table, *FILES_OF.get(cell.table, ()))
    return any(name in finding.message for name in named)


def test_a_row_taken_out_of_any_table_is_found(stored: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file_of(stored))) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    silent = []

    for table in tables:
        if table.startswith(APART):
            continue
        copy = replace(stored, **copied(stored, tmp_path / table))
        with behind_its_back(copy) as database:
            database.execute(f'DELETE FROM "{table}" WHERE rowid = (SELECT max(rowid) FROM "{table}")')  # noqa: S608
        if not examined(copy):
            silent.append(table)

    assert silent == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tiles SET data = CAST(data || x'00' AS BLOB)",
        "UPDATE head SET memorandum = CAST(memorandum || x'20' AS BLOB)",
        "UPDATE head SET checkpoint = CAST(checkpoint || x'0a' AS BLOB)",
        "UPDATE vault SET ciphertext = CAST(ciphertext || x'00' AS BLOB)",
        "UPDATE entries SET digest = CAST(digest || x'00' AS BLOB) WHERE \"index\" = 3",
        "INSERT INTO tiles VALUES (5, 0, zeroblob(32))",
        "INSERT INTO vault VALUES (0, zeroblob(40))",
        "DROP TABLE survival_updates",
        "DROP INDEX ix_nodes_open",
        "UPDATE trials SET name = CAST(x'4472F0BFBD70' AS TEXT)",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET checkpoint = NULL, digest_note = NULL",
        "UPDATE head SET witnessed = NULL",
        "UPDATE head SET witnessed = CAST(witnessed || x'0a' AS BLOB)",
        "UPDATE head SET kept = kept - 1",
        "UPDATE checkpoints SET day = day - 1",
        "UPDATE checkpoints SET n = 1",
    ],
)
def test_more_or_less_than_there_should_be_is_found(stored: Settings, tmp_path: Path, statement: str) -> None:
    copy = replace(stored, **copied(stored, tmp_path / "hub"))
    with behind_its_back(copy) as database:
        database.execute(statement)

    assert examined(copy) != []


def test_tables_are_not_blamed_for_a_log_that_was_changed(stored: Settings, tmp_path: Path) -> None:
    settings = replace(stored, **copied(stored, tmp_path / "changed"))
    change_one_byte(settings, Cell("entries", "jws", 9, "any"))

    verdicts = {finding.what: finding.verdict for finding in examined(settings)}

    assert verdicts["stored tables"] == "history"


def test_a_trigger_that_was_taken_out_is_found(stored: Settings, tmp_path: Path) -> None:
    copy = replace(stored, **copied(stored, tmp_path / "hub"))
    with closing(sqlite3.connect(file_of(copy))) as database, database:
        (trigger,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchone()
        database.execute(f'DROP TRIGGER "{trigger}"')

    assert [finding.what for finding in examined(copy)] == ["database objects"]


@pytest.mark.parametrize("column", ["checkpoint", "witnessed"])
def test_a_cosignature_that_was_taken_out_or_put_in_another_name_is_found(
    stored: Settings, tmp_path: Path, column: str
) -> None:
    copy = replace(stored, **copied(stored, tmp_path / "hub"))
    with behind_its_back(copy) as database:
        (note,) = database.execute(f"SELECT {column} FROM head").fetchone()  # noqa: S608
        renamed = note.replace(WITNESS.encode(), b"w2.example")
        database.execute(f"UPDATE head SET {column} = ?", (renamed,))  # noqa: S608

    [finding] = examined(copy)

    assert (finding.what, finding.verdict) == ("what was witnessed", "history")
    assert finding.message.startswith("head: its ")
