"""The looks of a cohort as a long table: a line for what is claimed at each, and one for what is computed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.clinical.estimates import Interval
from ledger.clinical.suppression import Shown
from ledger.reports.cohort_progress import CohortProgress
from ledger.reports.looks import Look, Tally
from ledger.reports.rates import Rate


@dataclass(frozen=True, slots=True)
class LookLine:
    """answers: `claimed` by the nodes, or `computed` from their assessments. Everything else as in `Look`, `Tally` and
    `Rate`.
    """

    cohort: str
    of: str
    name: str | None
    look: str
    answers: str
    decided: str | None
    decided_at: int | None
    override: str | None
    stated: int | None
    cases_as_of: int
    evaluable: int
    treated: int
    pending: int | None
    places_left: int | None
    yes: Shown
    no: Shown
    not_evaluable: Shown
    unclaimed: int
    shut: int
    numerator: Shown
    denominator: Shown
    population: str
    unknown: int
    endpoint: str | None
    data_cut: int
    data_cut_received: str | None
    point: float | None
    estimator: str
    low_95: float | None
    high_95: float | None
    low_90: float | None
    high_90: float | None
    interval_kind: str | None
    p_value: float | None
    naive_point: float | None
    naive_low_95: float | None
    naive_high_95: float | None
    naive_low_90: float | None
    naive_high_90: float | None
    printed_low_95: float | None
    printed_high_95: float | None
    printed_low_90: float | None
    printed_high_90: float | None
    label: str


def look_lines(found: CohortProgress) -> Iterator[LookLine]:
    """Those of everybody, and then those of the reader's own."""
    own: Iterable[Look] = found.own.looks if found.own else ()
    for look in (*found.looks, *own):
        yield _line(found.standing.cohort, look, "claimed", look.claimed, look.claimed_rate)
        yield _line(found.standing.cohort, look, "computed", look.computed, look.computed_rate)


def _line(cohort: str, look: Look, answers: str, tally: Tally, rate: Rate) -> LookLine:
    (low_95, high_95), (low_90, high_90) = _ends(rate.interval_95), _ends(rate.interval_90)
    (naive_low_95, naive_high_95), (naive_low_90, naive_high_90) = _ends(rate.naive_95), _ends(rate.naive_90)
    (printed_low_95, printed_high_95), (printed_low_90, printed_high_90) = map(
        _ends, (rate.printed_95, rate.printed_90)
    )
    return LookLine(
        cohort=cohort,
        of=look.of,
        name=look.name,
        look=look.look,
        answers=answers,
        decided=look.decided,
        decided_at=look.decided_at,
        override=look.override,
        stated=look.stated,
        cases_as_of=look.cases_as_of.index,
        evaluable=look.evaluable,
        treated=look.treated,
        pending=look.pending,
        places_left=look.places_left,
        yes=tally.yes,
        no=tally.no,
        not_evaluable=tally.not_evaluable,
        unclaimed=tally.unclaimed,
        shut=tally.shut,
        numerator=rate.numerator,
        denominator=rate.denominator,
        population=rate.population,
        unknown=rate.unknown,
        endpoint=rate.endpoint,
        data_cut=rate.data_cut.index,
        data_cut_received=rate.data_cut.received,
        point=rate.point,
        estimator=rate.estimator,
        low_95=low_95,
        high_95=high_95,
        low_90=low_90,
        high_90=high_90,
        interval_kind=rate.interval_kind,
        p_value=rate.p_value,
        naive_point=rate.naive_point,
        naive_low_95=naive_low_95,
        naive_high_95=naive_high_95,
        naive_low_90=naive_low_90,
        naive_high_90=naive_high_90,
        printed_low_95=printed_low_95,
        printed_high_95=printed_high_95,
        printed_low_90=printed_low_90,
        printed_high_90=printed_high_90,
        label=rate.label,
    )


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else interval
