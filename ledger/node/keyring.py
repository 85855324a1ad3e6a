"""Keys at rest: PKCS#8 in PEM (RFC 5958, RFC 7468), encrypted unless told otherwise, for their owner's eyes alone.

A key file is written once and never over another one. Where a passphrase comes from (a prompt, a file) is not known
here.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey

from ledger import clock
from ledger.errors import SetupError
from ledger.operations.replacing import make_folder, sync_folder
from ledger.signing.cosignature import Cosigner, CosigningAlgorithm
from ledger.signing.keys import Algorithm, SigningKey

_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def new_key(algorithm: Algorithm = "Ed25519") -> SigningKey:
    """Draw a key."""
    match algorithm:
        case "Ed25519":
            return SigningKey.from_seed(clock.new_key())
        case "ES256":
            return SigningKey(generate_private_key(SECP256R1()))
        case "ML-DSA-65":
            return SigningKey(MLDSA65PrivateKey.generate())


def new_cosigner(name: str, algorithm: CosigningAlgorithm) -> Cosigner:
    """Draw a key for a witness."""
    match algorithm:
        case "Ed25519":
            return Cosigner(name, Ed25519PrivateKey.from_private_bytes(clock.new_key()))
        case "ML-DSA-44":
            return Cosigner(name, MLDSA44PrivateKey.generate())


def write_key(file: Path, key: SigningKey | Cosigner, passphrase: bytes | None) -> None:
    """Write a key with mode 0600; passphrase: None to leave it unencrypted.

    Raises SetupError where there is a file already: a key that is written over is lost for good.
    """
    pem = key.to_pem(passphrase)
    make_folder(file.parent)
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE)
    except FileExistsError:
        raise SetupError(f"there is a key in {file} already: it is never written over; name another file") from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(pem)
        opened.flush()
        os.fsync(descriptor)
    sync_folder(file.parent)


def read_key(file: Path, passphrase: bytes | None) -> SigningKey:
    """passphrase: None for a key that is not encrypted.

    Raises SetupError where the file is missing or others may read it, MalformedError where the passphrase does not
    open it.
    """
    return SigningKey.from_pem(_read(file), passphrase)


def read_cosigner(file: Path, name: str, passphrase: bytes | None) -> Cosigner:
    """A witness's key. Raises as `read_key` does."""
    return Cosigner.from_pem(name, _read(file), passphrase)


def is_encrypted(file: Path) -> bool:
    """Whether a passphrase is to be asked for. Raises SetupError as `read_key` does."""
    return _read(file).startswith(_ENCRYPTED)


def _read(file: Path) -> bytes:
    try:
        mode = file.stat().st_mode
        pem = file.read_bytes()
    except OSError as error:
        raise SetupError(f"the key {file} cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise SetupError(f"others may read the key {file}: run chmod 600 on it, or make another if it is too late")
    return pem
