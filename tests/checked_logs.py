"""Logs to be checked in a browser: as files in memory that a test may spoil, as a bundle, and behind a tiny server."""

import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import given
import hubs
import mirrors
from story import FOUNDERS, STORY

from ledger.cohort.witnesses import with_cosignatures
from ledger.merkle.hashing import leaf_hash, node_hash
from ledger.merkle.tiles import entries_path, extend_tiles, pack_entries, tile_path, unpack_entries
from ledger.merkle.tree import root_at
from ledger.signing.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from ledger.signing.note import Note

STATIC = Path(__file__).parents[1] / "api" / "web" / "static"
WITNESS = "witness.example"
TIME_S = 2_000_000_000  # after whatever hub received the entries

# what pages of this project are served with
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8"}

Files = dict[str, bytes]


def told_log(folder: Path) -> tuple[Files, given.Alliance]:
    """The history in which every kind of event happens, and a witness that has cosigned it, with every disclosure."""
    alliance = given.Alliance(FOUNDERS)
    for sentence in STORY:
        alliance.says(*sentence)
    alliance.adopts("watched", "witness", given.witness(WITNESS))
    files = posted(folder, alliance)
    note = Note.parse(files["checkpoint"])
    line = given.cosigner(WITNESS).cosign(note.text, TIME_S)
    files["checkpoint"] = with_cosignatures(note, [line]).encode()
    return files, alliance


def posted(folder: Path, alliance: given.Alliance) -> Files:
    """The files of a hub that took all that an alliance heard."""
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    held = mirrors.held(hub.source("full"), alliance.database.size)
    hub.engine.dispose()
    return {path: data for path, data in held.files.items() if data is not None}


def size_of(files: Files) -> int:
    return read_checkpoint(files["checkpoint"], hubs.LOG.verifier)[0].size


def leaves_of(files: Files) -> list[bytes]:
    """Of a log of one tile."""
    size = size_of(files)
    return unpack_entries(files[entries_path(0, size)], size)


def with_leaf(files: Files, index: int, leaf: bytes) -> Files:
    """Another leaf in its place, in the entries alone: the tree knows nothing of it. A log of any size."""
    size = size_of(files)
    n, place = divmod(index, 256)
    width = min(256, size - 256 * n)
    path = entries_path(n, width)
    leaves = unpack_entries(files[path], width)
    leaves[place] = leaf
    return {**files, path: pack_entries(leaves)}


def resigned(files: Files, leaves: list[bytes]) -> Files:
    """A log of one tile with other leaves, tree and all, signed by a log that went along with it."""
    size, hashes = len(leaves), [leaf_hash(leaf) for leaf in leaves]
    tile = extend_tiles(0, hashes, lambda _level, _n: b"")[0, 0]
    root = root_at(size, lambda level, index: _node(hashes, level, index))
    checkpoint = sign_checkpoint(Checkpoint(given.ORIGIN, size, root), hubs.LOG).encode()
    lines = files[f"disclosures/000.p/{size_of(files)}"].splitlines(keepends=True)
    spoilt = {path: data for path, data in files.items() if ".p/" not in path}
    return spoilt | {
        "checkpoint": checkpoint,
        "checkpoints": b"",
        tile_path(0, 0, size): tile,
        entries_path(0, size): pack_entries(leaves),
        f"disclosures/000.p/{size}": b"".join((lines + [b"\n"] * size)[:size]),
    }


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    """One bit of some bytes, the other way. at: from the end where it is negative."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def zipped(files: Mapping[str, bytes], out: Path, *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(out, "w", compression) as bundle:
        for path, data in files.items():
            bundle.writestr(path, data)
    return out


@contextmanager
def served(files: Files, pages: Mapping[str, str]) -> Iterator[str]:
    """A server of a log's files, the static files and some pages by path, under the policy of all pages.

    Yields its address. What a test changes in `files` is served changed.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # one connection for many files

        def do_GET(self) -> None:
            kind, data = _answer(self.path, files, pages)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Cache-Control", "max-age=600" if self.path.startswith("/static/") else "no-store")
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


class _Server(ThreadingHTTPServer):
    block_on_close = False  # a browser keeps its connections open


def _answer(path: str, files: Files, pages: Mapping[str, str]) -> tuple[str, bytes | None]:
    if path in pages:
        return _KINDS[".html"], pages[path].encode()
    if path == "/favicon.ico":
        return "image/png", b""
    if path.startswith("/log/"):
        return "application/octet-stream", files.get(path.removeprefix("/log/"))
    file = STATIC / path.removeprefix("/static/")
    return _KINDS.get(file.suffix, "text/plain"), file.read_bytes() if file.is_file() else None


def _node(hashes: list[bytes], level: int, index: int) -> bytes:
    if level == 0:
        return hashes[index]
    return node_hash(_node(hashes, level - 1, 2 * index), _node(hashes, level - 1, 2 * index + 1))
