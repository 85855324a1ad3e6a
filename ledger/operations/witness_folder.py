"""What a witness keeps, in files: who it is, whose logs it watches, and what it cosigned last for each.

witness.json                 its name, its own verifier keys, and those of the logs; written last
ed25519.pem, mldsa44.pem     its private keys, PKCS#8
logs/<origin hash>.json      the log's newest checkpoint with this witness's cosignatures, or null: nothing yet
evidence/<hash>.json         requests that a log signed, and that do not extend what was cosigned; `fork-<hash>.json`
                             where two roots of one size are signed, which convicts the log by itself

A witness that forgets may cosign a fork. So "nothing yet" is written down too, durably and before there is a key that
could sign, and a file that is missing or damaged later is never taken for it: the witness refuses to serve. The folder
is no backup of itself: an older copy of it has forgotten just as well. Who lost it makes a new witness, with new keys.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from ledger.errors import LedgerError, SetupError
from ledger.operations.replacing import replacing
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.canonical import dump, load
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.cosigned import COSIGNED_NAME_MAX
from ledger.signing.note import COSIGNATURE, SUBTREE_COSIGNATURE, Note, Verifier, verified

KEY_FILES: Mapping[int, str] = {COSIGNATURE: "ed25519.pem", SUBTREE_COSIGNATURE: "mldsa44.pem"}
EVIDENCE_MAX = 1000  # files of forks, and as many of others; the first ones are kept, so that no sender fills the disk

_IDENTITY = "witness.json"
_LOGS = "logs"
_EVIDENCE = "evidence"
_FORK = "fork-"
_MODE = 0o700
_NAME_SIZE = 16  # hex digits of a hash

Held: TypeAlias = tuple[Checkpoint, Note] | None


@dataclass(frozen=True)
class Log:
    """A log that is watched. verifiers: its keys, any of which speaks for it; each is named as its origin is."""

    origin: str
    verifiers: tuple[Verifier, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the origin, in hex: how readers ask for it."""
        return sha256(self.origin.encode()).hexdigest()


@dataclass(frozen=True)
class WitnessFolder:
    """keys: this witness's own, as others check them. logs: by their hash."""

    path: Path
    name: str
    keys: tuple[Verifier, ...]
    logs: Mapping[str, Log]

    @classmethod
    def open(cls, path: Path) -> "WitnessFolder":
        """Raises SetupError where there is no witness, or its file does not say which."""
        file = path / _IDENTITY
        try:
            told = json.loads(file.read_bytes())
            keys, logs = (map(Verifier.parse, told[each]) for each in ("keys", "logs"))
            return cls.of(path, name=told["name"], keys=keys, logs=logs)
        except FileNotFoundError:
            raise SetupError(f"there is no witness in {path}: make one with `cohort-ledger witness init`") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise SetupError(f"{file} does not say which witness this is") from None
        except LedgerError as error:
            raise SetupError(f"{file}: {error}") from None

    @classmethod
    def of(cls, path: Path, *, name: str, keys: Iterable[Verifier], logs: Iterable[Verifier]) -> "WitnessFolder":
        """Raises SetupError for keys or logs that no witness has. Nothing is read or written."""
        made = cls(path, name, tuple(keys), _by_hash(logs))
        kinds = [key.type for key in made.keys]
        if not kinds or len(kinds) > len(set(kinds)) or not KEY_FILES.keys() >= set(kinds):
            raise SetupError("a witness has one key of each of its kinds: 0x04 (Ed25519), 0x06 (ML-DSA-44), or both")
        if any(key.name != name for key in made.keys):
            raise SetupError(f"a witness's keys are named as it is: {name}")
        if not made.logs:
            raise SetupError("a witness watches a log: name one by its verifier key")
        longest = max(len(log.origin.encode()) for log in made.logs.values())
        if SUBTREE_COSIGNATURE in kinds and longest > COSIGNED_NAME_MAX:
            raise SetupError(f"an origin under ML-DSA-44 cosignatures has at most {COSIGNED_NAME_MAX} bytes")
        return made

    def prepare(self) -> None:
        """The first step of making a witness: write down that nothing is cosigned yet, before there is a key.

        Raises SetupError where there is a witness already, or keys of one that has lost what it knew.
        """
        if (self.path / _IDENTITY).exists():
            raise SetupError(
                f"there is a witness in {self.path} already: it is never written over; name another folder"
            )
        for each in (self.path, self.path / _LOGS, self.path / _EVIDENCE):
            each.mkdir(mode=_MODE, parents=True, exist_ok=True)
        has_keys = any((self.path / file).exists() for file in KEY_FILES.values())
        for log in self.logs.values():
            if self._state(log).exists():  # an earlier attempt's
                continue
            if has_keys:
                raise SetupError(
                    f"there are keys in {self.path} and nothing that says what they cosigned for {log.origin}: that "
                    "may be a fork's beginning; make a new witness in another folder"
                )
            self._write_state(log, None)

    def found(self) -> None:
        """The last step, once its keys lie beside it: then it can serve. Raises SetupError as `cosigned` does."""
        for log in self.logs.values():
            self.cosigned(log)
        said = {
            "name": self.name,
            "keys": [key.text for key in self.keys],
            "logs": [key.text for log in self.logs.values() for key in log.verifiers],
        }
        with replacing(self.path / _IDENTITY) as opened:
            opened.write(json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n")

    @property
    def key_files(self) -> list[Path]:
        """Where its private keys lie, in the order of `keys`."""
        return [self.path / KEY_FILES[key.type] for key in self.keys]

    @property
    def evidence(self) -> list[Path]:
        """The requests that are kept."""
        return sorted((self.path / _EVIDENCE).glob("*.json"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time, of all threads and processes that serve this folder: between reading and keeping."""
        folder = os.open(self.path / _LOGS, os.O_RDONLY)  # the folder itself: no file that might be tidied away
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def cosigned(self, log: Log) -> Held:
        """What was cosigned last for a log, its signatures and ours; None where nothing was yet.

        Raises SetupError where that is not known any more: nothing is to be cosigned then.
        """
        file = self._state(log)
        try:
            match load(file.read_bytes()):
                case {"origin": log.origin, "cosigned": None, **rest} if not rest:
                    return None
                case {"origin": log.origin, "cosigned": str(text), **rest} if not rest:
                    note = Note.parse(text.encode())
                    checkpoint = Checkpoint.parse(note.text)
                    ours = verified(note, self.keys) == self.keys
                    if ours and verified(note, log.verifiers) and checkpoint.origin == log.origin:
                        return checkpoint, note
        except (OSError, LedgerError):
            pass
        raise SetupError(
            f"what this witness cosigned for {log.origin} is not known any more: {_LOGS}/{file.name} is missing or "
            "damaged; put that very file back, or make a new witness with new keys: one that forgets may cosign a fork"
        )

    def keep(self, log: Log, note: Note) -> None:
        """Keep a cosigned checkpoint in place of the one before; when this returns, a power cut does not undo it."""
        self._write_state(log, note)

    def keep_evidence(self, asked: AddCheckpoint, said: Mapping[str, object], *, held: Note | None, fork: bool) -> None:
        """Keep a request that a log has signed and this witness refused; of forks the first 1000, and of others.

        held: what was cosigned last. What differs in its proof alone is kept once: anyone can add a wrong proof to
        what a log has signed, and shall not crowd out what the log itself did.
        """
        statements = f"{held.text if held else ''}\n{asked.note.text}"
        prefix = _FORK if fork else ""
        file = self.path / _EVIDENCE / f"{prefix}{sha256(statements.encode()).hexdigest()[:_NAME_SIZE]}.json"
        alike = sum(1 for each in self.evidence if each.name.startswith(_FORK) == fork)
        if file.exists() or alike >= EVIDENCE_MAX:
            return
        cosigned = held.encode().decode() if held else None
        with replacing(file) as opened:
            opened.write(dump({"kind": "request", **said, "cosigned": cosigned, "request": asked.encode().decode()}))

    def _write_state(self, log: Log, cosigned: Note | None) -> None:
        text = cosigned.encode().decode() if cosigned else None
        with replacing(self._state(log)) as opened:
            opened.write(dump({"origin": log.origin, "cosigned": text}))

    def _state(self, log: Log) -> Path:
        return self.path / _LOGS / f"{log.hash}.json"


def _by_hash(keys: Iterable[Verifier]) -> dict[str, Log]:
    logs: dict[str, Log] = {}
    for key in keys:
        log = Log(key.name, ())
        known = logs.get(log.hash, log).verifiers
        logs[log.hash] = Log(key.name, known if key in known else (*known, key))
    return logs
