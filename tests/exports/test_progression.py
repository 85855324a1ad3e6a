"""Progression-free and overall survival of one patient, in study days."""

from dataclasses import replace

import pytest
from given import WEEK_16

from ledger.clinical.benefit import Endpoint
from ledger.clinical.course import Assessment, Course
from ledger.cohort.rows import Episode
from ledger.exports.cbioportal import _survival
from ledger.exports.patients import Told, Treatment
from ledger.exports.progression import Followed, overall, progression_free

ROW = Episode(cohort="any", node="any", case="any", event="any", set_by={}, since=0, synthetic=False)
TREATED = Treatment(ROW, None, None, None, None)
ENDPOINT = Endpoint.parse(WEEK_16)
SD = (Assessment(113, "recist-1.1", "SD", "investigator"),)


def course(*told: tuple[int | None, str], new_treatment_day: int | None = None) -> Course:
    return Course(
        tuple(Assessment(day, "recist-1.1", response, "investigator") for day, response in told), new_treatment_day
    )


@pytest.mark.parametrize(
    ("seen", "deaths", "followed"),
    [
        (course((57, "SD"), (113, "PD"), (170, "SD")), [], Followed(113, event=True)),
        (course((57, "SD"), (113, "PR")), [], Followed(113, event=False)),
        (course((57, "SD")), [90], Followed(90, event=True)),
        (course((57, "PD")), [90], Followed(57, event=True)),
        (course((57, "SD"), (200, "PD"), new_treatment_day=100), [], Followed(57, event=False)),
        (course((57, "SD"), (None, "PD")), [], None),  # it progressed, and nobody knows when
        (course((57, "NE")), [], None),
        (Course((Assessment(57, "imwg", "PD", "investigator"), *SD)), [], Followed(113, event=False)),  # another scale
        (Course((Assessment(57, "recist-1.1", "PD", "central"), *SD)), [], Followed(113, event=False)),  # by others
        (course(), [], None),
        (course((57, "SD")), [None], None),  # dead, and nobody knows when
        (None, [90], None),  # an assessment is shut
    ],
)
def test_it_ends_with_progression_death_or_the_last_look(
    seen: Course | None, deaths: list[int | None], followed: Followed | None
) -> None:
    assert progression_free(seen, ENDPOINT, [(day, "dead") for day in deaths]) == followed


def test_overall_survival_ends_with_death_or_the_last_day_alive() -> None:
    assert overall([(200, "alive"), (100, "alive")]) == Followed(200, event=False)
    assert overall([(401, "dead"), (200, "alive")]) == Followed(401, event=True)
    assert overall([(401, "dead"), (402, "dead")]) == Followed(402, event=True)  # the last word
    assert overall([(None, "dead"), (200, "alive")]) is None  # dead, and nobody knows when
    assert overall([]) is None


def test_the_end_of_a_treatment_and_a_fatal_event_tell_of_a_death_where_nothing_else_does() -> None:
    fatal = Told(ROW, {"day": 130, "ctcae_grade": 5, "severity": None}, 1)
    dead = Told(ROW, {"day": 401, "status": "dead"}, 2)

    assert overall(_survival(replace(TREATED, end={"end_day": 90, "end_reason": "death"}))) == Followed(90, event=True)
    assert overall(_survival(replace(TREATED, end={"end_day": 90, "end_reason": "toxicity"}))) == Followed(
        90, event=False
    )
    assert overall(_survival(replace(TREATED, adverse_events=(fatal,)))) is None  # on a day that it does not tell
    assert overall(_survival(replace(TREATED, adverse_events=(fatal,), survival=(dead,)))) == Followed(401, event=True)
