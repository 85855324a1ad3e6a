"""Copies of a log and an erasure: mirrors drop what is erased, and hubs that are made of copies never get it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import erased
import given
import hubs
import pytest
from forged import Altered
from given import DRUP, case

from ledger.errors import TamperedError, UnavailableError
from ledger.operations import restore as restoring
from ledger.operations.audit import Audit, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.doctor import examine
from ledger.operations.hub import Hub, open_store, open_vault
from ledger.operations.mirror import mirror
from ledger.operations.restore import restore
from ledger.operations.source import FolderSource, Source, ZipSource
from ledger.store.engine import reading
from ledger.store.erased import erased_events

LONG = 300  # more than a tile, which is full then, and rewritten in place


@pytest.fixture
def alliance() -> given.Alliance:
    alliance = erased.told()
    while alliance.database.size < LONG:
        alliance.says(DRUP, "case.submitted", {"case": case(alliance.database.size), "on": "2021-11-20"})
    return alliance


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Hub:
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    return hub


@pytest.fixture
def folder(tmp_path: Path, hub: Hub) -> Path:
    """A mirror of before the erasure."""
    mirror(hub.source("full"), tmp_path / "mirror")
    return tmp_path / "mirror"


def holds(folder: Path) -> Audit:
    found = audit(FolderSource(folder), view="full")
    assert found.failure is None, found.failure
    return found


def searched(alliance: given.Alliance) -> list[bytes]:
    return list(erased.needles(alliance, erased.erased(alliance)))


def test_a_mirror_drops_what_is_erased_and_keeps_the_rest(hub: Hub, alliance: given.Alliance, folder: Path) -> None:
    shown = holds(folder).shown
    hub.post([erased.erases(alliance).text])
    assert erased.found_in(folder, searched(alliance)) == {"000"}

    mirror(hub.source("full"), folder)

    found = holds(folder)
    assert erased.found_in(folder, searched(alliance)) == set()
    assert (found.shown, found.erased) == (shown - found.erased, found.erased)
    assert found.erased > 0


def test_a_mirror_drops_what_is_erased_though_its_source_shows_it_still(
    hub: Hub, alliance: given.Alliance, folder: Path
) -> None:
    before = hub.source("full").read("disclosures/000")
    hub.post([erased.erases(alliance).text])

    mirror(Altered(hub.source("full"), {"disclosures/000": before}), folder)

    assert erased.found_in(folder, searched(alliance)) == set()
    assert holds(folder).erased > 0


class Dying:
    """A source that is gone once it was asked for so many files."""

    def __init__(self, source: Source, left: int) -> None:
        self.source, self.left = source, left

    def read(self, path: str) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise UnavailableError("the line is cut")
        return self.source.read(path)


def test_a_mirror_that_is_cut_off_anywhere_is_healed_by_the_next_run(
    hub: Hub, alliance: given.Alliance, folder: Path
) -> None:
    hub.post([erased.erases(alliance).text])
    cut = 0
    while True:
        source = Dying(hub.source("full"), cut)
        try:
            mirror(source, folder)
        except UnavailableError:
            cut += 1
        else:
            break
    assert cut > 5
    assert holds(folder).erased > 0
    assert erased.found_in(folder, searched(alliance)) == set()


def test_a_mirror_that_met_an_erasure_while_it_copied_says_so_and_the_next_run_has_it(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    class Erasing:
        is_done = False

        def read(self, path: str) -> bytes:
            if path == "disclosures/000" and not self.is_done:
                self.is_done = True
                hub.post([erased.erases(alliance).text])
            return hub.source("full").read(path)

    source = Erasing()
    with pytest.raises(UnavailableError, match="erased while the log was copied"):
        mirror(source, tmp_path / "mirror")
    mirror(source, tmp_path / "mirror")

    assert holds(tmp_path / "mirror").erased > 0


# ---------------------------------------------------------------------- hubs made of copies


def restored(tmp_path: Path, source: Source) -> Hub:
    home = tmp_path / "again"
    home.mkdir(exist_ok=True)
    settings = hubs.settings_in(home)
    restore(settings, source, hubs.LOG)
    engine, _ = open_store(settings)  # before a hub opens it, which would take away what should not be there
    with reading(engine) as connection:
        assert open_vault(settings).kept(connection, erased_events(connection)) == ([], [])
    engine.dispose()
    return hubs.reopened(home)


def keys_of(tmp_path: Path) -> set[str]:
    with closing(sqlite3.connect(tmp_path / "again" / "hub" / "vault-keys.db")) as file:
        return {event_id for (event_id,) in file.execute("SELECT event_id FROM keys")}


@pytest.mark.parametrize("view", ["full", "clear"])
def test_a_hub_that_is_restored_never_gets_what_is_erased(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, view: str
) -> None:
    hub.post([erased.erases(alliance).text])
    write_bundle(hub.source(view), tmp_path / "bundle.zip", view=view)

    with ZipSource(tmp_path / "bundle.zip") as source:
        again = restored(tmp_path, source)

    gone = erased.erased(alliance)
    with reading(again.engine) as connection:
        assert not set(again.vault.never_given(connection)) & set(gone)  # erased, not withheld
        assert not again.vault.open(connection, 0, LONG).keys() & set(gone)
    assert not keys_of(tmp_path) & {alliance.database.events[index].event_id for index in gone}
    assert erased.found_in(tmp_path / "again", searched(alliance)) == set()
    again.engine.dispose()
    wrong = {each.what for each in examine(hubs.settings_in(tmp_path / "again")) if each.verdict != "well"}
    assert wrong == (set() if view == "full" else {"disclosures"})


def test_a_hub_that_goes_on_from_an_older_bundle_erases_with_the_nodes_word_as_any(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    write_bundle(hub.source("full"), tmp_path / "bundle.zip", view="full")
    with ZipSource(tmp_path / "bundle.zip") as source:
        again = restored(tmp_path, source)

    again.post([erased.erases(alliance).text])

    write_bundle(again.source("full"), tmp_path / "again" / "later.zip", view="full")
    assert erased.found_in(tmp_path / "again", searched(alliance)) == set()


def test_a_source_of_the_newer_log_with_older_disclosures_is_not_restored_from(
    hub: Hub, alliance: given.Alliance, tmp_path: Path
) -> None:
    """Whoever put it together has not applied the erasure."""
    before = hub.source("full").read("disclosures/000")
    hub.post([erased.erases(alliance).text])

    with pytest.raises(TamperedError, match="brings back what was erased"):
        restored(tmp_path, Altered(hub.source("full"), {"disclosures/000": before}))


def test_what_a_source_brings_back_after_it_was_audited_is_not_taken(
    hub: Hub, alliance: given.Alliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hub.source("full").read("disclosures/000")
    hub.post([erased.erases(alliance).text])
    source = Altered(hub.source("full"), {})

    def audited_then_changed(*args: object, **kwargs: object) -> Audit:
        found = audit(*args, **kwargs)  # type: ignore[arg-type]  # as it was called
        source.files["disclosures/000"] = before
        return found

    monkeypatch.setattr(restoring, "audit", audited_then_changed)
    again = restored(tmp_path, source)

    with reading(again.engine) as connection:
        assert not again.vault.open(connection, 0, LONG).keys() & set(erased.erased(alliance))
    assert erased.found_in(tmp_path / "again", searched(alliance)) == set()
