import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_tree import consistency, leaf, mth, path

from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.proofs import check_inclusion, prove_consistency, prove_inclusion
from ledger.merkle.tiles import (
    extend_tiles,
    node_from_tiles,
    pack_entries,
    tile_widths,
    tiles_of,
    unpack_entries,
)
from ledger.merkle.tree import Frontier, root_at

C2SP = json.loads((Path(__file__).parent.parent / "vectors" / "c2sp.json").read_text())
DATA = tuple(str(place).encode() for place in range(65537))
HASHES = tuple(map(leaf_hash, DATA))

Tiles = dict[tuple[int, int], bytes]


def grown(batches: Iterable[int]) -> Tiles:
    """Append the batches one after the other, as the appender does, with one stored row a tile."""
    tiles: Tiles = {}
    size = 0

    def read(level: int, n: int) -> bytes:
        return tiles[level, n]

    for batch in batches:
        tiles.update(extend_tiles(size, HASHES[size : size + batch], read))
        size += batch
    return tiles


def uneven(size: int) -> list[int]:
    batches = [1, 254, 1, 1, 300, 255, 1, 1000, 213]
    while sum(batches) < size:
        batches.append(7777)
    while sum(batches) > size:
        batches[-1] -= min(batches[-1], sum(batches) - size)
        if not batches[-1]:
            batches.pop()
    return batches


def naive_tiles(size: int) -> Tiles:
    """Every tile of C2SP tlog-tiles from its definition: MTH(D[(n*256+i) * 256**l : (n*256+i+1) * 256**l])."""
    tiles: Tiles = {}
    for level in range(3):
        span = 256**level
        for i in range(size // span):
            tiles[level, i // 256] = tiles.get((level, i // 256), b"") + naive_subtree(i * span, span)
    return tiles


@cache
def naive_subtree(start: int, span: int) -> bytes:
    return mth(DATA[start : start + span])


def reader(tiles: Tiles) -> Callable[[int, int, int], bytes]:
    """Read a tile as wide as it was at an earlier size: a prefix of what it is now."""
    return lambda level, n, width: tiles[level, n][: width * HASH_SIZE]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537])
def test_tiles_grown_in_uneven_batches_are_those_of_the_definition(size: int) -> None:
    batches = uneven(size)

    tiles = grown(batches)

    assert tiles == naive_tiles(size)
    assert {(level, n, len(tile) // HASH_SIZE) for (level, n), tile in tiles.items()} == set(tiles_of(size))


@given(st.lists(st.integers(0, 700), max_size=6))
def test_how_the_leaves_were_batched_leaves_no_trace(batches: list[int]) -> None:
    assert grown(batches) == grown([sum(batches)])


def test_an_append_gives_the_tiles_that_it_changed_and_reads_the_partial_ones() -> None:
    asked = []
    tiles = grown([511])

    def read(level: int, n: int) -> bytes:
        asked.append((level, n))
        return tiles[level, n]

    changed = extend_tiles(511, HASHES[511:513], read)

    assert list(changed) == [(0, 1), (0, 2), (1, 0)]
    assert asked == [(0, 1), (1, 0)]
    assert extend_tiles(511, [], read) == {}


@pytest.mark.parametrize("stored", [b"", HASHES[0] * 4, HASHES[0] * 6, HASHES[0] * 5 + b"\x00"])
def test_a_stored_tile_that_is_not_as_wide_as_the_tree_stops_the_append(stored: bytes) -> None:
    with pytest.raises(ProofError, match=r"tile/0/000\.p/5|tile/0/000 is"):
        extend_tiles(5, HASHES[5:6], lambda _level, _n: stored)


def test_a_tree_of_70000_leaves_has_the_tiles_of_the_standards_own_example() -> None:
    tiles = list(tiles_of(70_000))

    assert tiles == sorted(tiles)
    assert tiles[:273] == [(0, n, 256) for n in range(273)]
    assert tiles[273:] == [(0, 273, 112), (1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert list(tile_widths(256, 0)) == [(0, 256)]
    assert list(tile_widths(256, 1)) == [(0, 1)]
    assert not list(tile_widths(0, 0))
    assert not list(tiles_of(0))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65535, 65536, 65537])
def test_proofs_and_roots_are_read_from_tiles(size: int) -> None:
    nodes = node_from_tiles(reader(grown([65537])), size)
    frontier = Frontier()
    for each in HASHES[:size]:
        frontier.append(each)

    assert root_at(size, nodes) == frontier.root == mth(DATA[:size])
    for index in {0, size // 2, size - 1}:
        assert list(prove_inclusion(index, size, nodes)) == path(index, DATA[:size])
    for old_size in {1, size // 3 + 1, size}:
        assert list(prove_consistency(old_size, size, nodes)) == consistency(old_size, DATA[:size])


@given(st.data())
def test_tiles_prove_every_entry_at_every_size(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1500))
    index = data.draw(st.integers(0, size - 1))
    nodes = node_from_tiles(reader(grown([1500])), size)

    proof = prove_inclusion(index, size, nodes)

    check_inclusion(proof, leaf_hash=leaf(DATA[index]), index=index, size=size, root=root_at(size, nodes))


def test_each_tile_is_read_once_at_the_width_that_it_has_in_the_tree() -> None:
    asked = []
    tiles = grown([600])

    def read(level: int, n: int, width: int) -> bytes:
        asked.append((level, n, width))
        return tiles[level, n]

    nodes = node_from_tiles(read, 600)
    for index in range(600):
        prove_inclusion(index, 600, nodes)

    assert sorted(asked) == list(tiles_of(600))


def test_a_full_tile_that_was_altered_is_named() -> None:
    tiles = grown([600])
    tiles[0, 1] = tiles[0, 1][:-1] + b"\x00"

    nodes = node_from_tiles(reader(tiles), 600)

    assert nodes(0, 255) == HASHES[255]
    with pytest.raises(ProofError, match="tile/0/001 does not hash to its place"):
        nodes(0, 256)


def test_a_partial_tile_that_was_altered_leads_to_another_root() -> None:
    tiles = grown([600])
    root = root_at(600, node_from_tiles(reader(tiles), 600))
    tiles[0, 2] = HASHES[0] + tiles[0, 2][HASH_SIZE:]

    proof = prove_inclusion(599, 600, node_from_tiles(reader(tiles), 600))

    with pytest.raises(ProofError):
        check_inclusion(proof, leaf_hash=HASHES[599], index=599, size=600, root=root)


@pytest.mark.parametrize("change", [lambda tile: tile[:-1], lambda tile: tile + b"\x00", lambda _tile: b""])
def test_a_tile_of_another_length_is_refused(change: Callable[[bytes], bytes]) -> None:
    tiles = grown([300])

    nodes = node_from_tiles(lambda level, n, _width: change(tiles[level, n]), 300)

    with pytest.raises(ProofError, match="hashes of 32"):
        nodes(0, 256)


@pytest.mark.parametrize(("level", "index"), [(0, 300), (2, 75), (8, 1), (9, 0), (16, 0)])
def test_a_node_that_the_tree_has_not_completed_is_not_found(level: int, index: int) -> None:
    nodes = node_from_tiles(reader(grown([600])), 300)

    with pytest.raises(NotFoundError, match=f"no complete node {index} at level {level}"):
        nodes(level, index)


def test_the_foreign_log_has_our_bundle_and_our_root() -> None:
    leaves = [bytes.fromhex(text) for text in C2SP["entries_hex"]]

    bundle = pack_entries(leaves)
    tiles = extend_tiles(0, [leaf_hash(data) for data in leaves], lambda _level, _n: b"")

    assert bundle.hex() == C2SP["entry_bundle_p3_hex"]
    assert unpack_entries(bundle, 3) == leaves
    assert root_at(3, node_from_tiles(reader(tiles), 3)).hex() == C2SP["root_hex"]


@given(st.lists(st.binary(max_size=300) | st.just(b"x" * 65535), max_size=20))
def test_a_bundle_reads_back(leaves: list[bytes]) -> None:
    assert unpack_entries(pack_entries(leaves), len(leaves)) == leaves


@pytest.mark.parametrize(
    ("bundle", "count"),
    [
        pytest.param("000161", 0, id="an entry to spare"),
        pytest.param("00016100", 1, id="a byte to spare"),
        pytest.param("000161", 2, id="an entry short"),
        pytest.param("00016100", 2, id="half a length"),
        pytest.param("00026100", 2, id="no second length"),
        pytest.param("000361ff", 1, id="a byte short"),
        pytest.param("", 1, id="nothing"),
    ],
)
def test_a_bundle_that_is_not_of_its_count_is_refused(bundle: str, count: int) -> None:
    with pytest.raises(MalformedError):
        unpack_entries(bytes.fromhex(bundle), count)


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(MalformedError, match="65536 bytes"):
        pack_entries([b"x" * 65536])
