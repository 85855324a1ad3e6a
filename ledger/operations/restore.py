"""Restoring: a whole hub from a mirror or a bundle, in one transaction, or nothing.

The source is audited first, as anybody would audit it. What is stored then is read from it once more, and is not
believed for having been audited: it is replayed, and must lead to the audited root and digest before it is committed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.clock import new_key
from ledger.cohort.database import Database, Taken
from ledger.cohort.erasing import erased_entries
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import Cosignature, Witness, cosignatures_on, names_of, witnesses_of
from ledger.errors import MalformedError, NotFoundError, RefusedError, SetupError, TamperedError
from ledger.events.base import Recorded
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import entries_path, extend_tiles, numbered_path, tile_widths, unpack_entries
from ledger.merkle.tree import root_at
from ledger.operations.audit import Audit, audit
from ledger.operations.bundle import VIEWS
from ledger.operations.hub import signed_file
from ledger.operations.log_keys import signers_at
from ledger.operations.publish import check_extends
from ledger.operations.source import Source
from ledger.operations.watch import Policy, take_cosignatures
from ledger.replay import step
from ledger.settings import Settings
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint, sign_checkpoint
from ledger.signing.entry import Entry, format_time
from ledger.signing.envelope import Disclosure, Envelope, parse_jws
from ledger.signing.kept import parse_kept
from ledger.signing.note import Note, NoteSigner
from ledger.store import head as heads
from ledger.store.cells import analyze_versions, write_versions
from ledger.store.checkpoints import KeptCheckpoint, is_kept, keep_checkpoint
from ledger.store.engine import Connection, check_schema, migrate, open_engine, reading, writing
from ledger.store.entries import NewEntry, StoredEntry, analyze_entries, append_entries
from ledger.store.head import advance, found, publish, read_head
from ledger.store.tiles import node_reader, read_tile, write_tiles
from ledger.store.vault import Sealed, Vault

Progress = Callable[[int, int], None]


class Restored(NamedTuple):
    """view: "clear" where the source showed no disclosure, so that this hub has none of those entries either."""

    memorandum: Memorandum
    checkpoint: Checkpoint
    view: str


class _Given(NamedTuple):
    """An entry of the source, and the disclosures beside it."""

    entry: Entry
    envelope: Envelope


def restore(
    settings: Settings,
    source: Source,
    signer: NoteSigner,
    *,
    pin: bytes | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Restored:
    """Make a hub's database and vault out of what a source holds; further events can be appended to it then.

    signer: the log's key. pin: SHA-256 of the memorandum that must be the log's.

    Raises SetupError where there is a ledger already, or the key is not the memorandum's; TamperedError where the audit
    does not hold, or this hub has signed more than the source holds. Nothing is stored then.
    """
    # 1. is there room for it
    _check_none_is_here(settings)
    # 2. all of it, as an auditor verifies it
    audited = audit(source, pin=pin, progress=progress)
    memorandum, head = _held(audited)
    if audited.view not in VIEWS:
        raise MalformedError("it holds what one caller was shown of the log: restore from a full copy, or a clear one")
    if signer.verifier != memorandum.log_key:
        raise SetupError("the log key is not the one that the memorandum names: a restored log is signed by its own")
    digest_note = source.read("digest")
    # 3. database and vault, of which what is erased gets into neither
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database_url)
    migrate(engine)
    # keys before the commit: one that opens nothing harms nobody, and a run after a crash takes the file up again
    vault = Vault.take_up(settings.vault_key_file, wrap=settings.vault_wrap_key, draw=new_key)
    with writing(engine) as connection:
        found(connection, memorandum.text)
        restoring = _Restoring(connection, vault, memorandum, audited.view, _erased(audited))
        with _read_again():
            restoring.run(source, head.size, progress)
        # 4. what is stored is what was audited, and extends whatever was signed here
        nodes = node_reader(connection, head.size)
        if root_at(head.size, nodes) != head.root or restoring.database.digest != audited.digest:
            raise _other_bytes("its entries are others")
        signers = signers_at(connection, signer, head.size)
        publish(connection, checkpoint=audited.evidence, digest_note=_digest_note(digest_note, audited, *signers))
        with _read_again():
            _keep_cosigned(connection, source, audited, witnesses_of(restoring.database), Policy.of(settings))
        check_extends(read_head(connection), signed_file(settings).read(), memorandum, nodes)
    # 5. from now on it is a ledger. What its log signed last is remembered beside the key, as a hub does that signs
    signed_file(settings).write(audited.evidence)
    engine.dispose()
    return Restored(memorandum, head, audited.view)


class _Restoring:
    """The replay that fills a database."""

    def __init__(
        self, connection: Connection, vault: Vault, memorandum: Memorandum, view: str, erased: frozenset[int]
    ) -> None:
        self.connection = connection
        self.vault = vault
        self.memorandum = memorandum
        self.view = view
        self.erased = erased
        self.database = Database()

    def run(self, source: Source, size: int, progress: Progress) -> None:
        for n, width in tile_widths(size, 0):
            given = list(self._read(source, n, width))
            taken = [self._step(each) for each in given]
            self._store(given, taken)
            progress(self.database.size, size)
        advance(self.connection, size)
        analyze_versions(self.connection)
        analyze_entries(self.connection)

    def _read(self, source: Source, n: int, width: int) -> Iterator[_Given]:
        leaves = unpack_entries(source.read(entries_path(n, width)), width)
        lines = [""] * width
        if self.view == "full":
            lines = source.read(numbered_path("disclosures", n, width)).decode("ascii", "replace").split("\n")[:width]
        for leaf, line in zip(leaves, lines, strict=True):
            entry = Entry.parse(leaf)
            disclosures = [Disclosure.parse(text) for text in line.split("~") if line]
            yield _Given(entry, parse_jws(entry.jws).with_disclosures(disclosures))

    def _step(self, given: _Given) -> Taken:
        recorded = Recorded.of(given.envelope, index=self.database.size, received=given.entry.received)
        return step(self.memorandum, self.database, recorded)

    def _store(self, given: Sequence[_Given], taken: Sequence[Taken]) -> None:
        start = taken[0].event.index
        entries = [
            NewEntry(
                StoredEntry(each.event.index, format_time(one.entry.received), one.entry.jws, each.digest),
                one.envelope.claims,
                each.event,
            )
            for one, each in zip(given, taken, strict=True)
        ]
        # in a clear view nothing is given, and the vault remembers that: see `Vault.never_given`
        sealed = [
            Sealed(each.event.index, each.event.event_id, "~".join(shown.text for shown in one.envelope.disclosures))
            for one, each in zip(given, taken, strict=True)
            if one.envelope.commitments and each.event.index not in self.erased
        ]
        keys = self.vault.put_keys({each.event_id: new_key() for each in sealed})
        append_entries(self.connection, entries)
        self.vault.seal(self.connection, sealed, keys)
        leaves = [leaf_hash(each.stored.leaf) for each in entries]
        write_tiles(self.connection, extend_tiles(start, leaves, lambda level, n: read_tile(self.connection, level, n)))
        write_versions(self.connection, (version for each in taken for version in each.versions))


def _held(audited: Audit) -> tuple[Memorandum, Checkpoint]:
    failure = audited.failure
    if failure is not None:
        facts = {"step": failure.step, "index": failure.index, "node": failure.node}
        raise TamperedError(f"the source does not hold, and nothing is restored: {failure.message}", **facts)
    assert audited.memorandum is not None
    assert audited.checkpoint is not None
    return audited.memorandum, audited.checkpoint


def _erased(audited: Audit) -> frozenset[int]:
    """Of the log as it was audited: what its erasures cover, whoever still has it."""
    assert audited.reached is not None
    return erased_entries(audited.reached.database)


@contextmanager
def _read_again() -> Iterator[None]:
    """What was read well a moment ago, and now is not, was changed."""
    try:
        yield
    except (MalformedError, RefusedError) as error:
        raise _other_bytes(str(error)) from None


def _other_bytes(what: str) -> TamperedError:
    return TamperedError(f"the source is not what it was when it was audited: {what}; nothing is restored")


def _digest_note(note: bytes, audited: Audit, *signers: NoteSigner) -> bytes:
    """The source's, or a new one where that is of fewer entries than its checkpoint, as a copy's may be."""
    memorandum, head = _held(audited)
    expected = Checkpoint(database_origin(memorandum.origin), head.size, audited.digest)
    with _read_again():
        digest, _ = read_checkpoint(note, memorandum.log_key, origin=expected.origin)
    if digest.size < head.size:
        return sign_checkpoint(expected, *signers).encode()
    if digest != expected:
        raise _other_bytes("its digest note is another")
    return note


def _keep_cosigned(
    connection: Connection, source: Source, audited: Audit, witnesses: tuple[Witness, ...], policy: Policy
) -> None:
    """What witnesses cosigned, of today's checkpoint and of earlier ones; lines by anybody else are left behind."""
    memorandum, _ = _held(audited)
    try:
        kept = [_cosigned_only(data, memorandum, witnesses) for data in parse_kept(source.read("checkpoints"))]
    except NotFoundError:
        kept = []
    needed = policy.needed(len(witnesses))
    # 1. what is witnessed: as many as this operator asks for, whoever kept it, and not nobody
    for note, by in kept:
        if len(names_of(by)) >= max(needed, 1) and _size(note) >= read_head(connection).witnessed_size:
            heads.witness(connection, note=note.encode())
    note, _ = _cosigned_only(audited.evidence, memorandum, witnesses)
    heads.cosign(connection, checkpoint=note.encode())
    take_cosignatures(connection, note, witnesses, needed=needed)
    # 2. of each day, also what fewer cosigned: it brackets times as well; but nothing that is newer than the witnessed
    witnessed = read_head(connection).witnessed_size
    for note, by in kept:
        days = {each.day for each in by}
        if len(days) == 1 and _size(note) <= witnessed and not is_kept(connection, min(days)):
            keep_checkpoint(connection, KeptCheckpoint(min(days), note.encode()))


def _size(note: Note) -> int:
    return Checkpoint.parse(note.text).size


def _cosigned_only(
    data: bytes, memorandum: Memorandum, witnesses: tuple[Witness, ...]
) -> tuple[Note, list[Cosignature]]:
    """A checkpoint with its log's signature, and the cosignatures of these witnesses, which are checked."""
    note, log = Note.parse(data), memorandum.log_key
    found = cosignatures_on(note, witnesses)
    logs = [line for line in note.signatures if (line.name, line.key_id) == (log.name, log.key_id)]
    return Note(note.text, (*logs, *(each.line for each in found))), found


def _check_none_is_here(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return  # and looking makes none
    try:
        check_schema(engine)
        with reading(engine) as connection:
            read_head(connection)
    except SetupError:
        return  # an empty database, or one in which nothing was founded
    finally:
        engine.dispose()
    raise SetupError("a ledger was founded in this database already: restore into another")
