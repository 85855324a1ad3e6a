"""What the nodes say in total, held against what their events add up to.

An attestation bounds what is counted by its own `as_of`: what is dated later is no part of it. A plan, a target and
what its source leaves unexplained are shown as stated and never derived.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot, once
from ledger.names import When
from ledger.reports.counts import Counts, counts, made_up
from ledger.reports.members import members


@dataclass(frozen=True, slots=True)
class CensusLine:
    """attested: a number, or a date as text where the metric is one; None where the node attested nothing by then.

    derived: None where the metric cannot be. synthetic: how many of the derived rest on made-up events. verdict:
    `agrees`, `short by 3`, `over by 3` (the derived number is that far from what was attested), `not derivable`, or
    `not attested`. quote: the words it was said in.
    """

    node: str
    metric: str
    kind: str | None
    operator: str | None
    attested: int | str | None
    as_of: str | None
    by: str | None
    quote: str | None
    derived: int | None
    synthetic: int | None
    verdict: str


@once
def census(snapshot: Snapshot) -> tuple[CensusLine, ...]:
    """Every attestation in the order of the log; then, of nodes that attested nothing by then, what can be counted."""

    @cache
    def as_of(stated: str) -> tuple[Counts, Counts]:
        then = snapshot.on(When.parse(stated).last)
        return counts(then), counts(made_up(then))

    attestations = sorted(snapshot.of(rows.Census), key=lambda row: min(row.set_by.values()))
    lines = [_line(row, *as_of(row.as_of or "")) for row in attestations]
    heard = {row.node for row in attestations}
    return (*lines, *(line for line in _unattested(snapshot) if line.node not in heard))


def held(snapshot: Snapshot) -> Iterator[tuple[rows.Census, int | None, str]]:
    """Every attestation, in no order, with what the node's events add up to by then, and the verdict."""
    by_day: dict[str, Counts] = {}
    for row in snapshot.of(rows.Census):
        stated = row.as_of or ""
        if stated not in by_day:
            by_day[stated] = counts(snapshot.on(When.parse(stated).last))
        yield row, *_held(row, by_day[stated])


def verdict(operator: str, *, attested: int, derived: int) -> str:
    """operator: eq, ge or le, of what is derived to what is attested."""
    if derived < attested and operator != "le":
        return f"short by {attested - derived}"
    if derived > attested and operator != "ge":
        return f"over by {derived - attested}"
    return "agrees"


def _line(row: rows.Census, derived: Counts, synthetic: Counts) -> CensusLine:
    count, held_against = _held(row, derived)
    return CensusLine(
        node=row.node,
        metric=row.metric,
        kind=row.kind,
        operator=row.operator,
        attested=row.when if row.value is None else row.value,
        as_of=row.as_of,
        by=row.by,
        quote=row.quote,
        derived=count,
        synthetic=None if count is None else synthetic[row.metric][row.node],
        verdict=held_against,
    )


def _held(row: rows.Census, derived: Counts) -> tuple[int | None, str]:
    """What the node's events add up to, and the verdict."""
    # a plan's metric may be one that can be counted: a plan is not a count, whatever it is of
    count = derived[row.metric][row.node] if row.kind == "count" and row.metric in derived else None
    if count is None or row.value is None:
        return count, "not derivable"
    return count, verdict(row.operator or "eq", attested=row.value, derived=count)


def _unattested(snapshot: Snapshot) -> Iterator[CensusLine]:
    derived, synthetic = counts(snapshot), counts(made_up(snapshot))
    for node in (member.node for member in members(snapshot)):
        for metric, by_node in derived.items():
            if by_node[node]:
                nothing = dict.fromkeys(("kind", "operator", "attested", "as_of", "by", "quote"))
                number, invented = by_node[node], synthetic[metric][node]
                yield CensusLine(node, metric, **nothing, derived=number, synthetic=invented, verdict="not attested")
