"""What whoever runs the hub takes out of it for others to analyse, opened: it is written down before it is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ledger.cohort import rows
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.exports.study import OF_PATIENTS, About, Part, synthetic_among
from ledger.operations.exporting import check_unerased, log_export, provenance_of
from ledger.operations.new_folder import check_new, new_folder
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.revealing import reveal
from ledger.store.engine import Engine, reading
from ledger.store.head import read_head
from ledger.store.vault import Vault


class Asked(NamedTuple):
    """at, on: as `Moment.parse` reads them."""

    part: Part
    at: str | None = None
    on: str | None = None


class TakenOut(NamedTuple):
    """What an export is made from. opened_at: how many entries were stored when its values were opened."""

    revealed: Revealed
    about: About
    opened_at: int


def take_out(
    engine: Engine, memorandum: Memorandum, vault: Vault, asked: Asked, *, what: str, program: str, made: datetime
) -> TakenOut:
    """Open a part of the database as it was at a moment, in memory, once the access log says so. Whose consent to
    sharing stands withdrawn now is as good as withdrawn then.

    what: the export's name. Raises NotFoundError where there is no such node, cohort or entry.
    """
    part, snapshot = asked.part, _snapshot(engine, Moment.parse(asked.at, asked.on))
    # 1. what is asked for
    _check_known(snapshot, part)
    found = list(part.rows(snapshot))
    # 2. who took it: what cannot be written down is not opened
    nodes = {str(getattr(row, "node", "")) for row in found}
    log_export(engine, f"export {what}: {part}", nodes=nodes, rows=len(found))
    # 3. its values, and no others
    tables = {each.TABLE: tuple(row for row in found if isinstance(row, each)) for each in OF_PATIENTS}
    limited = replace(snapshot, tables=tables)
    with reading(engine) as connection:
        opened_at = read_head(connection).size
        values = reveal(connection, vault, limited, tables=OF_PATIENTS, of_episodes=None).values
    about = About(
        log=provenance_of(engine, memorandum, snapshot, at=asked.at, on=asked.on, program=program),
        holder=memorandum.document.name,
        memorandum=memorandum.hash.hex(),
        until=max((event.received for event in snapshot.events), default=None),
        made=made,
        part=part,
        synthetic=synthetic_among(found),
    )
    return TakenOut(Revealed(snapshot, values), about, opened_at)


@contextmanager
def export_folder(engine: Engine, folder: Path, taken: TakenOut) -> Iterator[Path]:
    """A folder that appears once its files are written, and only if nothing was erased since the values were opened.

    Raises UnavailableError where something was, MalformedError where there is something in the folder.
    """
    with new_folder(folder) as part:
        yield part
        check_unerased(engine, taken.opened_at)


def check_folder(folder: Path) -> None:
    """Before anything is opened for it. Raises MalformedError where there is something in the folder."""
    check_new(folder)


def _snapshot(engine: Engine, moment: Moment) -> Snapshot:
    """The database of a moment, but for consent: what was withdrawn since is not taken out of the past."""
    then = snapshot_at(engine, moment)
    if moment == Moment():
        return then
    withdrawals = rows.ConsentWithdrawal
    return replace(then, tables={**then.tables, withdrawals.TABLE: snapshot_at(engine, Moment()).of(withdrawals)})


def _check_known(snapshot: Snapshot, part: Part) -> None:
    if part.node is not None and all(row.node != part.node for row in snapshot.of(rows.Node)):
        raise NotFoundError(f"there is no node {part.node[:64]} at that moment")
    if part.cohort is not None and all(row.cohort != part.cohort for row in snapshot.of(rows.Cohort)):
        raise NotFoundError(f"there is no cohort {part.cohort[:64]} at that moment")
