import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.signing.cosignature import Cosigner
from ledger.signing.encoding import to_base64
from ledger.signing.keys import SigningKey
from ledger.signing.note import (
    COSIGNATURE,
    ED25519,
    SUBTREE_COSIGNATURE,
    Note,
    NoteSignature,
    NoteSigner,
    Verifier,
    sign_note,
    verified,
)

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "c2sp.json").read_text())

# C2SP signed-note and tlog-checkpoint, the examples in their texts (their keys are not published)
POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore \
NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""

ALICE = NoteSigner("alice.example/log", SigningKey.from_seed(bytes(range(32))))
ALICE_COSIGNS = Cosigner(ALICE.name, Ed25519PrivateKey.from_private_bytes(bytes(range(32)))).verifier
ALICE_COSIGNS_AGAIN = Cosigner(ALICE.name, MLDSA44PrivateKey.from_seed_bytes(bytes(32))).verifier
BOB = NoteSigner("bob.example", SigningKey.from_seed(bytes(range(32, 64))))
TEXT = "one\n\nthree: é\n"
SIGNED = sign_note(TEXT, ALICE)
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
NAMES = st.text("abcæ./-0", min_size=1, max_size=12)


def test_the_go_librarys_note_holds_and_comes_back() -> None:
    data = VECTORS["note"]["text"].encode()
    verifier = Verifier.parse(VECTORS["note"]["vkey"])

    note = Note.parse(data)

    assert verified(note, [verifier]) == (verifier,)
    assert note.text == "This is an example message.\n"
    assert note.encode() == data
    assert verifier.text == VECTORS["note"]["vkey"]


def test_a_note_parts_at_its_last_empty_line() -> None:
    note = Note.parse(POEM.encode())

    assert note.text == POEM[: POEM.rindex("\n\n") + 1]
    assert [each.name for each in note.signatures] == ["quasimodo.example/salvatore"]
    assert note.encode() == POEM.encode()


def test_verifier_keys_are_those_of_the_vectors() -> None:
    log = NoteSigner(VECTORS["origin"], SigningKey.from_seed(bytes.fromhex(VECTORS["log_seed_hex"])))
    seed = bytes.fromhex(VECTORS["witness_seed_hex"])
    witness = Cosigner(VECTORS["witness_name"], Ed25519PrivateKey.from_private_bytes(seed)).verifier

    assert log.verifier.text == VECTORS["log_vkey"]
    assert witness.text == VECTORS["witness_vkey"]
    assert Verifier.parse(VECTORS["log_vkey"]) == log.verifier
    assert Verifier.parse(VECTORS["witness_vkey"]) == witness


@given(st.lists(LINES, min_size=1, max_size=5), NAMES, st.binary(min_size=32, max_size=32))
def test_a_note_comes_back_and_holds(lines: list[str], name: str, seed: bytes) -> None:
    signer = NoteSigner(name, SigningKey.from_seed(seed))
    text = "\n".join([*lines, ""])

    note = Note.parse(sign_note(text, signer).encode())

    assert note == sign_note(text, signer)
    assert verified(note, [Verifier.parse(signer.verifier.text)]) == (signer.verifier,)


@given(st.lists(st.sampled_from(["\n", "\n\n", "— ", " ", "a", "+", "— a AAAAAAA=\n", "AAAAAAAA"]), max_size=8))
def test_a_note_that_is_read_prints_as_it_was(chunks: list[str]) -> None:
    data = "".join(chunks).encode()

    try:
        note = Note.parse(data)
    except MalformedError:
        return

    assert note.encode() == data


def test_the_signers_that_are_known_are_told_in_the_askers_order() -> None:
    note = Note(TEXT, (*sign_note(TEXT, BOB).signatures, *SIGNED.signatures))

    assert verified(note, [ALICE.verifier, BOB.verifier]) == (ALICE.verifier, BOB.verifier)
    assert verified(note, [BOB.verifier]) == (BOB.verifier,)
    assert verified(note, []) == ()


def test_signatures_of_unknown_keys_are_ignored() -> None:
    stranger = NoteSignature("stranger.example", b"\1\2\3\4", b"anything")
    same_name = NoteSignature(ALICE.name, b"\1\2\3\4", b"anything")
    same_id = NoteSignature("stranger.example", ALICE.verifier.key_id, b"anything")
    note = Note(TEXT, (stranger, same_name, same_id))

    assert verified(Note.parse(note.encode()), [ALICE.verifier, ALICE_COSIGNS, ALICE_COSIGNS_AGAIN]) == ()


def test_a_known_key_whose_signature_fails_spoils_the_note() -> None:
    (good,) = SIGNED.signatures
    bad = NoteSignature(good.name, good.key_id, bytes([good.signature[0] ^ 1]) + good.signature[1:])

    for note in (
        Note("two\n", (good,)),
        Note(TEXT, (bad,)),
        Note(TEXT, (good, bad)),
        Note(TEXT, (bad, good)),
        Note(TEXT, (NoteSignature(good.name, good.key_id, b"short"),)),
        Note(TEXT, (NoteSignature(ALICE.name, ALICE_COSIGNS.key_id, good.signature),)),
        Note(TEXT, (NoteSignature(ALICE.name, ALICE_COSIGNS_AGAIN.key_id, good.signature),)),
    ):
        with pytest.raises(SignatureError):
            verified(note, [ALICE.verifier, ALICE_COSIGNS, ALICE_COSIGNS_AGAIN])


def test_a_signature_is_not_taken_for_a_cosignature_of_the_same_key() -> None:
    assert ALICE.verifier.key_id != ALICE_COSIGNS.key_id
    assert verified(SIGNED, [ALICE_COSIGNS, ALICE_COSIGNS_AGAIN]) == ()


def test_sixteen_signatures_are_read_and_over_a_hundred_are_not() -> None:
    for count in (16, 100):
        assert len(Note.parse(Note(TEXT, SIGNED.signatures * count).encode()).signatures) == count

    with pytest.raises(MalformedError):
        Note.parse(Note(TEXT, SIGNED.signatures * 101).encode())
    with pytest.raises(MalformedError):
        Note.parse(b"a" * 1_000_000 + SIGNED.encode())


GOOD = SIGNED.encode().decode()
LINE = SIGNED.signatures[0].line
ENCODED = LINE.rpartition(" ")[2]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        TEXT,
        GOOD[:-1],
        GOOD + "\n",
        GOOD + " ",
        GOOD.replace("\n", "\r\n"),
        f"{TEXT}\n",
        f"{TEXT}{LINE}\n",
        f"\n{LINE}\n",
        f"tab\t\n\n{LINE}\n",
        f"nul\0\n\n{LINE}\n",
        f"{TEXT}\n\n{LINE}\ntext\n",
        GOOD.replace("— ", "- "),
        GOOD.replace("— ", "– "),  # U+2013
        GOOD.replace("— ", "-- "),
        GOOD.replace("— ", "—"),
        GOOD.replace("— ", "—\u00a0"),
        GOOD.replace("— ", "—  "),
        GOOD.replace("— ", " — "),
        GOOD.replace(ENCODED, " " + ENCODED),
        GOOD.replace(ENCODED, ENCODED + " "),
        GOOD.replace(ENCODED, ENCODED + " x"),
        GOOD.replace(ENCODED, ""),
        GOOD.replace(ENCODED, "AAAA"),
        GOOD.replace(ENCODED, "AAAAAA=="),
        GOOD.replace(ENCODED, ENCODED.rstrip("=")),
        GOOD.replace(ENCODED, ENCODED + "="),
        GOOD.replace(ENCODED, ENCODED.replace("+", "-").replace("/", "_")),
        GOOD.replace(ALICE.name, ""),
        GOOD.replace(ALICE.name, "a+b"),
        GOOD.replace(ALICE.name, "a\u2003b"),
        GOOD.replace(ALICE.name, "a\u0085b"),
        GOOD.replace(ALICE.name, "a\tb"),
    ],
    ids=ascii,
)
def test_a_note_of_another_shape_is_refused(note: str) -> None:
    with pytest.raises(MalformedError):
        Note.parse(note.encode())


def test_a_note_is_utf_8() -> None:
    with pytest.raises(MalformedError):
        Note.parse(b"\xff" + SIGNED.encode())


@pytest.mark.parametrize("text", ["", "no newline", "carriage\r\n", "nul\0\n"])
def test_a_text_that_could_not_be_read_again_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError):
        sign_note(text, ALICE)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\0"])
def test_a_key_has_a_name_without_spaces_plus_and_control_characters(name: str) -> None:
    with pytest.raises(MalformedError):
        NoteSigner(name, ALICE.key)
    with pytest.raises(MalformedError):
        Verifier(name, ED25519, ALICE.verifier.public_key)


def test_notes_are_signed_with_ed25519_alone() -> None:
    with pytest.raises(MalformedError):
        NoteSigner("log.example", SigningKey(ec.derive_private_key(7, ec.SECP256R1())))


VKEY = ALICE.verifier.text
VKEY_NAME, VKEY_ID, VKEY_KEY = VKEY.split("+", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "++",
        VKEY_NAME,
        f"{VKEY_NAME}+{VKEY_ID}",
        f"{VKEY_NAME}+{VKEY_ID}+",
        f"{VKEY_NAME}+00000000+{VKEY_KEY}",
        f"{VKEY_NAME}+{VKEY_ID.upper()}+{VKEY_KEY}",
        f"{VKEY_NAME}+{VKEY_ID[:-1]}+{VKEY_KEY}",
        f"{VKEY_NAME}+0{VKEY_ID}+{VKEY_KEY}",
        f"other.example+{VKEY_ID}+{VKEY_KEY}",
        f"{VKEY_NAME}+{BOB.verifier.key_id.hex()}+{VKEY_KEY}",
        f"{VKEY}=",
        f"{VKEY}\n",
        f" {VKEY}",
        VKEY.replace("+", "++", 1),
        f"{VKEY_NAME}+{VKEY_ID}+{to_base64(bytes([2]) + ALICE.verifier.public_key)}",
        f"{VKEY_NAME}+{VKEY_ID}+{to_base64(bytes([COSIGNATURE]) + ALICE.verifier.public_key)}",
        f"{VKEY_NAME}+{VKEY_ID}+{to_base64(bytes([ED25519]) + ALICE.verifier.public_key[:-1])}",
        ALICE_COSIGNS_AGAIN.text.replace(ALICE_COSIGNS_AGAIN.key_id.hex(), VKEY_ID),
        ALICE_COSIGNS_AGAIN.text[: -len("AAAA")],
    ],
)
def test_a_verifier_key_of_another_shape_or_with_anothers_id_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        Verifier.parse(text)


def test_a_key_for_ml_dsa_44_has_1312_bytes_and_is_no_key_for_another_type() -> None:
    assert Verifier.parse(ALICE_COSIGNS_AGAIN.text) == ALICE_COSIGNS_AGAIN
    assert len(ALICE_COSIGNS_AGAIN.public_key) == 1312
    for kind, key in ((6, ALICE.verifier.public_key), (6, bytes(1311)), (6, bytes(1313)), (4, bytes(1312))):
        with pytest.raises(MalformedError):
            Verifier("log.example", kind, key)


def test_a_name_of_over_255_bytes_fits_no_ml_dsa_44_cosignature() -> None:
    Verifier("é" * 127, SUBTREE_COSIGNATURE, ALICE_COSIGNS_AGAIN.public_key)

    with pytest.raises(MalformedError):
        Verifier("é" * 128, SUBTREE_COSIGNATURE, ALICE_COSIGNS_AGAIN.public_key)


def test_a_weak_key_is_no_verifier_key() -> None:
    with pytest.raises(MalformedError):
        Verifier("log.example", ED25519, bytes([1, *bytes(31)]))
