"""Bundles: a log's static files in one zip, the same bytes for the same history.

Backup, hand-over, mirror seed and audit input in one. Stored paths, fixed order and times; which disclosures it was
made to hold is said in its file `view`. A full one holds what is sealed: the file is for its writer's eyes alone.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError, UnavailableError
from ledger.merkle.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    entries_path,
    numbered_path,
    parse_path,
    tile_path,
    tile_widths,
    tiles_of,
    unpack_entries,
)
from ledger.names import SLUG, UUID_V7
from ledger.operations.erased_lines import ErasedLines, erased_since, without
from ledger.operations.replacing import replacing
from ledger.operations.source import Source, stated_view
from ledger.signing import canonical
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.kept import parse_kept

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say; a bundle's times mean nothing
_MODE = 0o600

VIEWS = ("full", "clear")
_PARTIAL = re.compile(rf"node:{SLUG.pattern}|grant:(?:{UUID_V7.pattern}|{SLUG.pattern})")


def is_partial(view: str) -> bool:
    """Whether a view is what one caller was shown: a node's own, or what a grant (or a resolution) opens."""
    return _PARTIAL.fullmatch(view) is not None


def write_bundle(
    source: Source, out: Path, *, view: str, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Checkpoint:
    """Write a bundle of everything under the source's checkpoint, which is returned.

    view: "full", "clear" to leave every disclosure out, or what the source shows the caller. The file appears whole and
    durable, mode 0600, or not at all. Raises MalformedError where the view is another, or full of a source that is not,
    or where the source's bytes are not what the format says; SignatureError where its checkpoint is not signed by the
    log of its memorandum; UnavailableError where something is erased meanwhile; and what the source raises.
    """
    if view not in VIEWS and not (is_partial(view) and stated_view(source) == view):
        raise MalformedError(f"a bundle's view is {' or '.join(VIEWS)}")
    if view == "full" and stated_view(source) != "full":
        raise MalformedError("the source does not hold every disclosure: ask for a clear bundle, or make it on the hub")
    memorandum = source.read("memorandum")
    # before the checkpoint, so that neither is ever of a larger log
    digest = source.read("digest")
    kept = _kept(source)
    checkpoint = source.read("checkpoint")
    head, _ = read_checkpoint(checkpoint, Memorandum.parse(memorandum).log_key)
    with replacing(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as bundle:
        _put(bundle, "memorandum", memorandum)
        _put(bundle, "checkpoint", checkpoint)
        _put(bundle, "checkpoints", kept)
        _put(bundle, "digest", digest)
        _put(bundle, "view", canonical.dump({"view": view}))
        _put_tiled(source, bundle, head.size, view, progress)
        if view != "clear" and erased_since(source, Memorandum.parse(memorandum), head.size):
            raise UnavailableError("something was erased while the bundle was written: run the same command again")
    return head


def _kept(source: Source) -> bytes:
    """Earlier cosigned checkpoints; what was made before there were any has no such file."""
    try:
        kept = source.read("checkpoints")
    except NotFoundError:
        return b""
    parse_kept(kept)
    return kept


def _put_tiled(
    source: Source, bundle: zipfile.ZipFile, size: int, view: str, progress: Callable[[int, int], None]
) -> None:
    """What is erased goes into no bundle, whatever the source shows of it."""
    files, erased = _count(size), ErasedLines()
    for done, (path, width) in enumerate(_paths(size), start=1):
        asked = parse_path(path)
        if asked.kind == "disclosures":
            data = b"\n" * width
            if view != "clear":
                data = source.read(path)
                if erased.any:
                    leaves = unpack_entries(source.read(entries_path(asked.n, width)), width)
                    data = without(data, erased.covered(asked.n * TILE_WIDTH, leaves))
        else:
            data = source.read(path)
            if asked.kind == "entries" and view != "clear":
                erased.note(asked.n * TILE_WIDTH, unpack_entries(data, width))
        _put(bundle, path, data)
        progress(done, files)


def _paths(size: int) -> Iterator[tuple[str, int]]:
    """Every file of a log of this size that lies in tiles, with its width, in the bundle's order."""
    for level, n, width in tiles_of(size):
        yield tile_path(level, n, width), width
    for n, width in tile_widths(size, 0):
        yield entries_path(n, width), width
    for prefix in ("digests", "disclosures"):
        for n, width in tile_widths(size, 0):
            yield numbered_path(prefix, n, width), width


def _count(size: int) -> int:
    """How many `_paths` gives. They are not gone through: a size is no more than claimed until its files are read."""
    tiles = sum(-(-(size >> shift) // TILE_WIDTH) for shift in range(0, size.bit_length(), TILE_HEIGHT))
    return tiles + 3 * -(-size // TILE_WIDTH)


def _put(bundle: zipfile.ZipFile, path: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(path, _TIME)
    entry.external_attr = _MODE << 16
    entry.create_system = 3  # the same on every system that writes it
    bundle.writestr(entry, data)
