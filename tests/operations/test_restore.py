"""A ledger is restored from any copy of it, whole or not at all, and goes on as if nothing had happened."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import given
import hubs
import pytest
from mirrors import BEGUN, Held, States, busy_alliance, signed, states_of

from ledger.errors import SetupError, TamperedError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations import restore as restoring
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.doctor import examine
from ledger.operations.hub import Hub
from ledger.operations.mirror import mirror
from ledger.operations.rebuild import check_tables
from ledger.operations.restore import restore
from ledger.operations.source import FolderSource, Source, ZipSource
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.note import NoteSigner
from ledger.store import tables
from ledger.store.engine import open_engine, reading, writing
from ledger.store.entries import find_entry
from ledger.store.vault import Vault

pytestmark = pytest.mark.usefixtures("database")

SMALL, LARGE = 30, 34  # and BEGUN, a tile and a bit


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance(BEGUN + 1)


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("states"), alliance, SMALL, LARGE, BEGUN)


@pytest.fixture
def restored(tmp_path: Path, alliance: given.Alliance, states: States) -> Iterator[Callable[[str], Hub]]:
    """Restores a ledger, of SMALL size, and opens it."""
    opened: list[Hub] = []

    def do(view: str) -> Hub:
        restore(hubs.settings_in(tmp_path), states[view, SMALL], hubs.LOG, pin=alliance.memorandum.hash)
        opened.append(hubs.reopened(tmp_path))
        return opened[-1]

    yield do
    for hub in opened:
        hub.engine.dispose()


def verdicts(folder: Path) -> dict[str, str]:
    """What the doctor finds, where it is not well."""
    return {each.what: each.verdict for each in examine(hubs.settings_in(folder)) if each.verdict != "well"}


def goes_on(hub: Hub, alliance: given.Alliance) -> None:
    """The next event is taken, and its receipt holds."""
    size = hub.appender.size()
    ((place, receipt),) = hub.post([alliance.heard[size].envelope.text])
    assert (place.index, place.is_new) == (size, True)
    with reading(hub.engine) as connection:
        stored = find_entry(connection, index=size)
    assert stored is not None
    head, _ = read_checkpoint(receipt.checkpoint, hub.memorandum.log_key)
    leaf = leaf_hash(stored.leaf)
    check_inclusion(receipt.proof, leaf_hash=leaf, index=size, size=head.size, root=head.root)


def copies(states: States, folder: Path, kind: str, view: str) -> Source:
    if kind == "mirror":
        mirror(states[view, BEGUN], folder / "mirror")
        return FolderSource(folder / "mirror")
    write_bundle(states[view, BEGUN], folder / "bundle.zip", view=view)
    return ZipSource(folder / "bundle.zip")


@pytest.mark.parametrize("kind", ["mirror", "bundle"])
@pytest.mark.parametrize("view", ["full", "clear"])
def test_a_ledger_restored_from_a_copy_is_the_same_and_goes_on(
    tmp_path: Path, alliance: given.Alliance, states: States, kind: str, view: str
) -> None:
    source = copies(states, tmp_path, kind, view)

    done = restore(hubs.settings_in(tmp_path), source, hubs.LOG, pin=alliance.memorandum.hash)

    hub = hubs.reopened(tmp_path)
    files = states[view, BEGUN].files
    assert {path: hub.source(view).read(path) for path in files} == files
    assert (done.checkpoint.size, done.view) == (BEGUN, view)
    assert check_tables(hub.engine, hub.memorandum) == audit(source).digest
    goes_on(hub, alliance)
    assert audit(hub.source(view), pin=alliance.memorandum.hash).failure is None
    hub.engine.dispose()
    assert verdicts(tmp_path) == ({} if view == "full" else {"disclosures": "set-up"})


def test_what_was_never_given_is_a_matter_of_the_set_up_and_what_was_taken_out_one_of_history(
    tmp_path: Path, alliance: given.Alliance, restored: Callable[[str], Hub]
) -> None:
    # given: a ledger restored without disclosures, that has had one event with disclosures since
    hub = restored("clear")
    goes_on(hub, alliance)
    assert verdicts(tmp_path) == {"disclosures": "set-up"}

    # when: those of that event are taken out
    with writing(hub.engine) as connection:
        connection.execute(tables.vault.delete().where(tables.vault.c.index == SMALL))

    # then
    assert verdicts(tmp_path) == {"log and vault": "history", "disclosures": "set-up"}


def test_whoever_has_the_database_alone_cannot_say_that_something_was_never_given(
    tmp_path: Path, restored: Callable[[str], Hub]
) -> None:
    hub, index = restored("full"), tables.vault.c.index

    with writing(hub.engine) as connection:
        connection.execute(tables.vault.update().where(index == SMALL - 1).values(ciphertext=bytes(28)))

    assert verdicts(tmp_path)["log and vault"] == "history"


def test_a_copy_whose_digest_note_is_older_than_its_checkpoint_gets_a_new_one(tmp_path: Path, states: States) -> None:
    lagging = Held(states["full", LARGE].files | {"digest": states["full", SMALL].files["digest"]})

    restore(hubs.settings_in(tmp_path), lagging, hubs.LOG)

    hub = hubs.reopened(tmp_path)
    assert hub.source("full").read("digest") == states["full", LARGE].files["digest"]
    hub.engine.dispose()


# ---------------------------------------------------------------------- what is refused


def is_empty(folder: Path) -> bool:
    """No ledger is there, and one can be restored."""
    engine = open_engine(hubs.settings_in(folder).database_url)
    if engine.dialect.name == "sqlite":
        return not (folder / "hub" / "ledger.db").exists()
    with reading(engine) as connection:
        return not any(connection.execute(table.select().limit(1)).all() for table in tables.metadata.sorted_tables)


@pytest.mark.parametrize(
    "path", ["tile/entries/000.p/30", "digests/000.p/30", "disclosures/000.p/30", "tile/0/000.p/30", "digest"]
)
def test_what_an_audit_does_not_find_to_hold_is_not_restored(tmp_path: Path, states: States, path: str) -> None:
    spoilt = Held(states["full", SMALL].files)
    data = bytearray(spoilt.read(path))
    data[40] ^= 1
    spoilt.files[path] = bytes(data)

    with pytest.raises(TamperedError, match="nothing is restored"):
        restore(hubs.settings_in(tmp_path), spoilt, hubs.LOG)

    assert is_empty(tmp_path)


class Turning:
    """A source that is honest while it is audited, and not when it is read again."""

    def __init__(self, states: States, path: str) -> None:
        self.source, self.path, self.left = states["full", SMALL], path, 1

    def read(self, path: str) -> bytes:
        data = bytearray(self.source.read(path))
        if path == self.path:
            self.left -= 1
            if self.left < 0:
                data[-3] ^= 1
        return bytes(data)


@pytest.mark.parametrize("path", ["tile/entries/000.p/30", "disclosures/000.p/30", "digest"])
def test_a_source_that_changes_after_its_audit_is_not_believed(tmp_path: Path, states: States, path: str) -> None:
    with pytest.raises(TamperedError, match="not what it was"):
        restore(hubs.settings_in(tmp_path), Turning(states, path), hubs.LOG)

    # and what is left is no hindrance
    restore(hubs.settings_in(tmp_path), states["full", SMALL], hubs.LOG)
    assert verdicts(tmp_path) == {}


def test_a_ledger_that_is_there_stays(tmp_path: Path, alliance: given.Alliance, states: States) -> None:
    hub = hubs.founded_hub(tmp_path, alliance)

    with pytest.raises(SetupError, match="already"):
        restore(hubs.settings_in(tmp_path), states["full", SMALL], hubs.LOG)

    assert hub.appender.size() == 0
    hub.engine.dispose()


def test_another_key_than_the_logs_is_refused(tmp_path: Path, states: States) -> None:
    other = NoteSigner(given.ORIGIN, given.signing_key("other"))

    with pytest.raises(SetupError, match="log key"):
        restore(hubs.settings_in(tmp_path), states["full", SMALL], other)

    assert is_empty(tmp_path)


def test_another_ledger_than_the_pinned_one_is_refused(tmp_path: Path, states: States) -> None:
    with pytest.raises(TamperedError, match="another memorandum"):
        restore(hubs.settings_in(tmp_path), states["full", SMALL], hubs.LOG, pin=bytes(32))

    assert is_empty(tmp_path)


def test_a_copy_that_is_older_than_what_was_signed_here_is_refused(tmp_path: Path, states: States) -> None:
    settings = hubs.settings_in(tmp_path)
    note = states["full", LARGE].files["checkpoint"]
    settings.log_key_file.with_name("last-checkpoint").write_bytes(note or b"")

    with pytest.raises(TamperedError, match="34 entries is signed"):
        restore(settings, states["full", SMALL], hubs.LOG)

    restore(settings, states["full", LARGE], hubs.LOG)
    assert verdicts(tmp_path) == {}


def test_what_was_signed_last_is_remembered(tmp_path: Path, states: States) -> None:
    settings = hubs.settings_in(tmp_path)

    restore(settings, states["clear", SMALL], hubs.LOG)

    kept, _ = read_checkpoint(settings.log_key_file.with_name("last-checkpoint").read_bytes(), hubs.LOG.verifier)
    assert kept.size == SMALL
    assert signed(SMALL, kept.root, bytes(32))["checkpoint"] == states["clear", SMALL].files["checkpoint"]


# ---------------------------------------------------------------------- cut off anywhere


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    "at", ["found", "append_entries", "write_tiles", "write_versions", "advance", "publish", "signed_file"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_restoring_that_is_cut_off_anywhere_is_run_again(
    tmp_path: Path, states: States, monkeypatch: pytest.MonkeyPatch, at: str, when: str
) -> None:
    real = getattr(restoring, at)

    def failing(*arguments: object, **named: object) -> object:
        if when == "after":
            real(*arguments, **named)
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(restoring, at, failing)
        with pytest.raises(PowerCutError):
            restore(hubs.settings_in(tmp_path), states["full", SMALL], hubs.LOG)

    restore(hubs.settings_in(tmp_path), states["full", SMALL], hubs.LOG)
    assert verdicts(tmp_path) == {}


@pytest.mark.parametrize("left", [b"", None])
def test_a_key_file_that_a_crash_left_is_taken_up(tmp_path: Path, states: States, left: bytes | None) -> None:
    settings = hubs.settings_in(tmp_path)
    if left is None:
        Vault.create(settings.vault_key_file, wrap=None, draw=lambda: bytes(32))
    else:
        settings.vault_key_file.touch(mode=0o600)

    restore(settings, states["full", SMALL], hubs.LOG)

    assert verdicts(tmp_path) == {}
    shutil.rmtree(settings.data_dir)
