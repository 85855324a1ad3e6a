"""How far the target lesions of one patient shrank: RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009, 45:228), 4.3.

The change is that of the sum of diameters, from the baseline to the smallest sum that counts: until progression and a
new treatment, by the evaluator whose findings are the patient's (course.py). It is no response: that is asked to last,
and is undone by new lesions or by lesions that are no targets.
"""

from collections.abc import Sequence
from fractions import Fraction

from ledger.clinical.course import Assessment, Course, Evaluator, counted
from ledger.clinical.responses import Criteria

SCALE: Criteria = "recist-1.1"  # whose percentages are those of the sum
RESPONSE_PERCENT = -30  # from the baseline: a partial response, where it is confirmed and nothing else grew
GROWTH_PERCENT = 20  # from the smallest sum: progression


def best_change(course: Course, criteria: Sequence[Criteria], evaluator: Evaluator) -> Fraction | None:
    """The change to the smallest sum, in percent of the baseline's, from -100; above 0 where every sum was larger.

    criteria: the scales by which a progression counts; sums are of RECIST 1.1 alone.

    None where it cannot be told: no baseline with a sum above 0, or no later sum that counts. Two sums of one day are
    one, the larger: as the worst of two findings is.
    """
    found = [each for each in counted(course, criteria, evaluator) if each.criteria == SCALE]
    sums: dict[int, int] = {}
    for each in found:
        if each.day is not None and each.target_sum_mm is not None:
            sums[each.day] = max(sums.get(each.day, 0), each.target_sum_mm)
    if not sums:
        return None
    before = _baseline([each for each in course.assessments if each.baseline and each.evaluator == found[0].evaluator])
    return Fraction(100 * (min(sums.values()) - before), before) if before else None


def _baseline(told: Sequence[Assessment]) -> int | None:
    """The sum of the last baseline, or of the only one where it has no day."""
    measured = [each for each in told if each.criteria == SCALE and each.target_sum_mm is not None]
    dated = [(each.day, each.target_sum_mm) for each in measured if each.day is not None]
    if dated:
        return max(dated, key=lambda each: each[0])[1]
    return measured[0].target_sum_mm if len(measured) == 1 else None
