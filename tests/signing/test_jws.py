import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey
from jwcrypto.jwk import JWK  # type: ignore[import-untyped]  # it ships no types
from jwcrypto.jws import JWS  # type: ignore[import-untyped]  # it ships no types

from ledger.errors import MalformedError, SignatureError
from ledger.signing import jws
from ledger.signing.canonical import Json, dump
from ledger.signing.encoding import to_base64url
from ledger.signing.keys import SigningKey

TYP = "example+jwt"
KEYS = {
    "Ed25519": SigningKey.from_seed(bytes(range(32))),
    "ES256": SigningKey(ec.derive_private_key(7, ec.SECP256R1())),
    "ML-DSA-65": SigningKey(MLDSA65PrivateKey.from_seed_bytes(bytes(32))),
}
EACH_KEY = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
ED25519 = KEYS["Ed25519"]
PAYLOAD: Json = {"name": "Ærø", "size": 3, "none": None}


def _assembled(header: object, payload: bytes = b"{}", key: SigningKey = ED25519) -> str:
    """A JWS whose signature holds, whatever its header says."""
    head = header if isinstance(header, bytes) else dump(header)
    signing_input = f"{to_base64url(head)}.{to_base64url(payload)}"
    return f"{signing_input}.{to_base64url(key.sign(signing_input.encode()))}"


@EACH_KEY
def test_a_statement_comes_back_and_holds_under_its_key_alone(key: SigningKey) -> None:
    signed = jws.sign(PAYLOAD, typ=TYP, key=key)

    parsed = jws.parse(signed.text, typ=TYP)
    jws.verify(parsed, key.public)

    assert parsed == signed
    assert parsed.payload == PAYLOAD
    assert dict(parsed.header) == {"alg": key.public.algorithm, "kid": key.public.thumbprint, "typ": TYP}
    with pytest.raises(SignatureError):
        jws.verify(parsed, SigningKey.from_seed(b"another key of thirty-two bytes.").public)


@pytest.mark.parametrize(("name", "foreign"), [("Ed25519", OKPKey), ("ES256", ECKey)])
def test_joserfc_takes_our_statements(name: str, foreign: type[OKPKey | ECKey]) -> None:
    key = KEYS[name]
    signed = jws.sign(PAYLOAD, typ=TYP, key=key)

    taken = joserfc_jws.deserialize_compact(signed.text, foreign.import_key({**key.public.jwk}), algorithms=[name])

    assert taken.headers() == dict(signed.header)
    assert taken.payload == dump(PAYLOAD)


def test_jwcrypto_takes_our_post_quantum_statements() -> None:
    key = KEYS["ML-DSA-65"]
    signed = jws.sign(PAYLOAD, typ=TYP, key=key)

    taken = JWS()
    taken.deserialize(signed.text, JWK(**key.public.jwk))

    assert taken.payload == dump(PAYLOAD)


def test_we_take_a_statement_that_joserfc_signed() -> None:
    private = OKPKey.import_key({**ED25519.public.jwk, "d": to_base64url(bytes(range(32)))})
    header = {"alg": "Ed25519", "kid": ED25519.public.thumbprint, "typ": TYP}

    text = joserfc_jws.serialize_compact(header, dump(PAYLOAD), private, algorithms=["Ed25519"])

    assert text == jws.sign(PAYLOAD, typ=TYP, key=ED25519).text


@EACH_KEY
def test_a_statement_with_any_part_changed_does_not_hold(key: SigningKey) -> None:
    signed = jws.sign(PAYLOAD, typ=TYP, key=key)
    other = jws.sign({"size": 4}, typ=TYP, key=key)
    head, body, signature = signed.text.split(".")

    for text in (f"{head}.{other.text.split('.')[1]}.{signature}", f"{head}.{body}.{other.text.split('.')[2]}"):
        with pytest.raises(SignatureError):
            jws.verify(jws.parse(text, typ=TYP), key.public)


@pytest.mark.parametrize("change", [{"alg": "ES256"}, {"kid": KEYS["ES256"].public.thumbprint}])
def test_a_statement_names_its_own_key_and_the_algorithm_that_it_implies(change: dict[str, str]) -> None:
    text = _assembled({"alg": "Ed25519", "kid": ED25519.public.thumbprint, "typ": TYP, **change})

    parsed = jws.parse(text, typ=TYP)

    with pytest.raises(SignatureError):
        jws.verify(parsed, ED25519.public)


def test_one_kind_of_statement_is_not_taken_for_another() -> None:
    signed = jws.sign(PAYLOAD, typ="other+jwt", key=ED25519)

    with pytest.raises(MalformedError):
        jws.parse(signed.text, typ=TYP)


GOOD = {"alg": "Ed25519", "kid": ED25519.public.thumbprint, "typ": TYP}


@pytest.mark.parametrize(
    "header",
    [
        {**GOOD, "alg": "none"},
        {**GOOD, "alg": "EdDSA"},
        {**GOOD, "alg": "HS256"},
        {**GOOD, "alg": None},
        {**GOOD, "kid": "short"},
        {**GOOD, "kid": ED25519.public.thumbprint[:-1] + "_"},
        {**GOOD, "kid": 1},
        {**GOOD, "crit": []},
        {**GOOD, "jwk": dict(ED25519.public.jwk)},
        {"alg": "Ed25519", "typ": TYP},
        {"alg": "Ed25519", "kid": ED25519.public.thumbprint},
        {"kid": ED25519.public.thumbprint, "typ": TYP},
        [],
        b"",
        b'{"alg": "Ed25519"}',
        b'{"alg":"none",' + dump(GOOD)[1:],
        dump(GOOD) + b"\n",
        dump(dict(GOOD)).replace(b"typ", b"t\\u0079p"),
    ],
    ids=lambda header: repr(header)[:60],
)
def test_a_header_is_alg_kid_typ_in_canonical_json_and_nothing_else(header: object) -> None:
    with pytest.raises(MalformedError):
        jws.parse(_assembled(header), typ=TYP)


@pytest.mark.parametrize("payload", [b"", b"{ }", b'{"b":1,"a":1}', b"1.5", b"\xff", b"{}\n"])
def test_a_payload_is_canonical_json(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        jws.parse(_assembled(GOOD, payload), typ=TYP)


def test_a_statement_has_three_parts_in_strict_base64url() -> None:
    text = jws.sign(PAYLOAD, typ=TYP, key=ED25519).text
    head, body, signature = text.split(".")

    for bad in (
        "",
        "..",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}..{signature}",
        f"{text}.",
        f"{text}.{signature}",
        f"{text}=",
        f"{text}\n",
        f" {text}",
        f"{head}.{body}.{signature[:-1]}B",
        f"{head}.{body}.{signature[:-1]}é",
        f"{head}=.{body}.{signature}",
    ):
        with pytest.raises(MalformedError):
            jws.parse(bad, typ=TYP)


@EACH_KEY
def test_a_signature_is_checked_without_reading_what_it_signs(key: SigningKey) -> None:
    signed = jws.sign(PAYLOAD, typ=TYP, key=key)
    head, _, signature = signed.text.split(".")

    jws.verify(jws.read_signature(signed.text, typ=TYP), key.public)

    with pytest.raises(SignatureError):
        jws.verify(jws.read_signature(f"{head}.bm8gSlNPTg.{signature}", typ=TYP), key.public)
    for unreadable in ("", "a.b.c", f"{head}.é.{signature}", signed.text[:-1]):
        with pytest.raises(MalformedError):
            jws.read_signature(unreadable, typ=TYP)
