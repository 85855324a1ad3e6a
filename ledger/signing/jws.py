"""Signed statements in one line: compact JWS (RFC 7515), restricted.

The protected header has exactly `alg`, `kid` and `typ`; header and payload are canonical JSON. `alg` is the fully
specified name that the key implies (RFC 9864), never `none`; `typ` says what kind of statement this is, so that one
kind is never taken for another (RFC 8725, 3.11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from ledger.errors import MalformedError, SignatureError
from ledger.signing.canonical import Json, dump, load, load_known
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.keys import SIGNATURE_SIZES, PublicKey, SigningKey

_THUMBPRINT_SIZE = 32


@dataclass(frozen=True, slots=True)
class Unread:
    """A statement whose payload nobody has looked at; `verify` says whether its signature holds.

    signing_input: what the signature is over, `<header>.<payload>` in base64url: it names header and payload together.
    """

    text: str
    header: Mapping[str, str] = field(compare=False, repr=False)
    signing_input: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)

    @property
    def algorithm(self) -> str:
        return self.header["alg"]

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the key that it claims to be signed by."""
        return self.header["kid"]

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text's ASCII bytes."""
        return sha256(self.text.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class Jws(Unread):
    """A statement, well formed. Two are equal when their texts are."""

    payload: Json = field(compare=False, repr=False)


def sign(payload: Json, *, typ: str, key: SigningKey) -> Jws:
    """Sign a payload as a statement of the kind `typ`. Raises MalformedError where it has no canonical spelling."""
    header = {"alg": key.public.algorithm, "kid": key.public.thumbprint, "typ": typ}
    signing_input = f"{to_base64url(dump(header))}.{to_base64url(dump(payload))}"
    signature = key.sign(signing_input.encode("ascii"))
    return parse(f"{signing_input}.{to_base64url(signature)}", typ=typ)


def parse(text: str, *, typ: str) -> Jws:
    """Read a statement of the kind `typ`; its signature is not checked yet.

    Raises MalformedError for what `sign` would not print for any key.
    """
    unread, payload = _take_apart(text, typ)
    return Jws(unread.text, unread.header, unread.signing_input, unread.signature, load(from_base64url(payload)))


def read_again(text: str, *, typ: str) -> tuple[str, Json]:
    """The thumbprint and the payload of a text that `parse` took before, in a fraction of the time: neither is held
    against its one spelling again.
    """
    header, payload, _ = text.split(".")
    return _header(header, typ)["kid"], load_known(from_base64url(payload))


def read_signature(text: str, *, typ: str) -> Unread:
    """What is needed to check the signature of a statement of the kind `typ`, and no more.

    Raises MalformedError for what has no header and signature that `sign` would print; the payload may be anything.
    """
    return _take_apart(text, typ)[0]


def verify(jws: Unread, key: PublicKey) -> None:
    """Check a statement under a key. Raises SignatureError where it names another, or does not hold."""
    if (jws.kid, jws.algorithm) != (key.thumbprint, key.algorithm):
        raise SignatureError("signed by another key than the one in force", expected=key.thumbprint, actual=jws.kid)
    key.verify(jws.signature, jws.signing_input)


def _take_apart(text: str, typ: str) -> tuple[Unread, str]:
    """The statement, and its payload in base64url."""
    try:
        header, payload, signature = text.split(".")
        signing_input = text[: -len(signature) - 1].encode("ascii")
    except ValueError:
        raise MalformedError("not a compact JWS: three parts in base64url, joined by dots") from None
    protected = _header(header, typ)
    size = SIGNATURE_SIZES[protected["alg"]]
    return Unread(text, protected, signing_input, from_base64url(signature, size=size)), payload


@lru_cache(maxsize=1024)  # all statements of one kind by one key have the same header
def _header(text: str, typ: str) -> Mapping[str, str]:
    match load(from_base64url(text)):
        case {"alg": str(alg), "kid": str(kid), "typ": str(stated), **rest} if not rest:
            if stated != typ:
                raise MalformedError(f"a JWS of typ {typ} is asked for")
            if alg not in SIGNATURE_SIZES:
                raise MalformedError("a JWS is signed by Ed25519, ES256 or ML-DSA-65")
            from_base64url(kid, size=_THUMBPRINT_SIZE)
            return MappingProxyType({"alg": alg, "kid": kid, "typ": typ})
    raise MalformedError("a JWS header has alg, kid and typ, and nothing else")
