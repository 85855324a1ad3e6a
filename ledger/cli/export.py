"""Whoever runs a hub and hands out what its ledger shows: reports and tables, in the formats of others."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from ledger.cli.export_studies import PROGRAM, cbioportal, omop
from ledger.cli.options import File
from ledger.cli.reports import report_options
from ledger.cli.terminal import print_json, remark
from ledger.cohort.snapshot import Snapshot
from ledger.exports.reports import report_table
from ledger.exports.tables import Provenance, Table, as_csv, as_parquet
from ledger.operations.exporting import check_unerased, log_export, provenance_of
from ledger.operations.hub import open_store, open_vault
from ledger.operations.new_folder import check_parent
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.replacing import replacing
from ledger.operations.revealing import reveal
from ledger.reports.finding import Patience
from ledger.settings import Settings
from ledger.signing.canonical import Json
from ledger.store.engine import Engine, reading
from ledger.store.head import read_head

_STDOUT = Path("-")
_OF_OUTCOMES = frozenset({"cohort", "findings"})


@click.group()
def export() -> None:
    """Write reports, tables and patients' data in the formats of others, with the place of the log that they are from.

    Every export is written to the access log.
    """


@export.command()
@click.argument("report")
@click.argument("out", type=File)
@report_options
def csv(**asked: Any) -> None:
    """Write REPORT into OUT as CSV (UTF-8); `-` is standard output.

    REPORT: board, cohorts, cohort:NAME, contributions, census, funnel or findings; a part of one that has lines within
    lines, as cohort:NAME/decisions; or table:NAME, a table of the cohort database, where what is sealed is a
    commitment. A name that is not there is answered with those that are.

    The last columns, log_origin to log_program, are the same in each line: which log, how many entries of it, its root
    there (base64), when the last one was received. A table without lines is its header alone, and has no place for it.
    A text that a spreadsheet would compute has an apostrophe before it.
    """
    _export("csv", as_csv, **asked)


@export.command()
@click.argument("report")
@click.argument("out", type=File)
@report_options
def parquet(**asked: Any) -> None:
    """Write REPORT into OUT as Parquet, with typed columns; `-` is standard output.

    REPORT is named as for CSV. The place of the log is in the file's metadata: log_origin, log_size, log_root and so
    on. It takes pyarrow: pip install 'cohort-ledger[tables]'.
    """
    _export("parquet", as_parquet, **asked)


def _export(
    form: str,
    write: Callable[[Table, Provenance], bytes],
    *,
    report: str,
    out: Path,
    at: str | None,
    on: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    if as_json and out == _STDOUT:
        raise click.UsageError("--json tells of a file that was written: name one, or leave --json out")
    if out != _STDOUT:
        check_parent(out)  # before anything is opened for it
    settings = Settings.here(flags)
    engine, memorandum = open_store(settings)
    seen = snapshot_at(engine, Moment.parse(at, on))
    patience = Patience(settings.not_opened_days, settings.stale_cohort_days, settings.stale_allocation_days)
    opened_at, values = _values(settings, engine, seen, report)
    table = report_table(seen, report, values=values, patience=patience)
    provenance = provenance_of(engine, memorandum, seen, at=at, on=on, program=PROGRAM)
    data = write(table, provenance)
    log_export(engine, f"export {form} {table.name}", nodes=_nodes(table, seen), rows=len(table.rows))
    if values:
        check_unerased(engine, opened_at)
    engine.dispose()
    said = f"{table.name}, {len(table.rows)} rows, from the first {provenance.size} entries, root {provenance.root}"
    if out == _STDOUT:
        click.echo(data, nl=False)
        remark(said)
        return
    with replacing(out) as file:
        file.write(data)
    if as_json:
        print_json({"file": str(out), "report": table.name, "rows": len(table.rows), **provenance.told()})
    else:
        click.echo(f"{out}: {said}")


def _values(settings: Settings, engine: Engine, seen: Snapshot, report: str) -> tuple[int, Mapping[str, Json]]:
    """What the report is computed from beside the clear fields: outcomes, of a cohort or of all. Before it, how many
    entries were stored when these were opened.
    """
    name, _, rest = report.partition("/")[0].partition(":")
    if name not in _OF_OUTCOMES:
        return seen.size, {}
    with reading(engine) as connection:
        vault = open_vault(settings)
        found = reveal(connection, vault, seen, cohort=rest or None).values
        return read_head(connection).size, found


def _nodes(table: Table, seen: Snapshot) -> set[str]:
    """Whose data it is: the nodes that its lines name; where a line names none, all who said anything."""
    named = table.of("node") if "node" in table.names else (None,)
    return {event.node for event in seen.events} if None in named else set(named)


export.add_command(omop)
export.add_command(cbioportal)
