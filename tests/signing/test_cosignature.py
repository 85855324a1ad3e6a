"""Cosignatures of both kinds: whose, of what and when; each message written out here by hand."""

import json
import struct
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey, MLDSA65PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.cosignature import Cosigner, check_cosignature
from ledger.signing.encoding import to_base64url
from ledger.signing.keys import PublicKey, SigningKey
from ledger.signing.note import Note, NoteSignature, NoteSigner, Verifier, sign_note, verified

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "c2sp.json").read_text())
HEAD = Checkpoint(VECTORS["origin"], 3, bytes.fromhex(VECTORS["root_hex"]))
SEED = bytes.fromhex(VECTORS["witness_seed_hex"])
NAME = VECTORS["witness_name"]
TIME_S = VECTORS["witness_time"]
BEYOND = 2**63

ED25519 = Ed25519PrivateKey.from_private_bytes(SEED)
ML_DSA_44 = MLDSA44PrivateKey.from_seed_bytes(SEED)
WITNESSES = {"Ed25519": Cosigner(NAME, ED25519), "ML-DSA-44": Cosigner(NAME, ML_DSA_44)}
OLDER, NEWER = WITNESSES.values()
EITHER = pytest.mark.parametrize("witness", WITNESSES.values(), ids=WITNESSES)

# struct cosigned_message of tlog-cosignature, for that witness, time and checkpoint
BY_HAND = (
    b"subtree/v1\n\0"
    b"\x12witness.example/nl"
    b"\x00\x00\x00\x00\x65\x53\xf1\x00"
    b"\x1dledger.example/shared-cohorts"
    b"\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\x03" + bytes.fromhex(VECTORS["root_hex"])
)


def signed_by_hand(message: bytes, time_s: int) -> NoteSignature:
    return NoteSignature(NAME, NEWER.verifier.key_id, time_s.to_bytes(8) + ML_DSA_44.sign(message))


def test_an_ml_dsa_44_cosignature_is_over_the_structure_of_the_specification() -> None:
    # when: its line is read as a stranger to this code would read it
    dash, name, encoded = NEWER.cosign(HEAD.text, TIME_S).line.split(" ")
    key_id, time_s, signature = struct.unpack(">4sQ2420s", b64decode(encoded))

    # then
    assert (dash, name, time_s) == ("\u2014", "witness.example/nl", TIME_S)
    assert key_id == NEWER.verifier.key_id
    ML_DSA_44.public_key().verify(signature, BY_HAND)


def test_a_structure_that_was_built_and_signed_by_hand_holds() -> None:
    assert check_cosignature(signed_by_hand(BY_HAND, TIME_S), checkpoint_text=HEAD.text, verifier=NEWER.verifier) == (
        TIME_S
    )


def test_an_ml_dsa_44_verifier_key_is_that_of_the_specification() -> None:
    name, key_id, encoded = NEWER.verifier.text.split("+", 2)
    key = b64decode(encoded)

    assert (name, key[0], len(key)) == (NAME, 6, 1313)
    MLDSA44PublicKey.from_public_bytes(key[1:]).verify(ML_DSA_44.sign(b"said"), b"said")
    assert Verifier.parse(f"{name}+{key_id}+{encoded}") == NEWER.verifier


@EITHER
@settings(max_examples=20)
@given(time_s=st.integers(1, BEYOND - 1))
def test_a_cosignature_states_its_time(witness: Cosigner, time_s: int) -> None:
    signature = witness.cosign(HEAD.text, time_s)

    assert NoteSignature.parse(signature.line) == signature
    assert check_cosignature(signature, checkpoint_text=HEAD.text, verifier=witness.verifier) == time_s


@EITHER
def test_a_cosignature_holds_for_its_own_text_time_and_witness_alone(witness: Cosigner) -> None:
    good = witness.cosign(HEAD.text, TIME_S)
    same_key = NoteSigner(NAME, SigningKey.from_seed(SEED))
    (plain,) = sign_note(HEAD.text, same_key).signatures
    (other,) = (each for each in WITNESSES.values() if each is not witness)

    def with_signature(signature: bytes) -> NoteSignature:
        return NoteSignature(good.name, good.key_id, signature)

    for signature, text, verifier in (
        (good, HEAD.text.replace("\n3\n", "\n4\n"), witness.verifier),
        (good, HEAD.text.replace("shared", "other"), witness.verifier),
        (good, f"{HEAD.text}extension\n", witness.verifier),
        (good, "no checkpoint\n", witness.verifier),
        (good, HEAD.text, other.verifier),
        (good, HEAD.text, same_key.verifier),
        (plain, HEAD.text, same_key.verifier),
        (plain, HEAD.text, witness.verifier),
        (with_signature(plain.signature), HEAD.text, witness.verifier),
        (with_signature((TIME_S + 1).to_bytes(8) + good.signature[8:]), HEAD.text, witness.verifier),
        (with_signature(good.signature[8:]), HEAD.text, witness.verifier),
        (with_signature(good.signature[:-1]), HEAD.text, witness.verifier),
        (with_signature(good.signature + b"\0"), HEAD.text, witness.verifier),
        (with_signature(b"\0"), HEAD.text, witness.verifier),
    ):
        with pytest.raises(SignatureError):
            check_cosignature(signature, checkpoint_text=text, verifier=verifier)


def test_an_ml_dsa_44_cosignature_of_another_structure_does_not_hold() -> None:
    for message in (
        BY_HAND.replace(b"subtree/v1", b"subtree/v2"),
        BY_HAND.replace(b"/nl", b"/no"),
        BY_HAND.replace(b"-cohorts", b"-cohort."),
        BY_HAND.replace(bytes(8) + (3).to_bytes(8), (1).to_bytes(8) + (3).to_bytes(8)),  # a subtree that begins later
        BY_HAND[:-1] + b"\0",
        f"cosignature/v1\ntime {TIME_S}\n{HEAD.text}".encode(),
    ):
        assert message != BY_HAND
        with pytest.raises(SignatureError):
            check_cosignature(signed_by_hand(message, TIME_S), checkpoint_text=HEAD.text, verifier=NEWER.verifier)


def test_without_a_time_an_ml_dsa_44_signature_is_no_checkpoints_cosignature() -> None:
    untimed = signed_by_hand(BY_HAND.replace(TIME_S.to_bytes(8), bytes(8)), 0)

    with pytest.raises(SignatureError, match="states its time"):
        check_cosignature(untimed, checkpoint_text=HEAD.text, verifier=NEWER.verifier)
    with pytest.raises(SignatureError, match="states its time"):
        verified(Note(HEAD.text, (untimed,)), [NEWER.verifier])


@EITHER
def test_a_cosignatures_time_is_from_1_on_and_fits_63_bits(witness: Cosigner) -> None:
    for time_s in (-1, 0, BEYOND):
        with pytest.raises(MalformedError):
            witness.cosign(HEAD.text, time_s)


def test_a_time_beyond_63_bits_does_not_hold_whoever_signed_it() -> None:
    by_text = ED25519.sign(f"cosignature/v1\ntime {BEYOND}\n{HEAD.text}".encode())
    by_structure = signed_by_hand(BY_HAND.replace(TIME_S.to_bytes(8), BEYOND.to_bytes(8)), BEYOND)

    for signature, verifier in (
        (NoteSignature(NAME, OLDER.verifier.key_id, BEYOND.to_bytes(8) + by_text), OLDER.verifier),
        (by_structure, NEWER.verifier),
    ):
        with pytest.raises(SignatureError, match="beyond all clocks"):
            verified(Note(HEAD.text, (signature,)), [verifier])


@EITHER
@pytest.mark.parametrize(
    "text", ["", "hello\n", HEAD.text[:-1], f"{HEAD.text}extension\n", HEAD.text.replace("3", "03")]
)
def test_what_is_no_checkpoint_is_not_cosigned(witness: Cosigner, text: str) -> None:
    with pytest.raises(MalformedError):
        witness.cosign(text, TIME_S)


def test_an_origin_of_over_255_bytes_fits_no_ml_dsa_44_cosignature() -> None:
    longest, longer = (Checkpoint("a" * length, 3, bytes(32)).text for length in (255, 256))

    assert check_cosignature(NEWER.cosign(longest, TIME_S), checkpoint_text=longest, verifier=NEWER.verifier) == TIME_S
    with pytest.raises(MalformedError, match="255 bytes"):
        NEWER.cosign(longer, TIME_S)
    with pytest.raises(SignatureError, match="255 bytes"):
        NEWER.verifier.check(NEWER.cosign(longest, TIME_S).signature, longer)


@EITHER
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_witnesss_key_comes_back_from_its_file(witness: Cosigner, passphrase: bytes | None) -> None:
    pem = witness.to_pem(passphrase)

    again = Cosigner.from_pem(NAME, pem, passphrase)

    assert again.verifier == witness.verifier
    assert (b"ENCRYPTED" in pem) == (passphrase is not None)
    assert check_cosignature(again.cosign(HEAD.text, 1), checkpoint_text=HEAD.text, verifier=witness.verifier) == 1
    with pytest.raises(MalformedError, match="passphrase"):
        Cosigner.from_pem(NAME, pem, b"another")
    with pytest.raises(MalformedError, match="empty passphrase"):
        witness.to_pem(b"")


def test_a_key_of_another_algorithm_is_no_witnesss() -> None:
    for private in (MLDSA65PrivateKey.from_seed_bytes(SEED), derive_private_key(7, SECP256R1())):
        with pytest.raises(MalformedError, match="Ed25519 or ML-DSA-44"):
            Cosigner.from_pem(NAME, SigningKey(private).to_pem(None), None)


def test_a_witnesss_ml_dsa_44_key_signs_no_events() -> None:
    with pytest.raises(MalformedError, match="Ed25519, ES256 or ML-DSA-65"):
        SigningKey.from_pem(NEWER.to_pem(None), None)
    with pytest.raises(MalformedError):
        PublicKey.from_jwk({"kty": "AKP", "alg": "ML-DSA-44", "pub": to_base64url(NEWER.verifier.public_key)})
