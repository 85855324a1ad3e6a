"""A mirror is what the source served, and a second run fetches little."""

import os
from pathlib import Path

import given
import hubs
import pytest
from mirrors import (
    BEGUN,
    LARGE,
    SINGLE,
    SMALL,
    Counting,
    Held,
    States,
    busy_alliance,
    claimed,
    files_in,
    served,
    states_of,
)

from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.mirror import mirror
from ledger.operations.source import HttpSource, ZipSource


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance()


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("states"), alliance)


@pytest.mark.parametrize("view", ["clear", "full"])
def test_a_mirror_is_what_was_served_byte_for_byte_and_is_audited(states: States, tmp_path: Path, view: str) -> None:
    done = mirror(states[view, LARGE], tmp_path / "log")

    assert files_in(tmp_path / "log") == states[view, LARGE].files
    assert (done.checkpoint.size, done.view) == (LARGE, view)
    assert claimed(tmp_path / "log") == LARGE


def test_a_mirror_that_a_plain_file_server_shows_is_audited_and_mirrored_over_http(
    states: States, tmp_path: Path
) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")

    with served(tmp_path) as url, HttpSource(url) as source:
        audited = audit(source, view="clear")
        mirror(source, tmp_path / "second")

    assert audited.failure is None
    assert files_in(tmp_path / "second") == files_in(tmp_path / "log")


def test_a_mirror_can_be_made_of_a_bundle(states: States, tmp_path: Path) -> None:
    write_bundle(states["full", SMALL], tmp_path / "bundle.zip", view="full")

    with ZipSource(tmp_path / "bundle.zip") as bundle:
        mirror(bundle, tmp_path / "log")

    assert files_in(tmp_path / "log") == states["full", SMALL].files


def test_a_mirror_of_an_empty_log_is_one(tmp_path: Path) -> None:
    hub = hubs.founded_hub(tmp_path, given.Alliance())

    mirror(hub.source("clear"), tmp_path / "log")

    assert sorted(files_in(tmp_path / "log")) == sorted(SINGLE)
    assert claimed(tmp_path / "log") == 0
    hub.engine.dispose()


def test_what_is_sealed_is_for_its_owners_eyes_and_what_is_clear_for_whom_the_umask_says(
    states: States, tmp_path: Path
) -> None:
    for view in ("clear", "full"):
        mirror(states[view, SMALL], tmp_path / view)

    def modes(view: str) -> set[int]:
        return {file.stat().st_mode & 0o777 for file in (tmp_path / view).rglob("*[0-9]") if file.is_file()}

    umask = os.umask(0)
    os.umask(umask)
    assert (modes("full"), modes("clear")) == ({0o600}, {0o666 & ~umask})


# ---------------------------------------------------------------------- a second time


def test_a_mirror_of_an_unchanged_log_takes_a_handful_of_requests(states: States, tmp_path: Path) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")
    before = files_in(tmp_path / "log")
    counting = Counting(states["clear", LARGE])

    mirror(counting, tmp_path / "log")

    assert sorted(counting.asked) == sorted(SINGLE)
    assert files_in(tmp_path / "log") == before


def test_of_a_log_that_has_grown_only_what_changed_is_fetched(states: States, tmp_path: Path) -> None:
    mirror(states["clear", SMALL], tmp_path / "log")
    counting = Counting(states["clear", LARGE])

    mirror(counting, tmp_path / "log")

    assert not [path for path in counting.asked if path.endswith("/000")]  # full before, and full now
    new = [path for path in states["clear", LARGE].files if path not in states["clear", SMALL].files]
    fetched = {path for path in counting.asked if "/" in path}
    assert fetched == {path for path in new if not path.startswith("disclosures/")}
    assert len([path for path in counting.asked if "/" in path]) <= len(fetched) + 1  # a tile that proves the extension
    kept = files_in(tmp_path / "log")
    assert {path: kept[path] for path in states["clear", LARGE].files} == states["clear", LARGE].files
    assert claimed(tmp_path / "log") == LARGE


def test_partial_files_go_once_they_are_full_and_not_before(states: States, tmp_path: Path) -> None:
    mirror(states["clear", BEGUN], tmp_path / "log")
    mirror(states["clear", SMALL], tmp_path / "log")
    at_small = files_in(tmp_path / "log")
    mirror(states["clear", LARGE], tmp_path / "log")
    at_large = files_in(tmp_path / "log")

    assert {"tile/0/001.p/14", "tile/0/001.p/44", "digests/001.p/14"} <= at_small.keys()
    assert not [path for path in at_large if "/001.p/" in path]
    assert {"tile/1/000.p/1", "tile/1/000.p/2"} <= at_large.keys()


def test_what_a_kill_left_half_written_goes_and_what_is_not_the_mirrors_stays(states: States, tmp_path: Path) -> None:
    mirror(states["clear", SMALL], tmp_path / "log")
    for name in ("digests/001.p/44.7-0.part", "checkpoint.7-1.part", "notes.7-2.part", "notes.part"):
        (tmp_path / "log" / name).write_bytes(b"half")

    mirror(states["clear", LARGE], tmp_path / "log")

    assert [name for name in sorted(files_in(tmp_path / "log")) if "part" in name] == ["notes.7-2.part", "notes.part"]


def test_disclosures_of_earlier_sizes_go_for_what_was_erased_may_be_in_them(states: States, tmp_path: Path) -> None:
    # given: a full mirror, and a source in which the first line was emptied since
    mirror(states["full", SMALL], tmp_path / "log")
    emptied = Held(states["full", LARGE].files)
    lines = emptied.read("disclosures/000").split(b"\n")
    lines[next(n for n, line in enumerate(lines) if line)] = b""
    emptied.files["disclosures/000"] = b"\n".join(lines)

    mirror(emptied, tmp_path / "log")

    assert files_in(tmp_path / "log") == emptied.files | {
        "tile/1/000.p/1": states["full", SMALL].files["tile/1/000.p/1"]
    }


def test_a_partial_file_that_the_source_has_outgrown_is_cut_out_of_the_full_one(states: States, tmp_path: Path) -> None:
    outgrown = Held(states["full", LARGE].files | {name: states["full", SMALL].files[name] for name in SINGLE})
    for kind in ("tile/0", "tile/entries", "digests", "disclosures"):
        assert f"{kind}/001.p/44" not in outgrown.files
    outgrown.files["tile/1/000.p/1"] = states["full", SMALL].files["tile/1/000.p/1"]

    mirror(outgrown, tmp_path / "log")

    assert files_in(tmp_path / "log") == states["full", SMALL].files


def test_a_file_that_was_damaged_since_is_fetched_again(states: States, tmp_path: Path) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")
    damaged = ["tile/0/000", "tile/entries/001", "tile/0/002.p/48", "disclosures/000"]
    for path in damaged:
        file = tmp_path / "log" / path
        file.write_bytes(file.read_bytes()[:-1])
    (tmp_path / "log" / "tile/entries/000").unlink()

    mirror(states["clear", LARGE], tmp_path / "log")

    assert files_in(tmp_path / "log") == states["clear", LARGE].files
