"""Reports as tables for people; `--json` gives the same in full."""

from collections.abc import Iterable, Sequence

import click

from ledger.cli.terminal import print_facts, print_table
from ledger.reports.board import Board
from ledger.reports.census import CensusLine
from ledger.reports.cohort_progress import CohortProgress
from ledger.reports.contributions import Contribution
from ledger.reports.funnel import FunnelLine
from ledger.reports.standing import AtNode, Scope
from ledger.signing.canonical import Json

_MARKS = {"open": "●", "suspended": "◐", "closed": "○", "not opened": "·"}
_OPERATORS = {"eq": "", "ge": "≥ ", "le": "≤ "}
_LEGEND = """\
● open, ◐ suspended, ○ closed, with the patients who started treatment
+ and those who started in stage 3; left: places in the stage, ∞ no limit
· not opened; -34d not opened 34 days after the first of those who are bound
  to open in parallel
"""


def print_board(board: Board) -> None:
    countries = [each.country or each.node for each in board.nodes]
    lines = [
        [each.cohort, _stages(each.scopes), _places(each.scopes), *(_at_node(at) for at in each.nodes)]
        for each in board.cohorts
    ]
    day = f" on {board.day}" if board.day else ""
    title = f"Board{day}: {len(board.cohorts)} cohorts in {len(board.nodes)} countries"
    print_table(["cohort", "stage", "left", *countries], lines, right=["stage", "left"], title=title)
    click.echo(_LEGEND)


def print_cohort(progress: CohortProgress) -> None:
    standing = progress.standing
    print_facts(
        {
            "cohort": standing.cohort,
            "label": standing.label or "",
            "tumour": _in_words(standing.tumour),
            "biomarker": _in_words(progress.biomarker),
            "regimen": standing.regimen.replace("+", " + "),
            "design": f"{progress.design}: {_in_words(progress.design_content)}",
            "endpoint": f"{progress.endpoint}: {_in_words(progress.endpoint_content)}",
            "accrual": f"{standing.accrual}, defined by {standing.defined_by}",
            **({"closed": f"{standing.closed_on}, {standing.closing_code}"} if standing.closed_on else {}),
            **({"synthetic": "made up for demonstration"} if standing.synthetic else {}),
        }
    )
    print_table(
        ["scope", "stage", "evaluable", "undecided", "left"],
        [
            [each.node or "all nodes", _stages([each]), str(each.evaluable), str(each.undecided), _places([each])]
            for each in standing.scopes
        ],
        right=["stage", "evaluable", "undecided", "left"],
    )
    print_table(
        ["node", "state", "opened", "closed", "days behind", "started", "stage 3"],
        [
            [
                each.node,
                each.state,
                each.opened_on or "",
                each.closed_on or "",
                _number(each.days_behind),
                str(each.started),
                str(each.started_stage_3),
            ]
            for each in standing.nodes
        ],
        right=["days behind", "started", "stage 3"],
    )
    if progress.decisions:
        print_table(
            ["event", "node", "stage", "decision", "evaluable", "benefits", "override"],
            [
                [
                    str(each.index),
                    each.node,
                    str(each.stage),
                    each.decision or "",
                    str(each.evaluable),
                    _number(each.benefits),
                    each.override or "",
                ]
                for each in progress.decisions
            ],
            right=["event", "stage", "evaluable", "benefits"],
        )


def print_census(lines: Sequence[CensusLine]) -> None:
    print_table(
        ["node", "metric", "attested", "derived", "synthetic", "verdict"],
        [
            [each.node, each.metric, _attested(each), _number(each.derived), _number(each.synthetic), each.verdict]
            for each in lines
        ],
        right=["derived", "synthetic"],
        title="Census: what the trials attested, and what their events add up to",
    )
    verdicts = [each.verdict for each in lines]
    tally = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    click.echo(f"{len(lines)} lines: {tally}\n")


def print_contributions(contributed: Iterable[Contribution]) -> None:
    print_table(
        ["node", "events", "openings", "enrolments", "outcomes", "rows", "cells", "lag d", "synthetic"],
        [
            [
                each.node,
                str(each.events),
                str(each.openings),
                str(each.enrolments),
                str(each.outcomes),
                str(sum(table.rows for table in each.tables.values())),
                str(sum(table.cells for table in each.tables.values())),
                "" if each.median_lag_days is None else f"{each.median_lag_days:g}",
                str(each.synthetic),
            ]
            for each in contributed
        ],
        right=["events", "openings", "enrolments", "outcomes", "rows", "cells", "lag d", "synthetic"],
        title="Who contributed what",
    )
    click.echo("lag d: median days from the day that an event tells of to its receipt\n")


def print_funnel(lines: Iterable[FunnelLine]) -> None:
    nouns = {
        "submitted": "cases_submitted",
        "profiled": "cases_profiled",
        "prescreened": "cases_prescreened",
        "target": "cases_prescreened_with_target",
        "allocated": "cases_allocated",
        "enrolled": "patients_enrolled",
        "started": "treatments_started",
        "stage 3": "treatments_started_stage_3",
    }
    print_table(
        ["trial", *nouns],
        [[each.trial or each.node, *(str(getattr(each, noun)) for noun in nouns.values())] for each in lines],
        right=nouns,
        title="How far cases came, in each trial's own nouns: never added up",
    )


def _at_node(at: AtNode) -> str:
    if at.state == "not opened":
        return _MARKS[at.state] if at.days_behind is None else f"-{at.days_behind}d"
    stage_3 = f"+{at.started_stage_3}" if at.started_stage_3 else ""
    return f"{_MARKS[at.state]} {at.started}{stage_3}"


def _stages(scopes: Iterable[Scope]) -> str:
    return "/".join("end" if each.stage is None else str(each.stage) for each in scopes)


def _places(scopes: Iterable[Scope]) -> str:
    return "/".join("∞" if each.places_left is None else str(each.places_left) for each in scopes)


def _attested(line: CensusLine) -> str:
    if line.attested is None:
        return ""
    by = f" by {line.by}" if line.by else ""
    return f"{_OPERATORS.get(line.operator or '', '')}{line.attested}{by}"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _in_words(content: Json) -> str:
    """JSON that was adopted or defined, without its punctuation."""
    if isinstance(content, dict):
        return ", ".join(f"{name} {_in_words(value)}" for name, value in content.items())
    if isinstance(content, list):
        return " ".join(map(_in_words, content))
    return "yes" if content is True else "no" if content is False else str(content)
