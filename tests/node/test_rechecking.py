"""Receipts held against a ledger: the hub itself, a mirror, a bundle; one that was forked, rolled back, or altered."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import pytest
from desks import added, answering, desk, flushed, profiled, submitted
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.errors import NotFoundError, TamperedError, UnavailableError
from ledger.node.receipts import Kept
from ledger.node.rechecking import Recheck, recheck
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub
from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource

POSTS = 3


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    alliance = given.founded()
    alliance.runs_trial(given.DRUP)
    return alliance


@pytest.fixture(scope="module")
def hub(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of more entries than a tile holds."""
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def kept(hub: Hub, alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    """What DRUP keeps of three posts, after which the log has grown on."""
    drup = desk(tmp_path_factory.mktemp("drup") / "node", alliance)
    for post in range(POSTS):
        added(drup, *(submitted(100 * post + number) for number in range(90)), profiled(100 * post))
        flushed(drup, answering(hub))
    other = desk(tmp_path_factory.mktemp("other") / "node", alliance)
    added(other, *(submitted(900 + number) for number in range(5)))
    flushed(other, answering(hub))
    return drup.receipts.kept()


@pytest.fixture(scope="module")
def bundle(hub: Hub, kept: list[Kept], tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert kept
    file = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    write_bundle(hub.source("clear"), file, view="clear")
    return file


@pytest.fixture
def mirror(bundle: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(tmp_path / "mirror")
    return tmp_path / "mirror"


class Counted:
    """A source that counts what is read of it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.paths: list[str] = []

    def read(self, path: str) -> bytes:
        self.paths.append(path)
        return self._source.read(path)


def held(kept: list[Kept], source: Source, alliance: given.Alliance) -> Recheck:
    return recheck(kept, memorandum=alliance.memorandum, source=source)


def test_the_hub_still_holds_each_receipt(hub: Hub, kept: list[Kept], alliance: given.Alliance) -> None:
    def connect(*, base_url: str, **_: object) -> httpx.Client:
        return TestClient(create_app(hub, dev=True), base_url=base_url)

    with HttpSource("http://localhost", connect=connect) as source:
        found = held(kept, source, alliance)

    assert found.holds
    assert (found.receipts, found.checkpoint.size) == (POSTS * 91, hub.appender.size())


def test_a_bundle_or_a_mirror_answers_for_the_hub(
    bundle: Path, mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    with ZipSource(bundle) as zipped:
        assert held(kept, zipped, alliance).holds
    assert held(kept, FolderSource(mirror), alliance).holds


def test_no_file_is_read_twice_and_no_entries_at_all(mirror: Path, kept: list[Kept], alliance: given.Alliance) -> None:
    source = Counted(FolderSource(mirror))

    held(kept, source, alliance)

    assert len(source.paths) == len(set(source.paths)) == 1 + 2 + 1  # checkpoint, level 0, level 1
    assert not any("entries" in path for path in source.paths)


def test_whoever_takes_note_of_checkpoints_is_shown_it_as_it_came(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    seen: list[bytes] = []

    recheck(kept, memorandum=alliance.memorandum, source=FolderSource(mirror), seen=seen.append)

    assert seen == [(mirror / "checkpoint").read_bytes()]


def another_hub(folder: Path, alliance: given.Alliance, kept: list[Kept], *, cut: int, more: int) -> Hub:
    """A hub with the same key and document that has the beginning of what was kept, and then goes on by itself."""
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    for start in range(0, cut, 50):
        hub.post([each.envelope.text for each in kept[start : min(start + 50, cut)]])
    other = desk(folder / "node", alliance)
    added(other, *(submitted(5_000 + number) for number in range(more)))
    flushed(other, answering(hub))
    return hub


def test_a_hub_that_was_rolled_back_is_an_alarm_that_names_the_first_receipt(
    tmp_path: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    short = another_hub(tmp_path, alliance, kept, cut=0, more=0)

    found = held(kept, short.source("clear"), alliance)
    short.engine.dispose()

    assert len(found.broken) == len(kept)
    assert found.broken[0].seq == kept[0].envelope.claims.seq
    assert found.broken[0].what.startswith("rolled back: the log had")


def test_a_hub_that_forked_is_an_alarm_however_long_its_log_is(
    tmp_path: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    fork = another_hub(tmp_path, alliance, kept, cut=100, more=300)

    found = held(kept, fork.source("clear"), alliance)
    fork.engine.dispose()

    assert len(found.broken) == len(kept)  # of the same envelopes too: they were received at another time
    assert found.broken[0].what.startswith("forked: the first ")
    assert (found.broken[0].seq, found.broken[0].index) == (kept[0].envelope.claims.seq, kept[0].receipt.index)


def test_the_first_receipt_that_is_not_honoured_is_named_and_the_others_are_counted(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    altered = list(kept)
    altered[7] = kept[7]._replace(envelope=kept[8].envelope)
    altered[20] = kept[20]._replace(receipt=replace(kept[20].receipt, index=3))

    found = held(altered, FolderSource(mirror), alliance)

    assert [each.index for each in found.broken] == [kept[7].receipt.index, 3]


def test_an_entry_in_anothers_place_is_seen_in_the_tree(
    mirror: Path, kept: list[Kept], alliance: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.node.receipts.check_inclusion", lambda *_, **__: None)
    altered = [kept[0]._replace(envelope=kept[1].envelope), *kept[1:]]

    found = held(altered, FolderSource(mirror), alliance)

    assert [each.what for each in found.broken] == ["another entry stands in its place"]


def alter(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    file.write_bytes(data)


def test_a_tile_that_was_altered_holds_up_no_receipt_whose_entry_is_in_it(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    alter(mirror / "tile" / "0" / "000")

    found = held(kept, FolderSource(mirror), alliance)

    assert {each.index for each in found.broken} >= {each.receipt.index for each in kept if each.receipt.index < 256}
    assert "tile/0/000 does not hash to its place" in found.broken[0].what


def test_tiles_that_do_not_lead_to_the_checkpoint_are_an_alarm(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    alter(mirror / "tile" / "1" / "000.p" / "1")

    with pytest.raises(TamperedError, match="do not lead to the root"):
        held(kept, FolderSource(mirror), alliance)


def test_a_partial_tile_that_was_filled_meanwhile_is_read_from_the_full_one(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    (partial,) = (mirror / "tile" / "0" / "001.p").iterdir()
    (mirror / "tile" / "0" / "001").write_bytes(partial.read_bytes().ljust(256 * 32, b"x"))
    partial.unlink()

    assert held(kept, FolderSource(mirror), alliance).holds


def test_what_is_no_checkpoint_of_the_log_is_an_alarm_and_nothing_at_all_is_not(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    note = (mirror / "checkpoint").read_bytes()

    (mirror / "checkpoint").write_bytes(note.replace(given.ORIGIN.encode(), b"other.example/log"))
    with pytest.raises(TamperedError, match="is not the log's"):
        held(kept, FolderSource(mirror), alliance)
    (mirror / "checkpoint").unlink()
    with pytest.raises(NotFoundError):
        held(kept, FolderSource(mirror), alliance)


def test_a_line_that_breaks_says_nothing_about_receipts(
    mirror: Path, kept: list[Kept], alliance: given.Alliance
) -> None:
    class Breaking(Counted):
        def read(self, path: str) -> bytes:
            if path == "tile/0/000":
                raise UnavailableError("no route")
            return super().read(path)

    with pytest.raises(UnavailableError):
        held(kept, Breaking(FolderSource(mirror)), alliance)
