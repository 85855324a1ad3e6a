"""What an import says of itself: how much it would say or said, and every row that it could not use.

Rows are shown by number, as ranges; patients and values are not. The file of --unused has the patients, by the source's
own names, for the node's eyes.
"""

import json
import shutil
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from ledger.cli.terminal import PIPED_SIZE, print_json, print_table
from ledger.errors import MalformedError
from ledger.exports.tables import csv_of
from ledger.node.importing.planning import Plan, unused_in_order
from ledger.node.importing.told import Reading, Unused
from ledger.operations.replacing import replacing

_REMARKED_MOST = 20  # rows


def print_plan(plan: Plan, written: Sequence[Path], *, is_dry: bool, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(plan, written, is_dry=is_dry))
        return
    _print_drafts(plan)
    _print_known(plan)
    reading = plan.reading
    missing = [(domain, "its events are not told") for domain in reading.missing]
    _print_rows("Asked for, and in no file", ["domain", "so that"], missing)
    _print_rows("Said by the mapping, not by the data", ["field", "value and reason"], reading.because.items())
    remarks = [(each.file, each.what, each.row) for each in reading.remarks]
    _print_by_row("Rows used, with something to know", remarks, most=_REMARKED_MOST)
    _print_rows(
        "Rows that the mapping does not ask for",
        ["file", "rows", "reason"],
        [(file, str(count), why) for (file, why), count in sorted(reading.passed.items())],
    )
    unused = unused_in_order(reading.unused)
    _print_by_row(
        "Rows that could not be used, by number from 1 without the header",
        [(each.file, each.reason, each.row) for each in unused],
    )
    rows = len({(each.file, each.row) for each in unused})
    drafts = sum(map(len, plan.lines.values()))
    click.echo(
        f"{drafts} drafts of {sum(reading.rows.values())} rows in {len(reading.rows)} files; {rows} rows could not be "
        f"used{': a dry run, nothing was written' if is_dry else ''}"
    )


def write_unused(file: Path, reading: Reading) -> None:
    """Write the unused rows as CSV or JSON, by the file's ending, for the node's eyes: patients are named in it."""
    found = unused_in_order(reading.unused)
    if file.suffix.lower() == ".json":
        text = json.dumps([each._asdict() for each in found], indent=2, ensure_ascii=False) + "\n"
    elif file.suffix.lower() == ".csv":
        text = csv_of(Unused._fields, found)
    else:
        raise MalformedError(f"--unused takes a file that ends with .csv or .json, not {file.name}")
    with replacing(file) as opened:
        opened.write(text.encode())


def _print_drafts(plan: Plan) -> None:
    counts = _counts(plan)
    nodes = sorted(counts)
    types = sorted({event_type for node in nodes for event_type in counts[node]})
    print_table(
        ["drafts", *nodes],
        [[event_type, *(str(counts[node][event_type]) for node in nodes)] for event_type in types],
        right=nodes,
    )
    by_cohort = Counter(
        (line.told.cohort, node) for node, lines in plan.lines.items() for line in lines if line.told.cohort
    )
    patients = {
        key: len({line.case for line in plan.lines[key[1]] if line.told.cohort == key[0]}) for key in sorted(by_cohort)
    }
    _print_rows(
        None,
        ["cohort", "node", "patients", "drafts"],
        [(cohort, node, str(patients[cohort, node]), str(by_cohort[cohort, node])) for cohort, node in patients],
    )


def _print_known(plan: Plan) -> None:
    _print_rows(
        "Drafted by an earlier import",
        ["type", "events"],
        [(event_type, str(count)) for event_type, count in sorted(plan.known.items())],
    )
    _print_rows(
        "Drafted by an earlier import, and no more in these data: retract what was never so",
        ["node", "type", "case"],
        [(node, each.type, each.case) for node, gone in sorted(plan.gone.items()) for each in gone],
    )


def _print_rows(title: str | None, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    found = list(lines)
    if found:
        print_table(columns, found, right=["rows", "events", "patients", "drafts"], title=title)


def _print_by_row(title: str, found: Iterable[tuple[str, str, int]], *, most: int | None = None) -> None:
    """The rows of each file and reason, all or so many of them. most: the JSON has the rest."""
    rows: dict[tuple[str, str], set[int]] = defaultdict(set)
    for file, reason, row in found:
        rows[file, reason].add(row)
    if not rows:
        return
    width = shutil.get_terminal_size(PIPED_SIZE).columns
    click.echo(title)
    for (file, reason), at in sorted(rows.items()):
        shown = sorted(at)[:most]
        left = f", and {len(at) - len(shown)} more (--json has all)" if len(shown) < len(at) else ""
        click.echo(f"{file}: {reason}: {len(at)}")
        numbers = f"row {_ranges(shown)}{left}"
        click.echo(textwrap.fill(numbers, width, initial_indent="    ", subsequent_indent="    "))
    click.echo()


def _ranges(numbers: Iterable[int]) -> str:
    """`3-9, 14` for rows that follow each other and one that stands alone."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _counts(plan: Plan) -> dict[str, Counter[str]]:
    return {node: Counter(line.told.type for line in lines) for node, lines in plan.lines.items()}


def _as_json(plan: Plan, written: Sequence[Path], *, is_dry: bool) -> Mapping[str, object]:
    reading = plan.reading
    cohorts: dict[str, Counter[str]] = defaultdict(Counter)
    for lines in plan.lines.values():
        for line in lines:
            if line.told.cohort:
                cohorts[line.told.cohort][line.told.type] += 1
    return {
        "dry_run": is_dry,
        "drafts": _counts(plan),
        "cohorts": cohorts,
        "cases": {node: len({line.case for line in lines}) for node, lines in plan.lines.items()},
        "known": plan.known,
        "gone": {node: [each._asdict() for each in gone] for node, gone in plan.gone.items() if gone},
        "rows": reading.rows,
        "missing": reading.missing,
        "unused": [
            {"file": each.file, "row": each.row, "reason": each.reason} for each in unused_in_order(reading.unused)
        ],
        "remarks": [each._asdict() for each in reading.remarks],
        "passed": [
            {"file": file, "reason": why, "rows": count} for (file, why), count in sorted(reading.passed.items())
        ],
        "said_by_mapping": reading.because,
        "written": [str(each) for each in written],
    }
