"""What others make of our envelopes: joserfc for the signature, the SD-JWT reference package for the whole."""

import json
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws as joserfc_jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, OKPKey
from jwcrypto.jwk import JWK  # type: ignore[import-untyped]  # it ships no types
from jwcrypto.jws import InvalidJWSSignature  # type: ignore[import-untyped]  # it ships no types
from sd_jwt.verifier import SDJWTVerifier  # type: ignore[import-untyped]  # it ships no types

from ledger.signing import envelope
from ledger.signing.canonical import Json, dump
from ledger.signing.envelope import Actor, Claims, Disclosure, Envelope, seal
from ledger.signing.keys import SigningKey

KEYS = {
    "Ed25519": SigningKey.from_seed(bytes(range(32))),
    "ES256": SigningKey(ec.derive_private_key(7, ec.SECP256R1())),
}
FOREIGN: dict[str, type[OKPKey | ECKey]] = {"Ed25519": OKPKey, "ES256": ECKey}
SEALED: dict[str, Json] = {"ecog": 1, "sex": None, "variants": [{"gene": "BRAF", "class": "missense"}, "Ø"]}
DATA, DISCLOSURES = seal({"cohort": "braf-dabrafenib", "on": "2021-Q3"}, SEALED, [bytes([n]) * 16 for n in range(3)])


def _an_envelope(key: SigningKey) -> Envelope:
    event_id = "01890a5d-ac96-774b-bcce-b302099a8057"
    actor = Actor("u-17", "data-manager", "authored")
    claims = Claims("drup-nl", event_id, 1_637_055_000, 4, bytes(32), "patient.enrolled", 1, actor, DATA)
    return envelope.sign(claims, DISCLOSURES, key)


def _expected(shown: tuple[Disclosure, ...]) -> Any:
    """RFC 9901, 7.1: a commitment that is disclosed gives way to its value, any other goes from its array."""
    payload: Any = json.loads(dump(_an_envelope(KEYS["Ed25519"]).jws.payload))
    del payload["_sd_alg"]
    for (name, value), disclosure in zip(SEALED.items(), DISCLOSURES, strict=True):
        payload["data"][name] = [value] if disclosure in shown else []
    return payload


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("shown", [each for n in range(4) for each in combinations(DISCLOSURES, n)], ids=len)
def test_the_sd_jwt_reference_reads_the_same_claims(name: str, shown: tuple[Disclosure, ...]) -> None:
    key = KEYS[name]
    presented = _an_envelope(key).with_disclosures(shown)

    claims = SDJWTVerifier(presented.text, lambda *_: JWK(**key.public.jwk)).get_verified_payload()

    assert claims == _expected(shown)
    ours = envelope.parse(presented.text)
    assert {field: claims["data"][field][0] for field in ours.opened()} == ours.opened()
    assert all(claims["data"][field] == [] for field in ours.missing)


@pytest.mark.parametrize("name", KEYS)
def test_joserfc_verifies_our_envelopes(name: str) -> None:
    key = KEYS[name]
    signed = _an_envelope(key)

    taken = joserfc_jws.deserialize_compact(signed.jws.text, FOREIGN[name].import_key({**key.public.jwk}), [name])

    assert json.loads(taken.payload) == signed.jws.payload
    assert taken.headers() == {"alg": name, "kid": key.public.thumbprint, "typ": "cohort-event+sd-jwt"}


def test_neither_takes_an_envelope_under_another_key() -> None:
    signed, other = _an_envelope(KEYS["Ed25519"]), SigningKey.from_seed(bytes(32)).public.jwk

    with pytest.raises(InvalidJWSSignature):
        SDJWTVerifier(signed.text, lambda *_: JWK(**other))
    with pytest.raises(BadSignatureError):
        joserfc_jws.deserialize_compact(signed.jws.text, OKPKey.import_key({**other}), ["Ed25519"])
