from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey
from jwcrypto.jwk import JWK  # type: ignore[import-untyped]  # it ships no types

from ledger.errors import MalformedError, SignatureError
from ledger.signing.canonical import dump
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.keys import PublicKey, SigningKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# RFC 8037, appendix A: the key of A.2, its thumbprint of A.3, the signature of A.4
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
OKP_SEED = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
OKP_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
OKP_INPUT = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
OKP_SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

# RFC 7515, appendix A.3
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
EC_INPUT = (
    b"eyJhbGciOiJFUzI1NiJ9"
    b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
EC_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

# RFC 7638, section 3.1
RSA = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
}

KEYS = {
    "Ed25519": SigningKey.from_seed(bytes(range(32))),
    "ES256": SigningKey(ec.derive_private_key(7, ec.SECP256R1())),
    "ML-DSA-65": SigningKey(MLDSA65PrivateKey.from_seed_bytes(bytes(32))),
}
EACH_KEY = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())


def test_canonical_json_gives_the_thumbprint_of_rfc_7638() -> None:
    assert to_base64url(sha256(dump(RSA)).digest()) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_ed25519_gives_the_key_thumbprint_and_signature_of_rfc_8037() -> None:
    key = SigningKey.from_seed(OKP_SEED)

    assert dict(key.public.jwk) == OKP
    assert key.public.thumbprint == OKP_THUMBPRINT
    assert key.public == PublicKey.from_jwk(OKP) == PublicKey.from_raw(key.public.raw)
    assert key.sign(OKP_INPUT) == from_base64url(OKP_SIGNATURE)
    key.public.verify(from_base64url(OKP_SIGNATURE), OKP_INPUT)


def test_es256_takes_the_signature_of_rfc_7515_in_its_low_form_only() -> None:
    key = PublicKey.from_jwk(EC)
    high = from_base64url(EC_SIGNATURE)
    low = high[:32] + (P256_ORDER - int.from_bytes(high[32:])).to_bytes(32)

    key.verify(low, EC_INPUT)

    with pytest.raises(SignatureError):
        key.verify(high, EC_INPUT)


def test_thumbprints_are_those_that_others_compute() -> None:
    assert PublicKey.from_jwk(EC).thumbprint == ECKey.import_key({**EC}).thumbprint()
    assert PublicKey.from_jwk(OKP).thumbprint == OKPKey.import_key({**OKP}).thumbprint()
    for key in KEYS.values():
        assert JWK(**key.public.jwk).thumbprint() == key.public.thumbprint


@EACH_KEY
@given(message=st.binary(max_size=50), place=st.integers(0), bit=st.integers(0, 7))
def test_a_signature_holds_and_with_any_bit_flipped_does_not(
    key: SigningKey, message: bytes, place: int, bit: int
) -> None:
    signature = key.sign(message)
    flipped = bytearray(signature)
    flipped[place % len(flipped)] ^= 1 << bit

    key.public.verify(signature, message)

    for bad in (bytes(flipped), signature[:-1], signature + b"\0", b""):
        with pytest.raises(SignatureError):
            key.public.verify(bad, message)
    with pytest.raises(SignatureError):
        key.public.verify(signature, message + b"\0")


def test_es256_signs_in_low_form_always() -> None:
    signatures = [KEYS["ES256"].sign(bytes([number])) for number in range(50)]

    assert all(len(each) == 64 and int.from_bytes(each[32:]) <= P256_ORDER // 2 for each in signatures)


@EACH_KEY
@pytest.mark.parametrize("passphrase", [None, "ål og øl".encode()])
def test_a_key_comes_back_from_pem(key: SigningKey, passphrase: bytes | None) -> None:
    again = SigningKey.from_pem(key.to_pem(passphrase), passphrase)

    assert again.public == key.public
    key.public.verify(again.sign(b"message"), b"message")


@EACH_KEY
def test_pem_opens_under_its_own_passphrase_alone(key: SigningKey) -> None:
    for pem, passphrase in (
        (key.to_pem(b"right"), b"wrong"),
        (key.to_pem(b"right"), None),
        (key.to_pem(None), b"needless"),
        (key.to_pem(None)[:-40], None),
        (b"", None),
    ):
        with pytest.raises(MalformedError):
            SigningKey.from_pem(pem, passphrase)
    with pytest.raises(MalformedError):
        key.to_pem(b"")


@EACH_KEY
def test_a_jwk_with_a_member_changed_missing_or_to_spare_is_refused(key: SigningKey) -> None:
    jwk = dict(key.public.jwk)
    private = {"d": to_base64url(bytes(32))}

    assert PublicKey.from_jwk(dict(reversed(jwk.items()))) == key.public
    for name, value in jwk.items():
        spoilt: list[dict[str, object]] = [
            {other: jwk[other] for other in jwk.keys() - {name}},
            {**jwk, name: "other"},
            {**jwk, name: value + "A"},
            {**jwk, name: value + "="},
            {**jwk, name: 1},
            {**jwk, name: None},
        ]
        for bad in spoilt:
            with pytest.raises(MalformedError):
                PublicKey.from_jwk(bad)
    for more in ({"kid": "1"}, {"use": "sig"}, {"alg": "none"}, private):
        with pytest.raises(MalformedError):
            PublicKey.from_jwk({**jwk, **more})
    with pytest.raises(MalformedError):
        PublicKey.from_jwk(RSA)


def test_a_point_off_the_curve_is_no_p256_key() -> None:
    with pytest.raises(MalformedError):
        PublicKey.from_jwk({**EC, "y": EC["x"]})


@pytest.mark.parametrize(
    "encoded",
    [
        "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",  # order 1
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # 0 and 1, encoded a second time
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # 3, encoded a second time
        "0200000000000000000000000000000000000000000000000000000000000000",  # no point
    ],
)
def test_an_ed25519_key_under_which_forgeries_hold_is_refused(encoded: str) -> None:
    with pytest.raises(MalformedError):
        PublicKey.from_raw(bytes.fromhex(encoded))


@given(st.binary(min_size=32, max_size=32))
def test_every_ed25519_key_that_a_seed_gives_is_taken(seed: bytes) -> None:
    key = SigningKey.from_seed(seed).public

    assert PublicKey.from_raw(key.raw).thumbprint == key.thumbprint
    assert (key.algorithm, len(key.raw)) == ("Ed25519", 32)


def test_keys_of_other_kinds_are_refused() -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(MalformedError, match="a signing key is for"):
        SigningKey.from_pem(pem, None)
    with pytest.raises(MalformedError):
        SigningKey(ec.derive_private_key(7, ec.SECP384R1()))
    with pytest.raises(MalformedError):
        SigningKey.from_seed(bytes(31))
    with pytest.raises(MalformedError):
        _ = KEYS["ES256"].public.raw


@EACH_KEY
def test_a_signing_key_prints_nothing_of_itself(key: SigningKey) -> None:
    assert repr(key).startswith("<ledger.signing.keys.SigningKey object")
