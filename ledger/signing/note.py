"""Signed notes: text, a blank line, and a line for each signature (C2SP signed-note).

Three of its signature types are known: 0x01, Ed25519 over the text, and the two of C2SP tlog-cosignature, which state
a time: 0x04, Ed25519 over that and the text, and 0x06, ML-DSA-44 over that and the checkpoint that the text is. What
a checkpoint means is not known here: checkpoints and witnesses build on this.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ledger.errors import MalformedError, SignatureError
from ledger.signing.cosigned import COSIGNED_AT_MAX, COSIGNED_NAME_MAX, cosignature_message, subtree_message
from ledger.signing.encoding import from_base64, to_base64
from ledger.signing.keys import PublicKey, SigningKey

ED25519 = 0x01
COSIGNATURE = 0x04
SUBTREE_COSIGNATURE = 0x06
COSIGNATURES = frozenset({COSIGNATURE, SUBTREE_COSIGNATURE})

SIGNATURES_MAX = 100  # the format asks readers to take at least 16
NOTE_MAX = 1_000_000  # bytes

KEY_ID_SIZE = 4
COSIGNED_AT_SIZE = 8  # bytes of big-endian time before the signature proper of a cosignature

_LINE = "— "  # U+2014, U+0020
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that notes are checked under: its name, its signature type, and its bytes: 32 of Ed25519, or 1312 of
    ML-DSA-44.

    Raises MalformedError for a name with spaces or `+` (under ML-DSA-44, of over 255 bytes), another type, or a key
    that is not good.
    """

    name: str
    type: int
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.type == SUBTREE_COSIGNATURE:
            if len(self.name.encode()) > COSIGNED_NAME_MAX:
                raise MalformedError(f"a name under ML-DSA-44 has at most {COSIGNED_NAME_MAX} bytes")
            _mldsa44(self.public_key)
        elif self.type in {ED25519, COSIGNATURE}:
            PublicKey.from_raw(self.public_key)
        else:
            raise MalformedError("a verifier key is of type 0x01, 0x04 or 0x06")

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Read `<name>+<hex key id>+<base64(type byte || public key)>`.

        Raises MalformedError for what `text` would not print, a key id that is another key's above all.
        """
        try:
            name, _, encoded = text.split("+", 2)
        except ValueError:
            raise MalformedError("a verifier key has three parts, joined by +") from None
        key = from_base64(encoded)
        verifier = cls(name, key[0] if key else 0, key[1:])
        if verifier.text != text:
            raise MalformedError("a verifier key's id is that of its name, type and key, in lower-case hex")
        return verifier

    @property
    def key_id(self) -> bytes:
        """4 bytes that name the key in a signature line; too few to identify it by themselves."""
        return sha256(b"%s\n%c%s" % (self.name.encode(), self.type, self.public_key)).digest()[:KEY_ID_SIZE]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.type]) + self.public_key)}"

    def check(self, signature: bytes, text: str) -> None:
        """Check a signature of this key's type on a note's text. Raises SignatureError where it does not hold."""
        if self.type == ED25519:
            PublicKey.from_raw(self.public_key).verify(signature, text.encode())
            return
        time_s, signature = int.from_bytes(signature[:COSIGNED_AT_SIZE]), signature[COSIGNED_AT_SIZE:]
        if time_s > COSIGNED_AT_MAX:
            raise SignatureError("a cosignature's time is beyond all clocks")
        if self.type == COSIGNATURE:
            PublicKey.from_raw(self.public_key).verify(signature, cosignature_message(text, time_s=time_s))
        else:
            self._check_subtree(signature, text, time_s)

    def _check_subtree(self, signature: bytes, text: str, time_s: int) -> None:
        """Without a time it would say of a tree that it is consistent, and not that it was the largest then seen."""
        if time_s == 0:
            raise SignatureError("a checkpoint's cosignature states its time, and this one none")
        try:
            message = subtree_message(text, time_s=time_s, cosigner=self.name)
            _mldsa44(self.public_key).verify(signature, message)
        except MalformedError as error:
            raise SignatureError(f"an ML-DSA-44 cosignature cannot be of this text: {error}") from None
        except InvalidSignature:
            raise SignatureError("the cosignature does not hold under this key", key=self.name) from None


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A name and an Ed25519 key to sign notes with. Raises MalformedError for a key of another algorithm.

    later: the log's keys that are to come into force after it, or have.
    """

    name: str
    key: SigningKey
    later: tuple["NoteSigner", ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _ = self.key.public.raw

    @property
    def verifier(self) -> Verifier:
        """What its signatures are checked under."""
        return Verifier(self.name, ED25519, self.key.public.raw)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line. key_id: 4 bytes. signature: as its type has it; that of an unknown key may be anything."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """`— <name> base64(key id || signature)`, without a newline."""
        return f"{_LINE}{self.name} {to_base64(self.key_id + self.signature)}"

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """Raises MalformedError for what `line` would not print."""
        name, _, encoded = line.removeprefix(_LINE).partition(" ")
        if not line.startswith(_LINE):
            raise MalformedError("a signature line begins with an em dash and a space")
        _check_name(name)
        data = from_base64(encoded)
        if len(data) <= KEY_ID_SIZE:
            raise MalformedError("a signature line holds a key id of 4 bytes and a signature")
        return cls(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and its signatures. Believe the text only once `verified` found who signed it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note; text and signatures part at the last empty line.

        Raises MalformedError for what `encode` would not print, for over 100 signatures and for over a megabyte.
        """
        if len(data) > NOTE_MAX:
            raise MalformedError(f"a note has at most {NOTE_MAX} bytes", actual=len(data))
        try:
            text, blank, lines = data.decode().rpartition("\n\n")
        except UnicodeDecodeError:
            raise MalformedError("a note is UTF-8") from None
        if not blank or not lines.endswith("\n"):
            raise MalformedError("a note is a text, an empty line, and signature lines, each ended by a newline")
        text += "\n"
        _check_text(text)
        signatures = lines.removesuffix("\n").split("\n")
        if len(signatures) > SIGNATURES_MAX:
            raise MalformedError(f"a note has at most {SIGNATURES_MAX} signatures", actual=len(signatures))
        return cls(text, tuple(map(NoteSignature.parse, signatures)))

    def encode(self) -> bytes:
        return "\n".join([self.text, *(each.line for each in self.signatures), ""]).encode()


def sign_note(text: str, signer: NoteSigner) -> Note:
    """Raises MalformedError for a text that does not end in a newline, or has another control character."""
    _check_text(text)
    verifier = signer.verifier
    return Note(text, (NoteSignature(verifier.name, verifier.key_id, signer.key.sign(text.encode())),))


def verified(note: Note, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
    """Those of the verifiers whose signatures are on the note, in their own order. Signatures of others are ignored.

    Raises SignatureError where one that is known by name and key id does not hold: that spoils the note.
    """
    return tuple(verifier for verifier in verifiers if _signed_by(verifier, note))


def _signed_by(verifier: Verifier, note: Note) -> bool:
    named = (verifier.name, verifier.key_id)
    signatures = [each.signature for each in note.signatures if (each.name, each.key_id) == named]
    for signature in signatures:
        verifier.check(signature, note.text)
    return bool(signatures)


@lru_cache(maxsize=64)  # a log has few witnesses, each of them many times over
def _mldsa44(raw: bytes) -> MLDSA44PublicKey:
    try:
        return MLDSA44PublicKey.from_public_bytes(raw)
    except ValueError:
        raise MalformedError("not an ML-DSA-44 public key") from None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise MalformedError("a key's name has no spaces, no + and no control characters, and is not empty")


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise MalformedError("a note's text ends in a newline and has no other control character")
