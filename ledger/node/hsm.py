"""Node keys in a hardware token, by PKCS#11: the key is made there, signs there, and never leaves it.

In the node's folder lies a file that says where: the library, the token's label, the key's id there (CKA_ID) and its
public half. No secret is in it. The token's PIN is asked for as a passphrase would be. Needs the extra `hsm`.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ledger.errors import LedgerError, SetupError
from ledger.operations.replacing import make_folder, replacing
from ledger.signing.encoding import to_base64url
from ledger.signing.keys import Algorithm, HeldElsewhere, PublicKey, SigningKey

if TYPE_CHECKING:
    from pkcs11 import Session

TokenAlgorithm = Literal["Ed25519", "ES256"]

PLACE_SUFFIX = ".hsm.json"

_ED25519_SIZE, _P256_SIZE = 32, 65  # of a public key as the token tells it: a point, for P-256 uncompressed
_CURVES = {
    "Ed25519": bytes.fromhex("130c656477617264733235353139"),  # DER of the name "edwards25519", as PKCS#11 3.0 has it
    "ES256": bytes.fromhex("06082a8648ce3d030107"),  # DER of the object identifier of P-256
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key lies. module: path of the token's library. token: its label. id: of the key there, hex. jwk: the
    public half.
    """

    module: str
    token: str
    id: str
    jwk: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> "Place":
        """Raises SetupError where the file is missing, or does not say where the key lies."""
        try:
            place = cls(**json.loads(file.read_bytes()))
            PublicKey.from_jwk(place.jwk)
            bytes.fromhex(place.id)
        except OSError as error:
            raise SetupError(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, TypeError, LedgerError):
            raise SetupError(f"{file} does not say where in a token the key lies") from None
        return place

    def write(self, file: Path) -> None:
        """Raises SetupError where there is a file already: a key that nobody finds is lost."""
        make_folder(file.parent)
        if file.exists():
            raise SetupError(f"there is a key in {file} already: it is never written over; name another file")
        with replacing(file) as opened:
            opened.write(json.dumps(asdict(self), indent=2).encode() + b"\n")


def new_token_key(
    module: Path, token: str, algorithm: Algorithm, *, pin: bytes, key_id: bytes
) -> tuple[Place, SigningKey]:
    """Have a token make a key. key_id: what it is found by there.

    Raises SetupError for an algorithm that tokens do not know, and where the token cannot be used.
    """
    if algorithm not in get_args(TokenAlgorithm):
        raise SetupError(f"a key in a token is for {' or '.join(get_args(TokenAlgorithm))}, not {algorithm}")
    _check_installed()
    from pkcs11 import Attribute, KeyType, Mechanism  # noqa: PLC0415 - an extra, which few need

    kinds = {
        "Ed25519": (KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
        "ES256": (KeyType.EC, Mechanism.EC_KEY_PAIR_GEN),
    }
    key_type, mechanism = kinds[algorithm]

    def make(session: "Session") -> Any:
        parameters = session.create_domain_parameters(key_type, {Attribute.EC_PARAMS: _CURVES[algorithm]}, local=True)
        public, _ = parameters.generate_keypair(
            mechanism=mechanism,
            store=True,
            id=key_id,
            label="cohort-ledger",
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )
        return public[Attribute.EC_POINT]

    library = str(module.resolve())
    session = _session(library, token, pin)
    jwk = _jwk(algorithm, _using(token, lambda: make(session)))
    place = Place(library, token, key_id.hex(), jwk)
    return place, _signing(place, session)


def open_token_key(place: Place, pin: bytes) -> SigningKey:
    """Raises SetupError where the token cannot be used, or has no such key."""
    return _signing(place, _session(place.module, place.token, pin))


def _signing(place: Place, session: "Session") -> SigningKey:
    from pkcs11 import Mechanism, ObjectClass  # noqa: PLC0415 - as above

    public = PublicKey.from_jwk(place.jwk)
    key: Any = _using(
        place.token, lambda: session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(place.id))
    )

    def sign(message: bytes) -> bytes:
        if public.algorithm == "ES256":  # the token signs hashes: not every one hashes for itself
            digest = sha256(message).digest()
            return bytes(_using(place.token, lambda: key.sign(digest, mechanism=Mechanism.ECDSA)))
        return bytes(_using(place.token, lambda: key.sign(message, mechanism=Mechanism.EDDSA)))

    return SigningKey(HeldElsewhere(public, sign))


@cache  # a token takes one log-in of a process, and a rotation needs two of its keys
def _session(module: str, token: str, pin: bytes) -> "Session":
    """Open a token. module: resolved, for a library is loaded once by one name. The session lives as long as the
    program, which is short.
    """
    _check_installed()
    import pkcs11  # noqa: PLC0415 - as above

    return _using(token, lambda: pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin.decode(), rw=True))  # type: ignore[no-any-return]  # as `use` has it


def _check_installed() -> None:
    if find_spec("pkcs11") is None:
        raise SetupError("keys in a token need python-pkcs11: pip install 'cohort-ledger[hsm]'")


def _using(token: str, use: Callable[[], Any]) -> Any:
    try:
        return use()
    except (RuntimeError, UnicodeDecodeError) as error:  # what the library raises, for a file that is none of its, too
        words = str(error) or type(error).__name__
        raise SetupError(f"the token {token} cannot be used: {words}; look at its library, label and PIN") from None


def _jwk(algorithm: Algorithm, told: bytes) -> dict[str, str]:
    """told: the public key's point, which is wrapped as an octet string by most tokens."""
    size = _P256_SIZE if algorithm == "ES256" else _ED25519_SIZE
    point = told[-size:]
    if algorithm == "Ed25519":
        return {"crv": "Ed25519", "kty": "OKP", "x": to_base64url(point)}
    half = size // 2
    return {"crv": "P-256", "kty": "EC", "x": to_base64url(point[1 : 1 + half]), "y": to_base64url(point[1 + half :])}
