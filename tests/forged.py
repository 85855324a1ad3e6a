"""What can be done to a log's files by whoever has them, and by a hub that has its own key."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import given
import hubs

from ledger.errors import NotFoundError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import extend_tiles, pack_entries
from ledger.merkle.tree import Frontier
from ledger.operations.source import Source, ZipSource
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint

SIZE = 30  # entries of the log that is tampered with
ROTATION = 26  # index of the one in it


def told() -> given.Alliance:
    """The alliance whose words are in it."""
    alliance = given.treated()
    while len(alliance.heard) < SIZE:
        if len(alliance.heard) == ROTATION:
            alliance.rotates(given.DRUP)
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


class Altered:
    """A source with some of its files replaced."""

    def __init__(self, source: Source, files: dict[str, bytes | None]) -> None:
        self.source, self.files = source, files

    def read(self, path: str) -> bytes:
        data = self.files.get(path, b"") if path in self.files else self.source.read(path)
        if data is None:
            raise NotFoundError(f"there is no {path}")
        return data


def read(bundle: Path, path: str) -> bytes:
    with ZipSource(bundle) as source:
        return source.read(path)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def entries_of(bundle: Path) -> list[bytes]:
    data, leaves = read(bundle, f"tile/entries/000.p/{SIZE}"), []
    while data:
        length = int.from_bytes(data[:2])
        leaves.append(data[2 : 2 + length])
        data = data[2 + length :]
    return leaves


def rebuilt_by_the_hub(leaves: list[bytes]) -> dict[str, bytes | None]:
    """What a hub can forge with its own key: entries, tiles, checkpoint; the digests of before are left as they are."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf))
    checkpoint = Checkpoint(given.ORIGIN, len(leaves), frontier.root)
    tiles = extend_tiles(0, [leaf_hash(leaf) for leaf in leaves], lambda _level, _n: b"")
    return {
        f"tile/entries/000.p/{len(leaves)}": pack_entries(leaves),
        f"tile/0/000.p/{len(leaves)}": tiles[0, 0],
        "checkpoint": sign_checkpoint(checkpoint, hubs.LOG).encode(),
    }


def files_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def bundled(files: Mapping[str, bytes | None], out: Path) -> Path:
    """A bundle of these files, without those that are None."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as opened:
        for name, data in files.items():
            if data is not None:
                opened.writestr(name, data)
    return out
