"""Whoever runs the hub, and takes patients' data out of it in the shapes that others analyse."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.cli.options import File
from ledger.cli.reports import report_options
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.clock import now
from ledger.errors import NotFoundError
from ledger.exports.cbioportal import cbioportal as study_of
from ledger.exports.omop import omop as tables_of
from ledger.exports.study import Part, Provenance, Table, as_csv
from ledger.operations.hub import open_store, open_vault
from ledger.operations.new_folder import write_files
from ledger.operations.reading import Moment
from ledger.operations.taking_out import TakenOut, check_folder, export_folder, take_out
from ledger.settings import Settings
from ledger.store.engine import Engine

_Command = TypeVar("_Command", bound=Callable[..., Any])

_MADE_UP = "Some or all of the patients in this folder are made up: it shows how the software works, no more.\n"
_LEFT_OUT = "not-exported.csv"


@click.group()
def export() -> None:
    """Take patients' data out, opened, into files; the access log says so first."""


def study_options(command: _Command) -> _Command:
    """Where to write, of whom, of which moment."""
    for option in (
        report_options,
        click.option("--cohort", metavar="NAME", help="Only who is in this cohort, and its treatment there."),
        click.option("--node", metavar="NODE", help="Only this node's patients."),
        click.argument("folder", type=File),
    ):
        command = option(command)
    return command


@export.command()
@study_options
def omop(*, folder: Path, as_json: bool, **asked: Any) -> None:
    """Write tables of the OMOP common data model 5.4 into a new FOLDER, one CSV file each.

    What could not be exported is counted in not-exported.csv, with the reason.
    """
    with _taken_out("omop", folder, asked) as (engine, taken):
        found = tables_of(taken.revealed, taken.provenance.part, taken.provenance)
        files = {f"{table.name}.csv": as_csv(table) for table in found.tables}
        _write(engine, folder, taken, files, found.left_out)
        counts = {table.name: len(table.rows) for table in found.tables}
        _tell(folder, taken.provenance, counts, found.left_out, as_json=as_json)


@export.command()
@study_options
def cbioportal(*, folder: Path, as_json: bool, **asked: Any) -> None:
    """Write a study for cBioPortal into a new FOLDER.

    What could not be exported is counted in not-exported.csv, with the reason.
    """
    with _taken_out("cbioportal", folder, asked) as (engine, taken):
        found = study_of(taken.revealed, taken.provenance.part, taken.provenance)
        if not found.files:
            raise NotFoundError("no patient there has a profile or an enrolment that is open: nothing was written")
        _write(engine, folder, taken, found.files, found.left_out)
        _tell(folder, taken.provenance, {"samples": found.samples}, found.left_out, as_json=as_json)


@contextmanager
def _taken_out(what: str, folder: Path, asked: dict[str, Any]) -> Iterator[tuple[Engine, TakenOut]]:
    moment, part = Moment.parse(asked.pop("at"), asked.pop("on")), Part(asked.pop("node"), asked.pop("cohort"))
    check_folder(folder)
    settings = Settings.here(asked)
    engine, memorandum = open_store(settings)
    yield engine, take_out(engine, memorandum, open_vault(settings), moment, part, what=what, made=now())
    engine.dispose()


def _write(engine: Engine, folder: Path, taken: TakenOut, files: Mapping[str, str], left_out: Table) -> None:
    about = {"provenance.json": taken.provenance.as_json(), _LEFT_OUT: as_csv(left_out)}
    if taken.provenance.synthetic:
        about["SYNTHETIC"] = _MADE_UP
    with export_folder(engine, folder, taken) as part:
        write_files(part, {**files, **about})


def _tell(folder: Path, provenance: Provenance, counts: Mapping[str, int], left_out: Table, *, as_json: bool) -> None:
    lost = sum(int(str(row[-1])) for row in left_out.rows)
    if as_json:
        log = {"origin": provenance.origin, "size": provenance.size, "root": provenance.root}
        about = {"synthetic": provenance.synthetic, "folder": folder, "rows": counts, "not_exported": lost}
        print_json(log | about)
        return
    print_table(["written", "rows"], [[name, str(count)] for name, count in counts.items()], right=["rows"])
    print_facts({"from:": str(provenance), "into:": str(folder)})
    if lost:
        remark(f"{lost} could not be exported: {folder / _LEFT_OUT} says which, and why")
