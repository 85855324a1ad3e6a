"""Exports by whoever runs a hub: from which place of the log they are, and that they were taken."""

from collections.abc import Collection

from ledger.clock import now
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.snapshot import Snapshot
from ledger.errors import UnavailableError
from ledger.exports.tables import Provenance
from ledger.merkle.tree import root_at
from ledger.signing.encoding import to_base64
from ledger.store.access_log import append_access, export_by_operator
from ledger.store.engine import Engine, reading, writing
from ledger.store.entries import find_entry
from ledger.store.erased import has_erasure_from
from ledger.store.tiles import node_reader


def provenance_of(
    engine: Engine, memorandum: Memorandum, seen: Snapshot, *, at: str | None, on: str | None, program: str
) -> Provenance:
    """Where in the log a snapshot was taken. The root is computed from the stored tree, at the snapshot's size.

    at, on: as they were asked for. program: name and version.
    """
    with reading(engine) as connection:
        last = find_entry(connection, index=seen.size - 1)
        root = root_at(seen.size, node_reader(connection, seen.size))
    received = last.received if last else None
    return Provenance(memorandum.origin, seen.size, to_base64(root), received, at, on, program)


def check_unerased(engine: Engine, opened_at: int) -> None:
    """Raises UnavailableError where something was erased since values were opened: they are not given any more.

    opened_at: how many entries were stored then.
    """
    with reading(engine) as connection:
        if has_erasure_from(connection, opened_at):
            raise UnavailableError("something was erased while the export was written: run the same command again")


def log_export(engine: Engine, what: str, *, nodes: Collection[str], rows: int) -> None:
    """Write to the access log that the operator takes something out: before it is given, so that nothing leaves that is
    not written down.

    nodes: whose data it is. rows: how many lines.
    """
    with writing(engine) as connection:
        append_access(connection, export_by_operator(now(), what, nodes=nodes, rows=rows))
