"""Looking for what was erased: in the vault by its place, and by its bytes in every file that a hub owns.

The values are gone here, so whoever wants their bytes searched for brings them: the envelopes or disclosures that the
node kept, or the values themselves. They are read, searched for and forgotten; no answer shows one.

What this cannot reach is said with every answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import NotFoundError, RefusedError, SetupError
from ledger.operations.hub import open_store, open_vault
from ledger.operations.needles import Needle, Needles
from ledger.settings import Settings
from ledger.signing.encoding import from_base64url
from ledger.store.engine import Connection, Engine, reading
from ledger.store.entries import nodes_with_case, read_entries
from ledger.store.erased import case_events, corrections_of, erased_events, stored_erasures
from ledger.store.head import read_head
from ledger.store.vault import Vault

OUT_OF_REACH = (
    "copies of the key file: one of before the erasure, beside a database of before it, opens the values; destroy it",
    "full bundles, exports and answers that were handed out; and what people read and wrote down",
    "mirrors of a full view: each drops what is erased when it next copies the log; ask who keeps one",
    "the node's own drafts, receipts and files",
    "logs that whoever starts the hub keeps elsewhere: name them with --also",
    "what the file system, its snapshots or the disk keep of bytes that were deleted or overwritten; memory and swap",
)
_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Something of the case that is there yet. where: a file, or a table. what: in words, and never a value."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """node, case: what was looked for. entries: how many tell of it, corrections among them; erased: how many of these
    erasures cover. searched: how many files; values, skipped, clear: as of `Needles`. found: what is there yet. notes:
    what is worth knowing beside that. out_of_reach: what was not looked at.
    """

    node: str
    case: str
    entries: int
    erased: int
    searched: int
    values: int
    skipped: int
    clear: int
    found: tuple[Place, ...]
    notes: tuple[str, ...]
    out_of_reach: tuple[str, ...] = OUT_OF_REACH


def check_erased(
    settings: Settings, case: str, *, node: str | None, values: Sequence[str], also: Sequence[Path]
) -> Checked:
    """Look for a case. node: whose, None where only one has told of it. values: a text each, of which every form is
    searched for: envelopes with their disclosures, disclosures, or values. also: more files and folders to search.

    Raises NotFoundError where nobody told of the case, or one of `also` is not there; RefusedError where several told
    of it and none is named; SetupError where a file cannot be read.
    """
    for each in also:
        if not each.exists():
            raise NotFoundError(f"there is no {each}, so it cannot be searched")
    engine, _ = open_store(settings)
    vault = open_vault(settings)
    with reading(engine) as connection:
        node = _whose(connection, case, node)
        erasures = {each.index for each in stored_erasures(connection)}
        told = {each.index: each.event_id for each in case_events(connection, node, case) if each.index not in erasures}
        told |= {each.index: each.event_id for each in corrections_of(connection, told.values())}
        covered = told.keys() & erased_events(connection).keys()
        found = list(_kept(connection, vault, told, covered))
        needles = Needles.of(values, _said(connection))
    notes = tuple(_notes(engine, len(covered)))
    engine.dispose()
    files = list(_files(settings, engine, also))
    for file in files:
        try:
            found += [Place(str(file), what) for what in _hits(file, needles.needles)]
        except FileNotFoundError:
            continue  # a journal of the running hub, which is over
        except OSError as error:
            raise SetupError(f"{file} cannot be searched: {error.strerror}") from None
    return Checked(
        node=node,
        case=case,
        entries=len(told),
        erased=len(covered),
        searched=len(files),
        values=needles.values,
        skipped=needles.skipped,
        clear=needles.clear,
        found=tuple(found),
        notes=notes,
    )


def _said(connection: Connection) -> Iterator[bytes]:
    """All that the log says in the clear."""
    head = read_head(connection)
    yield head.memorandum
    for stored in read_entries(connection, 0, head.size):
        yield from_base64url(stored.jws.split(".")[1])


def _whose(connection: Connection, case: str, node: str | None) -> str:
    nodes = nodes_with_case(connection, case)
    if node is not None and node in nodes:
        return node
    if node is not None or not nodes:
        raise NotFoundError(f"{node or 'nobody'} has told of a case {case} here")
    if len(nodes) > 1:
        raise RefusedError(f"{' and '.join(nodes)} have a case {case}: say whose with --node")
    return nodes[0]


def _kept(connection: Connection, vault: Vault, told: Mapping[int, str], covered: Iterable[int]) -> Iterator[Place]:
    sealed, keyed = vault.kept(connection, told)
    covering = frozenset(covered)
    for table, indexes in (("the vault's ciphertexts", sealed), ("the vault's keys", keyed)):
        for index in indexes:
            why = "which an erasure covers" if index in covering else "which no erasure covers"
            yield Place(table, f"that of entry {index}, {why}")


def _notes(engine: Engine, covered: int) -> Iterator[str]:
    if not covered:
        yield "no erasure of this case is in the log"
    if engine.dialect.name != "sqlite":
        yield (
            "the database's files, its write-ahead log, replicas and backups are the server's and were not searched: "
            "of the vault they hold ciphertext, and what is erased has no key"
        )
        return
    write_ahead = Path(f"{engine.url.database}-wal")
    size = write_ahead.stat().st_size if write_ahead.is_file() else 0
    if size:
        yield (
            f"{write_ahead} holds {size} bytes: what was written since, or what a reader keeps. Of the vault that is "
            "ciphertext, and what is erased has no key"
        )


def _files(settings: Settings, engine: Engine, also: Sequence[Path]) -> Iterator[Path]:
    """Every file that the hub owns, leftovers and temporary files among them, once each."""
    files = [settings.vault_key_file]
    if engine.dialect.name == "sqlite":
        files.append(Path(engine.url.database or ""))
    named: list[Path] = [settings.data_dir, *also, settings.log_key_file.with_name("last-checkpoint")]
    for file in files:
        named += [file, *file.parent.glob(f"{file.name}-*"), *file.parent.glob(f"{file.name}.*")]
    seen: set[Path] = set()
    for each in named:
        for file in sorted(each.rglob("*")) if each.is_dir() else [each]:
            if file.is_file() and file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _hits(file: Path, needles: Sequence[Needle]) -> Iterator[str]:
    """Read a file through; each form of each value is told of once, with the place of its first byte."""
    if not needles:
        return
    longest = max(len(each.data) for each in needles)
    left, before, offset = list(needles), b"", 0
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            window = before + chunk
            hits = [(each, place) for each in left if (place := window.find(each.data)) >= 0]
            for each, place in hits:
                left.remove(each)
                yield f"value {each.number} {each.form}, at byte {offset + place}"
            before = window[-longest + 1 :] if longest > 1 else b""
            offset += len(window) - len(before)
