"""The long table of looks says what the looks say, number by number."""

from fates import revealed, to_the_end
from given import COHORT

from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.look_lines import look_lines


def test_each_look_has_a_line_for_claims_and_one_for_what_is_computed_with_every_interval_of_its_rate() -> None:
    progress = cohort_progress(revealed(to_the_end()), COHORT)

    lines = list(look_lines(progress))

    rates = [rate for look in progress.looks for rate in (look.claimed_rate, look.computed_rate)]
    assert [line.answers for line in lines] == ["claimed", "computed"] * len(progress.looks)
    nothing = (None, None)
    for line, rate in zip(lines, rates, strict=True):
        assert (line.numerator, line.denominator, line.endpoint) == (rate.numerator, rate.denominator, rate.endpoint)
        assert (line.point, line.p_value, line.label) == (rate.point, rate.p_value, rate.label)
        assert (line.low_95, line.high_95) == (rate.interval_95 or nothing)
        assert (line.low_90, line.high_90) == (rate.interval_90 or nothing)
        assert (line.naive_low_95, line.naive_high_95) == (rate.naive_95 or nothing)
        assert (line.naive_low_90, line.naive_high_90) == (rate.naive_90 or nothing)
        assert (line.printed_low_95, line.printed_high_95) == (rate.printed_95 or nothing)
        assert (line.printed_low_90, line.printed_high_90) == (rate.printed_90 or nothing)
    assert any(rate.printed_95 is not None for rate in rates)
