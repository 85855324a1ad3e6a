"""Bundles as files: for their writer's eyes, whole or not at all, and bounded by what was read and not by a claim."""

import os
from pathlib import Path

import given
import hubs
import pytest
from watched import watched

from ledger.errors import MalformedError, NotFoundError
from ledger.merkle.tiles import tile_widths, tiles_of
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub
from ledger.operations.source import Source, ZipSource
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint


class Failing:
    """A source that is gone after some files."""

    def __init__(self, source: Source, *, after: int) -> None:
        self.source, self.left = source, after

    def read(self, path: str) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise NotFoundError(f"there is no {path} any more")
        return self.source.read(path)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    return hub


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where bundles go, in a folder of their own."""
    (tmp_path / "bundles").mkdir()
    return tmp_path / "bundles" / "bundle.zip"


def test_a_bundle_is_for_its_writers_eyes_alone_from_its_first_byte(hub: Hub, out: Path) -> None:
    modes: list[int] = []
    before = os.umask(0)

    def look(_done: int, _of: int) -> None:
        [part] = out.parent.glob("bundle.zip.*.part")
        modes.append(part.stat().st_mode & 0o777)

    try:
        write_bundle(hub.source("full"), out, view="full", progress=look)
    finally:
        os.umask(before)

    assert {*modes, out.stat().st_mode & 0o777} == {0o600}


def test_a_bundle_that_fails_leaves_nothing_and_what_was_there_before(hub: Hub, out: Path) -> None:
    out.write_bytes(b"yesterday's")

    with pytest.raises(NotFoundError):
        write_bundle(Failing(hub.source("full"), after=5), out, view="full")

    assert {file.name: file.read_bytes() for file in out.parent.iterdir()} == {"bundle.zip": b"yesterday's"}


def test_a_bundle_is_on_disk_before_it_has_its_name_and_its_name_before_it_is_told(
    hub: Hub, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().suffix, out.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_bundle(hub.source("full"), out, view="full")

    assert synced == [(".part", False), ("", True)]


def test_progress_counts_every_file_that_lies_in_tiles(hub: Hub, out: Path) -> None:
    told: list[tuple[int, int]] = []

    head = write_bundle(hub.source("clear"), out, view="clear", progress=lambda done, of: told.append((done, of)))

    files = len(list(tiles_of(head.size))) + 3 * len(list(tile_widths(head.size, 0)))
    assert told == [(done, files) for done in range(1, files + 1)]


class Boasting:
    """A source whose checkpoint claims more entries than there are files in the world."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def read(self, path: str) -> bytes:
        if path == "checkpoint":
            return sign_checkpoint(Checkpoint(given.ORIGIN, 10**18 - 1, bytes(32)), hubs.LOG).encode()
        return self.source.read(path)


def test_the_size_that_a_checkpoint_claims_costs_nothing_until_the_files_come(hub: Hub, out: Path) -> None:
    with pytest.raises(NotFoundError, match="tile/0/000"):
        write_bundle(Boasting(hub.source("full")), out, view="full")


@pytest.mark.parametrize("view", ["", "banana", "node:drup-nl"])
def test_a_bundle_is_full_or_clear(hub: Hub, out: Path, view: str) -> None:
    with pytest.raises(MalformedError, match="full or clear"):
        write_bundle(hub.source("full"), out, view=view)

    assert not list(out.parent.iterdir())


def test_a_full_bundle_is_not_made_of_a_source_that_shows_nothing_sealed(hub: Hub, out: Path) -> None:
    with pytest.raises(MalformedError, match="does not hold every disclosure"):
        write_bundle(hub.source("clear"), out, view="full")

    assert not out.exists()


def test_a_bundle_can_be_made_of_a_bundle(hub: Hub, out: Path) -> None:
    write_bundle(hub.source("full"), out, view="full")

    with ZipSource(out) as source:
        write_bundle(source, out, view="full")

    with ZipSource(out) as source:
        assert source.read("memorandum") == hub.memorandum.text


def test_a_bundle_has_the_kept_checkpoints_and_the_same_bytes_each_time(tmp_path: Path, out: Path) -> None:
    again = out.with_name("again.zip")
    with watched(tmp_path) as made:
        made.hub.witnessing.work()

        write_bundle(made.hub.source("full"), out, view="full")
        write_bundle(made.hub.source("full"), again, view="full")

        with ZipSource(out) as source:
            assert source.read("checkpoints") == made.file("checkpoints") != b""
        assert out.read_bytes() == again.read_bytes()


class Older:
    """A source that was made before checkpoints were kept."""

    def __init__(self, source: Source, answer: bytes | None = None) -> None:
        self.source, self.answer = source, answer

    def read(self, path: str) -> bytes:
        if path == "checkpoints":
            if self.answer is None:
                raise NotFoundError("there is no checkpoints")
            return self.answer
        return self.source.read(path)


def test_a_bundle_of_a_source_that_keeps_no_checkpoints_has_an_empty_file(hub: Hub, out: Path) -> None:
    write_bundle(Older(hub.source("full")), out, view="full")

    with ZipSource(out) as source:
        assert source.read("checkpoints") == b""
    assert audit(Older(hub.source("full")), view="full").failure is None


def test_a_bundle_is_not_made_of_kept_checkpoints_that_are_none(hub: Hub, out: Path) -> None:
    with pytest.raises(MalformedError, match="kept checkpoint"):
        write_bundle(Older(hub.source("full"), b"nothing"), out, view="full")

    assert not list(out.parent.iterdir())
