"""A mirror whose run ends anywhere is whole, and the next run ends right."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import given
import pytest
from mirrors import LARGE, SMALL, Counting, States, busy_alliance, claimed, files_in, paths_of, states_of

from ledger.operations import mirror_folder
from ledger.operations.mirror import Mirrored, mirror
from ledger.operations.replacing import replacing


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance()


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("states"), alliance)


class PowerCutError(Exception):
    pass


def cut_off(monkeypatch: pytest.MonkeyPatch, at: int, *, written: bool) -> None:
    """Let the write with this number fail, before anything of it is in place or just after it is."""
    count = 0

    @contextmanager
    def failing(file: Path, *, mode: int) -> Iterator[object]:
        nonlocal count
        count += 1
        if count == at and not written:
            raise PowerCutError
        with replacing(file, mode=mode) as opened:
            yield opened
        if count == at:
            raise PowerCutError

    monkeypatch.setattr(mirror_folder, "replacing", failing)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_mirror_cut_off_at_any_write_is_whole_and_goes_on_from_there(
    states: States,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: bool,
    begun: bool,
) -> None:
    beginning = tmp_path / "beginning"
    beginning.mkdir()
    if begun:
        mirror(states["clear", SMALL], beginning)
    at, ended = 0, False
    while not ended:
        # given: a mirror whose run ended at this write
        at += 1
        folder = tmp_path / str(at)
        shutil.copytree(beginning, folder)
        with monkeypatch.context() as patch:
            cut_off(patch, at, written=written)
            with suppress(PowerCutError):
                ended = isinstance(mirror(states["clear", LARGE], folder), Mirrored)

        # then: what its checkpoint claims is all there
        if (folder / "checkpoint").exists():
            assert claimed(folder) in (SMALL, LARGE)
        in_place = files_in(folder)

        # and the next run ends right, and fetches nothing that is in place
        counting = Counting(states["clear", LARGE])
        mirror(counting, folder)
        fetched = {path for path in counting.asked if path.startswith(("tile/entries/", "digests/", "tile/0/000"))}
        assert fetched.isdisjoint(in_place)
        after = files_in(folder)
        assert {path: after[path] for path in states["clear", LARGE].files} == states["clear", LARGE].files
        shutil.rmtree(folder)

    assert at > len(paths_of(LARGE)) - len(paths_of(SMALL))
