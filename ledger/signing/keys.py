"""Keys: Ed25519, ES256 and ML-DSA-65, as JWK, named by their RFC 7638 thumbprint.

A JWK (RFC 7517) holds exactly the members that its thumbprint covers: OKP for Ed25519 (RFC 8037), EC for ES256
(RFC 7518, 6.2), AKP for ML-DSA-65 (RFC 9964). The key alone implies the algorithm, by its fully specified name
(RFC 9864). No other algorithm is known, and none is negotiated. Keys are handed in, never drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.errors import MalformedError, SetupError, SignatureError
from ledger.signing import pem as pems
from ledger.signing.canonical import dump
from ledger.signing.encoding import from_base64url, to_base64url

Algorithm = Literal["Ed25519", "ES256", "ML-DSA-65"]
PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey | MLDSA65PrivateKey
_Opened: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey | MLDSA65PublicKey

SIGNATURE_SIZES: Mapping[str, int] = MappingProxyType({"Ed25519": 64, "ES256": 64, "ML-DSA-65": 3309})  # in bytes

ED25519_SIZE = 32
_P256_SIZE = 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ED25519_PRIME = 2**255 - 19
_ED25519_D = -121665 * pow(121666, -1, _ED25519_PRIME) % _ED25519_PRIME


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked under. Two are equal when their thumbprints are.

    thumbprint: RFC 7638 with SHA-256, base64url; what a JWS names as `kid`.
    """

    thumbprint: str
    algorithm: Algorithm = field(compare=False)
    jwk: Mapping[str, str] = field(compare=False, repr=False)
    _opened: _Opened = field(compare=False, repr=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "PublicKey":
        """Read a JWK of exactly the members that RFC 7638 requires of its `kty`.

        Raises MalformedError for other members, types, curves and lengths, and for points that are not on the curve
        or, under Ed25519, of small order: such a key lets one signature hold for many messages.
        """
        if not _is_text(jwk):
            raise MalformedError("a JWK's members are strings")
        return _from_members(tuple(sorted(jwk.items())))

    @classmethod
    def from_raw(cls, raw: bytes) -> "PublicKey":
        """An Ed25519 key from its 32 bytes (RFC 8032, 5.1.5), as verifier keys of notes carry it."""
        return cls.from_jwk({"crv": "Ed25519", "kty": "OKP", "x": to_base64url(raw)})

    @property
    def raw(self) -> bytes:
        """The 32 bytes of an Ed25519 key. Raises MalformedError for a key of another algorithm: notes know no other."""
        if not isinstance(self._opened, Ed25519PublicKey):
            raise MalformedError(f"an Ed25519 key is asked for, this one is for {self.algorithm}")
        return self._opened.public_bytes_raw()

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature (ES256: r || s, low s only).

        Raises SignatureError where it does not hold.
        """
        try:
            if isinstance(self._opened, EllipticCurvePublicKey):
                self._opened.verify(_der(signature), message, ECDSA(SHA256()))
            else:
                self._opened.verify(signature, message)
        except InvalidSignature:
            raise SignatureError("the signature does not hold under this key", key=self.thumbprint) from None


@dataclass(frozen=True, slots=True)
class HeldElsewhere:
    """A private key that stays where it is, in a hardware token, which signs when it is asked to.

    sign: of a message; Ed25519, or ES256 as r || s.
    """

    public: PublicKey
    sign: Callable[[bytes], bytes]


class SigningKey:
    """A private key and its public half. It signs; it never shows itself but through `to_pem`."""

    __slots__ = ("_private", "public")

    def __init__(self, private: PrivateKey | HeldElsewhere) -> None:
        self._private = private
        self.public = private.public if isinstance(private, HeldElsewhere) else PublicKey.from_jwk(_jwk(private))

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The Ed25519 key of a seed of 32 bytes (RFC 8032, 5.1.5)."""
        if len(seed) != ED25519_SIZE:
            raise MalformedError("an Ed25519 seed has 32 bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None) -> "SigningKey":
        """Read PKCS#8 in PEM. Raises MalformedError where the passphrase does not open it, or the algorithm is none of
        ours.
        """
        private = pems.from_pem(pem, passphrase)
        if not isinstance(private, PrivateKey):
            raise MalformedError("a signing key is for Ed25519, ES256 or ML-DSA-65")
        return cls(private)

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """PKCS#8 in PEM, encrypted where a passphrase is given (not an empty one).

        Raises SetupError for a key that is held elsewhere.
        """
        if isinstance(self._private, HeldElsewhere):
            raise SetupError("a key in a token does not leave it: there is none to write into a file")
        return pems.to_pem(self._private, passphrase)

    def sign(self, message: bytes) -> bytes:
        """Sign: Ed25519 (the same bytes each time), ES256 as r || s in low-s form, or ML-DSA-65.

        Raises SignatureError where a key that is held elsewhere signs what does not hold under its public half.
        """
        if isinstance(self._private, HeldElsewhere):
            signature = self._private.sign(message)
            if self.public.algorithm == "ES256":
                signature = _low_s(int.from_bytes(signature[:_P256_SIZE]), int.from_bytes(signature[_P256_SIZE:]))
            self.public.verify(signature, message)
            return signature
        if isinstance(self._private, EllipticCurvePrivateKey):
            return _low_s(*decode_dss_signature(self._private.sign(message, ECDSA(SHA256()))))
        return self._private.sign(message)


@lru_cache(maxsize=1024)  # a log names few keys, each of them many times over
def _from_members(members: tuple[tuple[str, str], ...]) -> PublicKey:
    match dict(members):
        case {"kty": "OKP", "crv": "Ed25519", "x": x, **rest} if not rest:
            return _public(members, "Ed25519", _ed25519(from_base64url(x, size=ED25519_SIZE)))
        case {"kty": "EC", "crv": "P-256", "x": x, "y": y, **rest} if not rest:
            return _public(
                members, "ES256", _p256(from_base64url(x, size=_P256_SIZE), from_base64url(y, size=_P256_SIZE))
            )
        case {"kty": "AKP", "alg": "ML-DSA-65", "pub": pub, **rest} if not rest:
            return _public(members, "ML-DSA-65", _mldsa65(from_base64url(pub)))
    raise MalformedError("not a JWK for Ed25519, ES256 or ML-DSA-65 with its required members and no other")


def _public(members: tuple[tuple[str, str], ...], algorithm: Algorithm, opened: _Opened) -> PublicKey:
    jwk = dict(members)
    return PublicKey(to_base64url(sha256(dump(jwk)).digest()), algorithm, MappingProxyType(jwk), opened)


def _ed25519(raw: bytes) -> Ed25519PublicKey:
    """Open an Ed25519 key that is a point of large order in its one encoding; OpenSSL itself looks only when it
    verifies, and lets small orders pass.
    """
    p, y = _ED25519_PRIME, int.from_bytes(raw, "little") & (2**255 - 1)
    x_squared = (y * y - 1) * pow(_ED25519_D * y * y + 1, -1, p) % p  # the divisor is never 0: -1/d is no square
    is_point = y < p and pow(x_squared, (p - 1) // 2, p) == 1  # 0, which is no such power, belongs to orders 1 and 2
    if not is_point or y == 0 or (x_squared + y * y) % p == 0:  # orders 4 and 8
        raise MalformedError("not an Ed25519 public key of full order")
    return Ed25519PublicKey.from_public_bytes(raw)


def _p256(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    try:
        return EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1()).public_key()
    except ValueError:
        raise MalformedError("not a point on P-256") from None


def _mldsa65(raw: bytes) -> MLDSA65PublicKey:
    try:
        return MLDSA65PublicKey.from_public_bytes(raw)
    except ValueError:
        raise MalformedError("not an ML-DSA-65 public key") from None


def _jwk(private: PrivateKey) -> dict[str, str]:
    match private:
        case Ed25519PrivateKey():
            return {"crv": "Ed25519", "kty": "OKP", "x": to_base64url(private.public_key().public_bytes_raw())}
        case MLDSA65PrivateKey():
            return {"alg": "ML-DSA-65", "kty": "AKP", "pub": to_base64url(private.public_key().public_bytes_raw())}
        case EllipticCurvePrivateKey(curve=SECP256R1()):
            point = private.public_key().public_numbers()
            x, y = (to_base64url(n.to_bytes(_P256_SIZE)) for n in (point.x, point.y))
            return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    raise MalformedError("an elliptic curve key is for P-256")


def _low_s(r: int, s: int) -> bytes:
    """R || s, the lower of the two that sign."""
    return r.to_bytes(_P256_SIZE) + min(s, _P256_ORDER - s).to_bytes(_P256_SIZE)


def _der(signature: bytes) -> bytes:
    """An ES256 signature for the library. With s, n - s signs as well: only the lower of the two is taken."""
    r, s = int.from_bytes(signature[:_P256_SIZE]), int.from_bytes(signature[_P256_SIZE:])
    if len(signature) != 2 * _P256_SIZE or s > _P256_ORDER // 2:
        raise InvalidSignature
    return encode_dss_signature(r, s)


def _is_text(members: Mapping[str, object]) -> TypeGuard[Mapping[str, str]]:
    return all(type(name) is str and type(value) is str for name, value in members.items())
