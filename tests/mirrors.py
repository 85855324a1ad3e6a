"""Logs as their static files in memory, to be mirrored: at several sizes, in both views, and spoilt as a test wants."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import given
import hubs

from ledger.errors import NotFoundError
from ledger.merkle.tiles import entries_path, numbered_path, tile_path, tile_widths, tiles_of
from ledger.operations.audit import audit
from ledger.operations.hub import Hub
from ledger.operations.mirror_folder import CONTRADICTS
from ledger.operations.source import FolderSource, Source
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint

SINGLE = ["memorandum", "view", "digest", "checkpoint", "checkpoints"]
BEGUN, SMALL, LARGE = 270, 300, 560  # a tile and a bit, twice; two tiles and a bit

States = Mapping[tuple[str, int], "Held"]  # the files of one ledger, by view and size


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


def busy_alliance(size: int = LARGE) -> given.Alliance:
    alliance = given.treated()
    while alliance.database.size < size:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


def states_of(folder: Path, alliance: given.Alliance, *sizes: int) -> States:
    """One ledger as it was, as it was later, and as it is now."""
    hub = hubs.founded_hub(folder, alliance)
    found: dict[tuple[str, int], Held] = {}
    for size in sizes or (BEGUN, SMALL, LARGE):
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
        if file.is_file() and CONTRADICTS not in file.parts
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


def signed(size: int, root: bytes, digest: bytes) -> dict[str, bytes]:
    return {
        "checkpoint": sign_checkpoint(Checkpoint(given.ORIGIN, size, root), hubs.LOG).encode(),
        "digest": sign_checkpoint(Checkpoint(database_origin(given.ORIGIN), size, digest), hubs.LOG).encode(),
    }
