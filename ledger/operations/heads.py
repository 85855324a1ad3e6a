"""Remembered heads: of each log the largest checkpoint ever seen, and an alarm where another contradicts it.

A log that shows its readers two histories, or takes back what it showed, is found out by whoever remembers. For each
ledger, known by its origin and the hash of its memorandum, a folder holds:

<hash>.checkpoint                  the largest that was seen, as it came, cosignatures and all
<hash>-<of the note>.contradicts   one that contradicts it
<hash>-<of the note>.fork.json     what proves it to others (see `ledger.operations.evidence`), or `.rollback.json`

A checkpoint counts from the moment that it was seen under the log's signature, whether the rest of the log held or not.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, SetupError, TamperedError
from ledger.operations.evidence import Fork, Rollback, kind_of, write_evidence
from ledger.operations.forks import SignedHead, prove_fork
from ledger.operations.replacing import make_folder, replacing
from ledger.operations.source import Source
from ledger.signing.checkpoint import Checkpoint

_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9.-]")
_MODE = 0o600
_PAUSES_S = (0.0, 2.0)  # a cache may keep a checkpoint for a second


@dataclass(frozen=True, slots=True)
class Seen:
    """What a checkpoint is to the one that was remembered.

    checkpoint: what was seen, or, where a live log has outgrown that on its way here, what it shows by now.
    relation: the `first` of its log; the `same`; it `extends` the remembered one, which was proven; it is `older`, by a
    source that may be; or it is larger and its source holds no tree: `unproven`, and not remembered. before: size of
    the remembered one, None for the first.
    """

    checkpoint: Checkpoint
    relation: Literal["first", "same", "extends", "older", "unproven"]
    before: int | None

    @property
    def words(self) -> str:
        match self.relation:
            case "first":
                return "no checkpoint of this log was seen before"
            case "same":
                return f"the same {self.before} entries as seen before"
            case "extends":
                return f"extends the {self.before} entries seen before"
            case "older":
                return (
                    f"older than the {self.before} entries seen before; that those extend it cannot be checked here, "
                    "it takes the larger log (`cohort-ledger compare`)"
                )
            case "unproven":
                return f"larger than the {self.before} entries seen before; that it extends them was not checked"


class Heads:
    """Those of all logs. folder: made when there is something to remember; several processes may use it at once.

    pause: waits so many seconds.
    """

    def __init__(self, folder: Path, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._folder = folder
        self._pause = pause

    def remembered(self, memorandum: Memorandum) -> bytes | None:
        """The note of the largest checkpoint that was seen, None before the first. Raises SetupError where it is no
        note of that log any more.
        """
        kept = _Log(self._file(memorandum), memorandum, None, self._pause).kept()
        return kept.note if kept else None

    def look(self, source: Source, memorandum: Memorandum, *, live: bool) -> Seen:
        """See the checkpoint that a source has now.

        Raises TamperedError where the log did not sign it, and as `see` and the source do.
        """
        return self.see(SignedHead.of(source, memorandum.log_key).note, memorandum, source, live=live)

    def see(self, note: bytes, memorandum: Memorandum, source: Source | None, *, live: bool) -> Seen:
        """Hold a checkpoint against the remembered one, and remember it where it is larger and extends that.

        memorandum: the ledger's, trusted by the caller. source: holds the tree under the note, None where nothing does.
        live: the log is asked as it stands now, so that an older checkpoint is a rollback; not so in a file or bundle.

        Raises TamperedError for a fork, a rollback, or a tree that does not lead to the checkpoint: both notes are kept
        then, with what proves it, in the files that it names. Raises MalformedError or SignatureError where the log did
        not sign the note, and what the source raises where it cannot be reached.
        """
        # 1. the log's signature
        shown = SignedHead.read(note, memorandum.log_key)
        log = _Log(self._file(memorandum), memorandum, source, self._pause)
        with _locked(log.file):
            # 2. the first of its log
            kept = log.kept()
            if kept is None:
                log.remember(shown)
                return Seen(shown.checkpoint, "first", None)
            before = kept.checkpoint.size
            if shown.checkpoint.size < before and not live:
                return Seen(shown.checkpoint, "older", before)
            if shown.checkpoint.size > before and source is None:
                return Seen(shown.checkpoint, "unproven", before)
            # 3. what the log shows by now, where that is newer, extends the remembered one
            newest = shown if shown.checkpoint.size >= before else log.newest(shown, kept)
            log.check_extends(newest, kept, contradicts=newest)
            if newest.checkpoint.size > before:
                log.remember(newest)
            # 4. and begins with what was shown
            if newest is not shown:
                log.check_extends(newest, shown, contradicts=shown)
            return Seen(newest.checkpoint, "extends" if newest.checkpoint.size > before else "same", before)

    def _file(self, memorandum: Memorandum) -> Path:
        return ledger_file(self._folder, memorandum, "checkpoint")


def ledger_file(folder: Path, memorandum: Memorandum, suffix: str) -> Path:
    """Where a file about one ledger lies in a folder of those about all of them."""
    return folder / _UNSAFE.sub("_", memorandum.origin) / f"{memorandum.hash.hex()[:32]}.{suffix}"


@dataclass(frozen=True)
class _Log:
    """One log: what is remembered of it in `file`, and what shows it now."""

    file: Path
    memorandum: Memorandum
    source: Source | None
    pause: Callable[[float], None]

    def kept(self) -> SignedHead | None:
        try:
            return SignedHead.read(self.file.read_bytes(), self.memorandum.log_key)
        except FileNotFoundError:
            return None
        except LedgerError as error:
            raise SetupError(
                f"{self.file} is no checkpoint of {self.memorandum.origin} any more ({error}): restore it; without it "
                "a fork or a rollback of that log is not noticed"
            ) from None

    def remember(self, head: SignedHead) -> None:
        with replacing(self.file) as opened:
            opened.write(head.note)

    def newest(self, shown: SignedHead, kept: SignedHead) -> SignedHead:
        """What a live log shows by now. While the note was on its way, or in a cache, another process may have seen a
        larger one, and that is no rollback.
        """
        for pause_s in _PAUSES_S:
            if self.source is None:
                break
            self.pause(pause_s)
            shown = SignedHead.of(self.source, self.memorandum.log_key)
            if shown.checkpoint.size >= kept.checkpoint.size:
                return shown
        raise self._alarm(
            f"was rolled back: {kept.checkpoint.size} entries were seen under the log's signature, now it shows "
            f"{shown.checkpoint.size}",
            contradicts=shown,
            evidence=Rollback(self.memorandum.log_key, kept.note, shown.note),
        )

    def check_extends(self, newer: SignedHead, older: SignedHead, *, contradicts: SignedHead) -> None:
        """contradicts: the one of the two that is not remembered, where they do not fit."""
        try:
            fork = prove_fork(self.memorandum.log_key, older, newer, self.source)
        except TamperedError as error:
            raise self._alarm(
                f"does not show that it extends what was seen of it: {error}", contradicts=contradicts
            ) from None
        if fork is not None:
            raise self._alarm(
                f"is forked: its checkpoint over {newer.checkpoint.size} entries does not extend the one over "
                f"{older.checkpoint.size}, and it signed both",
                contradicts=contradicts,
                evidence=fork,
            )

    def _alarm(self, what: str, *, contradicts: SignedHead, evidence: Fork | Rollback | None = None) -> TamperedError:
        """Keep what contradicts the remembered checkpoint beside it, with the proof. A crash on the way is healed by
        the next look: it finds the same, and the same bytes have the same names.
        """
        stem = f"{self.file.stem}-{sha256(contradicts.note).hexdigest()[:16]}"
        beside = self.file.with_name(f"{stem}.contradicts")
        with replacing(beside) as opened:
            opened.write(contradicts.note)
        said = f"{self.memorandum.origin} {what}; evidence: {self.file} was remembered, {beside} is shown now"
        if evidence is None:
            return TamperedError(said)
        proof = self.file.with_name(f"{stem}.{kind_of(evidence)}.json")
        write_evidence(proof, evidence)
        to_others = "proves it to others" if isinstance(evidence, Fork) else "says so, and proves nothing to others"
        return TamperedError(f"{said}, {proof} {to_others}", evidence=str(proof))


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One process at a time, from reading what is remembered to replacing it; a crash lets go."""
    make_folder(file.parent)
    lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, _MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
