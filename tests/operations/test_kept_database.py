"""What is kept of the database in memory: a start takes it where it holds, and else replays; the result is the same."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import given
import histories
import hubs
import pytest
from states import state_of

from ledger.cohort.database import Database
from ledger.operations import kept_database
from ledger.operations.hub import Hub
from ledger.operations.kept_database import KeptDatabase
from ledger.operations.rebuild import check_tables
from ledger.signing.note import NoteSigner
from ledger.store.engine import reading

EACH, EVENTS = 80, 350


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_database, "EACH", EACH)


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return histories.history(3, EVENTS)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, alliance: given.Alliance) -> Path:
    """All but the last event are posted, and most of it is kept in several files."""
    folder = tmp_path_factory.mktemp("stored")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_database, "EACH", EACH)
        hub = hubs.founded_hub(folder, given.Alliance())
        for texts in hubs.batches([heard.envelope.text for heard in alliance.heard[:-1]], 25):
            hub.post(texts)
        assert hub.appender.size() == EVENTS - 1
    assert len(files(folder)) == 3
    hub.engine.dispose()
    return folder


@pytest.fixture
def hub(tmp_path: Path, stored: Path) -> Iterator[Hub]:
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    hub = hubs.reopened(tmp_path)
    yield hub
    hub.engine.dispose()


def files(folder: Path) -> list[Path]:
    return sorted((folder / "hub" / "kept-database").iterdir())


def starts(folder: Path) -> list[int]:
    return [int(each.name.removeprefix("from-")) for each in files(folder)]


def taken_up(hub: Hub, *, size: int = EVENTS - 1) -> Database:
    """What a start does not replay."""
    with reading(hub.engine) as connection:
        return hub.appender.kept.load(connection, size)


def state_in(hub: Hub) -> object:
    return hub.appender.look(lambda _memorandum, database: state_of(database))


def check_starts_well(folder: Path, alliance: given.Alliance) -> None:
    """Whatever was kept: the database is the one that the entries add up to, and goes on as it would have."""
    hub = hubs.reopened(folder)
    assert hub.appender.digest() == check_tables(hub.engine, hub.memorandum)  # which replays all
    hub.post([alliance.heard[-1].envelope.text])
    assert hub.appender.digest() == check_tables(hub.engine, hub.memorandum)
    assert taken_up(hub, size=EVENTS).size > EVENTS - 2 * EACH  # what did not hold was made anew
    hub.engine.dispose()


def test_a_start_takes_up_what_was_kept_and_replays_the_rest(
    hub: Hub, tmp_path: Path, alliance: given.Alliance
) -> None:
    kept = taken_up(hub)

    assert starts(tmp_path)[-1] < kept.size < EVENTS - 1
    check_starts_well(tmp_path, alliance)


def test_what_is_taken_up_is_what_a_replay_gives_to_the_last_cell(hub: Hub, tmp_path: Path) -> None:
    again = hubs.reopened(tmp_path)

    assert state_in(again) == state_in(hub)
    again.engine.dispose()


@pytest.mark.usefixtures("hub")
def test_what_a_restarted_hub_keeps_goes_on_from_what_was_kept(tmp_path: Path, alliance: given.Alliance) -> None:
    before = {file.name: file.read_bytes() for file in files(tmp_path)}
    check_starts_well(tmp_path, alliance)

    assert {file.name: file.read_bytes() for file in files(tmp_path) if file.name in before} == before


@pytest.mark.parametrize("part", [0.0, 0.001, 0.02, 0.3, 0.6, 0.99])
def test_a_file_with_an_altered_byte_is_thrown_away_and_all_behind_it(
    hub: Hub, tmp_path: Path, alliance: given.Alliance, part: float
) -> None:
    file = files(tmp_path)[1]
    content = bytearray(file.read_bytes())
    content[int(part * len(content))] ^= 1
    file.write_bytes(content)

    assert taken_up(hub).size == starts(tmp_path)[1]
    check_starts_well(tmp_path, alliance)


def test_a_file_that_was_cut_is_thrown_away(hub: Hub, tmp_path: Path, alliance: given.Alliance) -> None:
    file = files(tmp_path)[0]
    file.write_bytes(file.read_bytes()[:-1000])

    assert taken_up(hub).size == 0
    check_starts_well(tmp_path, alliance)


def test_a_file_in_another_ones_place_is_thrown_away(hub: Hub, tmp_path: Path, alliance: given.Alliance) -> None:
    first, second, *_ = files(tmp_path)
    shutil.copy(second, first)

    assert taken_up(hub).size == 0
    check_starts_well(tmp_path, alliance)


def test_what_was_kept_of_another_history_of_the_same_alliance_is_thrown_away(
    hub: Hub, tmp_path: Path, alliance: given.Alliance
) -> None:
    # given: a ledger with the same memorandum and key, whose nodes went on to say other things
    (tmp_path / "other").mkdir()
    other = hubs.founded_hub(tmp_path / "other", given.Alliance())
    hubs.post(other, histories.history(4, EVENTS))
    other.appender.size()
    other.engine.dispose()

    shutil.rmtree(tmp_path / "hub" / "kept-database")
    shutil.copytree(tmp_path / "other" / "hub" / "kept-database", tmp_path / "hub" / "kept-database")

    assert taken_up(hub).size == 0
    check_starts_well(tmp_path, alliance)


def test_what_reaches_farther_than_the_stored_log_is_not_taken_up(hub: Hub, tmp_path: Path) -> None:
    second, third = starts(tmp_path)[1:3]

    assert taken_up(hub, size=third - 1).size == second


def test_what_another_version_of_the_program_kept_is_thrown_away(
    hub: Hub, tmp_path: Path, alliance: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_database, "program", lambda: b"another")

    assert taken_up(hub).size == 0
    check_starts_well(tmp_path, alliance)


def test_whoever_has_not_the_logs_key_can_have_nothing_believed(hub: Hub, tmp_path: Path) -> None:
    # given: an intruder that can write to the folder, and signs with a key of its own under the log's name
    folder = tmp_path / "hub" / "kept-database"
    shutil.rmtree(folder)
    forging = KeptDatabase(folder, given.ORIGIN, NoteSigner(given.ORIGIN, given.signing_key("intruder")))
    with reading(hub.engine) as connection:
        hub.appender.look(lambda _memorandum, database: forging.keep(connection, database))

        assert forging.load(connection, EVENTS).size > EACH

    assert taken_up(hub).size == 0


@pytest.mark.usefixtures("hub")
def test_of_two_processes_the_second_goes_on_from_what_the_first_kept(tmp_path: Path, alliance: given.Alliance) -> None:
    shutil.rmtree(tmp_path / "hub" / "kept-database")
    first, second = hubs.reopened(tmp_path), hubs.reopened(tmp_path)
    first.appender.size()
    kept = {file.name: file.read_bytes() for file in files(tmp_path)}
    second.appender.size()

    assert {file.name: file.read_bytes() for file in files(tmp_path)} == kept
    first.engine.dispose()
    second.engine.dispose()
    check_starts_well(tmp_path, alliance)


def test_a_hub_that_can_keep_nothing_takes_posts_all_the_same(tmp_path: Path, alliance: given.Alliance) -> None:
    hub = hubs.founded_hub(tmp_path, given.Alliance())
    (tmp_path / "hub" / "kept-database").write_text("in the way")

    hubs.post(hub, alliance, batch=25)

    assert hub.appender.size() == EVENTS
    hub.engine.dispose()


@pytest.mark.usefixtures("hub")
def test_no_patients_value_is_in_what_is_kept(tmp_path: Path, alliance: given.Alliance) -> None:
    kept = b"".join(file.read_bytes() for file in files(tmp_path))
    disclosures = [one for heard in alliance.heard for one in heard.envelope.disclosures]

    assert len(disclosures) > EACH
    assert not any(one.text.encode() in kept for one in disclosures)
