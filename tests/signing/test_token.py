"""Tokens that a caller signs itself: ours hold, and a foreign library reads them; what RFC 8725 warns of does not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from given import signing_key
from joserfc import jwt
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from ledger.errors import LedgerError, MalformedError, SignatureError
from ledger.signing import jws
from ledger.signing.keys import PublicKey, SigningKey
from ledger.signing.token import LIFETIME_MAX_S, TYP, Uses, check_token, read_token, sign_token

KEY, HUB, NOW_S = signing_key("drup-nl"), "https://hub.example", 1_641_200_400
KEYS = {
    "Ed25519": KEY,
    "ES256": SigningKey(derive_private_key(7, SECP256R1())),
    "ML-DSA-65": SigningKey(MLDSA65PrivateKey.from_seed_bytes(bytes(32))),
}
CLAIMS: dict[str, Any] = {"aud": HUB, "exp": NOW_S + 60, "iat": NOW_S, "jti": "AAAAAAAAAAAAAAAAAAAAAA"}


def token(key: SigningKey = KEY, **more: Any) -> str:
    told: dict[str, Any] = {"audience": HUB, "issued": NOW_S, "lifetime_s": 60, "drawn": bytes(16), **more}
    return sign_token(key=key, **told)


def check(text: str, key: PublicKey = KEY.public, *, now_s: int = NOW_S, audience: str = HUB) -> Uses:
    return check_token(read_token(text), key, audience=audience, now_s=now_s)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def made(header: dict[str, Any], claims: dict[str, Any], signature: bytes = bytes(64)) -> str:
    """A token as anybody could put it together."""
    parts = [json.dumps(part, sort_keys=True, separators=(",", ":")).encode() for part in (header, claims)]
    return ".".join([*map(b64, parts), b64(signature)])


HEADER = {"alg": "Ed25519", "kid": KEY.public.thumbprint, "typ": TYP}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_holds_under_the_key_that_signed_it(algorithm: str) -> None:
    key = KEYS[algorithm]

    assert check(token(key), key.public) == Uses("AAAAAAAAAAAAAAAAAAAAAA", NOW_S + 60)
    assert read_token(token(key)).kid == key.public.thumbprint


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_foreign_library_reads_a_token_as_a_jwt(algorithm: str) -> None:
    key = KEYS[algorithm]

    read = jwt.decode(
        token(key), import_key(dict(key.public.jwk)), registry=JWSRegistry(algorithms=["Ed25519", "ES256"])
    )

    assert read.claims == CLAIMS
    assert read.header == {"alg": algorithm, "kid": key.public.thumbprint, "typ": TYP}


def test_a_token_under_another_key_does_not_hold() -> None:
    with pytest.raises(SignatureError, match="another key"):
        check(token(), signing_key("impress-no").public)


def test_a_changed_token_does_not_hold() -> None:
    header, payload, signature = token().split(".")
    longer = b64(json.dumps(CLAIMS | {"exp": NOW_S + 200}, sort_keys=True, separators=(",", ":")).encode())

    with pytest.raises(SignatureError, match="does not hold"):
        check(f"{header}.{longer}.{signature}")
    assert payload != longer


@pytest.mark.parametrize(
    ("more", "now_s", "because"),
    [
        ({}, NOW_S + 60, "has expired"),
        ({"lifetime_s": LIFETIME_MAX_S + 1}, NOW_S, "by at most 300 seconds"),
        ({"lifetime_s": 0}, NOW_S, "after it was issued"),
        ({"lifetime_s": -5}, NOW_S - 60, "after it was issued"),
        ({}, NOW_S - 61, "of a time to come"),
        ({"lifetime_s": 290}, NOW_S - 20, "of a time to come"),
    ],
)
def test_a_token_holds_for_a_few_minutes_from_now(more: Any, now_s: int, because: str) -> None:
    with pytest.raises(SignatureError, match=because):
        check(token(**more), now_s=now_s)


@pytest.mark.parametrize(
    "other", ["https://hub.example/", "https://hub.example:443", "http://hub.example", "https://h"]
)
def test_a_token_for_another_server_does_not_hold(other: str) -> None:
    with pytest.raises(SignatureError, match="for another server"):
        check(token(audience=other))


def hmac_signed(header: dict[str, Any]) -> str:
    """Signed with the public key as a secret: what a library does that lets the token choose its algorithm."""
    unsigned = made(header, CLAIMS, b"").rstrip(".")
    return f"{unsigned}.{b64(hmac.digest(KEY.public.raw, unsigned.encode(), hashlib.sha256))}"


@pytest.mark.parametrize(
    "text",
    [
        made({**HEADER, "alg": "none"}, CLAIMS, b""),
        made({**HEADER, "alg": "none"}, CLAIMS),
        hmac_signed({**HEADER, "alg": "HS256"}),
        made({**HEADER, "alg": "EdDSA"}, CLAIMS),
        made({**HEADER, "typ": "JWT"}, CLAIMS),
        made({**HEADER, "typ": "cohort-event+sd-jwt"}, CLAIMS),
        made({**HEADER, "jwk": dict(KEY.public.jwk)}, CLAIMS),
        made({**HEADER, "jku": "https://evil.example/keys"}, CLAIMS),
        made({**HEADER, "crit": ["b64"]}, CLAIMS),
        made({name: value for name, value in HEADER.items() if name != "kid"}, CLAIMS),
        *(made(HEADER, {name: value for name, value in CLAIMS.items() if name != missing}) for missing in CLAIMS),
        made(HEADER, {**CLAIMS, "sub": "somebody"}),
        made(HEADER, {**CLAIMS, "aud": [HUB]}),
        made(HEADER, {**CLAIMS, "aud": ""}),
        made(HEADER, {**CLAIMS, "exp": True}),
        made(HEADER, {**CLAIMS, "exp": str(NOW_S)}),
        made(HEADER, {**CLAIMS, "jti": "short"}),
        f"{token()}~",
        f" {token()}",
        f"{token()}=",
        "a.b.c",
        "",
        "x" * 9_000,
    ],
)
def test_what_is_no_token_of_ours_is_not_read(text: str) -> None:
    with pytest.raises(MalformedError):
        read_token(text)


def test_a_key_of_one_algorithm_never_verifies_another() -> None:
    """The header of an ES256 key's token over an Ed25519 key's name: the key says the algorithm."""
    with pytest.raises(LedgerError):
        check(made({**HEADER, "alg": "ES256"}, CLAIMS))


def test_another_statement_by_the_same_key_is_no_token() -> None:
    event = jws.sign(CLAIMS, typ="cohort-event+sd-jwt", key=KEY)

    with pytest.raises(MalformedError, match="of typ"):
        read_token(event.text)
