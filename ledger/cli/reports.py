"""Whoever asks what the cohort database says: now, at a place of the log, or on a day."""

from collections.abc import Callable, Container, Iterator
from typing import Any, TypeVar

import click

from ledger.cli import report_tables
from ledger.cli.amendments import in_facts, print_changes, short, told_of, trail_lines
from ledger.cli.deciding import WithDecision
from ledger.cli.design_tables import print_design
from ledger.cli.options import as_json, hub_options
from ledger.cli.progress_tables import print_outcomes
from ledger.cli.revealed import revealed
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.cohort.rows import columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.names import UUID
from ledger.operations.amended import history_of
from ledger.operations.exporting import log_export
from ledger.operations.hub import open_store
from ledger.operations.reading import Moment, snapshot_at
from ledger.reports.amendments import SEALED
from ledger.reports.board import board as board_of
from ledger.reports.census import census as census_of
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.contributions import contributions as contributions_of
from ledger.reports.design import design_report
from ledger.reports.finding import Patience
from ledger.reports.findings import findings as findings_of
from ledger.reports.funnel import funnel as funnel_of
from ledger.settings import Settings
from ledger.signing import envelope as envelopes
from ledger.store.engine import reading
from ledger.store.entries import StoredEntry, find_entry, page_entries
from ledger.store.erased import erased_events

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DIGITS_MAX = 15  # of an index
_ERASED = "(erased)"


def report_options(command: _Command) -> _Command:
    """When to look, how to print, where the hub is."""
    for option in (
        as_json,
        hub_options,
        click.option("--on", metavar="DATE", help="Keep what is dated and past by that day."),
        click.option("--at", metavar="INDEX|TIME", help="The database as that entry, or that moment, left it."),
    ):
        command = option(command)
    return command


@click.command()
@report_options
def board(*, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """Every cohort at every node: open, late, places left."""
    found = board_of(_snapshot(at, on, flags))
    print_json(found) if as_json else report_tables.print_board(found)


@click.command(cls=WithDecision)
@click.argument("name", metavar="ID")
@report_options
def cohort(*, name: str, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """One cohort: how it is defined, how far it came at each node, what was decided, what became of its patients.

    `cohort ID decide` suggests the stage decision that is due, and drafts it: see `cohort ID decide --help`.
    """
    settings = Settings.here(flags)
    opened, shut = revealed(settings, Moment.parse(at, on), cohort=name)
    found = cohort_progress(opened, name)
    treated = {each.node: each.started + each.started_stage_3 for each in found.standing.nodes}
    if shut is None and any(treated.values()):
        # it shows single patients, without their handles, and is written down as whatever else the operator takes
        engine, _ = open_store(settings)
        whose = [node for node, patients in treated.items() if patients]
        log_export(engine, f"cohort {found.standing.cohort}", nodes=whose, rows=sum(treated.values()))
        engine.dispose()
    if as_json:
        if shut is not None:
            remark(shut)
        print_json(found)
        return
    report_tables.print_cohort(found)
    print_outcomes(found, shut=shut)


@click.command()
@click.argument("name", metavar="ID")
@report_options
def design(*, name: str, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """One design: its rule, what it does at each benefit rate, what may be decided, and what its ends say."""
    found = design_report(_snapshot(at, on, flags), name)
    print_json(found) if as_json else print_design(found)


@click.command()
@report_options
def contributions(*, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """Who contributed what: events, openings, enrolments, outcomes, and the cells of each table."""
    found = contributions_of(_snapshot(at, on, flags))
    print_json(found) if as_json else report_tables.print_contributions(found)


@click.command()
@report_options
def census(*, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """What the trials attested in total, held against what their events add up to."""
    found = census_of(_snapshot(at, on, flags))
    print_json(found) if as_json else report_tables.print_census(found)


@click.command()
@report_options
def findings(*, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """What is to be looked at: it was admitted, and no rule refuses it."""
    settings = Settings.here(flags)
    patience = Patience(settings.not_opened_days, settings.stale_cohort_days, settings.stale_allocation_days)
    opened, shut = revealed(settings, Moment.parse(at, on))
    found = findings_of(opened, patience)
    if shut is not None:
        remark(shut)
    print_json(found) if as_json else report_tables.print_findings(found)


@click.command()
@report_options
def funnel(*, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """How far each trial's cases came, in the trial's own nouns."""
    found = funnel_of(_snapshot(at, on, flags))
    print_json(found) if as_json else report_tables.print_funnel(found)


@click.command()
@click.argument("event_id", metavar="ID")
@report_options
def event(*, event_id: str, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """One event, by its index or its id: who said what, and those of the cells that it set which still stand."""
    engine, _ = open_store(Settings.here(flags))
    snapshot = snapshot_at(engine, Moment.parse(at, on))
    with reading(engine) as connection:
        by_index = event_id.isascii() and event_id.isdecimal() and len(event_id) <= _DIGITS_MAX
        stored = find_entry(connection, index=int(event_id)) if by_index else find_entry(connection, event_id=event_id)
        if stored is None or stored.index >= snapshot.size:
            raise NotFoundError(f"the log has no event {event_id[:40]}: give an index or an event's id")
        history = history_of(connection, stored, size=snapshot.size)
        erased = erased_events(connection)
    engine.dispose()
    told = _told(stored, erased)
    cells = list(_cells(snapshot, stored.index))
    if as_json:
        print_json({**told, **told_of(stored, history), "cells": cells, "jws": stored.jws})
        return
    shown = {name: value for name, value in told.items() if name not in {"data", "sealed", "erased"}}
    print_facts({**{name: str(value) for name, value in shown.items()}, **in_facts(stored, history)})
    sealed = dict.fromkeys(told["sealed"], _ERASED if told["erased"] else SEALED)
    print_table(["says", ""], [[name, short(value)] for name, value in {**told["data"], **sealed}.items()])
    print_table(
        ["sets", "key", "field", "value"],
        [[cell["table"], " ".join(cell["key"]), cell["field"], short(cell["value"])] for cell in cells],
    )
    print_changes(stored, history)


@click.command()
@click.argument("case")
@report_options
def trail(*, case: str, at: str | None, on: str | None, as_json: bool, **flags: Any) -> None:
    """All that was said of one CASE, in the order of the log; sealed values are named and not shown."""
    if UUID.fullmatch(case) is None:
        raise NotFoundError("a case is named by its id, a UUID in lower case")
    engine, _ = open_store(Settings.here(flags))
    snapshot = snapshot_at(engine, Moment.parse(at, on))
    seen = {each.index for each in snapshot.events}
    with reading(engine) as connection:
        said = page_entries(connection, after=-1, limit=len(seen) or 1, case=case)
        histories = [
            (stored, history_of(connection, stored, size=snapshot.size)) for stored in said if stored.index in seen
        ]
        erased = erased_events(connection)
    engine.dispose()
    told = [{**_told(stored, erased), **told_of(stored, history)} for stored, history in histories]
    if not told:
        raise NotFoundError("nothing is said of this case here")
    if as_json:
        print_json(told)
        return
    lines = [
        (each["index"], each["received"], each["node"], each["type"], _in_short(each, leave_out=case)) for each in told
    ]
    lines += [line for stored, history in histories for line in trail_lines(stored, history)]
    print_table(
        ["index", "received", "node", "event", "says"],
        [[str(index), received[:16], *rest] for index, received, *rest in sorted(lines)],
        right=["index"],
    )
    if any(each["data"].get("synthetic") for each in told):
        click.echo(report_tables.MADE_UP_CASE)


def _snapshot(at: str | None, on: str | None, flags: dict[str, Any]) -> Snapshot:
    engine, _ = open_store(Settings.here(flags))
    found = snapshot_at(engine, Moment.parse(at, on))
    engine.dispose()
    return found


def _told(stored: StoredEntry, erased: Container[int]) -> dict[str, Any]:
    """An entry, decoded: its clear fields as they are, of its sealed ones the names, and whether they are erased."""
    envelope = envelopes.parse_jws(stored.jws)
    claims, sealed = envelope.claims, sorted(envelope.commitments)
    return {
        "index": stored.index,
        "received": stored.received,
        "event": claims.event_id,
        "node": claims.node,
        "seq": claims.seq,
        "type": claims.type,
        "by": f"{claims.actor.user}, {claims.actor.role} ({claims.actor.meaning})",
        "key": envelope.jws.kid,
        "data": envelopes.clear_of(claims.data),
        "sealed": sealed,
        "erased": bool(sealed) and stored.index in erased,
    }


def _cells(snapshot: Snapshot, index: int) -> Iterator[dict[str, Any]]:
    for table, found in snapshot.tables.items():
        columns = columns_of(table)
        for row in found:
            for name in columns:
                if row.set_by.get(name) == index:
                    value = getattr(row, name)
                    shown = {"commitment": value} if columns[name].sealed else value
                    yield {"table": table, "key": list(row.key), "field": name, "value": shown}


def _in_short(told: dict[str, Any], *, leave_out: str) -> str:
    data = {name: value for name, value in told["data"].items() if name != "synthetic" and value != leave_out}
    parts = [f"{name} {short(value)}" for name, value in data.items()]
    if told["sealed"]:
        parts.append(f"{'erased' if told['erased'] else 'sealed'}: {' '.join(told['sealed'])}")
    parts += [f"({each.kind} by entry {each.index})" for each in told["amendments"]]
    return ", ".join(parts)
