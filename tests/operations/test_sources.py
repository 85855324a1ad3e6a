"""Sources: bytes from a folder, a zip or a server, never more of them than a log's file has, and no foreign error."""

import os
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import pytest

from ledger.errors import MalformedError, NotFoundError, UnavailableError
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource, file_max, read_tiled
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint

TILE = "tile/0/000.p/3"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("checkpoint", 1_000_000),
        ("memorandum", 4 * MIB),
        ("view", 1024),
        ("tile/1/x001/000", 256 * 32),
        (TILE, 3 * 32),
        ("digests/000.p/3", 3 * 32),
        ("tile/entries/000.p/3", 3 * 65_537),
        ("disclosures/000", 64 * MIB),
    ],
)
def test_a_path_says_how_large_its_file_can_be(path: str, most: int) -> None:
    assert file_max(path) == most


@pytest.mark.parametrize("path", ["", "/memorandum", "../memorandum", "tile/0/../../view", "tile/", "view\0", "x"])
def test_a_path_that_no_log_has_is_not_looked_for(tmp_path: Path, path: str) -> None:
    with pytest.raises(MalformedError):
        FolderSource(tmp_path).read(path)


# ---------------------------------------------------------------------- folders


def in_folder(folder: Path, path: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_a_folder_gives_a_file_up_to_its_size_and_no_larger_one(tmp_path: Path) -> None:
    file, source = in_folder(tmp_path, TILE), FolderSource(tmp_path)

    file.write_bytes(bytes(96))
    assert source.read(TILE) == bytes(96)

    file.write_bytes(bytes(97))
    with pytest.raises(MalformedError, match="larger"):
        source.read(TILE)


@pytest.mark.parametrize("make", [lambda file: file.symlink_to(file), Path.mkdir, os.mkfifo, lambda _: None])
def test_what_is_no_file_in_a_folder_is_not_there(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(in_folder(tmp_path, TILE))

    with pytest.raises(NotFoundError):
        FolderSource(tmp_path).read(TILE)


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    long = tmp_path.joinpath(*["d" * 200] * 25)

    with pytest.raises(MalformedError, match="cannot be read"):
        FolderSource(long).read("view")


# ---------------------------------------------------------------------- zips


def zipped(folder: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(folder / "bundle.zip", "w", compression) as bundle:
        for path, data in files.items():
            bundle.writestr(path, data)
    return folder / "bundle.zip"


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bundle_that_is_compressed_is_not_opened(tmp_path: Path, compression: int) -> None:
    bomb = zipped(tmp_path, {"disclosures/000": bytes(16 * MIB)}, compression)

    with pytest.raises(MalformedError, match="compressed"):
        ZipSource(bomb)


@pytest.mark.parametrize("path", ["readme.txt", "tile/", "../view", "tile/0/0", "tile/64/000", "tile/0/000.p/256"])
def test_a_bundle_with_a_file_that_no_log_has_is_not_opened(tmp_path: Path, path: str) -> None:
    with pytest.raises(MalformedError):
        ZipSource(zipped(tmp_path, {"view": b"{}", path: b""}))


def test_a_bundle_with_a_file_twice_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle, warnings.catch_warnings(action="ignore"):
        bundle.writestr("view", b'{"view":"full"}')
        bundle.writestr("view", b'{"view":"clear"}')

    with pytest.raises(MalformedError, match="twice"):
        ZipSource(tmp_path / "bundle.zip")


def test_a_bundle_with_a_file_larger_than_a_logs_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="larger"):
        ZipSource(zipped(tmp_path, {TILE: bytes(97)}))


def test_a_bundle_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        ZipSource(tmp_path / "absent.zip")
    with ZipSource(zipped(tmp_path, {"view": b"{}"})) as source, pytest.raises(NotFoundError):
        source.read("memorandum")


def damaged_checksum(data: bytearray, directory: int) -> None:
    data[directory - 1] ^= 1


def ends_early(data: bytearray, directory: int) -> None:
    data[directory + 20 : directory + 28] = struct.pack("<2I", 1000, 1000)


def is_encrypted(data: bytearray, directory: int) -> None:
    data[6] |= 1
    data[directory + 8] |= 1


def name_is_no_text(data: bytearray, directory: int) -> None:
    data[directory + 9] |= 8
    data[directory + 46] = 0xFF


def of_a_version_to_come(data: bytearray, directory: int) -> None:
    data[directory + 6] = 0xFF


def lies_beyond_all_files(data: bytearray, directory: int) -> None:
    extra = struct.pack("<2HQ", 1, 8, 2**63)
    end = data.index(b"PK\5\6")
    data[end + 12 : end + 16] = struct.pack("<I", end - directory + len(extra))
    data[directory + 50 : directory + 50] = extra
    data[directory + 30 : directory + 32] = struct.pack("<H", len(extra))
    data[directory + 42 : directory + 46] = b"\xff" * 4


@pytest.mark.parametrize(
    "damage",
    [damaged_checksum, ends_early, is_encrypted, name_is_no_text, of_a_version_to_come, lies_beyond_all_files],
)
def test_a_damaged_bundle_is_malformed_whatever_the_damage(
    tmp_path: Path, damage: Callable[[bytearray, int], None]
) -> None:
    file = zipped(tmp_path, {"view": b"{}"})
    data = bytearray(file.read_bytes())
    damage(data, data.index(b"PK\1\2"))
    file.write_bytes(data)

    with pytest.raises(MalformedError), ZipSource(file) as source:
        source.read("view")


# ---------------------------------------------------------------------- servers


class Endless(httpx.SyncByteStream):
    """A body that counts what was taken of it."""

    taken = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += 1000
            yield bytes(1000)


def server(
    answer: Callable[[httpx.Request], httpx.Response], pause: Callable[[float], None] = lambda _: None
) -> HttpSource:
    def connect(**options: object) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), **options)  # type: ignore[arg-type]  # as given

    return HttpSource("http://ledger.example", connect=connect, pause=pause)


def test_no_more_of_a_servers_answer_is_taken_than_the_file_can_have() -> None:
    body = Endless()

    with server(lambda _: httpx.Response(200, stream=body)) as source, pytest.raises(MalformedError, match="larger"):
        source.read("tile/0/000")

    assert body.taken == 9000


def test_a_server_is_asked_not_to_compress_and_nothing_compressed_is_inflated() -> None:
    asked: list[str] = []

    def compresses(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Accept-Encoding"])
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Endless())

    with server(compresses) as source, pytest.raises(UnavailableError, match="compressed"):
        source.read("view")

    assert asked == ["identity"]


def test_a_server_gives_its_file_as_it_is() -> None:
    with server(lambda request: httpx.Response(200, stream=httpx.ByteStream(request.url.raw_path))) as source:
        assert source.read(TILE) == b"/log/tile/0/000.p/3"


@pytest.mark.parametrize(("stated", "waited"), [("7", 7), ("0", 1), ("86400", 60), ("soon", 5), ("+1", 5), (None, 5)])
def test_a_server_that_was_asked_too_often_is_asked_again_when_it_says(stated: str | None, waited: float) -> None:
    headers = {} if stated is None else {"Retry-After": stated}
    answers = [httpx.Response(429, headers=headers), httpx.Response(200, stream=httpx.ByteStream(b"{}"))]
    pauses: list[float] = []

    with server(lambda _: answers.pop(0), pause=pauses.append) as source:
        assert source.read("view") == b"{}"

    assert pauses == [waited]


def test_a_server_that_goes_on_refusing_is_not_asked_for_ever() -> None:
    pauses: list[float] = []

    with server(lambda _: httpx.Response(429), pause=pauses.append) as source, pytest.raises(UnavailableError):
        source.read("view")

    assert len(pauses) == 20


@pytest.mark.parametrize(("status", "error"), [(404, NotFoundError), (500, UnavailableError), (302, UnavailableError)])
def test_a_server_that_has_no_file_is_told_from_one_that_fails(status: int, error: type[Exception]) -> None:
    with server(lambda _: httpx.Response(status)) as source, pytest.raises(error):
        source.read(TILE)


@pytest.mark.parametrize("url", ["http://[::1", "http://\0", "http://" + "a" * 70_000])
def test_an_address_that_is_none_is_malformed(url: str) -> None:
    with pytest.raises(MalformedError, match="address"):
        HttpSource(url)


# ---------------------------------------------------------------------- what a source may do to an auditor


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full bundle of the five entries that found an alliance."""
    folder, alliance = tmp_path_factory.mktemp("honest"), given.founded()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    return folder / "bundle.zip"


class Flooding:
    """A source that gives a megabyte for every tile, of a log that is said to have a great many."""

    def __init__(self, source: Source) -> None:
        self.source, self.asked = source, 0

    def read(self, path: str) -> bytes:
        if path == "checkpoint":
            return sign_checkpoint(Checkpoint(given.ORIGIN, 100_000, bytes(32)), hubs.LOG).encode()
        if not path.startswith("tile/"):
            return self.source.read(path)
        self.asked += 1
        return bytes(1_000_000)


def test_a_tile_of_another_width_is_the_last_that_is_read(bundle: Path) -> None:
    with ZipSource(bundle) as honest:
        source = Flooding(honest)
        found = audit(source)

    assert found.failure is not None
    assert (found.failure.step, source.asked) == (4, 1)


@pytest.mark.parametrize(("path", "step"), [("memorandum", 1), ("checkpoint", 2), ("tile/0/000.p/5", 4)])
@pytest.mark.parametrize("harm", [lambda file: file.symlink_to(file), lambda file: file.write_bytes(bytes(2**23))])
def test_whatever_lies_in_a_folder_the_audit_says_which_step_fails(
    bundle: Path, tmp_path: Path, path: str, step: int, harm: Callable[[Path], None]
) -> None:
    with zipfile.ZipFile(bundle) as files:
        files.extractall(tmp_path)
    (tmp_path / path).unlink()
    harm(tmp_path / path)

    found = audit(FolderSource(tmp_path))

    assert found.failure is not None
    assert found.failure.step == step


def test_a_bundle_that_is_damaged_on_disk_fails_a_step(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as files:
        data[files.getinfo("digests/000.p/5").header_offset + 100] ^= 1
    (tmp_path / "damaged.zip").write_bytes(data)

    with ZipSource(tmp_path / "damaged.zip") as source:
        found = audit(source)

    assert found.failure is not None
    assert found.failure.step == 6


def test_a_partial_file_that_the_log_has_outgrown_is_the_beginning_of_the_full_one(tmp_path: Path) -> None:
    # given: a log of a tile and more, of which a copy has only the full files of the first tile
    alliance = given.treated()
    while len(alliance.heard) < 260:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    source = hub.source("full")

    class Outgrown:
        def read(self, path: str) -> bytes:
            if ".p/" in path:
                raise NotFoundError("pruned")
            return source.read(path)

    for prefix in ("tile/0", "tile/entries", "digests", "disclosures"):
        assert read_tiled(Outgrown(), f"{prefix}/000.p/7") == source.read(f"{prefix}/000.p/7")
    with pytest.raises(NotFoundError):
        read_tiled(Outgrown(), "tile/0/001.p/4")
    hub.engine.dispose()
