"""A folder that file servers show: what goes in and what never does, in which order, and for how long it stays."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import pytest
from mirrors import BEGUN, LARGE, SMALL, States, busy_alliance, claimed, files_in, states_of

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, TamperedError
from ledger.merkle.tiles import node_from_tiles, parse_path, tile_path
from ledger.merkle.tree import root_at
from ledger.operations import mirror_folder
from ledger.operations.mirror import Mirrored, mirror
from ledger.operations.replacing import replacing
from ledger.operations.source import FolderSource, read_tiled
from ledger.signing.checkpoint import read_checkpoint

Kind = Literal["clear", "public"]
KINDS: tuple[Kind, ...] = ("clear", "public")
NOW_S = 1_700_000_000


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("hub"), busy_alliance())


def published(states: States, size: int, folder: Path, shows: Kind, *, grace_from_s: float | None = None) -> Mirrored:
    return mirror(states["full", size], folder, shows=shows, outgrown_before_s=grace_from_s)


def stands(folder: Path) -> int:
    """Of how many entries the folder's checkpoint is, to whose root the folder's own tiles lead."""
    source = FolderSource(folder)
    log_key = Memorandum.parse(source.read("memorandum")).log_key
    head, _ = read_checkpoint(source.read("checkpoint"), log_key)
    nodes = node_from_tiles(lambda level, n, width: read_tiled(source, tile_path(level, n, width)), head.size)
    assert root_at(head.size, nodes) == head.root
    for index in range(head.size):
        nodes(0, index)
    return head.size


def test_what_everybody_may_see_is_all_that_goes_in(states: States, tmp_path: Path) -> None:
    done = published(states, SMALL, tmp_path, "public")

    names = files_in(tmp_path).keys()
    tiles = {name for name in names if name.startswith("tile/") and parse_path(name).kind == "tile"}
    assert names - tiles == {"memorandum", "checkpoint", "checkpoints"}
    assert (stands(tmp_path), done.view) == (SMALL, "public")
    assert (tmp_path / "checkpoint").stat().st_mode & 0o044 == 0o044 & ~_umask()


def test_of_a_full_source_partners_get_all_but_disclosures(states: States, tmp_path: Path) -> None:
    done = published(states, SMALL, tmp_path, "clear")

    found = files_in(tmp_path)
    assert (claimed(tmp_path), done.view, found["view"]) == (SMALL, "clear", b'{"view":"clear"}')
    assert {found[name].strip() for name in found if name.startswith("disclosures/")} == {b""}


@pytest.mark.parametrize(("first", "second"), [KINDS, KINDS[::-1]])
def test_what_a_folder_holds_is_settled_when_it_begins(
    states: States, tmp_path: Path, first: Kind, second: Kind
) -> None:
    published(states, BEGUN, tmp_path, first)
    before = files_in(tmp_path)

    with pytest.raises(MalformedError, match="name another folder"):
        published(states, SMALL, tmp_path, second)

    assert files_in(tmp_path) == before


@pytest.mark.parametrize("shows", KINDS)
def test_what_was_put_there_is_told_in_an_order_in_which_it_can_be_uploaded(
    states: States, tmp_path: Path, shows: Kind
) -> None:
    first, second = published(states, BEGUN, tmp_path, shows), published(states, LARGE, tmp_path, shows)

    assert {*first.written} <= files_in(tmp_path).keys() | {*second.removed}
    for done in (first, second):
        after = done.written[done.written.index("checkpoint") + 1 :]
        assert {*after} <= {"digest", "checkpoints"}
    assert {"tile/0/001", "tile/0/002.p/48"} <= {*second.written}
    assert published(states, LARGE, tmp_path, shows).written == ()


@pytest.mark.parametrize("shows", KINDS)
def test_wherever_it_is_cut_off_a_reader_finds_all_that_the_checkpoint_stands_on(
    states: States, tmp_path: Path, shows: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = len(published(states, SMALL, tmp_path / "whole", shows).written)
    writes += len(published(states, LARGE, tmp_path / "whole", shows).written)

    for at in range(0, writes + 1, 2):
        folder, left = tmp_path / f"cut-{at}", [at]
        with monkeypatch.context() as patched:
            patched.setattr(mirror_folder, "replacing", _failing(left))
            for size in (SMALL, LARGE):
                try:
                    published(states, size, folder, shows)
                except OSError:
                    break

        if (folder / "checkpoint").exists():
            assert stands(folder) in {SMALL, LARGE}
        published(states, LARGE, folder, shows)
        assert stands(folder) == LARGE


def _failing(left: list[int]) -> object:
    @contextmanager
    def failing(file: Path, *, mode: int) -> Iterator[BinaryIO]:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(file))
        with replacing(file, mode=mode) as opened:
            yield opened

    return failing


@pytest.mark.parametrize("shows", KINDS)
def test_a_partial_tile_stays_for_a_while_once_the_full_one_is_there(
    states: States, tmp_path: Path, shows: Kind
) -> None:
    # given: a reader who has taken the checkpoint of the smaller log
    partial = tmp_path / "tile/0/001.p" / str(BEGUN - 256)
    published(states, BEGUN, tmp_path, shows)

    # when: the tile is filled
    grown = published(states, LARGE, tmp_path, shows, grace_from_s=0)

    # then: it goes at the first run after its time
    assert (partial.exists(), grown.removed) == (True, ())
    os.utime(tmp_path / "tile/0/001", (NOW_S, NOW_S))
    published(states, LARGE, tmp_path, shows, grace_from_s=NOW_S)
    assert partial.exists()
    due = published(states, LARGE, tmp_path, shows, grace_from_s=NOW_S + 1)
    assert not partial.exists()
    assert f"tile/0/001.p/{BEGUN - 256}" in due.removed
    assert (tmp_path / f"tile/0/002.p/{LARGE - 512}").exists()
    assert stands(tmp_path) == LARGE


@pytest.mark.parametrize("shows", KINDS)
def test_a_rollback_is_an_alarm_and_changes_nothing(states: States, tmp_path: Path, shows: Kind) -> None:
    published(states, LARGE, tmp_path, shows)
    before = files_in(tmp_path)

    with pytest.raises(TamperedError, match="rolled back"):
        published(states, SMALL, tmp_path, shows)

    assert files_in(tmp_path) == before


@pytest.mark.parametrize("shows", KINDS)
def test_a_fork_is_an_alarm_and_changes_nothing(states: States, tmp_path: Path, shows: Kind) -> None:
    (tmp_path / "other").mkdir()
    other = states_of(tmp_path / "other", busy_alliance(SMALL), SMALL)  # by the same key, received at another time
    published(states, BEGUN, tmp_path / "log", shows)
    before = files_in(tmp_path / "log")

    with pytest.raises(TamperedError, match="forked"):
        published(other, SMALL, tmp_path / "log", shows)

    assert files_in(tmp_path / "log") == before


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
