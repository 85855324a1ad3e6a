"""A rate, and all that it means nothing without: of whom, under which endpoint, as of when, and how it was estimated.

Rates under different endpoints are different things. A cohort names one endpoint, so no rate here is ever of two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ledger.clinical.estimates import Estimate, Interval, clopper_pearson
from ledger.clinical.suppression import Shown
from ledger.cohort.snapshot import Snapshot
from ledger.signing.entry import format_time

Population = Literal["evaluable", "treated"]
NOT_SHOWN = "not shown"
LEAST_P = 0.0001  # is written with four decimals


@dataclass(frozen=True, slots=True)
class DataCut:
    """Up to which entry something is known. index: of that entry; received: when the hub took it (UTC), None where a
    view on a day leaves out every entry until then.
    """

    index: int
    received: str | None


@dataclass(frozen=True, slots=True)
class Basis:
    """What every rate of a cohort shares. endpoint: slug of the resolution that adopted it, which is its version."""

    endpoint: str | None
    data_cut: DataCut


@dataclass(frozen=True, slots=True)
class Rate:
    """numerator of denominator patients of a population, or the word that stands for either where it is not shown.

    unknown: how many more are of the population, and nothing is known of them: what was sealed is shut, or nothing was
    said yet. point, interval_95, interval_90, p_value: None where there is none, or it is not shown. naive_*: the
    proportion with intervals of Clopper and Pearson, as if nobody had looked before. printed_*: the interval of a
    completed design as its paper and other programs have it, see `clinical.estimates`. label: how to read the estimate.
    """

    numerator: Shown
    denominator: Shown
    population: Population
    unknown: int
    endpoint: str | None
    data_cut: DataCut
    point: float | None
    estimator: str
    interval_95: Interval | None
    interval_90: Interval | None
    interval_kind: str | None
    p_value: float | None
    naive_point: float | None
    naive_95: Interval | None
    naive_90: Interval | None
    label: str
    printed_95: Interval | None = None
    printed_90: Interval | None = None

    def hidden(self, word: str) -> "Rate":
        """The same without its numbers. word: what stands for them."""
        intervals = (f"{kind}_{level}" for kind in ("interval", "naive", "printed") for level in (95, 90))
        nothing = dict.fromkeys(("point", "p_value", "naive_point", *intervals), None)
        return replace(self, numerator=word, denominator=word, label=NOT_SHOWN, **nothing)  # type: ignore[arg-type]  # all may be None


def rate_of(found: Estimate, basis: Basis, *, population: Population, unknown: int) -> Rate:
    """A rate that was estimated by the rules of a design."""
    return Rate(
        numerator=found.benefits,
        denominator=found.evaluable,
        population=population,
        unknown=unknown,
        endpoint=basis.endpoint,
        data_cut=basis.data_cut,
        point=found.point,
        estimator=found.estimator,
        interval_95=found.interval_95,
        interval_90=found.interval_90,
        interval_kind=found.interval_kind,
        p_value=found.p_value,
        naive_point=found.naive.point,
        naive_95=found.naive.interval_95,
        naive_90=found.naive.interval_90,
        label=found.label,
        printed_95=found.printed_95,
        printed_90=found.printed_90,
    )


def proportion(
    numerator: int, denominator: int, basis: Basis, *, population: Population, unknown: int, label: str
) -> Rate:
    """A rate that no design was made for."""
    of_95, of_90 = (clopper_pearson(numerator, denominator, level) if denominator else None for level in (0.95, 0.9))
    point = numerator / denominator if denominator else None
    return Rate(
        numerator=numerator,
        denominator=denominator,
        population=population,
        unknown=unknown,
        endpoint=basis.endpoint,
        data_cut=basis.data_cut,
        point=point,
        estimator="proportion",
        interval_95=of_95,
        interval_90=of_90,
        interval_kind="Clopper-Pearson" if denominator else None,
        p_value=None,
        naive_point=point,
        naive_95=of_95,
        naive_90=of_90,
        label=label,
    )


def cut_at(snapshot: Snapshot, index: int) -> DataCut:
    """A data cut at an entry: its time of receipt, or that of the last one before it that the view has."""
    received = next((format_time(each.received) for each in reversed(snapshot.events) if each.index <= index), None)
    return DataCut(index, received)


def in_words(rate: Rate, what: str) -> str:
    """A rate as a sentence, with all that belongs to it: `benefit 5 of 24 evaluable, UMVUE 23.2 % (95 % 7.3 to …), …`.

    what: was counted.
    """
    parts = [f"{what} {rate.numerator} of {rate.denominator} {rate.population}", *_estimated(rate), rate.label]
    if rate.unknown:
        parts.append(f"{rate.unknown} more unknown")
    return ", ".join([*parts, f"endpoint {rate.endpoint}", f"data to {cut_in_words(rate.data_cut)}"])


def cut_in_words(cut: DataCut) -> str:
    return f"entry {cut.index}" if cut.received is None else f"entry {cut.index}, {cut.received[:10]}"


def _estimated(rate: Rate) -> Iterator[str]:
    if rate.point is None:
        return
    name = "" if rate.estimator == "proportion" else f"{rate.estimator} "
    if rate.interval_95 is not None:
        printed = "" if rate.printed_95 is None else f"; {_between(rate.printed_95)} as that is printed elsewhere"
        yield f"{name}{percent(rate.point)} % (95 % {_between(rate.interval_95)}, {rate.interval_kind}{printed})"
    else:
        yield f"{name}{percent(rate.point)} %"
    if rate.p_value is not None:
        yield f"p {rate.p_value:.4f}" if rate.p_value >= LEAST_P else f"p < {LEAST_P}"
    if rate.naive_95 is not None and (rate.naive_point, rate.naive_95) != (rate.point, rate.interval_95):
        yield f"naive {percent(rate.naive_point or 0)} % (95 % {_between(rate.naive_95)}, Clopper-Pearson)"


def percent(share: float) -> str:
    """One decimal, without the sign."""
    return f"{100 * share:.1f}"


def _between(interval: Interval) -> str:
    low, high = interval
    return f"{percent(low)} to {percent(high)}"
