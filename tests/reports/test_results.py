"""What became of a cohort's patients: responses, time to progression and death, adverse events, each line of them."""

from itertools import pairwise
from typing import Any

import pytest
from fates import (
    EIGHT_AND_24,
    IS_STABLE,
    PROGRESSES,
    RESPONDS,
    Fate,
    Scan,
    dies,
    erase,
    lives,
    opened_under,
    revealed,
    scan,
    tell,
    to_the_end,
    toxic,
)
from given import COHORT, DRUP, Alliance, case, opened, patient

from ledger.clinical.estimates import clopper_pearson
from ledger.clinical.survival import Followed, kaplan_meier
from ledger.reports.cohort_progress import Results, cohort_progress
from ledger.reports.follow_up import Line, TimeToEvent
from ledger.reports.rates import in_words


def results(alliance: Alliance) -> Results:
    return cohort_progress(revealed(alliance), COHORT).results


def treated(*scans: tuple[Scan, ...], evaluable: bool | None = True) -> Alliance:
    """A patient for each course of scans, from case 1 on."""
    alliance = opened(DRUP, design=EIGHT_AND_24)
    tell(alliance, {number: Fate(DRUP, each, None, evaluable) for number, each in enumerate(scans, 1)})
    return alliance


def ends(alliance: Alliance, number: int, day: int | None, reason: str) -> None:
    alliance.says(DRUP, "treatment.ended", patient(case(number)) | {"day": day, "reason": reason})


# ---------------------------------------------------------------------- responses


def test_a_confirmed_response_is_counted_and_beside_it_what_was_not_confirmed() -> None:
    found = results(treated(RESPONDS, ((57, "PR"), (113, "PD")), IS_STABLE, PROGRESSES)).responses

    assert found is not None
    assert (found.objective.numerator, found.objective.denominator) == (1, 4)
    assert (found.unconfirmed.numerator, found.unconfirmed.denominator) == (2, 4)
    assert found.objective.interval_95 == clopper_pearson(1, 4, 0.95)
    assert (found.objective.interval_kind, found.objective.population) == ("Clopper-Pearson", "evaluable")
    assert "confirmed" in found.objective.label


def test_every_kind_of_best_response_is_counted_once_and_their_sum_is_of_all() -> None:
    found = results(treated(RESPONDS, ((57, "CR"), (113, "CR")), IS_STABLE, PROGRESSES, ((57, "NE"),), ())).responses

    assert found is not None
    best = {each.kind: each.patients for each in found.best}
    assert (best["complete"], best["partial"], best["stable"], best["progression"], best["none"]) == (1, 1, 1, 1, 1)
    assert sum(int(each) for each in best.values()) == found.objective.denominator == 6


def test_whose_course_is_shut_is_unknown_and_in_no_rate() -> None:
    alliance = treated(RESPONDS, RESPONDS)
    erase(alliance, DRUP, 1)

    found = results(alliance).responses

    assert found is not None
    assert (found.objective.numerator, found.objective.denominator, found.objective.unknown) == (1, 1, 1)


def test_stage_3_and_who_is_not_evaluable_are_in_no_response_rate() -> None:
    found = results(to_the_end()).responses

    assert found is not None
    assert found.objective.denominator == 4


# ---------------------------------------------------------------------- time to event


def free(alliance: Alliance) -> TimeToEvent:
    found = results(alliance).progression_free
    assert found is not None
    return found


def alive(alliance: Alliance) -> TimeToEvent:
    found = results(alliance).overall
    assert found is not None
    return found


def same(found: TimeToEvent, *followed: tuple[int, bool]) -> None:
    """The curve is that of these patients."""
    curve = kaplan_meier([Followed(day, event=event) for day, event in followed])
    assert (found.patients, found.events, found.steps) == (curve.size, curve.events, curve.steps)
    assert (found.median, found.median_low, found.median_high) == (curve.median, curve.median_low, curve.median_high)


def test_progression_and_death_end_it_and_who_has_neither_is_censored_at_the_last_assessment() -> None:
    alliance = treated(PROGRESSES, IS_STABLE, IS_STABLE, ())
    dies(alliance, DRUP, case(3), 200)

    same(free(alliance), (57, True), (113, False), (200, True), (1, False))


def test_death_before_progression_comes_first() -> None:
    alliance = treated(PROGRESSES)
    dies(alliance, DRUP, case(1), 40)

    same(free(alliance), (40, True))


def test_an_unconfirmed_progression_is_none_and_once_confirmed_it_is_one_from_its_first_day() -> None:
    alliance = opened_under(DRUP, criteria=["irecist"])
    tell(alliance, {1: Fate(DRUP, (), None)})
    for day, response in ((57, "iSD"), (85, "iUPD")):
        alliance.says(DRUP, "response.assessed", patient(case(1)) | scan(day, response, criteria="irecist"))
    before = free(alliance)
    alliance.says(DRUP, "response.assessed", patient(case(1)) | scan(113, "iCPD", criteria="irecist"))

    same(before, (85, False))
    same(free(alliance), (85, True))


def test_what_is_not_evaluable_and_a_baseline_keep_nobody_longer() -> None:
    alliance = treated(((57, "SD"), (113, "NE")))
    alliance.says(DRUP, "response.assessed", patient(case(1)) | scan(120, None, baseline=True))

    same(free(alliance), (57, False))


def test_a_partial_date_never_becomes_a_day_and_whoever_it_leaves_out_is_counted() -> None:
    alliance = treated(((None, "PD"),), IS_STABLE, ((57, "SD"), (None, "SD")))
    dies(alliance, DRUP, case(2), None)

    same(free(alliance), (57, False))
    assert free(alliance).undated == 2
    assert (alive(alliance).patients, alive(alliance).undated) == (2, 1)


def test_progression_on_an_unknown_day_may_have_come_before_the_one_that_is_dated() -> None:
    found = free(treated((*PROGRESSES, (None, "PD")), PROGRESSES))

    assert (found.patients, found.undated) == (1, 1)
    same(found, (57, True))


def test_alive_until_death_and_censored_on_the_last_day_that_anything_is_told_of() -> None:
    alliance = treated(IS_STABLE, IS_STABLE, IS_STABLE, (), IS_STABLE)
    dies(alliance, DRUP, case(1), 300)
    lives(alliance, DRUP, case(2), 400)
    ends(alliance, 3, 250, "choice")
    ends(alliance, 4, 30, "death")
    ends(alliance, 1, 290, "death")  # after the last dose

    same(alive(alliance), (300, True), (400, False), (250, False), (30, True), (113, False))


@pytest.mark.parametrize("fatal", [{"ctcae_grade": 5}, {"ctcae_grade": None, "severity": "fatal"}])
def test_who_died_of_an_adverse_event_is_not_alive_and_the_day_that_it_began_is_not_that_of_the_death(
    fatal: dict[str, Any],
) -> None:
    alliance = treated(IS_STABLE, IS_STABLE)
    for number in (1, 2):
        toxic(alliance, DRUP, case(number), "sepsis", day=130, **fatal)
    dies(alliance, DRUP, case(2), 140)

    same(alive(alliance), (140, True))
    same(free(alliance), (140, True))
    assert (alive(alliance).undated, free(alliance).undated) == (1, 1)


def test_who_is_shut_or_treated_in_stage_3_is_in_no_curve() -> None:
    alliance = to_the_end()
    erase(alliance, DRUP, 1)

    for found in (free(alliance), alive(alliance)):
        assert (found.patients, found.shut) == (4, 1)
        assert (found.endpoint, found.estimator, found.population) == ("week-16", "Kaplan-Meier", "treated")
        assert found.data_cut.index == alliance.database.size - 1


def test_numbers_at_risk_stand_at_day_1_and_then_eight_weeks_apart_or_a_multiple_of_that() -> None:
    alliance = treated(IS_STABLE, PROGRESSES)
    lives(alliance, DRUP, case(1), 3000)

    for found in (free(alliance), alive(alliance)):
        days = [each.day for each in found.at_risk]
        assert days[0] == 1
        assert len(days) <= 8
        assert {day % 56 for day in days[1:]} <= {0}
        assert len({later - earlier for earlier, later in pairwise(days[1:])}) <= 1
        assert found.at_risk[0].patients == 2


def test_a_line_has_no_handle_and_the_longest_is_first() -> None:
    alliance = treated(PROGRESSES, IS_STABLE)
    ends(alliance, 2, 150, "toxicity")

    lines = results(alliance).swimmer

    assert lines is not None
    assert [(each.last_day, each.ended_on, each.ended) for each in lines] == [(150, 150, "toxicity"), (57, None, None)]
    assert [(each.day, each.response) for each in lines[0].assessments] == [(57, "SD"), (113, "SD")]
    assert set(Line.__dataclass_fields__) == {"last_day", "assessments", "ended_on", "ended", "died_on"}


# ---------------------------------------------------------------------- adverse events


def test_severe_serious_and_ungraded_events_are_counted_apart_and_no_grade_is_invented() -> None:
    alliance = treated((), (), ())
    toxic(alliance, DRUP, case(1), "Anaemia", ctcae_grade=3)
    toxic(alliance, DRUP, case(1), "anaemia", ctcae_grade=4)
    toxic(alliance, DRUP, case(1), "nausea", ctcae_grade=2, serious=True)
    toxic(alliance, DRUP, case(2), "rash", ctcae_grade=None, severity="severe")
    toxic(alliance, DRUP, case(2), "anaemia", ctcae_grade=3)

    found = results(alliance).toxicity

    assert found is not None
    assert (found.severe.patients.numerator, found.severe.patients.denominator, found.severe.events) == (2, 3, 3)
    assert [(each.term, each.patients, each.events) for each in found.severe.terms] == [("anaemia", 2, 3)]
    assert {each.grade: each.patients for each in found.grades} == {3: 1, 4: 1, 5: 0}
    assert (found.serious.patients.numerator, found.serious.events) == (1, 1)
    assert (found.ungraded.patients.numerator, [each.term for each in found.ungraded.terms]) == (1, ["rash"])
    assert found.severe.patients.population == "treated"


def test_who_has_an_event_that_is_shut_is_unknown() -> None:
    alliance = treated((), ())
    toxic(alliance, DRUP, case(1), "anaemia")
    erase(alliance, DRUP, 1)

    found = results(alliance).toxicity

    assert found is not None
    rate = found.severe.patients
    assert (rate.numerator, rate.denominator, rate.unknown, found.shut_events) == (0, 1, 1, 1)


def test_adverse_events_are_of_everybody_treated_in_whatever_stage() -> None:
    alliance = to_the_end()
    toxic(alliance, DRUP, case(7), "anaemia")

    found = results(alliance).toxicity

    assert found is not None
    assert (found.severe.patients.numerator, found.severe.patients.denominator) == (1, 7)


# ---------------------------------------------------------------------- in words


def test_a_rate_in_words_has_all_that_belongs_to_it() -> None:
    found: Any = results(treated(RESPONDS, IS_STABLE)).responses

    words = in_words(found.objective, "response")

    received = found.objective.data_cut.received[:10]
    low, high = (f"{100 * each:.1f}" for each in clopper_pearson(1, 2, 0.95))
    assert words == (
        f"response 1 of 2 evaluable, 50.0 % (95 % {low} to {high}, Clopper-Pearson), objective response, confirmed,"
        f" endpoint week-16, data to entry {found.objective.data_cut.index}, {received}"
    )


# ---------------------------------------------------------------------- target lesions


def test_target_lesions_are_compared_with_their_baseline_and_who_has_none_is_counted_beside() -> None:
    alliance = treated((), (), PROGRESSES, ())
    for number, sums in ((1, (50, 20, 35)), (2, (40, 52))):
        for day, response, sum_mm in zip((1, 57, 113), (None, "PR", "PR"), sums, strict=False):
            told = scan(day, response, target_sum_mm=sum_mm, baseline=True if response is None else None)
            alliance.says(DRUP, "response.assessed", patient(case(number)) | told)
    erase(alliance, DRUP, 3)

    found = results(alliance).waterfall

    assert found is not None
    assert found.changes == (30.0, -60.0)
    assert (found.unmeasured, found.shut, found.criteria, found.population) == (1, 1, "recist-1.1", "treated")
