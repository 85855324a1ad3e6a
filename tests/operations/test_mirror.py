"""A mirror is what the source served, verified before it is in place, and whole at every moment in between."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import given
import hubs
import pytest

from ledger.errors import LedgerError, MalformedError, NotFoundError, SetupError, TamperedError
from ledger.merkle.tiles import entries_path, numbered_path, tile_path, tile_widths, tiles_of
from ledger.operations import mirror_folder
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub
from ledger.operations.mirror import Mirrored, mirror
from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint

SINGLE = ["memorandum", "view", "digest", "checkpoint"]
SMALL, LARGE = 300, 620  # a tile and a bit; two more begun


class Counting:
    """A source that remembers what was asked of it."""

    def __init__(self, source: Source) -> None:
        self.source, self.asked = source, list[str]()

    def read(self, path: str) -> bytes:
        self.asked.append(path)
        return self.source.read(path)


class Held:
    """A source in memory, whose files a test may change. A None is a file that is not there."""

    def __init__(self, files: Mapping[str, bytes | None]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> bytes:
        data = self.files.get(path)
        if data is None:
            raise NotFoundError(f"there is no {path}")
        return data


def paths_of(size: int) -> list[str]:
    """Every file of a log that lies in tiles."""
    return [
        *(tile_path(level, n, width) for level, n, width in tiles_of(size)),
        *(entries_path(n, width) for n, width in tile_widths(size, 0)),
        *(numbered_path(kind, n, width) for kind in ("digests", "disclosures") for n, width in tile_widths(size, 0)),
    ]


def held(source: Source, size: int) -> Held:
    return Held({path: source.read(path) for path in [*SINGLE, *paths_of(size)]})


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    alliance = given.treated()
    while alliance.database.size < LARGE:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, int], Held]:
    """The files of one ledger, by view and size: as it was, and as it is now."""
    hub = hubs.founded_hub(tmp_path_factory.mktemp("states"), alliance)
    found = {}
    for size in (SMALL, LARGE):
        post_up_to(hub, alliance, size)
        found |= {(view, size): held(hub.source(view), size) for view in ("clear", "full")}
    hub.engine.dispose()
    return found


def post_up_to(hub: Hub, alliance: given.Alliance, size: int) -> None:
    texts = [heard.envelope.text for heard in alliance.heard[hub.appender.size() : size]]
    for group in hubs.batches(texts, 200):
        hub.post(group)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and mirror_folder.CONTRADICTS not in file.parts
    }


def claimed(folder: Path) -> int:
    """Of how many entries the mirror's checkpoint is, all of which an audit has found there."""
    found = audit(FolderSource(folder))
    assert found.failure is None
    assert found.checkpoint is not None
    return found.checkpoint.size


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A plain file server, as Python has one."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


# ---------------------------------------------------------------------- a whole one


@pytest.mark.parametrize("view", ["clear", "full"])
def test_a_mirror_is_what_was_served_byte_for_byte_and_is_audited(
    states: Mapping[tuple[str, int], Held], tmp_path: Path, view: str
) -> None:
    done = mirror(states[view, LARGE], tmp_path / "log")

    assert files_in(tmp_path / "log") == states[view, LARGE].files
    assert (done.checkpoint.size, done.view) == (LARGE, view)
    assert claimed(tmp_path / "log") == LARGE


def test_a_mirror_that_a_plain_file_server_shows_is_audited_and_mirrored_over_http(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")

    with served(tmp_path) as url, HttpSource(url) as source:
        audited = audit(source, view="clear")
        mirror(source, tmp_path / "second")

    assert audited.failure is None
    assert files_in(tmp_path / "second") == files_in(tmp_path / "log")


def test_a_mirror_can_be_made_of_a_bundle(states: Mapping[tuple[str, int], Held], tmp_path: Path) -> None:
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
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    for view in ("clear", "full"):
        mirror(states[view, SMALL], tmp_path / view)

    modes = {
        view: {file.stat().st_mode & 0o077 for file in (tmp_path / view).rglob("*[0-9]") if file.is_file()}
        for view in ("clear", "full")
    }
    assert modes["full"] == {0}
    assert 0o044 in modes["clear"] or modes["clear"] == {0}  # whatever the umask of this machine is


# ---------------------------------------------------------------------- a second time


def test_a_mirror_of_an_unchanged_log_takes_a_handful_of_requests(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")
    before = files_in(tmp_path / "log")
    counting = Counting(states["clear", LARGE])

    mirror(counting, tmp_path / "log")

    assert sorted(counting.asked) == sorted([*SINGLE, "checkpoints"])
    assert files_in(tmp_path / "log") == before


def test_of_a_log_that_has_grown_only_what_changed_is_fetched(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
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


def test_partial_files_go_once_they_are_full_and_not_before(
    alliance: given.Alliance, states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    hub = hubs.founded_hub(tmp_path, alliance)
    post_up_to(hub, alliance, 270)
    mirror(hub.source("clear"), tmp_path / "log")
    hub.engine.dispose()

    mirror(states["clear", SMALL], tmp_path / "log")
    at_small = files_in(tmp_path / "log")
    mirror(states["clear", LARGE], tmp_path / "log")
    at_large = files_in(tmp_path / "log")

    assert {"tile/0/001.p/14", "tile/0/001.p/44", "digests/001.p/14"} <= at_small.keys()
    assert not [path for path in at_large if "/001.p/" in path]
    assert {"tile/1/000.p/1", "tile/1/000.p/2"} <= at_large.keys()


def test_disclosures_of_earlier_sizes_go_for_what_was_erased_may_be_in_them(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    # given: a full mirror, and a source in which the first line was emptied since
    mirror(states["full", SMALL], tmp_path / "log")
    first_sealed = next(
        n
        for n, line in enumerate(states["full", LARGE].files["disclosures/000"].split(b"\n"))
        if line  # type: ignore[union-attr]  # it is there
    )
    emptied = Held(states["full", LARGE].files)
    lines = emptied.read("disclosures/000").split(b"\n")
    lines[first_sealed] = b""
    emptied.files["disclosures/000"] = b"\n".join(lines)

    mirror(emptied, tmp_path / "log")

    assert files_in(tmp_path / "log") == emptied.files | {
        "tile/1/000.p/1": states["full", SMALL].files["tile/1/000.p/1"]
    }


def test_a_partial_file_that_the_source_has_outgrown_is_cut_out_of_the_full_one(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    outgrown = Held(states["full", LARGE].files | {name: states["full", SMALL].files[name] for name in SINGLE})
    for kind in ("tile/0", "tile/entries", "digests", "disclosures"):
        assert f"{kind}/001.p/44" not in outgrown.files
    outgrown.files["tile/1/000.p/1"] = states["full", SMALL].files["tile/1/000.p/1"]

    mirror(outgrown, tmp_path / "log")

    assert files_in(tmp_path / "log") == states["full", SMALL].files


def test_a_file_that_was_damaged_since_is_fetched_again(states: Mapping[tuple[str, int], Held], tmp_path: Path) -> None:
    mirror(states["clear", LARGE], tmp_path / "log")
    damaged = ["tile/0/000", "tile/entries/001", "tile/0/002.p/108", "disclosures/000"]
    for path in damaged:
        file = tmp_path / "log" / path
        file.write_bytes(file.read_bytes()[:-1])
    (tmp_path / "log" / "tile/entries/000").unlink()

    mirror(states["clear", LARGE], tmp_path / "log")

    assert files_in(tmp_path / "log") == states["clear", LARGE].files


# ---------------------------------------------------------------------- what is refused


KINDS = [
    *["memorandum", "checkpoint", "digest", "view", "tile/0/000", "tile/0/002.p/108", "tile/1/000.p/2"],
    *["tile/entries/000", "tile/entries/002.p/108", "digests/002.p/108", "disclosures/000", "disclosures/002.p/108"],
]


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("earlier", [False, True])
def test_a_flipped_byte_is_refused_and_nothing_of_it_is_put_in_place(
    states: Mapping[tuple[str, int], Held], tmp_path: Path, path: str, earlier: bool
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
    assert claimed(tmp_path) == LARGE


@pytest.mark.parametrize(
    "missing", ["tile/0/001", "tile/entries/002.p/108", "digests/000", "disclosures/001", "digest"]
)
def test_a_source_that_lacks_a_file_gives_no_checkpoint(
    states: Mapping[tuple[str, int], Held], tmp_path: Path, missing: str
) -> None:
    lacking = Held(states["full", LARGE].files | {missing: None})

    with pytest.raises(NotFoundError):
        mirror(lacking, tmp_path)

    assert not (tmp_path / "checkpoint").exists()


def signed(size: int, root: bytes, digest: bytes) -> dict[str, bytes]:
    return {
        "checkpoint": sign_checkpoint(Checkpoint(given.ORIGIN, size, root), hubs.LOG).encode(),
        "digest": sign_checkpoint(Checkpoint(database_origin(given.ORIGIN), size, digest), hubs.LOG).encode(),
    }


def kept_of(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in (folder / mirror_folder.CONTRADICTS).iterdir()]


def test_a_rolled_back_source_is_refused_and_both_checkpoints_are_kept(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    mirror(states["clear", LARGE], tmp_path)

    with pytest.raises(TamperedError, match="rolled back"):
        mirror(states["clear", SMALL], tmp_path)

    assert files_in(tmp_path) == states["clear", LARGE].files
    assert kept_of(tmp_path) == [states["clear", SMALL].files["checkpoint"]]


def test_a_forked_source_is_refused_and_both_checkpoints_are_kept(
    alliance: given.Alliance, states: Mapping[tuple[str, int], Held], tmp_path: Path
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


def test_a_checkpoint_whose_root_no_tiles_lead_to_is_refused(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    boasting = Held(states["clear", LARGE].files | signed(10**18 - 1, bytes(32), bytes(32)))

    with pytest.raises((TamperedError, NotFoundError)):
        mirror(boasting, tmp_path)

    assert files_in(tmp_path) == {}


def test_a_digest_of_more_entries_than_the_checkpoint_has_is_refused(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
    ahead = Held(states["clear", SMALL].files | {"digest": states["clear", LARGE].files["digest"]})

    with pytest.raises(TamperedError, match="620 entries"):
        mirror(ahead, tmp_path)

    assert files_in(tmp_path) == {}


def test_another_ledger_than_the_pinned_one_or_the_mirrors_own_is_refused(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
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
def test_a_mirror_keeps_the_view_that_it_began_with(
    states: Mapping[tuple[str, int], Held], tmp_path: Path, first: str, then: str
) -> None:
    mirror(states[first, SMALL], tmp_path)

    with pytest.raises(MalformedError, match="another folder"):
        mirror(states[then, LARGE], tmp_path)

    assert files_in(tmp_path) == states[first, SMALL].files


def test_two_processes_do_not_mirror_into_one_folder(states: Mapping[tuple[str, int], Held], tmp_path: Path) -> None:
    with mirror_folder.opened_folder(tmp_path), pytest.raises(SetupError, match="another process"):
        mirror(states["clear", SMALL], tmp_path)


# ---------------------------------------------------------------------- earlier checkpoints


def with_length(*notes: bytes | None) -> bytes:
    return b"".join(b"%d\n%s" % (len(note or b""), note or b"") for note in notes)


def test_earlier_checkpoints_are_mirrored_once_each_is_shown_to_be_of_this_log(
    states: Mapping[tuple[str, int], Held], tmp_path: Path
) -> None:
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
def test_earlier_checkpoints_of_another_log_or_shape_are_refused(
    states: Mapping[tuple[str, int], Held], tmp_path: Path, notes: bytes
) -> None:
    with pytest.raises(TamperedError, match="checkpoints of the source"):
        mirror(Held(states["clear", LARGE].files | {"checkpoints": notes}), tmp_path)

    assert not (tmp_path / "checkpoint").exists()
    assert not (tmp_path / "checkpoints").exists()


# ---------------------------------------------------------------------- cut off anywhere


class PowerCutError(Exception):
    pass


def cut_off(monkeypatch: pytest.MonkeyPatch, at: int, *, written: bool) -> None:
    """Let the write with this number fail, before anything of it is in place or just after it is."""
    real, count = mirror_folder.replacing, 0

    @contextmanager
    def failing(file: Path, *, mode: int) -> Iterator[object]:
        nonlocal count
        count += 1
        if count == at and not written:
            raise PowerCutError
        with real(file, mode=mode) as opened:
            yield opened
        if count == at:
            raise PowerCutError

    monkeypatch.setattr(mirror_folder, "replacing", failing)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_mirror_cut_off_at_any_write_is_whole_and_goes_on_from_there(
    states: Mapping[tuple[str, int], Held],
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
            try:
                ended = isinstance(mirror(states["clear", LARGE], folder), Mirrored)
            except PowerCutError:
                pass

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
