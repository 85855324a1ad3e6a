"""The checkpoints of an auditor's earlier audits, one for each ledger: what the next audit of it must extend.

A ledger is known by its origin and the hash of its memorandum. Checkpoints that contradict one another are kept side
by side: together they convict the log.
"""

import re
from hashlib import sha256
from pathlib import Path

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError
from ledger.operations.source import Source

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")


class RememberedCheckpoints:
    """Those of the ledger that a source shows. folder: made when there is something to remember."""

    def __init__(self, folder: Path, source: Source) -> None:
        try:
            memorandum = Memorandum.parse(source.read("memorandum"))
        except (MalformedError, NotFoundError):
            self._file = None  # no ledger at all: the audit will say so
        else:
            self._file = folder / _UNSAFE.sub("_", memorandum.origin) / f"{memorandum.hash.hex()[:32]}.checkpoint"

    def read(self) -> bytes | None:
        """The checkpoint of the last audit that held, None where there was none."""
        if self._file is None or not self._file.is_file():
            return None
        return self._file.read_bytes()

    def remember(self, checkpoint: bytes) -> None:
        assert self._file is not None
        self._write(self._file, checkpoint)

    def keep_both(self, contradicting: bytes) -> tuple[Path, Path]:
        """Keep what contradicts the remembered checkpoint beside it. Returns both files."""
        assert self._file is not None
        beside = self._file.with_name(f"{self._file.stem}-{sha256(contradicting).hexdigest()[:16]}.contradicts")
        self._write(beside, contradicting)
        return self._file, beside

    @staticmethod
    def _write(file: Path, data: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(data)
        part.replace(file)
