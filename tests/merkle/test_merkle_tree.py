import pytest
from naive_tree import LEAVES, leaf, mth, node

from ledger.errors import ProofError
from ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from ledger.merkle.tree import Frontier, range_root, root_at


def test_leaves_and_nodes_are_hashed_with_different_prefixes() -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")

    assert left == leaf(b"left")
    assert node_hash(left, right) == mth([b"left", b"right"])
    assert node_hash(left, right) != leaf_hash(left + right)
    assert mth([]) == EMPTY_ROOT


def test_a_growing_tree_has_the_root_that_the_rfc_defines_at_every_size_to_100() -> None:
    frontier = Frontier()
    assert frontier.root == EMPTY_ROOT

    for size, data in enumerate(LEAVES, start=1):
        frontier.append(leaf_hash(data))

        assert frontier.size == size
        assert frontier.root == mth(LEAVES[:size])


def test_a_root_is_read_from_the_complete_nodes_of_a_stored_tree() -> None:
    for size in range(len(LEAVES) + 1):
        assert root_at(size, node) == mth(LEAVES[:size])


def test_the_root_of_a_part_is_read_from_complete_nodes() -> None:
    assert range_root(64, 100, node) == mth(LEAVES[64:100])
    assert range_root(96, 99, node) == mth(LEAVES[96:99])
    assert range_root(7, 8, node) == leaf(LEAVES[7])


@pytest.mark.parametrize("size", range(len(LEAVES)))
def test_a_tree_taken_up_again_grows_as_if_it_had_never_been_put_down(size: int) -> None:
    from_nodes = Frontier.at(size, node)
    from_peaks = Frontier(size, from_nodes.peaks)

    for frontier in (from_nodes, from_peaks):
        frontier.append(leaf_hash(LEAVES[size]))

        assert frontier.root == mth(LEAVES[: size + 1])


def test_a_copy_grows_apart_from_its_original() -> None:
    original = Frontier.at(7, node)

    copy = original.copy()
    copy.append(leaf_hash(LEAVES[7]))

    assert (original.size, original.root) == (7, mth(LEAVES[:7]))
    assert (copy.size, copy.root) == (8, mth(LEAVES[:8]))


@pytest.mark.parametrize(
    ("size", "peaks"),
    [
        pytest.param(3, [EMPTY_ROOT], id="a peak short"),
        pytest.param(4, [EMPTY_ROOT, EMPTY_ROOT], id="a peak to spare"),
        pytest.param(0, [EMPTY_ROOT], id="a peak of nothing"),
        pytest.param(1, [EMPTY_ROOT[: HASH_SIZE - 1]], id="a short peak"),
        pytest.param(-1, [EMPTY_ROOT], id="a size below nothing"),
    ],
)
def test_peaks_that_do_not_fit_their_size_are_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ProofError, match="not the peaks"):
        Frontier(size, peaks)
