"""Verdicts on what a witness was asked to cosign, and on a rollback, beside the log or without it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from naive_log import LOG, MEMORANDUM, NaiveLog, forked, leaves

from ledger.merkle.proofs import prove_consistency
from ledger.operations.evidence import Rollback, WitnessRequest
from ledger.operations.forks import verified_nodes
from ledger.operations.verdict import judge
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.note import Note

AT = datetime(2022, 1, 3, 9, tzinfo=UTC)


def asked(cosigned: NaiveLog | None, new: NaiveLog, *, old_size: int, proof_from: int | None = None) -> WitnessRequest:
    """A request as a hub of that history makes it."""
    proof = prove_consistency(proof_from or old_size, len(new.data), verified_nodes(new, new.head.checkpoint))
    request = AddCheckpoint(old_size, proof, Note.parse(new.note)).encode()
    return WitnessRequest("witness.example", LOG.verifier, cosigned.note if cosigned else None, request, AT)


def test_a_request_that_forks_what_was_cosigned_convicts() -> None:
    larger = asked(NaiveLog(leaves(5)), NaiveLog(forked(3, 12)), old_size=5)
    as_large = asked(NaiveLog(leaves(5)), NaiveLog(forked(3, 5)), old_size=5)

    beside_hashes = asked(NaiveLog(leaves(12)), NaiveLog(forked(3, 12)), old_size=5)
    nothing = sign_checkpoint(Checkpoint(LOG.name, 0, bytes(32)), LOG)
    of_nothing = replace(larger, request=AddCheckpoint(0, (), nothing).encode())

    rulings = [judge(each).ruling for each in (larger, as_large, beside_hashes, of_nothing)]

    assert rulings == ["convicts"] * 4


@pytest.mark.parametrize(
    "request_",
    [
        asked(None, NaiveLog(leaves(12)), old_size=0),
        asked(NaiveLog(leaves(5)), NaiveLog(leaves(12)), old_size=5),
        asked(NaiveLog(leaves(5)), NaiveLog(leaves(5)), old_size=5),
        asked(NaiveLog(leaves(5)), NaiveLog(leaves(12)), old_size=7),
        asked(NaiveLog(leaves(5)), NaiveLog(forked(3, 12)), old_size=7),
        asked(NaiveLog(leaves(5)), NaiveLog(leaves(12)), old_size=5, proof_from=6),
        asked(NaiveLog(leaves(12)), NaiveLog(leaves(5)), old_size=5),
        replace(asked(NaiveLog(leaves(5)), NaiveLog(forked(3, 12)), old_size=5), request=b"old 5\n"),
        replace(asked(NaiveLog(leaves(5)), NaiveLog(forked(3, 12)), old_size=5), cosigned=b"no note"),
    ],
)
def test_a_request_that_is_honest_stale_or_not_the_logs_proves_nothing(request_: WitnessRequest) -> None:
    assert judge(request_).ruling == "proves nothing"


def test_hashes_that_leave_the_old_root_out_convict_beside_the_log_only() -> None:
    """A complete old tree is no part of its consistency proof: something is wrong, and the hashes do not show what."""
    request = asked(NaiveLog(leaves(4)), NaiveLog(forked(3, 12)), old_size=4)

    assert judge(request).ruling == "proves nothing"
    for log in (NaiveLog(leaves(15)), NaiveLog(forked(3, 15))):
        assert judge(request, memorandum=MEMORANDUM, log=log).ruling == "convicts"


def test_a_rollback_convicts_beside_a_log_that_does_not_extend_what_was_remembered() -> None:
    seen = Rollback(LOG.verifier, NaiveLog(leaves(12)).note, NaiveLog(leaves(5)).note)

    rulings = [
        judge(seen, memorandum=MEMORANDUM, log=log).ruling
        for log in (NaiveLog(leaves(5)), NaiveLog(leaves(15)), NaiveLog(leaves(5) + forked(0, 20)[5:]))
    ]

    assert rulings == ["proves nothing", "proves nothing", "convicts"]
