"""Folders that appear whole, durable and their owner's alone, or not at all."""

import stat
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.errors import MalformedError
from ledger.operations.new_folder import new_folder, write_files

FILES = {"a.csv": "x\n", "lists/b.txt": "y\n"}


def test_a_folder_appears_with_all_its_files_for_its_owner_alone(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as part:
        write_files(part, FILES)
        assert not (tmp_path / "out").exists()

    assert {each.name for each in tmp_path.iterdir()} == {"out"}
    assert {name: (tmp_path / "out" / name).read_text() for name in FILES} == FILES
    for each in (tmp_path / "out", tmp_path / "out" / "lists"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    for name in FILES:
        assert stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) == 0o600


def test_a_folder_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "out") as part:
            write_files(part, FILES)
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("found", ["a folder that is not empty", "a file", "a link"])
def test_nothing_is_written_over(tmp_path: Path, found: str) -> None:
    out = tmp_path / "out"
    if found == "a file":
        out.write_text("mine")
    elif found == "a link":
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    else:
        out.mkdir()
        (out / "mine").touch()
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(MalformedError, match="is there already"), new_folder(out):
        pytest.fail("the folder was begun")

    assert sorted(tmp_path.rglob("*")) == before


def test_what_comes_to_be_meanwhile_is_not_written_over_either(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def overtaken() -> None:
        with new_folder(out) as part:
            write_files(part, FILES)
            out.mkdir()
            (out / "mine").write_text("mine")

    with pytest.raises(MalformedError, match="not empty"):
        overtaken()

    assert [each.name for each in tmp_path.rglob("*")] == ["out", "mine"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with new_folder(tmp_path / "out") as part:
        write_files(part, FILES)

    assert (tmp_path / "out" / "a.csv").exists()


def test_what_a_kill_left_is_taken_away_and_what_another_is_at_work_on_is_not(tmp_path: Path) -> None:
    left = tmp_path / "out.1-0.part"
    left.mkdir()
    (left / "secret").write_text("a patient's")
    other = tmp_path / "other.1-0.part"
    other.mkdir()

    with new_folder(tmp_path / "out") as part:
        write_files(part, FILES)
        with suppress(KeyError), new_folder(tmp_path / "out"):  # a second writer, while the first is at work
            assert part.exists()
            raise KeyError

    assert not left.exists()
    assert other.exists()
    assert (tmp_path / "out" / "a.csv").exists()
