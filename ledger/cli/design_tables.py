"""A design as tables for people; `--json` gives the same in full."""

import click

from ledger.cli.terminal import print_facts, print_table
from ledger.clinical.estimates import Interval
from ledger.reports.design import AtPercent, DesignReport, Look

_SMALL = 0.0001
_ADJUSTED = """\
in the order in which the ends speak for the drug, least first
estimate: right on average, over all ends (UMVUE, Jung & Kim 2004)
95 %, 90 %: intervals that cover the rate at least as often as they say, and
p value: the chance of this end or a later one where the rate is p0
(Koyama & Chen 2008; after stage 1 the interval is Clopper & Pearson's too)
"""
_BESIDE = """\
naive: as if nobody had looked before, with Clopper & Pearson's intervals
printed: Koyama & Chen's intervals as other programs have them; their upper
limits are too low to cover the rate as often as they say
"""


def print_design(found: DesignReport) -> None:
    computed, design = found.computed, found.content
    print_facts(
        {
            "design": found.design,
            "proposed by": found.proposer or "",
            "in force": f"since {found.in_force_at}" if found.in_force_at else "no: too few have endorsed it so far",
            "numbers": f"n1 {design.n1}, r1 {design.r1}, n {design.n}, r {design.r}",
            "rule": " ".join(computed.in_words),
        }
    )
    print_table(
        ["", "benefit rate", "signal", "early stop", "expected size"],
        [_does(each, found) for each in computed.rates],
        right=["benefit rate", "signal", "early stop", "expected size"],
        title="What the design does",
    )
    carried_on = computed.carried_on
    click.echo(
        f"only if the looks come at {design.n1} and {design.n}: the same rule carried on to {carried_on.n}\n"
        f"has a type I error of {carried_on.type_i_error:.4f}, and power {carried_on.power:.4f}\n"
    )
    print_table(
        ["look", "benefits", "decision"],
        [[f"{each.stage}, after {each.size}", _span(each), " or ".join(each.decisions)] for each in computed.looks],
        right=["benefits"],
        title="What may be decided",
    )
    ends = [(f"{each.estimate.benefits} of {each.estimate.evaluable}", each) for each in computed.endings]
    print_table(
        ["ends at", "estimate", "95 %", "90 %", "p value", "decision"],
        [
            [
                end,
                _rate(each.estimate.point),
                _interval(each.estimate.interval_95),
                _interval(each.estimate.interval_90),
                _p_value(each.estimate.p_value),
                " or ".join(each.decisions),
            ]
            for end, each in ends
        ],
        right=["ends at", "estimate", "95 %", "90 %", "p value"],
        title="What each end would say of the benefit rate",
    )
    click.echo(_ADJUSTED)
    print_table(
        ["ends at", "naive", "naive 95 %", "naive 90 %", "printed 95 %", "printed 90 %"],
        [
            [
                end,
                _rate(each.estimate.naive.point),
                _interval(each.estimate.naive.interval_95),
                _interval(each.estimate.naive.interval_90),
                _interval(each.estimate.printed_95),
                _interval(each.estimate.printed_90),
            ]
            for end, each in ends
        ],
        right=["ends at", "naive", "naive 95 %", "naive 90 %", "printed 95 %", "printed 90 %"],
        title="To compare with",
    )
    click.echo(_BESIDE)


def _rate(found: float | None) -> str:
    return "" if found is None else f"{found:.4f}"


def _p_value(found: float | None) -> str:
    return f"<{_SMALL}" if found is not None and found < _SMALL else _rate(found)


def _does(each: AtPercent, found: DesignReport) -> list[str]:
    marks = {found.content.p0_percent: "p0, type I error", found.content.p1_percent: "p1, power"}
    return [
        marks.get(each.rate_percent, ""),
        f"{each.rate_percent} %",
        f"{each.signal:.4f}",
        f"{each.early_stop:.4f}",
        f"{each.expected_size:.2f}",
    ]


def _span(look: Look) -> str:
    return str(look.least) if look.least == look.most else f"{look.least} to {look.most}"


def _interval(found: Interval | None) -> str:
    return "" if found is None else f"{found[0]:.4f}–{found[1]:.4f}"
