import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_tree import LEAVES, beginning, consistency, leaf, mth, node, path

from ledger.errors import NotFoundError, ProofError
from ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE
from ledger.merkle.proofs import (
    beginning_roots,
    check_consistency,
    check_inclusion,
    prove_beginning,
    prove_consistency,
    prove_inclusion,
)

VECTORS = Path(__file__).parent.parent / "vectors"
ROOTS = [mth(LEAVES[:size]) for size in range(len(LEAVES) + 1)]

# Vectors that we decide otherwise: to us a hash is 32 bytes, and "don't care 2" is 12.
REFUSED_BY_US = {"additional/sizes-are-equal-one-and-proof-is-empty"}

sizes = st.integers(1, len(LEAVES))


def vectors(name: str) -> list[Any]:
    cases = json.loads((VECTORS / f"rfc6962-{name}.json").read_text())
    return [pytest.param(case, id=case["name"]) for case in cases]


def hashes(case: dict[str, Any]) -> list[bytes]:
    return [b64decode(text) for text in case["proof"] or []]


@pytest.mark.parametrize("case", vectors("inclusion"))
def test_inclusion_is_judged_as_in_the_foreign_vectors(case: dict[str, Any]) -> None:
    def check() -> None:
        check_inclusion(
            hashes(case),
            leaf_hash=b64decode(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            root=b64decode(case["root"]),
        )

    if case["wantErr"]:
        with pytest.raises(ProofError):
            check()
    else:
        check()


@pytest.mark.parametrize("case", vectors("consistency"))
def test_consistency_is_judged_as_in_the_foreign_vectors(case: dict[str, Any]) -> None:
    def check() -> None:
        check_consistency(
            hashes(case),
            old_size=case["size1"],
            old_root=b64decode(case["root1"]),
            size=case["size2"],
            root=b64decode(case["root2"]),
        )

    if case["wantErr"] or case["name"] in REFUSED_BY_US:
        with pytest.raises(ProofError):
            check()
    else:
        check()


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_leaf_is_proven_to_be_in_the_tree_as_the_rfc_defines_it(size: int) -> None:
    for index in range(size):
        proof = prove_inclusion(index, size, node)

        assert list(proof) == path(index, LEAVES[:size])
        check_inclusion(proof, leaf_hash=leaf(LEAVES[index]), index=index, size=size, root=ROOTS[size])


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_tree_is_proven_to_be_the_beginning_of_later_ones_as_the_rfc_defines_it(size: int) -> None:
    for old_size in range(1, size + 1):
        proof = prove_consistency(old_size, size, node)

        assert list(proof) == consistency(old_size, LEAVES[:size])
        check_consistency(proof, old_size=old_size, old_root=ROOTS[old_size], size=size, root=ROOTS[size])


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_every_tree_begins_with_the_empty_one_and_needs_no_proof(size: int) -> None:
    proof = prove_consistency(0, size, node)

    assert proof == ()
    check_consistency(proof, old_size=0, old_root=EMPTY_ROOT, size=size, root=ROOTS[size])


def test_two_roots_for_one_size_are_refused_even_of_the_empty_tree() -> None:
    for size in (0, 1, 8):
        with pytest.raises(ProofError, match="two roots"):
            check_consistency((), old_size=size, old_root=ROOTS[size], size=size, root=ROOTS[size + 1])


@st.composite
def damaged(draw: st.DrawFn, good: tuple[bytes, ...]) -> list[bytes]:
    """One thing wrong: a bit, a hash too many or too few, a hash of another length, or two in each other's place."""
    bad = list(good)
    place = draw(st.integers(0, len(good) - 1))
    match draw(st.sampled_from(["bit", "missing", "spare", "double", "short", "long", "swap"])):
        case "bit":
            bad[place] = flipped(bad[place], draw(st.integers(0, 8 * HASH_SIZE - 1)))
        case "missing":
            del bad[place]
        case "spare":
            bad.insert(draw(st.integers(0, len(good))), draw(st.binary(min_size=HASH_SIZE, max_size=HASH_SIZE)))
        case "double":
            bad.insert(place, bad[place])
        case "short":
            bad[place] = bad[place][: draw(st.integers(0, HASH_SIZE - 1))]
        case "long":
            bad[place] += b"\x00"
        case _:
            bad = [*bad[place:], *bad[:place]] if place else [*bad, b""]
    return bad


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


@given(st.data())
def test_a_damaged_inclusion_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(sizes.filter(lambda size: size > 1))
    index = data.draw(st.integers(0, size - 1))
    bad = data.draw(damaged(prove_inclusion(index, size, node)))

    with pytest.raises(ProofError):
        check_inclusion(bad, leaf_hash=leaf(LEAVES[index]), index=index, size=size, root=ROOTS[size])


@given(st.data())
def test_a_damaged_consistency_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(sizes.filter(lambda size: size > 1))
    old_size = data.draw(st.integers(1, size - 1))
    bad = data.draw(damaged(prove_consistency(old_size, size, node)))

    with pytest.raises(ProofError):
        check_consistency(bad, old_size=old_size, old_root=ROOTS[old_size], size=size, root=ROOTS[size])


@given(st.data())
def test_an_inclusion_proof_holds_for_its_own_leaf_place_and_root_only(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, node)
    bit = data.draw(st.integers(0, 8 * HASH_SIZE - 1))
    right: dict[str, Any] = {"leaf_hash": leaf(LEAVES[index]), "index": index, "size": size, "root": ROOTS[size]}
    wrongs = [
        {"leaf_hash": flipped(right["leaf_hash"], bit)},
        {"leaf_hash": right["leaf_hash"][1:]},
        {"root": flipped(right["root"], bit)},
        {"root": right["root"] + b"\x00"},
        {"size": index},
        {"size": 0},
        {"index": -1},
        *({"index": other} for other in range(size + 1) if other != index),
    ]

    for wrong in wrongs:
        with pytest.raises(ProofError):
            check_inclusion(proof, **right | wrong)


@given(st.data())
def test_a_consistency_proof_holds_for_its_own_sizes_and_roots_only(data: st.DataObject) -> None:
    size = data.draw(sizes)
    old_size = data.draw(st.integers(1, size))
    proof = prove_consistency(old_size, size, node)
    bit = data.draw(st.integers(0, 8 * HASH_SIZE - 1))
    right: dict[str, Any] = {"old_size": old_size, "old_root": ROOTS[old_size], "size": size, "root": ROOTS[size]}
    wrongs = [
        {"old_root": flipped(right["old_root"], bit)},
        {"old_root": right["old_root"][1:]},
        {"root": flipped(right["root"], bit)},
        {"root": right["root"] + b"\x00"},
        {"size": old_size - 1},
        {"old_size": -1},
        *({"old_size": other} for other in range(1, size + 2) if other != old_size),
    ]

    for wrong in wrongs:
        with pytest.raises(ProofError):
            check_consistency(proof, **right | wrong)


def test_a_proof_cannot_climb_beyond_the_root_of_its_size() -> None:
    higher = prove_inclusion(7, 8, node)
    further = prove_consistency(7, 8, node)

    # Both lead to the root of size 8, by siblings that a tree of 4 leaves has no place for.
    with pytest.raises(ProofError, match="to spare"):
        check_inclusion(higher, leaf_hash=leaf(LEAVES[7]), index=3, size=4, root=ROOTS[8])
    with pytest.raises(ProofError, match="to spare"):
        check_consistency(further, old_size=3, old_root=ROOTS[7], size=4, root=ROOTS[8])


@pytest.mark.parametrize(("index", "size"), [(12, 10), (10, 10), (0, 0), (-1, 10)])
def test_there_is_no_proof_of_an_entry_that_the_log_has_not(index: int, size: int) -> None:
    with pytest.raises(NotFoundError, match=f"no entry {index} at size {size}") as refusal:
        prove_inclusion(index, size, node)

    assert refusal.value.facts == {"index": index, "size": size}


@pytest.mark.parametrize("old_size", [11, -1])
def test_there_is_no_proof_from_a_size_that_the_log_never_had(old_size: int) -> None:
    with pytest.raises(NotFoundError, match=f"never had {old_size}"):
        prove_consistency(old_size, 10, node)


@pytest.mark.parametrize("size", range(2, len(LEAVES) + 1))
def test_a_beginning_leads_to_both_roots_and_is_a_consistency_proof_with_nothing_left_out(size: int) -> None:
    for old_size in range(1, size):
        proof = prove_beginning(old_size, size, node)

        assert list(proof) == beginning(old_size, LEAVES[:size])
        assert beginning_roots(proof, old_size=old_size, size=size) == (ROOTS[old_size], ROOTS[size])


@given(st.data())
def test_a_damaged_beginning_leads_to_another_root_or_nowhere(data: st.DataObject) -> None:
    size = data.draw(sizes.filter(lambda size: size > 1))
    old_size = data.draw(st.integers(1, size - 1))
    bad = data.draw(damaged(prove_beginning(old_size, size, node)))

    try:
        _, root = beginning_roots(bad, old_size=old_size, size=size)
    except ProofError:
        return
    assert root != ROOTS[size]


@pytest.mark.parametrize(("old_size", "size"), [(0, 4), (4, 4), (5, 4), (-1, 4)])
def test_only_a_smaller_tree_that_is_not_empty_is_a_beginning(old_size: int, size: int) -> None:
    with pytest.raises(ProofError, match="does not begin"):
        beginning_roots([bytes(HASH_SIZE)], old_size=old_size, size=size)
