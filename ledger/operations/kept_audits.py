"""What an auditor's audits reached, kept in files of the auditor's own, so that the next one goes on from there."""

from pathlib import Path

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError
from ledger.operations.heads import ledger_file
from ledger.operations.reached import Reached, Signatures
from ledger.operations.replacing import make_folder, replacing


class KeptAudits:
    """folder: the auditor's; made when there is something to keep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, memorandum: Memorandum, *, view: str, signatures: Signatures) -> Reached | None:
        """What the last audit with these settings reached; None where there was none, or its file cannot be read: then
        all is audited again, which costs time and no more.
        """
        try:
            return Reached.load(self._file(memorandum, view, signatures).read_bytes())
        except (OSError, MalformedError):
            return None

    def keep(self, memorandum: Memorandum, reached: Reached) -> None:
        file = self._file(memorandum, reached.view, reached.signatures)
        make_folder(file.parent)
        with replacing(file) as opened:
            opened.write(reached.dump())

    def _file(self, memorandum: Memorandum, view: str, signatures: Signatures) -> Path:
        return ledger_file(self._folder, memorandum, f"{'full' if view == 'full' else 'clear'}.{signatures}.audit")
