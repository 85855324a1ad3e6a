"""Step 7 of an audit at the end of the log: what is missing was erased, and what was erased is missing.

An erasure comes later than what it covers, so an entry cannot be judged where it stands. A source that shows all may
lack what the log says is erased, and nothing else: else a hub could hide an outcome and blame the node. And whoever has
the erasure must have applied it: what was made before it shows the values yet, and does not know of it.
"""

from dataclasses import dataclass
from itertools import groupby

from ledger.cohort.erasing import erased_entries
from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, TamperedError, UnavailableError
from ledger.merkle.tiles import TILE_WIDTH, numbered_path
from ledger.operations.erased_lines import erased_since
from ledger.operations.reached import Reached
from ledger.operations.source import Source, read_tiled

_STEP = 7


@dataclass(frozen=True)
class Disclosing:
    """source: of a log of `at.size` entries, all of which are folded into `at`."""

    source: Source
    memorandum: Memorandum
    at: Reached

    def judge(self, begun_at: int) -> None:
        """begun_at: from which entry on what is shown was counted now; before that it was by an earlier audit.

        Raises TamperedError with the first entry that fails, UnavailableError where it may have been erased meanwhile.
        """
        erased = erased_entries(self.at.database)
        self._check_missing(begun_at, erased)
        self._check_none_is_back(begun_at, erased)
        self._count(erased)

    def _check_missing(self, begun_at: int, erased: frozenset[int]) -> None:
        sealed, shown = self.at.sealed, self.at.shown_of
        for index in range(begun_at, self.at.size):
            if shown[index] < sealed[index] and index not in erased and self._is_claimed(index):
                if self._may_be_erased_since():
                    raise UnavailableError("something was erased while the log was read: audit it again")
                raise self._failed(
                    index, "a disclosure is missing that was not erased: the source claims to hold all of them"
                )

    def _is_claimed(self, index: int) -> bool:
        """Whether the source claims to show all that is sealed in an entry."""
        return self.at.view in ("full", f"node:{self.at.database.events[index].node}")

    def _check_none_is_back(self, begun_at: int, erased: frozenset[int]) -> None:
        """What an earlier audit was shown, and is erased since, is looked for once more."""
        shown = [index for index in sorted(erased) if self.at.shown_of[index]]
        earlier = [index for index in shown if index < begun_at]
        for n, indexes in groupby(earlier, lambda index: index // TILE_WIDTH):
            width = min(TILE_WIDTH, self.at.size - n * TILE_WIDTH)
            lines = self._lines(n, width)
            for index in indexes:
                self.at.shown_of[index] = int(bool(lines[index % TILE_WIDTH]))
        for index in shown:
            if self.at.shown_of[index]:
                raise self._failed(index, "the source brings back what was erased: an entry of this log says so")

    def _lines(self, n: int, width: int) -> list[bytes]:
        path = numbered_path("disclosures", n, width)
        try:
            lines = read_tiled(self.source, path).split(b"\n")
        except UnavailableError:
            raise
        except LedgerError as error:
            raise TamperedError(str(error), step=_STEP, index=n * TILE_WIDTH) from None
        if len(lines) != width + 1 or lines[-1]:
            raise TamperedError(f"{path} does not hold a line an entry", step=_STEP, index=n * TILE_WIDTH)
        return lines

    def _count(self, erased: frozenset[int]) -> None:
        at = self.at
        at.shown, at.erased = sum(at.shown_of), sum(at.sealed[index] for index in erased)
        at.withheld = sum(at.sealed) - at.shown - at.erased

    def _may_be_erased_since(self) -> bool:
        try:
            return erased_since(self.source, self.memorandum, self.at.size)
        except UnavailableError:
            raise
        except LedgerError:
            return False

    def _failed(self, index: int, message: str) -> TamperedError:
        return TamperedError(message, step=_STEP, index=index, node=self.at.database.events[index].node)
