"""RFC 6962 in the browser, against `ledger.merkle` and the standard's own words in `naive_tree`."""

from collections.abc import Iterator

import checked_logs
import pytest
from browsers import page_of, run_module
from naive_tree import LEAVES, consistency, mth, path
from playwright.sync_api import Browser, Page

from ledger.errors import ProofError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_consistency, check_inclusion, prove_inclusion
from ledger.merkle.tiles import extend_tiles, node_from_tiles, numbered_path, tile_path
from ledger.merkle.tree import root_at

SIZES = range(1, 41)

Inclusion = tuple[int, int, list[bytes], bytes, bytes]  # size, index, proof, leaf, root
Consistency = tuple[int, int, list[bytes], bytes, bytes]  # old size, size, proof, old root, root


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with checked_logs.served({}, {"/": "<!doctype html><title>empty</title>"}) as url, page_of(browser) as (page, seen):
        page.goto(url)
        yield page
        assert seen.clean, seen


def hexed(hashes: list[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def test_roots_of_many_leaves_are_those_of_the_standard(page: Page) -> None:
    roots = run_module(
        page,
        "merkle",
        """const { toHex } = await import("/static/verify/bytes.js");
        const peaks = new m.Peaks();
        return [toHex(peaks.root()), ...given.map((leaf) => {
          peaks.add(0, m.leafHash(bytes(leaf)));
          return toHex(peaks.root());
        })];""",
        hexed([*LEAVES]),
    )

    assert roots == hexed([mth(LEAVES[:size]) for size in range(len(LEAVES) + 1)])


def test_every_leaf_of_every_small_tree_is_proved_and_no_other_claim_is(page: Page) -> None:
    claims: list[Inclusion] = [
        (size, index, path(index, LEAVES[:size]), leaf_hash(LEAVES[index]), mth(LEAVES[:size]))
        for size in SIZES
        for index in range(size)
    ]
    elsewhere = [(size, (index + 1) % size, proof, leaf, root) for size, index, proof, leaf, root in claims if size > 1]
    shorter = [(size, index, proof[:-1], leaf, root) for size, index, proof, leaf, root in claims if proof]
    longer = [(size, index, [*proof, leaf], leaf, root) for size, index, proof, leaf, root in claims]
    beyond = [(size, size, proof, leaf, root) for size, index, proof, leaf, root in claims if index == 0]
    everything: list[Inclusion] = [*claims, *elsewhere, *shorter, *longer, *beyond]

    refused = run_module(
        page,
        "merkle",
        """return Promise.all(given.map(([size, index, proof, leaf, root]) => refused(() =>
            m.checkInclusion(proof.map(bytes), { leaf: bytes(leaf), index, size, root: bytes(root) }))));""",
        [(size, index, hexed(proof), leaf.hex(), root.hex()) for size, index, proof, leaf, root in everything],
    )

    assert refused == [False] * len(claims) + [True] * (len(everything) - len(claims))
    assert refused == [python_refuses_inclusion(*each) for each in everything]


def python_refuses_inclusion(size: int, index: int, proof: list[bytes], leaf: bytes, root: bytes) -> bool:
    try:
        check_inclusion(proof, leaf_hash=leaf, index=index, size=size, root=root)
    except ProofError:
        return True
    return False


def test_every_small_tree_is_the_beginning_of_every_larger_and_of_no_other(page: Page) -> None:
    other = (*LEAVES[:3], b"another", *LEAVES[4:])
    claims: list[Consistency] = [
        (old, size, [*consistency(old, LEAVES[:size])] if old else [], mth(LEAVES[:old]), mth(LEAVES[:size]))
        for size in SIZES
        for old in range(size + 1)
    ]
    forked = [(old, size, proof, mth(other[:old]), root) for old, size, proof, _, root in claims if old > 3]
    shorter = [(old, size, proof[:-1], before, root) for old, size, proof, before, root in claims if proof]
    longer = [(old, size, [*proof, bytes(32)], before, root) for old, size, proof, before, root in claims]
    everything: list[Consistency] = [*claims, *forked, *shorter, *longer]

    refused = run_module(
        page,
        "merkle",
        """return Promise.all(given.map(([oldSize, size, proof, oldRoot, root]) => refused(() =>
            m.checkConsistency(proof.map(bytes), { oldSize, size, oldRoot: bytes(oldRoot), root: bytes(root) }))));""",
        [(old, size, hexed(proof), before.hex(), root.hex()) for old, size, proof, before, root in everything],
    )

    assert refused == [False] * len(claims) + [True] * (len(everything) - len(claims))
    assert refused == [python_refuses_consistency(*each) for each in everything]


def python_refuses_consistency(old: int, size: int, proof: list[bytes], before: bytes, root: bytes) -> bool:
    try:
        check_consistency(proof, old_size=old, old_root=before, size=size, root=root)
    except ProofError:
        return True
    return False


PROVE_FROM_TILES = """
    const { toHex } = await import("/static/verify/bytes.js");
    const { proveInclusion, rangeRoot } = await import("/static/verify/merkle.js");
    const read = async (path) => bytes(given.tiles[path]);
    const nodes = m.nodesFromTiles(read, given.size);
    const root = toHex(await rangeRoot(0, given.size, nodes));
    const proofs = await Promise.all(given.indexes.map((index) => proveInclusion(index, given.size, nodes)));
    return [root, proofs.map((proof) => proof.map(toHex))];
"""


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 65_537])
def test_proofs_out_of_tiles_are_those_that_python_makes_of_them(page: Page, size: int) -> None:
    hashes = [leaf_hash(b"%d" % index) for index in range(size)]
    tiles = extend_tiles(0, hashes, lambda _level, _n: b"")
    nodes = node_from_tiles(lambda level, n, _width: tiles[level, n], size)
    indexes = sorted({0, size // 3, size // 2, size - 1})

    root, proofs = run_module(
        page,
        "tiles",
        PROVE_FROM_TILES,
        {
            "size": size,
            "indexes": indexes,
            "tiles": {tile_path(level, n, len(tile) // 32): tile.hex() for (level, n), tile in tiles.items()},
        },
    )

    assert root == root_at(size, nodes).hex()
    assert proofs == [hexed([*prove_inclusion(index, size, nodes)]) for index in indexes]


def test_a_flipped_bit_in_any_tile_is_found(page: Page) -> None:
    hashes = [leaf_hash(b"%d" % index) for index in range(700)]
    tiles = extend_tiles(0, hashes, lambda _level, _n: b"")
    root = root_at(700, node_from_tiles(lambda level, n, _width: tiles[level, n], 700))
    names = {tile_path(level, n, len(tile) // 32): tile for (level, n), tile in tiles.items()}
    spoilt = [{**names, name: checked_logs.flipped(tile, 40)} for name, tile in names.items()]

    found = run_module(
        page,
        "tiles",
        """const { toHex } = await import("/static/verify/bytes.js");
        const { rangeRoot } = await import("/static/verify/merkle.js");
        const isFound = async (tiles) => {
          const nodes = m.nodesFromTiles(async (path) => bytes(tiles[path]), 700);
          try {
            for (const index of [5, 300, 600]) await nodes(0, index);
            return toHex(await rangeRoot(0, 700, nodes)) !== given.root;
          } catch { return true; }
        };
        return Promise.all(given.all.map(isFound));""",
        {"root": root.hex(), "all": [{name: tile.hex() for name, tile in each.items()} for each in [names, *spoilt]]},
    )

    assert found == [False] + [True] * len(spoilt)


def test_tiles_are_named_as_python_names_them(page: Page) -> None:
    asked = [(n, width) for n in (0, 7, 999, 1000, 67_123, 1_234_067, 10**12) for width in (1, 255, 256)]

    names = run_module(page, "tiles", "return given.map(([n, width]) => m.numberedPath('tile/0', n, width));", asked)

    assert names == [numbered_path("tile/0", n, width) for n, width in asked]
