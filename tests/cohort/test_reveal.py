"""A view on a day knows nothing that came after it, also where a sealed study day says so."""

from datetime import date

import given
import pytest
from given import COHORT, DRUP, Alliance, case, patient

from ledger.cohort.reveal import Revealed, by_then, on_study_day
from ledger.cohort.rows import AdverseEvent, Assessment, Episode, SurvivalUpdate
from ledger.cohort.snapshot import current, of_versions
from ledger.reports.outcomes import outcomes

RESPONSE = date(2022, 1, 28)  # study day 57 of a treatment that began on 2021-12-03
END = date(2022, 3, 24)  # study day 112


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    alliance = given.treated()
    told = patient(case(1))
    alliance.says(DRUP, "response.assessed", told | given.ASSESSMENT | {"day": 57})
    alliance.says(DRUP, "response.assessed", told | given.ASSESSMENT | {"day": None})
    alliance.says(DRUP, "adverse_event.reported", told | given.TOXICITY | {"day": 57})
    alliance.says(DRUP, "outcome.determined", told | given.CLAIM)
    alliance.says(DRUP, "treatment.ended", told | {"day": 112, "reason": "progression"})
    alliance.says(DRUP, "survival.updated", told | given.DEATH | {"day": 112})
    return alliance


def seen_on(alliance: Alliance, day: date) -> Revealed:
    database = alliance.database
    seen = of_versions(current(database), database.events, size=database.size).on(day)
    opened = (each for heard in alliance.heard for each in heard.envelope.disclosures)
    return by_then(Revealed(seen, {each.digest: each.value for each in opened}))


@pytest.mark.parametrize(
    ("day", "dated", "undated", "claim", "ended"),
    [
        (date(2022, 1, 27), 0, 1, None, False),
        (RESPONSE, 1, 1, None, False),  # the claim may rest on the end that came later
        (date(2022, 3, 23), 1, 1, None, False),
        (END, 1, 1, "yes", True),
    ],
)
def test_what_a_study_day_puts_later_is_left_out_with_the_claim_that_may_rest_on_it(
    alliance: Alliance, day: date, dated: int, undated: int, claim: str | None, ended: bool
) -> None:
    seen = seen_on(alliance, day)

    (episode,) = seen.snapshot.of(Episode)
    (outcome,) = outcomes(seen, COHORT)
    assert len(seen.snapshot.of(Assessment)) == dated + undated
    assert len(seen.snapshot.of(AdverseEvent)) == dated
    assert len(seen.snapshot.of(SurvivalUpdate)) == ended
    assert (episode.end_day is not None, "end_reason" in episode.set_by) == (ended, ended)
    assert outcome.claimed == claim
    assert outcome.is_open


def test_a_view_that_is_on_no_day_stays_as_it_is(alliance: Alliance) -> None:
    database = alliance.database
    seen = Revealed(of_versions(current(database), database.events, size=database.size))

    assert by_then(seen) is seen


def test_a_treatment_that_began_in_some_month_is_counted_from_its_last_day() -> None:
    alliance = given.opened(DRUP)
    alliance.enrols(DRUP, case(1))
    alliance.says(DRUP, "treatment.started", patient(case(1)) | {"on": "2021-12", "stage": 1} | given.DOSES)
    alliance.says(DRUP, "response.assessed", patient(case(1)) | given.ASSESSMENT | {"day": 2})

    assert not seen_on(alliance, date(2021, 12, 31)).snapshot.of(Assessment)
    assert seen_on(alliance, date(2022, 1, 1)).snapshot.of(Assessment)


def test_there_is_no_study_day_between_the_first_and_the_one_before() -> None:
    first = date(2021, 12, 3)

    assert [on_study_day(first, day) for day in (-1, 1, 2)] == [date(2021, 12, 2), first, date(2021, 12, 4)]
