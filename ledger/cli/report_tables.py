"""Reports as tables for people; `--json` gives the same in full."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import click

from ledger.cli.terminal import print_facts, print_table
from ledger.reports.board import Board
from ledger.reports.census import CensusLine
from ledger.reports.cohort_progress import CohortProgress
from ledger.reports.contributions import Contribution
from ledger.reports.finding import Finding
from ledger.reports.funnel import FunnelLine
from ledger.reports.members import Member
from ledger.reports.reasons import Reason
from ledger.reports.standing import AtNode, Scope
from ledger.signing.canonical import Json

_MARKS = {"open": "●", "suspended": "◐", "closed": "○", "not opened": "·"}
_REASONS: Mapping[Reason, str] = {
    "removed": "x",
    "closed everywhere": "x",
    "trial not open": "t",
    "no supply": "n",
    "supply committed": "c",
    "supply withdrawn": "w",
    "supply available": "a",
}
_OPERATORS = {"eq": "", "ge": "≥ ", "le": "≤ "}
_LEGEND = """\
● open, ◐ suspended, ○ closed, with the patients who started treatment
+ and those who started in stage 3; left: places in the stage, ∞ no limit
· not opened; -34 not opened 34 days after the first of those who are bound to
  open in parallel; and why: t its trial is not open, n it has no supply,
  c supply committed only, w withdrawn, a available; x closed or removed
"""
_ALL_MADE_UP = "SYNTHETIC: every cohort and patient here is made up, for demonstration"
MADE_UP_CASE = "SYNTHETIC: this case is made up, for demonstration"
_SOME_MADE_UP = "* made-up events are behind it, for demonstration"


def print_board(board: Board) -> None:
    made_up = [at.synthetic > 0 for each in board.cohorts for at in each.nodes if at.state != "not opened"]
    made_up += [each.synthetic for each in board.cohorts]
    stars = not all(made_up)  # where all of it is, one line says so better
    lines = [
        [
            _starred(each.cohort, stars and each.synthetic),
            _stages(each.scopes),
            _places(each.scopes, stars=stars),
            *(_at_node(at, stars=stars) for at in each.nodes),
        ]
        for each in board.cohorts
    ]
    if lines and not stars:
        click.echo(f"{_ALL_MADE_UP}\n")
    day = f" on {board.day}" if board.day else ""
    countries = len({each.country or each.node for each in board.nodes})
    title = f"Board{day}: {len(lines)} cohorts in {countries} countries"
    print_table(["cohort", "stage", "left", *_heads(board.nodes)], lines, right=["stage", "left"], title=title)
    click.echo(f"{_LEGEND}{_SOME_MADE_UP}\n" if stars and any(made_up) else _LEGEND)


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
            [
                each.node or "all nodes",
                _stages([each]),
                _starred(each.evaluable, each.synthetic),
                _starred(each.undecided, each.synthetic),
                _places([each], stars=True),
            ]
            for each in standing.scopes
        ],
        right=["stage", "evaluable", "undecided", "left"],
    )
    print_table(
        ["node", "state", "opened", "closed", "days behind", "started", "stage 3"],
        [
            [
                each.node,
                f"{each.state}: {each.reason}" if each.reason else each.state,
                each.opened_on or "",
                each.closed_on or "",
                _number(each.days_behind),
                _starred(each.started, each.synthetic),
                _starred(each.started_stage_3, each.synthetic),
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
                    _starred(each.evaluable, each.synthetic),
                    _starred(_number(each.benefits), each.synthetic),
                    each.override or "",
                ]
                for each in progress.decisions
            ],
            right=["event", "stage", "evaluable", "benefits"],
        )
    shown = [each.synthetic for each in standing.scopes] + [each.synthetic for each in standing.nodes]
    if any(shown) or any(each.synthetic for each in progress.decisions):
        click.echo(f"{_SOME_MADE_UP}\n")


def print_census(lines: Sequence[CensusLine]) -> None:
    print_table(
        ["node", "metric", "attested", "derived", "verdict"],
        [[each.node, each.metric.replace("_", " "), _attested(each), _derived(each), each.verdict] for each in lines],
        right=["derived"],
        title="Census: what the trials attested, and what their events add up to",
    )
    tally = Counter(each.verdict for each in lines)
    click.echo(f"{len(lines)} lines: {', '.join(f'{number} {verdict}' for verdict, number in tally.items())}")
    click.echo(f"{_SOME_MADE_UP}\n" if any(each.synthetic for each in lines) else "")


def print_findings(found: Sequence[Finding]) -> None:
    if not found:
        click.echo("nothing to look at was found")
        return
    print_table(
        ["index", "node", "finding", ""],
        [[str(each.index), each.node, each.kind, each.message] for each in found],
        right=["index"],
        title="To be looked at",
    )
    click.echo(f"{len(found)} finding{'' if len(found) == 1 else 's'}; none is a failure: all of it was admitted")


def print_contributions(contributed: Sequence[Contribution]) -> None:
    print_table(
        ["node", "events", "opened", "enrolled", "outcomes", "rows", "cells", "lag d", "made up"],
        [
            [
                each.node,
                *(
                    _starred(number, number and each.synthetic)
                    for number in (
                        each.events,
                        each.openings,
                        each.enrolments,
                        each.outcomes,
                        sum(table.rows for table in each.tables.values()),
                        sum(table.cells for table in each.tables.values()),
                    )
                ),
                "" if each.median_lag_days is None else f"{each.median_lag_days:g}",
                str(each.synthetic),
            ]
            for each in contributed
        ],
        right=["events", "opened", "enrolled", "outcomes", "rows", "cells", "lag d", "made up"],
        title="Who contributed what",
    )
    amended = [
        f"{each.node} {each.corrections} and {each.retractions}"
        for each in contributed
        if each.corrections or each.retractions
    ]
    if amended:
        click.echo(f"corrections and retractions: {', '.join(amended)}")
    click.echo("lag d: median days from the day that an event tells of to its receipt")
    click.echo("* made-up events are among the node's own\n" if any(each.synthetic for each in contributed) else "")


def print_funnel(lines: Sequence[FunnelLine]) -> None:
    nouns = {
        "cases submitted": "cases_submitted",
        "cases profiled": "cases_profiled",
        "cases prescreened": "cases_prescreened",
        "of these with a target": "cases_prescreened_with_target",
        "cases allocated": "cases_allocated",
        "patients enrolled": "patients_enrolled",
        "treatments started": "treatments_started",
        "the same in stage 3": "treatments_started_stage_3",
    }
    trials = [each.trial or each.node for each in lines]
    print_table(
        ["", *trials],
        [
            [
                noun,
                *(_starred(number, number and each.synthetic) for each in lines for number in [getattr(each, field)]),
            ]
            for noun, field in nouns.items()
        ],
        right=trials,
        title="How far cases came, in each trial's own nouns: never added up",
    )
    if any(each.synthetic for each in lines):
        click.echo("* made-up events are behind the trial's numbers, for demonstration\n")


def _heads(nodes: Sequence[Member]) -> list[str]:
    """A column a node: its country, or its own name where the country has more than one."""
    countries = Counter(each.country for each in nodes)
    return [each.country if each.country and countries[each.country] == 1 else each.node for each in nodes]


def _at_node(at: AtNode, *, stars: bool) -> str:
    if at.state == "not opened":
        why = _REASONS[at.reason] if at.reason else ""
        return f"{_MARKS[at.state]} {why}".rstrip() if at.days_behind is None else f"-{at.days_behind}{why or 'd'}"
    stage_3 = f"+{at.started_stage_3}" if at.started_stage_3 else ""
    return _starred(f"{_MARKS[at.state]} {at.started}{stage_3}", stars and at.synthetic)


def _stages(scopes: Iterable[Scope]) -> str:
    return "/".join("end" if each.stage is None else str(each.stage) for each in scopes)


def _places(scopes: Iterable[Scope], *, stars: bool) -> str:
    return "/".join(
        _starred("∞" if each.places_left is None else each.places_left, stars and each.synthetic) for each in scopes
    )


def _attested(line: CensusLine) -> str:
    if line.attested is None:
        return ""
    by = f" by {line.by}" if line.by else ""
    return f"{_OPERATORS.get(line.operator or '', '')}{line.attested}{by}"


def _derived(line: CensusLine) -> str:
    return f"{_number(line.derived)}{'*' if line.synthetic else ' '}"


def _starred(shown: object, synthetic: object) -> str:
    return f"{shown}*" if synthetic else str(shown)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _in_words(content: Json) -> str:
    """JSON that was adopted or defined, without its punctuation."""
    if isinstance(content, dict):
        return ", ".join(f"{name} {_in_words(value)}" for name, value in content.items())
    if isinstance(content, list):
        return " ".join(map(_in_words, content))
    return "yes" if content is True else "no" if content is False else str(content)
