"""The store as a source: the log's static files, up to the published checkpoint and no further."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from given import signing_key
from kept import Kept, copied, sealed, sign

from ledger.errors import NotFoundError, ProofError, SetupError, TamperedError, UnavailableError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import (
    entries_path,
    node_from_tiles,
    numbered_path,
    tile_path,
    tile_widths,
    tiles_of,
    unpack_entries,
)
from ledger.merkle.tree import root_at
from ledger.operations.source import Source
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.note import NoteSigner
from ledger.store import tables
from ledger.store.engine import Engine, writing
from ledger.store.head import found
from ledger.store.source import StoreSource
from ledger.store.tiles import node_reader, read_tile, write_tiles


def source_of(kept: Kept, view: str = "full") -> Source:
    return StoreSource(kept.engine, kept.vault, view)


def published(kept: Kept) -> Checkpoint:
    verifier = NoteSigner(kept.alliance.memorandum.origin, signing_key("log")).verifier
    return read_checkpoint(source_of(kept).read("checkpoint"), verifier)[0]


def test_the_tiles_give_the_root_of_the_checkpoint(long_story: Kept) -> None:
    source, checkpoint = source_of(long_story), published(long_story)

    root = root_at(checkpoint.size, node_from_tiles(lambda *at: source.read(tile_path(*at)), checkpoint.size))

    assert (root, checkpoint.size) == (checkpoint.root, 600)
    assert [(level, n, width) for level, n, width in tiles_of(600)] == [
        (0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2),
    ]  # fmt: skip


def test_the_bundles_hold_the_entries_that_the_tiles_hash(long_story: Kept) -> None:
    source = source_of(long_story)

    for n, width in tile_widths(600, 0):
        leaves = unpack_entries(source.read(entries_path(n, width)), width)
        assert b"".join(map(leaf_hash, leaves)) == source.read(tile_path(0, n, width))


def test_the_digests_are_the_chain_and_the_note_signs_its_end(long_story: Kept) -> None:
    source, memorandum = source_of(long_story), long_story.alliance.memorandum
    verifier = NoteSigner(memorandum.origin, signing_key("log")).verifier

    chain = b"".join(source.read(numbered_path("digests", n, width)) for n, width in tile_widths(600, 0))
    note, _ = read_checkpoint(source.read("digest"), verifier, origin=database_origin(memorandum.origin))

    assert chain == b"".join(taken.digest for taken in long_story.taken)
    assert (note.size, note.root) == (600, chain[-32:])


def test_a_partial_file_of_any_width_is_a_prefix_of_the_full_one(long_story: Kept) -> None:
    source = source_of(long_story)

    for path in (tile_path, lambda _, *at: numbered_path("digests", *at)):
        whole = source.read(path(0, 1, 256))
        assert [source.read(path(0, 1, width)) for width in (1, 87, 255)] == [whole[: 32 * w] for w in (1, 87, 255)]
    assert (
        unpack_entries(source.read("tile/entries/001.p/3"), 3)
        == unpack_entries(source.read("tile/entries/001"), 256)[:3]
    )
    assert source.read("tile/1/000.p/1") == source.read("tile/1/000.p/2")[:32]


def test_each_line_of_disclosures_is_its_entrys(story: Kept) -> None:
    size = len(story.taken)

    lines = source_of(story).read(f"disclosures/000.p/{size}").decode().split("\n")

    assert lines.pop() == ""
    assert {index: line for index, line in enumerate(lines) if line} == {
        each.index: each.disclosures for each in sealed(story, 0, size)
    }


def test_a_clear_view_has_a_line_for_each_entry_and_nothing_in_it(story: Kept) -> None:
    size = len(story.taken)

    for source in (source_of(story, "clear"), StoreSource(story.engine, None, "full")):
        assert source.read(f"disclosures/000.p/{size}") == b"\n" * size


@pytest.mark.parametrize("view", ["full", "clear"])
def test_the_view_says_what_it_shows(story: Kept, view: str) -> None:
    assert json.loads(source_of(story, view).read("view")) == {"view": view}


def test_the_memorandum_is_the_one_that_is_pinned(story: Kept) -> None:
    assert sha256(source_of(story).read("memorandum")).digest() == story.alliance.memorandum.hash


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/0/003.p/1",
        "tile/1/000.p/3",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
        "tile/63/000.p/1",
        "tile/entries/002.p/89",
        "disclosures/002.p/89",
        "digests/x001/000",
        "tile/0/0",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/entries/../../memorandum",
        "Checkpoint",
        "memorandum/",
        "",
    ],
)
def test_what_the_log_does_not_have_is_not_found(long_story: Kept, path: str) -> None:
    with pytest.raises(NotFoundError):
        source_of(long_story).read(path)


def test_entries_that_are_not_published_yet_are_not_shown(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        sign(conn, altered, 7)
    source = StoreSource(altered.engine, None, "clear")

    shown = unpack_entries(source.read("tile/entries/000.p/7"), 7)

    assert (published(altered).size, len(shown)) == (7, 7)
    for kind in ("tile/0", "tile/entries", "disclosures", "digests"):
        source.read(f"{kind}/000.p/7")
        with pytest.raises(NotFoundError):
            source.read(f"{kind}/000.p/8")


def test_disclosures_are_not_shown_while_an_erasure_waits_to_be_published(altered: Kept) -> None:
    size = len(altered.taken)
    assert altered.taken[-1].event.type == "disclosures.erased"
    source_of(altered).read(f"disclosures/000.p/{size}")
    with writing(altered.engine) as conn:
        sign(conn, altered, size - 1)

    with pytest.raises(UnavailableError, match="being erased"):
        source_of(altered).read("disclosures/000.p/7")


def test_before_anything_is_published_there_is_a_memorandum_only(empty: Engine) -> None:
    with writing(empty) as conn:
        found(conn, b"{}")
    source = StoreSource(empty, None, "clear")

    assert source.read("memorandum") == b"{}"
    for path in ("checkpoint", "digest", "tile/0/000.p/1", "tile/entries/000.p/1"):
        with pytest.raises(NotFoundError):
            source.read(path)


def test_a_database_without_a_ledger_is_the_operators(empty: Engine) -> None:
    with pytest.raises(SetupError, match="cohort-ledger init"):
        StoreSource(empty, None, "clear").read("checkpoint")


def test_a_ledger_is_founded_once(altered: Kept) -> None:
    with writing(altered.engine) as conn, pytest.raises(SetupError, match="already"):
        found(conn, b"{}")


def test_a_checkpoint_that_cannot_be_read_is_an_alarm(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        conn.execute(tables.head.update().values(checkpoint=b"x"))

    with pytest.raises(TamperedError, match="checkpoint was altered"):
        source_of(altered).read("tile/0/000.p/7")


def test_a_tile_that_was_cut_is_an_alarm(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        conn.execute(tables.tiles.update().values(data=bytes(32 * 7)))

    assert source_of(altered).read("tile/0/000.p/7") == bytes(32 * 7)
    with pytest.raises(TamperedError, match=r"tile/0/000\.p/8"):
        source_of(altered).read("tile/0/000.p/8")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("place", [0, 40, 32 * 256 - 1])
def test_a_full_tile_that_was_changed_is_not_read_past(long_story: Kept, tmp_path: Path, place: int) -> None:
    kept = copied(long_story, tmp_path)
    with writing(kept.engine) as conn:
        tile = bytearray(read_tile(conn, 0, 1))
        tile[place] ^= 1
        write_tiles(conn, {(0, 1): bytes(tile)})

        with pytest.raises(ProofError, match="tile/0/001"):
            node_reader(conn, 600)(0, 300)
        assert read_tile(conn, 0, 3) == b""
