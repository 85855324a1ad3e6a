"""Erasure at the hub: what is erased opens nowhere any more, whatever happens around it, and all else stays."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import databases
import erased
import given
import hubs
import pytest
from dying import DIE
from given import DRUP, case

from ledger.errors import SetupError, UnavailableError
from ledger.merkle.proofs import check_inclusion
from ledger.operations.audit import audit
from ledger.operations.doctor import examine
from ledger.operations.hub import Hub, open_store, open_vault
from ledger.signing.checkpoint import read_checkpoint
from ledger.store import tables
from ledger.store.engine import reading, writing
from ledger.store.erased import erased_events
from ledger.store.source import StoreSource
from ledger.store.vault import Vault

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alliance() -> given.Alliance:
    return erased.told()


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Hub:
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    return hub


def opened(hub: Hub) -> dict[int, str]:
    with reading(hub.engine) as connection:
        return hub.vault.open(connection, 0, 1_000)


def keys_in(hub_folder: Path) -> set[str]:
    with closing(sqlite3.connect(hub_folder / "vault-keys.db")) as file:
        return {event_id for (event_id,) in file.execute("SELECT event_id FROM keys")}


def ids_of(alliance: given.Alliance, indexes: Sequence[int]) -> set[str]:
    return {alliance.database.events[index].event_id for index in indexes}


def test_what_is_erased_has_neither_a_ciphertext_nor_a_key_and_all_else_opens(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    before, keys = opened(hub), keys_in(tmp_path / "hub")

    hub.post([erased.erases(alliance).text])

    gone = erased.erased(alliance)
    assert len(gone) == 4
    assert opened(hub) == {index: shown for index, shown in before.items() if index not in gone}
    assert keys - keys_in(tmp_path / "hub") == ids_of(alliance, gone)
    with reading(hub.engine) as connection:
        assert hub.vault.kept(connection, erased_events(connection)) == ([], [])
    assert not (tmp_path / "hub" / "vault-keys.db-journal").exists()
    hub.engine.dispose()
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []


def test_log_cells_digest_and_earlier_receipts_stay_as_they_are(hub: Hub, alliance: given.Alliance) -> None:
    # given: all of the log's files, the tables and a proof of each place, as they were
    size = hub.appender.size()
    paths = [f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}", f"digests/000.p/{size}"]
    files = [hub.source("full").read(path) for path in paths]
    answers = hub.post([heard.envelope.text for heard in alliance.heard[:size]])
    with reading(hub.engine) as connection:
        rows = [connection.execute(table.select()).all() for table in tables.cohort_tables.values()]

    hub.post([erased.erases(alliance).text])

    assert [hub.source("full").read(path) for path in paths] == files
    for posted, receipt in answers:
        head, _ = read_checkpoint(receipt.checkpoint, alliance.memorandum.log_key)
        leaf = hub.source("full").read(f"tile/0/000.p/{size}")[posted.index * 32 :][:32]
        check_inclusion(receipt.proof, leaf_hash=leaf, index=posted.index, size=head.size, root=head.root)
    with reading(hub.engine) as connection:
        names = [name for name in tables.cohort_tables if name != "erasures"]
        now = [connection.execute(tables.cohort_tables[name].select()).all() for name in names]
    assert now == [each for name, each in zip(tables.cohort_tables, rows, strict=True) if name != "erasures"]
    assert audit(hub.source("full"), view="full").digest == hub.appender.digest()


def test_what_a_post_brings_and_erases_itself_is_never_kept(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, given_keys = len(alliance.heard), set[str]()

    def put_keys(_vault: Vault, keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
        given_keys.update(keys)
        return keys

    monkeypatch.setattr(Vault, "put_keys", put_keys)
    alliance.says(DRUP, "case.profiled", {"case": case(3), "on": "2021-12", **given.PROFILE})
    erased.erases(alliance, 3)

    hub.post([heard.envelope.text for heard in alliance.heard[before:]])

    assert len(erased.erased(alliance)) == 1
    assert given_keys == set()
    assert not opened(hub).keys() & set(erased.erased(alliance))
    assert not keys_in(tmp_path / "hub") & ids_of(alliance, erased.erased(alliance))


def test_a_repost_answers_with_the_first_receipt_and_brings_nothing_back(hub: Hub, alliance: given.Alliance) -> None:
    hub.post([erased.erases(alliance).text])
    before, gone = opened(hub), erased.erased(alliance)

    answers = hub.post([alliance.heard[index].envelope.text for index in gone])

    assert [(posted.index, posted.is_new) for posted, _ in answers] == [(index, False) for index in gone]
    assert opened(hub) == before


def test_what_is_said_of_the_case_after_the_erasure_is_kept(hub: Hub, alliance: given.Alliance) -> None:
    hub.post([erased.erases(alliance).text])

    taken = alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH)
    hubs.post(hub, alliance)

    assert taken.event.index in opened(hub)


def test_an_erasure_that_is_refused_erases_nothing(hub: Hub, alliance: given.Alliance) -> None:
    before = opened(hub)
    erasure = erased.erases(alliance)
    alliance.says(DRUP, "case.submitted", {"case": case(9), "on": "2021-11-20"})
    conflicting = alliance.heard[-1].envelope.text

    with pytest.raises(Exception, match="the next envelope"):
        hub.post([conflicting, erasure.text])

    assert opened(hub) == before


def test_keys_that_could_not_be_destroyed_are_with_the_next_post(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure = erased.erases(alliance).text

    def fails(_vault: Vault, _ids: object) -> None:
        raise SetupError("the vault's key file cannot be used")

    with monkeypatch.context() as broken:
        broken.setattr(Vault, "destroy_keys", fails)
        with pytest.raises(SetupError):
            hub.post([erasure])
    assert keys_in(tmp_path / "hub") & ids_of(alliance, erased.erased(alliance))

    ((posted, _),) = hub.post([erasure])

    assert not posted.is_new
    assert not keys_in(tmp_path / "hub") & ids_of(alliance, erased.erased(alliance))


# what happens between the erasure's post and the end of it
STEPS = {
    "the ciphertexts": ("ledger.store.vault", "Vault.erase"),
    "the whole of the transaction": ("ledger.operations.append", "Appender._admit"),
    "the keys": ("ledger.store.vault", "Vault.destroy_keys"),
    "the write-ahead file": ("ledger.operations.append", "empty_write_ahead"),
    "all of publishing": ("ledger.operations.hub", "publish"),
}


@pytest.mark.sqlites_own("a step takes seconds, and is the same on PostgreSQL: there a hub is killed under load")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_hub_that_dies_while_it_erases_has_erased_all_or_nothing_when_it_is_started_again(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, step: str, when: str
) -> None:
    # given
    before, size = opened(hub), hub.appender.size()
    hub.engine.dispose()
    erasure = erased.erases(alliance).text
    gone = erased.erased(alliance)
    (tmp_path / "post").write_text(erasure)

    # when
    command = [sys.executable, "-c", DIE, str(Path(given.__file__).parent), str(tmp_path), *STEPS[step], when]
    died = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(given.__file__).parents[1])
    assert died.returncode == -signal.SIGKILL, died.stderr
    restarted = hubs.reopened(tmp_path)

    # then: as the log says, so are the values
    if restarted.appender.size() == size:
        assert opened(restarted) == before
    else:
        assert opened(restarted).keys() == before.keys() - set(gone)
        assert not keys_in(tmp_path / "hub") & ids_of(alliance, gone)
    assert audit(restarted.source("full"), view="full").failure is None
    # and the same post is taken, or was there, and then all is erased
    restarted.post([erasure])
    assert opened(restarted).keys() == before.keys() - set(gone)
    assert not keys_in(tmp_path / "hub") & ids_of(alliance, gone)
    restarted.engine.dispose()
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []


def test_what_older_copies_bring_back_is_found_by_the_doctor_and_taken_away_at_the_start(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    # given: the key file of the day before, and a ciphertext of then put back
    keys = tmp_path / "hub" / "vault-keys.db"
    shutil.copy2(keys, tmp_path / "yesterday")
    gone = next(index for index, shown in opened(hub).items() if shown)
    with reading(hub.engine) as connection:
        row = connection.execute(tables.vault.select().where(tables.vault.c.index == gone)).one()
    hub.post([erased.erases(alliance).text])
    assert gone in erased.erased(alliance)
    with writing(hub.engine) as connection:
        connection.execute(tables.vault.insert().values(index=row.index, ciphertext=row.ciphertext))
    hub.engine.dispose()
    shutil.copy2(tmp_path / "yesterday", keys)
    assert keys_in(tmp_path / "hub") & ids_of(alliance, erased.erased(alliance))
    wrong = {each.what for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"}
    assert wrong == {"log and vault", "erasures"}

    hubs.reopened(tmp_path).engine.dispose()

    assert not keys_in(tmp_path / "hub") & ids_of(alliance, erased.erased(alliance))
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_an_erasure_leaves_an_empty_write_ahead_file_where_nobody_reads(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    write_ahead = tmp_path / "hub" / "ledger.db-wal"
    assert write_ahead.stat().st_size > 0

    hub.appender.append([erased.erases(alliance).text])

    assert write_ahead.stat().st_size == 0


def test_a_reader_neither_delays_an_erasure_nor_keeps_anything_readable(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    # given: a reader whose moment is before the erasure
    size = hub.appender.size()
    with reading(hub.engine) as reader:
        assert reader.execute(tables.vault.select()).first() is not None

        hub.post([erased.erases(alliance).text])

        # then: it has the ciphertexts yet, and nobody opens them
        rows = {row.index for row in reader.execute(tables.vault.select())}
        assert set(erased.erased(alliance)) <= rows
        assert not hub.vault.open(reader, 0, size).keys() & set(erased.erased(alliance))
        assert erased.found_in(tmp_path, erased.needles(alliance, erased.erased(alliance))) == set()


def test_the_hub_shows_no_disclosures_between_an_erasure_and_the_checkpoint_that_tells_of_it(
    hub: Hub, alliance: given.Alliance
) -> None:
    size = hub.appender.size()
    path = f"disclosures/000.p/{size}"
    hub.source("full").read(path)

    hub.appender.append([erased.erases(alliance).text])

    with pytest.raises(UnavailableError, match="being erased"):
        hub.source("full").read(path)
    assert hub.source("clear").read(path) == b"\n" * size
    hub.publish()
    lines = hub.source("full").read(path).split(b"\n")
    assert [index for index in erased.erased(alliance) if lines[index]] == []


def test_the_database_of_the_day_before_beside_todays_keys_gives_nothing_back(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    hub.engine.dispose()  # what nobody is connected to can be copied
    (tmp_path / "yesterday").mkdir()
    yesterday = databases.copied(hubs.settings_in(tmp_path).database_url, tmp_path / "yesterday")
    hub.post([erased.erases(alliance).text])

    settings = hubs.settings_in(tmp_path, database_url=yesterday)
    engine, _ = open_store(settings)
    lines = StoreSource(engine, open_vault(settings), "full").read(f"disclosures/000.p/{alliance.database.size - 1}")
    engine.dispose()

    shown = [index for index, line in enumerate(lines.split(b"\n")) if line]
    assert not set(shown) & set(erased.erased(alliance))
    assert len(shown) == 4


def test_an_erasure_whose_answer_got_lost_is_finished_by_whichever_hub_it_is_sent_to_again(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: another hub of the same ledger; the first has stored an erasure, and went before it could do more
    other = hubs.reopened(tmp_path)
    post = [erased.erases(alliance).text]

    def gone() -> None:
        raise UnavailableError("gone")

    monkeypatch.setattr(hub.appender, "_destroy", gone)
    with pytest.raises(UnavailableError, match="gone"):
        hub.post(post)
    doomed = ids_of(alliance, erased.erased(alliance))
    assert doomed <= keys_in(tmp_path / "hub")

    # when
    ((posted, _),) = other.post(post)

    # then
    assert not posted.is_new
    assert not doomed & keys_in(tmp_path / "hub")
    other.close()
