"""Who watches this hub, how many of them must cosign, and what they cosigned, as it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.cohort.memorandum import Memorandum
from ledger.cohort.rows import Resolution
from ledger.cohort.witnesses import (
    Cosignature,
    Witness,
    cosignatures_on,
    majority,
    names_of,
    of_one_day,
    with_cosignatures,
    witnesses_named,
)
from ledger.errors import LedgerError, TamperedError
from ledger.merkle.tree import NodeReader, root_at
from ledger.operations.log_keys import stored_log_keys
from ledger.settings import Settings
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.note import Note, Verifier, verified
from ledger.store import head as heads
from ledger.store.cells import read_versions
from ledger.store.checkpoints import KeptCheckpoint, is_kept, keep_checkpoint, kept_checkpoints
from ledger.store.engine import Connection
from ledger.store.head import read_head
from ledger.store.tiles import node_reader


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator decides on witnesses, as in the settings; which there are, resolutions decide."""

    urls: Mapping[str, str]
    asked_for: int | None

    @classmethod
    def of(cls, settings: Settings) -> "Policy":
        return cls(settings.witness_urls, settings.witnesses_needed)

    def needed(self, count: int) -> int:
        """How many of so many witnesses must cosign a checkpoint before it is called witnessed."""
        return majority(count) if self.asked_for is None else self.asked_for

    def asked_at_start(self, in_force: Sequence[Witness]) -> tuple[Witness, ...]:
        """Whom a hub that starts must ask: those in force, and, without keys, whom the settings alone name. An older
        copy does not know whom later resolutions named; the settings do not lie in it.
        """
        known = {each.name for each in in_force}
        return (*in_force, *(Witness(name, ()) for name in sorted(self.urls) if name not in known))

    def url(self, name: str) -> str:
        return self.urls.get(name, f"https://{name}")

    def warning(self, count: int) -> str | None:
        """What is not as it should be with so many witnesses, None where all is well."""
        needed = self.needed(count)
        if needed > count:
            return f"{needed} witnesses must cosign and resolutions name {count}: no checkpoint can ever be witnessed"
        if count and 2 * needed <= count:
            return (
                f"{needed} of {count} witnesses are not more than half: two halves of them could be shown two "
                "histories; ask for more with witnesses_needed"
            )
        return None


def stored_witnesses(connection: Connection, size: int) -> tuple[Witness, ...]:
    """The witnesses that the first `size` entries brought into force, by name."""
    versions = read_versions(connection, at=size - 1, tables=[Resolution.TABLE])
    in_force = [each.fields for each in versions if "in_force_at" in each.fields]
    return witnesses_named(each["content"][1] for each in in_force if each["subject"][1] == "witness")


def take_cosignatures(connection: Connection, note: Note, witnesses: tuple[Witness, ...], *, needed: int) -> int:
    """Store what witnesses cosigned. note: a checkpoint that this log signed, with cosignatures that were checked.

    They go onto the newest checkpoint, where that is still this one. Where enough have cosigned it, and none that is
    newer, it is the one that is witnessed. Returns how many have.
    """
    head = read_head(connection)
    if head.checkpoint is not None:
        newest = Note.parse(head.checkpoint)
        if newest.text == note.text:
            note = with_cosignatures(newest, note.signatures)
            heads.cosign(connection, checkpoint=note.encode())
    found = cosignatures_on(note, witnesses)
    count = len(names_of(found))
    if 0 < needed <= count and Checkpoint.parse(note.text).size >= head.witnessed_size:
        heads.witness(connection, note=note.encode())
    return count


def keep_witnessed(connection: Connection, witnesses: tuple[Witness, ...], *, needed: int) -> None:
    """Keep the checkpoint that is witnessed, for each day on which enough cosigned it and of which none is kept.

    What is kept never changes: this comes when all have answered who do, and not as soon as enough have.
    """
    witnessed = read_head(connection).witnessed
    if witnessed is None:
        return
    note = Note.parse(witnessed)
    found = cosignatures_on(note, witnesses)
    for day in sorted({each.day for each in found}):
        on_that_day = names_of(each for each in found if each.day == day)
        if len(on_that_day) >= needed and not is_kept(connection, day):
            keep_checkpoint(connection, KeptCheckpoint(day, of_one_day(note, found, day).encode()))


def check_cosigned(connection: Connection, memorandum: Memorandum) -> int:
    """Hold what is stored of witnesses against the log, and against itself. Returns how many checkpoints are kept.

    Raises TamperedError, which names the head's column or the row of the table `checkpoints`.
    """
    head = read_head(connection)
    stored = _Stored(
        memorandum,
        tuple(key.verifier for key in stored_log_keys(connection, head.size)),
        stored_witnesses(connection, head.size),
        head.published,
        node_reader(connection, head.size),
    )
    stored.check("head: its checkpoint", head.checkpoint)
    witnessed, by = stored.check("head: its witnessed checkpoint", head.witnessed)
    if head.witnessed is not None and not by:
        raise TamperedError("head: its witnessed checkpoint is cosigned by nobody")
    count = 0
    before = 0
    for kept in kept_checkpoints(connection):
        what = f"checkpoints: number {count} of those that were kept"
        size, by = stored.check(what, kept.note)
        if {each.day for each in by} != {kept.day} or not before <= size <= witnessed:
            raise TamperedError(f"{what} is not of its day, or not in its place")
        count += 1
        before = size
    return count


class _Stored(NamedTuple):
    """What a stored checkpoint is held against."""

    memorandum: Memorandum
    log_keys: tuple[Verifier, ...]  # those that came after the founding one
    witnesses: tuple[Witness, ...]
    published: int
    nodes: NodeReader

    def check(self, what: str, data: bytes | None) -> tuple[int, list[Cosignature]]:
        """Its size, and who cosigned it: a line by anybody else was never stored."""
        if data is None:
            return 0, []
        try:
            checkpoint, note = read_checkpoint(data, self.memorandum.log_key)
            by, later = cosignatures_on(note, self.witnesses), verified(note, self.log_keys)
            if checkpoint.size > self.published or root_at(checkpoint.size, self.nodes) != checkpoint.root:
                raise TamperedError("it is of another log than the one that is stored")
        except LedgerError as error:
            raise TamperedError(f"{what} was altered: {error}") from None
        if len(note.signatures) != len(by) + len(later) + 1:
            raise TamperedError(f"{what} was altered: it has a signature by nobody who is known")
        return checkpoint.size, by
