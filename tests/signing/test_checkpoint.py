import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint, sign_checkpoint
from ledger.signing.cosignature import Cosigner, check_cosignature
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSigner, Verifier, sign_note, verified

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "c2sp.json").read_text())
LOG = NoteSigner(VECTORS["origin"], SigningKey.from_seed(bytes.fromhex(VECTORS["log_seed_hex"])))
SEED = bytes.fromhex(VECTORS["witness_seed_hex"])
WITNESS = Cosigner(VECTORS["witness_name"], Ed25519PrivateKey.from_private_bytes(SEED))
HEAD = Checkpoint(VECTORS["origin"], 3, bytes.fromhex(VECTORS["root_hex"]))
TIME_S = VECTORS["witness_time"]


def test_the_vectors_checkpoint_and_cosignature_are_the_bytes_that_we_sign() -> None:
    note = sign_checkpoint(HEAD, LOG)
    cosigned = Note(note.text, (*note.signatures, WITNESS.cosign(HEAD.text, TIME_S)))

    assert cosigned.encode() == VECTORS["checkpoint"].encode()


def test_the_vectors_checkpoint_and_cosignature_hold() -> None:
    log, witness = Verifier.parse(VECTORS["log_vkey"]), Verifier.parse(VECTORS["witness_vkey"])

    checkpoint, note = read_checkpoint(VECTORS["checkpoint"].encode(), log)

    assert checkpoint == HEAD
    assert verified(note, [log, witness]) == (log, witness)
    assert check_cosignature(note.signatures[1], checkpoint_text=note.text, verifier=witness) == TIME_S


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs"]), min_size=1).filter(lambda name: "+" not in name),
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_comes_back(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)

    assert Checkpoint.parse(checkpoint.text) == checkpoint


ROOT = HEAD.text.split("\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD.text[:-1],
        HEAD.text + "\n",
        HEAD.text + "extension\n",
        f"\n3\n{ROOT}\n",
        f"log\n+20_85\n{ROOT}\n",
        f"log\n03\n{ROOT}\n",
        f"log\n-3\n{ROOT}\n",
        f"log\n3 \n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"log\n3.0\n{ROOT}\n",
        f"log\n3\n{ROOT[:-1]}\n",
        f"log\n3\n{ROOT[:-2]}d=\n",
        f"log\n3\n{ROOT} \n",
        "log\n3\n\n",
        f"log\n3\n{'AAAA' * 10}\n",
        f"log\n3\n{'AAAA' * 11}\n",
        f"log\r\n3\r\n{ROOT}\r\n",
    ],
)
def test_a_checkpoint_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        Checkpoint.parse(text)
    with pytest.raises(MalformedError):
        WITNESS.cosign(text, TIME_S)


def test_a_checkpoint_that_could_not_be_read_again_is_not_signed() -> None:
    for checkpoint in (
        Checkpoint("two\nlines", 3, bytes(32)),
        Checkpoint("log", -1, bytes(32)),
        Checkpoint("log", 3, b""),
    ):
        with pytest.raises(MalformedError):
            sign_checkpoint(checkpoint, LOG)


def test_a_checkpoint_is_believed_only_with_the_logs_own_signature() -> None:
    stranger = NoteSigner(LOG.name, SigningKey.from_seed(SEED))
    signed = sign_checkpoint(HEAD, LOG)
    altered = signed.encode().replace(b"\n3\n", b"\n4\n")
    only_cosigned = Note(HEAD.text, (WITNESS.cosign(HEAD.text, TIME_S),))

    for data in (altered, sign_checkpoint(HEAD, stranger).encode(), only_cosigned.encode()):
        with pytest.raises(SignatureError):
            read_checkpoint(data, LOG.verifier)


def test_a_log_speaks_for_no_other_origin() -> None:
    data = sign_checkpoint(Checkpoint("other.example/log", 3, bytes(32)), LOG).encode()

    with pytest.raises(SignatureError):
        read_checkpoint(data, LOG.verifier)


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(MalformedError):
        read_checkpoint(sign_note("hello\n", LOG).encode(), LOG.verifier)


def test_the_databases_digest_is_signed_in_the_same_shape_and_not_taken_for_a_root() -> None:
    origin = database_origin(LOG.name)
    digest = Checkpoint(origin, 3, bytes(range(32)))
    data = sign_checkpoint(digest, LOG).encode()

    assert origin == "ledger.example/shared-cohorts/cohort-database"
    assert read_checkpoint(data, LOG.verifier, origin=origin)[0] == digest
    with pytest.raises(SignatureError):
        read_checkpoint(data, LOG.verifier)
    with pytest.raises(SignatureError):
        read_checkpoint(sign_checkpoint(HEAD, LOG).encode(), LOG.verifier, origin=origin)
