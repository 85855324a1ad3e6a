"""The best change of the sum of target lesions, by hand."""

from fractions import Fraction
from typing import Literal

import pytest

from ledger.clinical.course import Assessment, Course
from ledger.clinical.target_lesions import best_change

BASELINE = Assessment(1, "recist-1.1", None, "investigator", baseline=True, target_sum_mm=80)


def scan(
    day: int | None, response: str, sum_mm: int | None, evaluator: Literal["investigator", "central"] = "investigator"
) -> Assessment:
    return Assessment(day, "recist-1.1", response, evaluator, target_sum_mm=sum_mm)


def change(*scans: Assessment, baseline: Assessment | None = BASELINE, new_treatment: int | None = None) -> object:
    told = (baseline, *scans) if baseline else scans
    return best_change(Course(told, new_treatment), ("irecist", "recist-1.1"), "central-first")


def test_it_is_the_smallest_sum_against_the_baseline() -> None:
    assert change(scan(57, "SD", 70), scan(113, "PR", 44), scan(169, "PR", 50)) == -45
    assert change(scan(57, "CR", 0)) == -100
    assert change(scan(57, "SD", 83)) == Fraction(15, 4)


def test_progression_counts_with_its_own_sum_and_nothing_after_it() -> None:
    assert change(scan(57, "PD", 109), scan(113, "PR", 8)) == Fraction(145, 4)
    assert change(scan(57, "SD", 72), scan(113, "PD", 100), scan(169, "SD", 20)) == -10


def test_nothing_after_a_new_treatment_counts() -> None:
    assert change(scan(57, "SD", 72), scan(113, "PR", 20), new_treatment=100) == -10


@pytest.mark.parametrize(
    ("scans", "baseline"),
    [
        ([], BASELINE),
        ([scan(57, "PR", 40)], None),
        ([scan(57, "PR", None)], BASELINE),
        ([scan(None, "PR", 40)], BASELINE),
        ([scan(57, "NE", 40)], BASELINE),
        ([scan(57, "PR", 40), scan(None, "PD", 120)], BASELINE),
        ([scan(57, "PR", 40)], Assessment(1, "recist-1.1", None, "investigator", baseline=True, target_sum_mm=0)),
        ([scan(57, "PR", 40)], Assessment(1, "irecist", None, "investigator", baseline=True, target_sum_mm=80)),
        ([scan(57, "PR", 40)], Assessment(1, "recist-1.1", None, "central", baseline=True, target_sum_mm=80)),
    ],
    ids=[
        "no scan", "no baseline", "no sum", "no day", "not evaluable", "progression on an unknown day",
        "nothing to measure at baseline", "a baseline on another scale", "a baseline of another reader",
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_compare_nothing_is_said(scans: list[Assessment], baseline: Assessment) -> None:
    assert change(*scans, baseline=baseline) is None


def test_a_central_review_is_compared_with_its_own_baseline() -> None:
    central = Assessment(1, "recist-1.1", None, "central", baseline=True, target_sum_mm=100)

    assert change(scan(57, "SD", 72), central, scan(57, "PR", 60, "central")) == -40


def test_two_sums_of_a_day_are_the_larger_and_of_two_baselines_the_later_counts() -> None:
    earlier = Assessment(-20, "recist-1.1", None, "investigator", baseline=True, target_sum_mm=10)

    assert change(scan(57, "PR", 40), scan(57, "SD", 72)) == -10
    assert change(earlier, scan(57, "SD", 72)) == -10
