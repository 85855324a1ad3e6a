"""The disclosures of a mirror: each run fetches them anew, and drops what the log says is erased.

They are the only files of a mirror that change once they are in place. So they come right before the checkpoint that
tells of the erasure: a kill between the two leaves a mirror that lacks what its own checkpoint does not say is erased,
and an audit of it says so, until the next run.
"""

from collections.abc import Callable

from ledger.cohort.memorandum import Memorandum
from ledger.errors import SetupError, UnavailableError
from ledger.merkle.tiles import TILE_WIDTH, entries_path, numbered_path, tile_widths, unpack_entries
from ledger.operations.erased_lines import ErasedLines, erased_since, without
from ledger.operations.mirror_checks import Span, hashes_of, of_source
from ledger.operations.mirror_folder import MirrorFolder
from ledger.operations.source import Source, read_tiled


def bring_disclosures(
    source: Source, here: MirrorFolder, size: int, *, erased: ErasedLines, tile: Callable[[int], bytes]
) -> None:
    """erased: which has noted all of the entries, and they are in place. tile: gives those of level 0, which were
    checked.

    What the source lacks goes here too, whether or not the log says that it is erased yet. Raises TamperedError where
    it shows what opens no commitment.
    """
    for n, width in tile_widths(size, 0):
        first, path = n * TILE_WIDTH, numbered_path("disclosures", n, width)
        entries = here.find(entries_path(n, width))
        if entries is None:
            raise SetupError(f"{entries_path(n, width)} was taken out of {here.path}: run the same command again")
        with of_source(path):
            shown = read_tiled(source, path)
            Span(first, hashes_of(tile(n), width)).check_disclosures(entries, shown)
        if erased.any:
            shown = without(shown, erased.covered(first, unpack_entries(entries, width)))
        here.put(path, shown)


def check_none_erased_since(source: Source, memorandum: Memorandum, size: int) -> None:
    """Raises UnavailableError where something was, while its disclosures were fetched: they lack more than a checkpoint
    over `size` entries says.
    """
    with of_source("checkpoint"):
        if erased_since(source, memorandum, size):
            raise UnavailableError("something was erased while the log was copied: run the same command again")
