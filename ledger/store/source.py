"""The store as a source of the log's static files (design: formats), up to the published checkpoint and no further.

A partial file is a prefix of what is stored, so that any width which the published size reaches can be asked for, also
one that the log has outgrown.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine

from ledger.errors import MalformedError, NotFoundError, TamperedError, UnavailableError
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TilePath, pack_entries, parse_path
from ledger.signing.canonical import dump
from ledger.signing.kept import encode_kept
from ledger.store.checkpoints import kept_checkpoints
from ledger.store.engine import reading
from ledger.store.entries import read_entries
from ledger.store.erased import has_erasure_from
from ledger.store.head import Head, read_head
from ledger.store.tiles import read_tile
from ledger.store.vault import Vault

# what is shown of the disclosures of some entries: index -> disclosures joined by `~`, before and after
Shown = Callable[[Connection, Mapping[int, str]], Mapping[int, str]]


class StoreSource:
    """view: `full`, `clear` to show no disclosure, or another of those that the design names. vault: what they are read
    from, None where it is not at hand. shown: leaves out what a view that is neither full nor clear does not show.
    newest: where the log is written, if this reads a replica of it.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault | None,
        view: str,
        *,
        shown: Shown | None = None,
        newest: Engine | None = None,
    ) -> None:
        self._engine = engine
        self._newest = engine if newest is None else newest
        self._vault = vault if view == "full" or (shown and view != "clear") else None
        self._view = view
        self._shown = shown

    def read(self, path: str) -> bytes:
        """Raises NotFoundError for a path that the log does not have, or not yet; UnavailableError for disclosures
        while something is being erased.
        """
        with reading(self._engine) as conn:
            head = read_head(conn)
            match path:
                case "view":
                    return dump({"view": self._view})
                case "memorandum":
                    return head.memorandum
                case "checkpoint" | "digest":
                    note = head.checkpoint if path == "checkpoint" else head.digest_note
                    if note is None:
                        raise NotFoundError(f"there is no {path} yet")
                    return note
                case "checkpoints":
                    return encode_kept(each.note for each in kept_checkpoints(conn))
            data = self._read_numbered(conn, head, path)
        if self._vault is not None and path.startswith("disclosures/"):
            self._check_published(head.published)
        return data

    def fingerprint(self, path: str) -> bytes | None:
        """What the bytes of a file of entries or of digests are bound by, read without them: the leaf hashes, or the
        last digest, which is over all before it. None for any other file. Raises NotFoundError as `read` does.
        """
        try:
            asked = parse_path(path)
        except MalformedError:
            return None
        if asked.kind not in {"entries", "digests"}:
            return None
        stop = asked.n * TILE_WIDTH + asked.width
        with reading(self._engine) as conn:
            if stop > read_head(conn).published:
                raise _not_reached(path)
            if asked.kind == "entries":
                return _prefix(read_tile(conn, 0, asked.n), asked.width, path)
            (last,) = read_entries(conn, stop - 1, stop)
            return last.digest

    def _read_numbered(self, conn: Connection, head: Head, path: str) -> bytes:
        asked = _parse(path)
        start = asked.n * TILE_WIDTH
        stop = start + asked.width
        if stop > head.published >> TILE_HEIGHT * (asked.level or 0):
            raise _not_reached(path)
        match asked.kind:
            case "tile":
                return _prefix(read_tile(conn, asked.level or 0, asked.n), asked.width, path)
            case "entries":
                return pack_entries(entry.leaf for entry in read_entries(conn, start, stop))
            case "digests":
                return b"".join(entry.digest for entry in read_entries(conn, start, stop))
            case _:
                opened: Mapping[int, str] = self._vault.open(conn, start, stop) if self._vault else {}
                if self._shown:
                    opened = self._shown(conn, opened)
                return "".join(f"{opened.get(index, '')}\n" for index in range(start, stop)).encode("ascii")

    def _check_published(self, published: int) -> None:
        """What is erased is absent, and the log must tell of it: else it looks as if something were held back.

        An erasure that no checkpoint covers yet, or that came while the file was read, is waited for.
        """
        with reading(self._newest) as conn:  # a later moment than that at which the file was read
            if has_erasure_from(conn, published):
                raise UnavailableError("something is being erased: read it again in a moment")


def _parse(path: str) -> TilePath:
    try:
        return parse_path(path)
    except MalformedError:
        raise NotFoundError(f"a log has no file {path[:80]!r}") from None


def _not_reached(path: str) -> NotFoundError:
    return NotFoundError(f"the published log does not reach {path} yet")


def _prefix(tile: bytes, width: int, path: str) -> bytes:
    data = tile[: width * HASH_SIZE]
    if len(data) < width * HASH_SIZE:
        raise TamperedError(f"{path} is not stored whole")
    return data
