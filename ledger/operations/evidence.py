"""Evidence files: what was seen of a log, as canonical JSON that a stranger can check.

fork       two checkpoints by the log that no one tree gives, with the hashes that show it (`ledger.operations.forks`)
refusal    a refusal by the log with the envelopes that it names; a replay of the log judges it
request    what a hub asked a witness to cosign, beside what that witness had cosigned
rollback   a checkpoint, and a smaller one that was shown later as the newest; it proves nothing to others

Each names the log by its verifier key. What a file proves is `ledger.operations.verdict`'s to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from ledger.errors import MalformedError, NotFoundError, SignatureError
from ledger.merkle.hashing import HASH_SIZE
from ledger.operations.replacing import make_folder, replacing
from ledger.signing import canonical
from ledger.signing.canonical import Json
from ledger.signing.encoding import from_base64, to_base64
from ledger.signing.entry import format_time, parse_time
from ledger.signing.envelope import Envelope
from ledger.signing.note import Verifier
from ledger.signing.refusal import read_refusal

EVIDENCE_MAX = 16 * 1024 * 1024  # bytes; a post that was refused has at most 8 MiB
_HASHES_MAX = 64  # a proof has a hash for each level, and one to begin with


@dataclass(frozen=True, slots=True)
class Fork:
    """Two checkpoints by one log, the older not the larger, as they came.

    proof: 32-byte hashes as `prove_beginning` names them, in the tree of the newer; none for equal sizes, and from 0.
    """

    log: Verifier
    older: bytes
    newer: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RefusedPost:
    """refusal: a JWS by the log. envelopes: texts of the post's, in order, up to the refused one, nothing disclosed."""

    log: Verifier
    refusal: str
    envelopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """witness: its name or verifier key. cosigned: the largest checkpoint of the log that it had cosigned, None before
    its first. request: the body of an add-checkpoint request (C2SP tlog-witness). at: when it came, by the witness.
    """

    witness: str
    log: Verifier
    cosigned: bytes | None
    request: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Rollback:
    """remembered: the larger checkpoint, seen first. shown: what was shown as the newest later."""

    log: Verifier
    remembered: bytes
    shown: bytes


Evidence: TypeAlias = Fork | RefusedPost | WitnessRequest | Rollback


def kind_of(evidence: Evidence) -> str:
    match evidence:
        case Fork():
            return "fork"
        case RefusedPost():
            return "refusal"
        case WitnessRequest():
            return "request"
        case Rollback():
            return "rollback"


def encode(evidence: Evidence) -> bytes:
    """Raises MalformedError for a note or request that is not UTF-8."""
    return canonical.dump({"kind": kind_of(evidence), "log": evidence.log.text, **_members(evidence)})


def parse(data: bytes) -> Evidence:
    """Read an evidence file. Raises MalformedError for what `encode` would not print."""
    if len(data) > EVIDENCE_MAX:
        raise MalformedError(f"an evidence file has at most {EVIDENCE_MAX} bytes", actual=len(data))
    match canonical.load(data):
        case {
            "kind": "fork", "log": str(log), "older": str(older), "newer": str(newer), "proof": list(proof), **rest
        } if not rest and len(proof) <= _HASHES_MAX:  # fmt: skip
            hashes = tuple(from_base64(each, size=HASH_SIZE) for each in _texts(proof))
            return Fork(Verifier.parse(log), older.encode(), newer.encode(), hashes)
        case {
            "kind": "refusal", "log": str(log), "refusal": str(refusal), "envelopes": list(envelopes), **rest
        } if not rest:  # fmt: skip
            return RefusedPost(Verifier.parse(log), refusal, _texts(envelopes))
        case {
            "kind": "request", "log": str(log), "witness": str(witness), "cosigned": (str() | None) as cosigned,
            "request": str(request), "at": str(at), **rest,
        } if not rest:  # fmt: skip
            note = None if cosigned is None else cosigned.encode()
            return WitnessRequest(witness, Verifier.parse(log), note, request.encode(), parse_time(at))
        case {"kind": "rollback", "log": str(log), "remembered": str(remembered), "shown": str(shown), **rest} if (
            not rest
        ):
            return Rollback(Verifier.parse(log), remembered.encode(), shown.encode())
    raise MalformedError("not evidence: a fork, a refusal, a request or a rollback, with its members and no other")


def read_evidence(file: Path) -> Evidence:
    """Raises NotFoundError where there is no such file, MalformedError where it cannot be read or is no evidence."""
    try:
        with file.open("rb") as opened:
            return parse(opened.read(EVIDENCE_MAX + 1))
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {file}") from None
    except OSError as error:
        raise MalformedError(f"{file} cannot be read: {error.strerror}") from None


def write_evidence(file: Path, evidence: Evidence) -> None:
    """When this returns, the file is there whole, and a power cut does not undo it. Its folder is made."""
    make_folder(file.parent)
    with replacing(file) as opened:
        opened.write(encode(evidence))


def keep_refusal(folder: Path, text: str, posted: Iterable[Envelope], log: Verifier) -> Path:
    """Keep a refusal, a JWS by the log, with the envelopes that it names, in a file of its own, which is returned.

    posted: the envelopes that were sent, in any number of posts; nothing sealed in them is kept. The same refusal has
    one name. Raises MalformedError and SignatureError for one that is not the log's, or about other envelopes.
    """
    refusal = read_refusal(text, log)
    sent = {each.hash: each.with_disclosures(()).text for each in posted}
    try:
        envelopes = tuple(sent[named] for named in (*refusal.before, refusal.envelope))
    except KeyError:
        raise SignatureError("the refusal that the log signed is about other envelopes than those posted") from None
    file = folder / f"refusal-{sha256(text.encode('ascii')).hexdigest()[:32]}.json"
    write_evidence(file, RefusedPost(log, text, envelopes))
    return file


def _members(evidence: Evidence) -> Mapping[str, Json]:
    match evidence:
        case Fork():
            return {
                "older": _text(evidence.older),
                "newer": _text(evidence.newer),
                "proof": [to_base64(each) for each in evidence.proof],
            }
        case RefusedPost():
            return {"refusal": evidence.refusal, "envelopes": list(evidence.envelopes)}
        case WitnessRequest():
            return {
                "witness": evidence.witness,
                "cosigned": None if evidence.cosigned is None else _text(evidence.cosigned),
                "request": _text(evidence.request),
                "at": format_time(evidence.at),
            }
        case Rollback():
            return {"remembered": _text(evidence.remembered), "shown": _text(evidence.shown)}


def _text(note: bytes) -> str:
    try:
        return note.decode()
    except UnicodeDecodeError:
        raise MalformedError("what evidence holds is UTF-8, as every note is") from None


def _texts(values: list[Json]) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) < len(values):
        raise MalformedError("evidence lists hashes in base64, and envelopes, as text")
    return texts
