"""What a mirror does not believe: bytes that the log did not sign, and a log that signs two histories."""

from pathlib import Path

import given
import hubs
import pytest
from mirrors import LARGE, SMALL, Held, States, busy_alliance, claimed, files_in, post_up_to, signed, states_of

from ledger.errors import LedgerError, MalformedError, NotFoundError, SetupError, TamperedError
from ledger.operations import mirror_folder
from ledger.operations.mirror import mirror


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance()


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("states"), alliance)


KINDS = [
    *["memorandum", "checkpoint", "digest", "view", "tile/0/000", "tile/0/002.p/48", "tile/1/000.p/2"],
    *["tile/entries/000", "tile/entries/002.p/48", "digests/002.p/48", "disclosures/000", "disclosures/002.p/48"],
]


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("earlier", [False, True])
def test_a_flipped_byte_is_refused_and_nothing_of_it_is_put_in_place(
    states: States, tmp_path: Path, path: str, earlier: bool
) -> None:
    # given: a mirror, or none yet, and a source with one byte changed
    if earlier:
        mirror(states["full", SMALL], tmp_path)
    before = files_in(tmp_path)
    flipped = Held(states["full", LARGE].files)
    data = bytearray(flipped.read(path))
    data[-2] ^= 1  # of digests and tiles the last hash, of disclosures the last value
    flipped.files[path] = bytes(data)
    counts = not (earlier and path in ("tile/0/000", "tile/entries/000"))  # which are there, and not fetched again

    # when
    if counts:
        with pytest.raises(LedgerError) as refused:
            mirror(flipped, tmp_path)
        assert isinstance(refused.value, TamperedError) or path == "view"

        # then: the checkpoint is the one before, and what stands there is the log's own
        after = files_in(tmp_path)
        assert after.get("checkpoint") == before.get("checkpoint")
        assert {name: data for name, data in after.items() if data == bytes(flipped.files[path] or b"")} == {}
        if earlier:
            assert claimed(tmp_path) == SMALL

    # and an honest source heals it
    mirror(states["full", LARGE], tmp_path)
    after = files_in(tmp_path)
    assert {name: after[name] for name in states["full", LARGE].files} == states["full", LARGE].files


@pytest.mark.parametrize("missing", ["tile/0/001", "tile/entries/002.p/48", "digests/000", "disclosures/001", "digest"])
def test_a_source_that_lacks_a_file_gives_no_checkpoint(states: States, tmp_path: Path, missing: str) -> None:
    lacking = Held(states["full", LARGE].files | {missing: None})

    with pytest.raises(NotFoundError):
        mirror(lacking, tmp_path)

    assert not (tmp_path / "checkpoint").exists()


def kept_of(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in (folder / mirror_folder.CONTRADICTS).iterdir()]


def test_a_rolled_back_source_is_refused_and_both_checkpoints_are_kept(states: States, tmp_path: Path) -> None:
    mirror(states["clear", LARGE], tmp_path)

    with pytest.raises(TamperedError, match="rolled back"):
        mirror(states["clear", SMALL], tmp_path)

    assert files_in(tmp_path) == states["clear", LARGE].files
    assert kept_of(tmp_path) == [states["clear", SMALL].files["checkpoint"]]


def test_a_forked_source_is_refused_and_both_checkpoints_are_kept(
    alliance: given.Alliance, states: States, tmp_path: Path
) -> None:
    # given: a hub that has received the same events at another time, and one event more
    forked = hubs.founded_hub(tmp_path, alliance)
    post_up_to(forked, alliance, SMALL + 1)
    mirror(states["clear", SMALL], tmp_path / "log")

    with pytest.raises(TamperedError, match="forked"):
        mirror(forked.source("clear"), tmp_path / "log")

    assert files_in(tmp_path / "log") == states["clear", SMALL].files
    assert kept_of(tmp_path / "log") == [forked.source("clear").read("checkpoint")]
    forked.engine.dispose()


def test_a_checkpoint_whose_root_no_tiles_lead_to_is_refused(states: States, tmp_path: Path) -> None:
    boasting = Held(states["clear", LARGE].files | signed(10**18 - 1, bytes(32), bytes(32)))

    with pytest.raises((TamperedError, NotFoundError)):
        mirror(boasting, tmp_path)

    assert files_in(tmp_path) == {}


def test_a_digest_of_more_entries_than_the_checkpoint_has_is_refused(states: States, tmp_path: Path) -> None:
    ahead = Held(states["clear", SMALL].files | {"digest": states["clear", LARGE].files["digest"]})

    with pytest.raises(TamperedError, match="560 entries"):
        mirror(ahead, tmp_path)

    assert files_in(tmp_path) == {}


def test_another_ledger_than_the_pinned_one_or_the_mirrors_own_is_refused(states: States, tmp_path: Path) -> None:
    other = hubs.founded_hub(tmp_path, given.Alliance([given.DRUP, given.IMPRESS]))
    mirror(states["clear", SMALL], tmp_path / "log")

    with pytest.raises(TamperedError, match="memorandum"):
        mirror(other.source("clear"), tmp_path / "log")
    with pytest.raises(TamperedError, match="memorandum"):
        mirror(states["clear", SMALL], tmp_path / "pinned", pin=other.memorandum.hash)

    assert files_in(tmp_path / "pinned") == {}
    assert files_in(tmp_path / "log") == states["clear", SMALL].files
    other.engine.dispose()


@pytest.mark.parametrize(("first", "then"), [("full", "clear"), ("clear", "full")])
def test_a_mirror_keeps_the_view_that_it_began_with(states: States, tmp_path: Path, first: str, then: str) -> None:
    mirror(states[first, SMALL], tmp_path)

    with pytest.raises(MalformedError, match="another folder"):
        mirror(states[then, LARGE], tmp_path)

    assert files_in(tmp_path) == states[first, SMALL].files


def test_two_processes_do_not_mirror_into_one_folder(states: States, tmp_path: Path) -> None:
    with mirror_folder.opened_folder(tmp_path), pytest.raises(SetupError, match="another process"):
        mirror(states["clear", SMALL], tmp_path)


# ---------------------------------------------------------------------- earlier checkpoints


def with_length(*notes: bytes | None) -> bytes:
    return b"".join(b"%d\n%s" % (len(note or b""), note or b"") for note in notes)


def test_earlier_checkpoints_are_mirrored_once_each_is_shown_to_be_of_this_log(states: States, tmp_path: Path) -> None:
    notes = with_length(states["clear", SMALL].files["checkpoint"], states["clear", LARGE].files["checkpoint"])

    mirror(Held(states["clear", LARGE].files | {"checkpoints": notes}), tmp_path)

    assert (tmp_path / "checkpoints").read_bytes() == notes


@pytest.mark.parametrize(
    "notes",
    [
        with_length(signed(SMALL, bytes(32), bytes(32))["checkpoint"]),
        with_length(signed(LARGE + 1, bytes(32), bytes(32))["checkpoint"]),
        b"12\nno checkpoint",
        b"0\n",
        b"5000\nshort",
        "²\nno digit".encode(),
        b"no length",
    ],
)
def test_earlier_checkpoints_of_another_log_or_shape_are_refused(states: States, tmp_path: Path, notes: bytes) -> None:
    with pytest.raises(TamperedError, match="checkpoints of the source"):
        mirror(Held(states["clear", LARGE].files | {"checkpoints": notes}), tmp_path)

    assert not (tmp_path / "checkpoint").exists()
    assert not (tmp_path / "checkpoints").exists()
