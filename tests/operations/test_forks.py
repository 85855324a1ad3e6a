"""Forks: honest logs never give evidence, forked ones always do, and what was tampered with convicts nobody."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_log import LOG, NaiveLog, Outgrown, forked, leaves
from naive_tree import mth

from ledger.errors import MalformedError, NotFoundError, TamperedError
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.proofs import prove_beginning, prove_consistency
from ledger.merkle.tree import root_at
from ledger.operations.evidence import Fork
from ledger.operations.forks import SignedHead, check_fork, prove_fork, verified_nodes
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.note import NoteSigner

SIZES_TO = 40


def fork_of(older: NaiveLog, newer: NaiveLog) -> Fork | None:
    return prove_fork(LOG.verifier, older.head, newer.head, newer)


def signed(size: int, root: bytes, *, by: NoteSigner = LOG, origin: str = LOG.name) -> SignedHead:
    note = sign_checkpoint(Checkpoint(origin, size, root), by).encode()
    return SignedHead(Checkpoint(origin, size, root), note)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    """An older size and a newer one, equal ones among them."""
    newer = draw(st.integers(1, SIZES_TO))
    return draw(st.integers(0, newer)), newer


@given(sizes())
def test_honest_logs_never_give_evidence(pair: tuple[int, int]) -> None:
    older, newer = (NaiveLog(leaves(size)) for size in pair)

    assert fork_of(older, newer) is None
    for proof in proofs_between(*pair, newer):
        with pytest.raises(MalformedError):
            check_fork(Fork(LOG.verifier, older.note, newer.note, proof))


def proofs_between(old_size: int, size: int, log: NaiveLog) -> list[tuple[bytes, ...]]:
    """All that anybody could honestly name between two sizes."""
    nodes = verified_nodes(log, log.head.checkpoint)
    found = [(), prove_consistency(old_size, size, nodes)]
    if 0 < old_size < size:
        found.append(prove_beginning(old_size, size, nodes))
    return found


@given(st.data())
def test_forked_logs_always_give_evidence_that_convicts(data: st.DataObject) -> None:
    old_size, size = data.draw(sizes().filter(lambda pair: pair[0] > 0))
    shared = data.draw(st.integers(0, old_size - 1))
    older, newer = NaiveLog(leaves(old_size)), NaiveLog(forked(shared, size))

    fork = fork_of(older, newer)

    assert fork is not None
    assert "two histories" in check_fork(fork)


@given(st.data())
def test_no_proof_that_somebody_makes_up_convicts_an_honest_log(data: st.DataObject) -> None:
    old_size, size = data.draw(sizes())
    older, newer = NaiveLog(leaves(old_size)), NaiveLog(leaves(size))
    hashes = st.sampled_from([mth(leaves(n)) for n in range(size + 1)] + [mth(forked(0, n)) for n in range(size + 1)])
    proof = data.draw(st.lists(hashes, max_size=7))

    with pytest.raises(MalformedError):
        check_fork(Fork(LOG.verifier, older.note, newer.note, tuple(proof)))


def test_hashes_of_another_tree_prove_nothing() -> None:
    older, newer, elsewhere = NaiveLog(leaves(5)), NaiveLog(forked(3, 12)), NaiveLog(forked(2, 12))
    proof = prove_beginning(5, 12, verified_nodes(elsewhere, elsewhere.head.checkpoint))

    with pytest.raises(MalformedError, match="do not lead to the root of the newer"):
        check_fork(Fork(LOG.verifier, older.note, newer.note, proof))


@pytest.mark.parametrize("sizes", [(5, 5), (5, 12), (8, 12), (4, 8), (1, 2)])
def test_a_hash_more_or_less_proves_nothing(sizes: tuple[int, int]) -> None:
    fork = fork_of(NaiveLog(leaves(sizes[0])), NaiveLog(forked(0, sizes[1])))
    assert fork is not None

    for proof in ((*fork.proof, bytes(32)), fork.proof[1:]):
        if proof != fork.proof:
            with pytest.raises(MalformedError):
                check_fork(replace(fork, proof=proof))


def test_the_older_must_be_the_older_and_both_must_be_the_logs_own() -> None:
    fork = fork_of(NaiveLog(leaves(5)), NaiveLog(forked(3, 12)))
    assert fork is not None
    stranger = NoteSigner(LOG.name, type(LOG.key).from_seed(bytes(32)))

    with pytest.raises(MalformedError, match="the larger one"):
        check_fork(replace(fork, older=fork.newer, newer=fork.older))
    with pytest.raises(MalformedError, match="not the log's"):
        check_fork(replace(fork, older=signed(5, bytes(32), by=stranger).note))
    with pytest.raises(MalformedError, match="not the log's"):
        check_fork(replace(fork, older=signed(5, bytes(32), origin="another.example/log").note))
    with pytest.raises(MalformedError, match="not the log's"):
        check_fork(replace(fork, log=stranger.verifier))


def test_a_root_for_no_entries_that_is_not_the_empty_trees_convicts_by_itself() -> None:
    newer = NaiveLog(leaves(3))
    fork = prove_fork(LOG.verifier, signed(0, bytes(32)), newer.head, newer)

    assert fork is not None
    assert fork.proof == ()
    assert "before there were any" in check_fork(fork)
    assert prove_fork(LOG.verifier, signed(0, EMPTY_ROOT), newer.head, newer) is None


def test_a_source_that_does_not_hold_the_tree_of_its_checkpoint_is_an_alarm_and_no_fork() -> None:
    older, newer, other = NaiveLog(leaves(5)), NaiveLog(leaves(12)), NaiveLog(forked(3, 12))

    with pytest.raises(TamperedError, match="do not lead to the root"):
        prove_fork(LOG.verifier, older.head, newer.head, other)
    with pytest.raises(TamperedError, match="not all there"):
        prove_fork(LOG.verifier, older.head, newer.head, NaiveLog(leaves(4)))


@pytest.mark.parametrize("size", [256, 257, 700])
def test_a_partial_tile_that_the_log_has_outgrown_is_cut_from_the_full_one(size: int) -> None:
    then, now = NaiveLog(leaves(200)), Outgrown(leaves(size))

    nodes = verified_nodes(now, then.head.checkpoint)

    assert root_at(130, nodes) == mth(leaves(130))
    with pytest.raises(NotFoundError):
        now.read("tile/0/000.p/200")
