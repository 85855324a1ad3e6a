"""Witnesses for tests: one in a folder, the log that it watches, and what that log asks of it."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from naive_tree import LEAVES, consistency, mth

from ledger.operations.witness import Witness
from ledger.operations.witness_folder import WitnessFolder
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.cosignature import Cosigner
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSigner, Verifier

ORIGIN = "log.example/one"
ORIGIN_HASH = sha256(ORIGIN.encode()).hexdigest()
LOG = NoteSigner(ORIGIN, SigningKey.from_seed(b"log".ljust(32)))
NAME = "witness.example/w1"
COSIGNERS = (
    Cosigner(NAME, Ed25519PrivateKey.from_private_bytes(b"ed25519".ljust(32))),
    Cosigner(NAME, MLDSA44PrivateKey.from_seed_bytes(b"mldsa44".ljust(32))),
)
KEYS = tuple(each.verifier for each in COSIGNERS)
TIME_S = 1_700_000_000

HISTORY = LEAVES
OTHER_HISTORY = (*LEAVES[:7], b"another entry", *LEAVES[8:])  # forks before size 8


def new_witness(
    folder: Path, *logs: Verifier, cosigners: Sequence[Cosigner] = COSIGNERS, with_files: bool = False
) -> Witness:
    """Found a witness in a folder. with_files: its keys lie there too, unencrypted."""
    founded = WitnessFolder.of(
        folder, name=NAME, keys=[each.verifier for each in cosigners], logs=logs or [LOG.verifier]
    )
    founded.prepare()
    if with_files:
        for file, cosigner in zip(founded.key_files, cosigners, strict=True):
            file.touch(mode=0o600)
            file.write_bytes(cosigner.to_pem(None))
    founded.found()
    return reopened(folder, cosigners)


def reopened(folder: Path, cosigners: Sequence[Cosigner] = COSIGNERS) -> Witness:
    """The witness of a folder as it is after a restart."""
    return Witness(WitnessFolder.open(folder), cosigners)


def head(size: int, history: Sequence[bytes] = HISTORY, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, mth(history[:size]))


def signed(size: int, history: Sequence[bytes] = HISTORY) -> Note:
    return sign_checkpoint(head(size, history), LOG)


def request(old: int, size: int, history: Sequence[bytes] = HISTORY) -> AddCheckpoint:
    """What a log that has such a history asks of a witness that has cosigned `old` of it."""
    proof = consistency(old, history[:size]) if 0 < old < size else []
    return AddCheckpoint(old, tuple(proof), signed(size, history))


def ask(witness: Witness, old: int, size: int, history: Sequence[bytes] = HISTORY, *, time_s: int = TIME_S) -> bytes:
    return witness.add_checkpoint(request(old, size, history).encode(), time_s=time_s)


def size_of(witness: Witness) -> int | None:
    """What the witness shows as its newest."""
    held = witness.folder.cosigned(witness.folder.logs[ORIGIN_HASH])
    return held[0].size if held else None
