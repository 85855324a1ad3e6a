"""A mirror: a full copy of a log's static files in a folder, verified before any of it is put in place.

What is in place is always whole: the folder's `checkpoint` is backed by its files at every moment, whatever was killed
when. So it comes after all that it stands on; `digest` and `checkpoints`, which must not be of a larger log than it,
come after it. Running again goes on where the last run ended, and fetches nothing that is there and verified.

The tree is checked from the top: the partial tiles at its right edge give the root, each full tile has its hash in the
one above, each entry in a tile. Nothing of the log is kept in memory but a tile or two. Of the digests only the one
that the log has signed can be checked so; the chain between takes a replay, which is an audit's work. Where that finds
wrong ones, they are read from an honest source once more (`recheck`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, MalformedError, NotFoundError, SetupError, TamperedError
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    entries_path,
    node_from_tiles,
    numbered_path,
    tile_path,
    tile_widths,
    unpack_entries,
)
from ledger.merkle.tree import root_at
from ledger.operations.bundle import VIEWS, is_partial
from ledger.operations.erased_lines import ErasedLines
from ledger.operations.mirror_checks import (
    Check,
    Span,
    hashes_of,
    of_source,
    read_digest,
    tile_of_hash,
)
from ledger.operations.mirror_disclosures import bring_disclosures, check_none_erased_since
from ledger.operations.mirror_folder import MirrorFolder, opened_folder
from ledger.operations.mirror_notes import check_none_lost, read_earlier, with_lines_of_both
from ledger.operations.source import Source, read_tiled
from ledger.signing import canonical
from ledger.signing.checkpoint import Checkpoint, read_checkpoint

Progress = Callable[[int, int], None]  # entries done, of how many

# what goes in: all that the source shows; the log without a disclosure; or what everybody may see, and no entry
Shows = Literal["all", "clear", "public"]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirror holds now. view: `public` where it holds no entries. replaced: the files in place of which this run
    has put others, which the source has. written: all that it has put there, in order; removed: what it took away.
    """

    checkpoint: Checkpoint
    view: str
    replaced: tuple[str, ...] = field(default=(), compare=False)
    written: tuple[str, ...] = field(default=(), compare=False)
    removed: tuple[str, ...] = field(default=(), compare=False)


def mirror(
    source: Source,
    folder: Path,
    *,
    pin: bytes | None = None,
    verified: int = 0,
    recheck: bool = False,
    shows: Shows = "all",
    outgrown_before_s: float | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Mirrored:
    """Bring a folder in step with a source.

    pin: SHA-256 of the memorandum that must be the log's. verified: so many entries, with their files, this process has
    found whole in the folder before, and does not look at again. recheck: read every file of the source, as if none
    were there; where hashes and signatures do not say which of two is right, as of most digests, the source's stands.
    shows: what goes in; that stays what it was when the folder began. outgrown_before_s: a partial file stays until the
    full one has been there since then (seconds since the epoch), for who reads by an earlier checkpoint; None: it goes.

    Raises TamperedError where anything of the source is not what the log signed, its checkpoint does not extend the
    mirror's own, or it lacks earlier checkpoints that the mirror has (what contradicts the mirror's is kept under
    `contradicts/`); SetupError where another process mirrors there, or a checkpoint in the folder was altered;
    MalformedError where the mirror's view is another; NotFoundError and UnavailableError where
    the source has not, or does not answer. All that was put in place until then holds.
    """
    with opened_folder(folder) as here:
        one = _Mirror(source, here, progress, recheck=recheck, shows=shows, outgrown_before_s=outgrown_before_s)
        return one.run(pin, 0 if recheck else verified)


class _Mirror:
    """One run: what the steps hand on to each other."""

    def __init__(
        self,
        source: Source,
        here: MirrorFolder,
        progress: Progress,
        *,
        recheck: bool,
        shows: Shows,
        outgrown_before_s: float | None,
    ) -> None:
        self.source = source
        self.here = here
        self.progress = progress
        self.recheck = recheck
        self.shows = shows
        self.outgrown_before_s = outgrown_before_s
        self.replaced: list[str] = []
        self.erased = ErasedLines()
        self.edge: dict[tuple[int, int], bytes] = {}  # the log's partial tiles, by (level, n): they lead to the root

    def run(self, pin: bytes | None, verified: int) -> Mirrored:
        # 1. which ledger, and what of it is shown
        memorandum, view = self._memorandum(pin), self._view()
        # 2. the checkpoint last, so that no other note is of a larger log
        digest_note = None if view == "public" else self.source.read("digest")
        earlier_notes = self._optional("checkpoints")
        note = self.source.read("checkpoint")
        with of_source("checkpoint"):
            head, _ = read_checkpoint(note, memorandum.log_key)
        with of_source("digest"):
            digest = None if digest_note is None else read_digest(digest_note, memorandum, head)
        # 3. the root, and that nothing is lost: the mirror's own checkpoint is extended, what was cosigned is there yet
        self._take_edge(head)
        kept = self._extended(memorandum, head, note)
        self._check_none_lost(memorandum, earlier_notes)
        if (own_note := self.here.find("checkpoint")) is not None:
            note = with_lines_of_both(own_note, note, memorandum.log_key, believe_shown=self.recheck)
        # 4. which ledger this is, and all that the checkpoint stands on
        if view != "public":
            self.here.put("view", canonical.dump({"view": view}))  # first: a folder without one is for everybody
        self.here.put("memorandum", memorandum.text)
        if kept is None and digest_note is not None:  # nothing is claimed yet: it is of no larger log than is claimed
            self.here.put("digest", digest_note)
        self._bring_tiles(head.size, verified)
        if digest is not None:
            self._bring_entries(head.size, view, digest, verified)
        with of_source("checkpoints"):
            self._check_earlier(earlier_notes, memorandum, head)
        if view == "full":
            bring_disclosures(
                self.source, self.here, head.size, erased=self.erased, tile=lambda n: self._in_place(0, n)
            )
            check_none_erased_since(self.source, memorandum, head.size)
        # 5. the checkpoint; a crash from now on leaves notes of a smaller log beside it, and they hold
        self.here.put("checkpoint", note)
        if digest_note is not None:
            self.here.put("digest", digest_note)
        if earlier_notes is not None:
            self.here.put("checkpoints", earlier_notes)
        # 6. what is outgrown: there may be some where a tile was filled, and disclosures wherever the log has grown
        reached = 0 if kept is None else kept.size
        if not verified or (
            reached < head.size if view == "full" else reached >> TILE_HEIGHT < head.size >> TILE_HEIGHT
        ):
            self.here.prune(head.size, view=view, outgrown_before_s=self.outgrown_before_s)
        return Mirrored(head, view, tuple(self.replaced), tuple(self.here.written), tuple(self.here.removed))

    # ------------------------------------------------------------------ 1 and 3: what is said

    def _memorandum(self, pin: bytes | None) -> Memorandum:
        with of_source("memorandum"):
            memorandum = Memorandum.parse(self.source.read("memorandum"))
            kept = self.here.find("memorandum")
            for expected in (pin, None if kept is None else sha256(kept).digest()):
                if expected not in (None, memorandum.hash):
                    raise TamperedError(f"it is {memorandum.hash.hex()}, and not {expected.hex()}")
        return memorandum

    def _view(self) -> str:
        """A mirror keeps the view that it began with: else what is sealed would get lost, or come to light."""
        own = self.here.find("view")
        if self.shows == "public":
            if own is not None:
                raise MalformedError(
                    f"{self.here.path} holds entries, which are not for everybody: name another folder"
                )
            self.here.show_all()
            return "public"
        if own is None and self.here.find("memorandum") is not None:
            raise MalformedError(f"{self.here.path} is for everybody, and entries are not: name another folder")
        clear = canonical.dump({"view": "clear"})
        stated = clear if self.shows == "clear" else self._optional("view") or clear
        match canonical.load(stated):
            case {"view": str(view), **rest} if not rest and view in VIEWS:
                pass
            case {"view": str(view), **rest} if not rest and is_partial(view):
                # what is shown to one caller is for nobody else: a copy of the log holds none of it
                view, stated = "clear", clear
            case _:
                raise MalformedError(f"the source's file `view` says none of {', '.join(VIEWS)}: no other is mirrored")
        if own not in (None, stated):
            raise MalformedError(f"the source shows a {view} view, and this mirror's is another: name another folder")
        if view == "clear":
            self.here.show_all()
        return view

    def _take_edge(self, head: Checkpoint) -> None:
        """Take the tiles at the tree's right edge: those in the folder, where they lead to the root, else the source's.

        At most one a level, so what size is claimed costs nothing before its root is there.
        """
        levels = range(-(-head.size.bit_length() // TILE_HEIGHT))
        reached = {level: divmod(head.size >> TILE_HEIGHT * level, TILE_WIDTH) for level in levels}
        ragged = {(level, n): width for level, (n, width) in reached.items() if width}
        self.edge = {
            (level, n): b"" if self.recheck else self.here.find(tile_path(level, n, width)) or b""
            for (level, n), width in ragged.items()
        }
        try:
            self._require_root(head)
        except TamperedError:
            self.edge = {(level, n): self._fetch(tile_path(level, n, width)) for (level, n), width in ragged.items()}
            with of_source("checkpoint"):
                self._require_root(head)

    def _require_root(self, head: Checkpoint) -> None:
        if root_at(head.size, node_from_tiles(lambda level, n, _: self.edge[level, n], head.size)) != head.root:
            raise TamperedError("the tiles do not lead to the root that it is signed over")

    def _extended(self, memorandum: Memorandum, head: Checkpoint, note: bytes) -> Checkpoint | None:
        """The mirror's own checkpoint, None where it has none yet, once it is shown that the new one extends it."""
        data = self.here.find("checkpoint")
        if data is None:
            return None
        try:
            kept, _ = read_checkpoint(data, memorandum.log_key)
        except LedgerError as error:
            raise SetupError(f"{self.here.path / 'checkpoint'} was altered: {error}; restore it") from None
        if head.size < kept.size:
            what = f"rolled back: the mirror has {kept.size} entries under the log's signature, the source {head.size}"
        elif self._root_at(kept.size, head) != kept.root:
            what = f"forked: the source's first {kept.size} entries are not those that the mirror has"
        else:
            return kept
        beside = self.here.keep_contradicting("checkpoint", note)
        raise TamperedError(
            f"{what}; nothing was changed, and both checkpoints are kept, which prove it: "
            f"{self.here.path / 'checkpoint'} and {beside}"
        )

    def _check_none_lost(self, memorandum: Memorandum, shown: bytes | None) -> None:
        """The mirror's own earlier checkpoints are the beginning of the source's; else both are kept."""
        kept = self.here.find("checkpoints")
        if kept is None or kept == shown:
            return
        try:
            read_earlier(kept, memorandum.log_key)
        except LedgerError as error:
            raise SetupError(f"{self.here.path / 'checkpoints'} was altered: {error}; restore it") from None
        with of_source("checkpoints"):
            read_earlier(shown or b"", memorandum.log_key)  # what anybody can make up is not kept
        try:
            check_none_lost(kept, shown)
        except TamperedError as error:
            files = [self.here.keep_contradicting("checkpoints", each) for each in (kept, shown) if each is not None]
            raise TamperedError(f"{error}; nothing was changed, and kept: {' and '.join(map(str, files))}") from None

    def _root_at(self, size: int, head: Checkpoint) -> bytes:
        """The root of the source's first entries, from a few tiles of it, each held against the one above."""

        def read(level: int, n: int, width: int) -> bytes:
            return self.edge.get((level, n)) or self.source.read(tile_path(level, n, width))

        with of_source("tiles"):
            return root_at(size, node_from_tiles(read, head.size))

    def _check_earlier(self, notes: bytes | None, memorandum: Memorandum, head: Checkpoint) -> None:
        """The log's earlier checkpoints: each signed, and each the beginning of what is in place now."""
        if notes is None or notes == self.here.find("checkpoints"):
            return

        def read(level: int, n: int, _width: int) -> bytes:
            return self._in_place(level, n)

        nodes = node_from_tiles(read, head.size)
        for earlier in read_earlier(notes, memorandum.log_key):
            if earlier.size > head.size or root_at(earlier.size, nodes) != earlier.root:
                raise TamperedError(f"the one of {earlier.size} entries is not of this log")

    # ------------------------------------------------------------------ 4: what the checkpoint stands on

    def _bring_tiles(self, size: int, verified: int) -> None:
        """From the top downwards, so that each tile is held against one that is in place."""
        for level in reversed(range(-(-size.bit_length() // TILE_HEIGHT))):
            above, hashes = -1, list[bytes]()
            for n, width in tile_widths(size, level):
                path = tile_path(level, n, width)
                if width < TILE_WIDTH:
                    self.here.put(path, self.edge[level, n])
                elif (n + 1) << TILE_HEIGHT * (level + 1) > verified:
                    parent, place = divmod(n, TILE_WIDTH)
                    if parent != above:
                        tile = self._in_place(level + 1, parent)
                        above, hashes = parent, hashes_of(tile, len(tile) // HASH_SIZE)
                    self._bring(path, tile_of_hash(hashes[place]))

    def _bring_entries(self, size: int, view: str, digest: Checkpoint, verified: int) -> None:
        for n, width in tile_widths(size, 0):
            first, stop = n * TILE_WIDTH, n * TILE_WIDTH + width
            if stop <= verified and view == "clear" and not first < digest.size <= stop:
                continue
            span = Span(first, hashes_of(self._in_place(0, n), width))
            entries = self._bring(entries_path(n, width), span.check_entries)
            self._bring(numbered_path("digests", n, width), span.check_digests(digest))
            if view == "clear":  # there are none, so there is nothing to fetch
                self.here.put(numbered_path("disclosures", n, width), b"\n" * width)
            else:
                self.erased.note(first, unpack_entries(entries, width))
            self.progress(stop, size)

    def _in_place(self, level: int, n: int) -> bytes:
        """A tile that was brought, and checked, before."""
        tile = self.edge.get((level, n)) or self.here.find(tile_path(level, n))
        if tile is None:
            raise SetupError(f"{tile_path(level, n)} was taken out of {self.here.path}: run the same command again")
        return tile

    def _bring(self, path: str, check: Check) -> bytes:
        """A file that is in place, if it is whole; else the source's, put there once it is checked."""
        kept = self.here.find(path)
        if kept is not None and not self.recheck:
            try:
                check(kept)
            except LedgerError:
                pass  # damaged since: it is fetched again
            else:
                return kept
        data = self._fetch(path)
        with of_source(path):
            check(data)
        self.here.put(path, data)
        if kept not in (None, data):
            self.replaced.append(path)
        return data

    def _fetch(self, path: str) -> bytes:
        with of_source(path):
            return read_tiled(self.source, path)

    def _optional(self, path: str) -> bytes | None:
        try:
            return self.source.read(path)
        except NotFoundError:
            return None
