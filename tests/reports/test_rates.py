"""A rate in words and numbers: the interval that covers, and beside it the one that is printed elsewhere."""

from ledger.clinical.estimates import estimate
from ledger.clinical.two_stage import Design
from ledger.reports.rates import Basis, DataCut, in_words, rate_of

DRUPS = Design(8, 0, 24, 4, 10, 30)
BASIS = Basis("benefit-drup", DataCut(5811, "2021-11-16T09:00:00.000Z"))


def test_of_a_completed_design_both_intervals_stand_there_and_are_hidden_together() -> None:
    found = estimate(DRUPS, "completed", benefits=5, evaluable=24)

    rate = rate_of(found, BASIS, population="evaluable", unknown=0)

    assert in_words(rate, "benefit") == (
        "benefit 5 of 24 evaluable, UMVUE 23.2 % (95 % 7.3 to 43.7, Koyama-Chen; 7.3 to 40.5 as that is printed "
        "elsewhere), p 0.0778, naive 20.8 % (95 % 7.1 to 42.2, Clopper-Pearson), completed, adjusted for the look at "
        "stage 1, endpoint benefit-drup, data to entry 5811, 2021-11-16"
    )
    hidden = rate.hidden("hidden")
    assert (hidden.printed_95, hidden.printed_90, hidden.interval_95, hidden.p_value) == (None, None, None, None)
