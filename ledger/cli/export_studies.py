"""Whoever runs the hub, and takes patients' data out of it in the shapes that others analyse."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
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
from ledger.exports.study import About, Part, Sheet
from ledger.exports.tables import csv_of
from ledger.operations.hub import open_store, open_vault
from ledger.operations.new_folder import write_files
from ledger.operations.taking_out import Asked, TakenOut, check_folder, export_folder, take_out
from ledger.settings import Settings
from ledger.store.engine import Engine

_Command = TypeVar("_Command", bound=Callable[..., Any])

PROGRAM = f"cohort-ledger {version('cohort-ledger')}"
_MADE_UP = "Some or all of the patients in this folder are made up: it shows how the software works, no more.\n"
_LEFT_OUT = "not-exported.csv"


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


@click.command()
@study_options
def omop(*, folder: Path, as_json: bool, **asked: Any) -> None:
    """Write tables of the OMOP common data model 5.4 into a new FOLDER, one CSV file each.

    What could not be exported is counted in not-exported.csv, with the reason.
    """
    with _taken_out("omop", folder, asked) as (engine, taken):
        found = tables_of(taken.revealed, taken.about.part, taken.about)
        files = {f"{table.name}.csv": csv_of(table.columns, table.rows) for table in found.tables}
        _write(engine, folder, taken, files, found.left_out)
        counts = {table.name: len(table.rows) for table in found.tables}
        _tell(folder, taken.about, counts, found.left_out, as_json=as_json)


@click.command()
@study_options
def cbioportal(*, folder: Path, as_json: bool, **asked: Any) -> None:
    """Write a study for cBioPortal into a new FOLDER.

    What could not be exported is counted in not-exported.csv, with the reason.
    """
    with _taken_out("cbioportal", folder, asked) as (engine, taken):
        found = study_of(taken.revealed, taken.about.part, taken.about)
        if not found.files:
            raise NotFoundError("no patient there has a profile or an enrolment that is open: nothing was written")
        _write(engine, folder, taken, found.files, found.left_out)
        _tell(folder, taken.about, {"samples": found.samples}, found.left_out, as_json=as_json)


@contextmanager
def _taken_out(what: str, folder: Path, asked: dict[str, Any]) -> Iterator[tuple[Engine, TakenOut]]:
    taken = Asked(Part(asked.pop("node"), asked.pop("cohort")), at=asked.pop("at"), on=asked.pop("on"))
    check_folder(folder)
    settings = Settings.here(asked)
    engine, memorandum = open_store(settings)
    yield engine, take_out(engine, memorandum, open_vault(settings), taken, what=what, program=PROGRAM, made=now())
    engine.dispose()


def _write(engine: Engine, folder: Path, taken: TakenOut, files: Mapping[str, str], left_out: Sheet) -> None:
    files = {**files, "provenance.json": taken.about.as_json(), _LEFT_OUT: csv_of(left_out.columns, left_out.rows)}
    if taken.about.synthetic:
        files["SYNTHETIC"] = _MADE_UP
    with export_folder(engine, folder, taken) as part:
        write_files(part, files)


def _tell(folder: Path, about: About, counts: Mapping[str, int], left_out: Sheet, *, as_json: bool) -> None:
    lost = sum(int(str(row[-1])) for row in left_out.rows)
    if as_json:
        told = {"synthetic": about.synthetic, "folder": folder, "rows": counts, "not_exported": lost}
        print_json({**about.log.told(), **told})
        return
    print_table(["written", "rows"], [[name, str(count)] for name, count in counts.items()], right=["rows"])
    print_facts({"from:": str(about), "into:": str(folder)})
    if lost:
        remark(f"{lost} could not be exported: {folder / _LEFT_OUT} says which, and why")
