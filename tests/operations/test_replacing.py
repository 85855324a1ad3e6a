"""Files that appear whole: several writers at once, and what killed ones leave behind."""

import fcntl
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.operations import replacing as module
from ledger.operations.replacing import name_of_part, replacing

WRITE = """
import sys
from pathlib import Path
from ledger.operations.replacing import replacing

file, letter, times, then = sys.argv[1:]
for _ in range(int(times)):
    with replacing(Path(file)) as opened:
        opened.write(letter.encode() * 10_000)
        if then == "wait":
            opened.flush()
            print("writing", flush=True)
            sys.stdin.readline()
"""


def write(file: Path, data: bytes) -> None:
    with replacing(file) as opened:
        opened.write(data)


def writer(file: Path, letter: str, times: int, then: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(file), letter, str(times), then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_while_writing(file: Path) -> Path:
    """What a writer left that was killed."""
    process = writer(file, "k", 1, "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [part] = file.parent.glob(f"{file.name}.{process.pid}-*.part")
    return part


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_threads_that_write_one_file_at_once_all_succeed_and_one_of_them_stands(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    written = [bytes([65 + n % 26]) * 10_000 for n in range(100)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda data: write(file, data), written))

    assert file.read_bytes() in written
    assert names_in(tmp_path) == ["checkpoint"]


def test_processes_that_write_one_file_at_once_all_succeed_and_one_of_them_stands(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"

    writers = [writer(file, letter, 50, "go on") for letter in "ab"]
    for each in writers:
        each.communicate(timeout=60)

    assert [each.returncode for each in writers] == [0, 0]
    assert file.read_bytes() in (b"a" * 10_000, b"b" * 10_000)
    assert names_in(tmp_path) == ["checkpoint"]


def test_what_a_killed_writer_left_is_taken_away_by_the_next_and_what_a_live_one_writes_is_not(tmp_path: Path) -> None:
    # given: one that was killed, one that writes, and one that was killed over another file
    file = tmp_path / "checkpoint"
    left, others = killed_while_writing(file), killed_while_writing(tmp_path / "digest")
    alive = writer(file, "a", 1, "wait")
    assert alive.stdout is not None
    assert alive.stdout.readline() == "writing\n"

    # when
    write(file, b"now")

    # then
    assert not left.exists()
    assert others.exists()
    assert file.read_bytes() == b"now"
    alive.communicate("\n", timeout=60)
    assert alive.returncode == 0
    assert file.read_bytes() == b"a" * 10_000
    assert names_in(tmp_path) == ["checkpoint", others.name]


def test_a_part_that_is_taken_for_abandoned_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checkpoint"
    real, taken = fcntl.flock, list[Path]()

    def late(handle: int, operation: int) -> None:
        if not taken:
            taken.extend(tmp_path.glob("*.part"))
            taken[0].unlink()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    write(file, b"now")

    assert file.read_bytes() == b"now"
    assert names_in(tmp_path) == ["checkpoint"]


def test_nothing_is_written_through_a_link_that_has_the_name_of_the_next_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = tmp_path / "checkpoint", tmp_path / "other"
    other.write_bytes(b"another's")
    monkeypatch.setattr(module, "_NUMBERS", iter([5, 6]))
    link = tmp_path / f"checkpoint.{os.getpid()}-5.part"
    link.symlink_to(other)

    write(file, b"now")

    assert (file.read_bytes(), other.read_bytes()) == (b"now", b"another's")
    assert not file.is_symlink()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("checkpoint.12-0.part", "checkpoint"),
        ("000.1-22.part", "000"),
        ("checkpoint.part", None),
        ("checkpoint", None),
        (".1-2.part", None),
        ("a.zip.1.part", None),
    ],
)
def test_a_parts_name_says_what_it_is_written_for(part: str, name: str | None) -> None:
    assert name_of_part(part) == name
