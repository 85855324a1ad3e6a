"""Progression-free and overall survival of one patient, in study days."""

import pytest

from ledger.clinical.course import Assessment, Course
from ledger.exports.progression import Followed, overall, progression_free


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
        (course(), [], None),
        (course((57, "SD")), [None], None),  # dead, and nobody knows when
        (None, [90], None),  # an assessment is shut
    ],
)
def test_it_ends_with_progression_death_or_the_last_look(
    seen: Course | None, deaths: list[int | None], followed: Followed | None
) -> None:
    assert progression_free(seen, [(day, "dead") for day in deaths]) == followed


def test_overall_survival_ends_with_death_or_the_last_day_alive() -> None:
    assert overall([(200, "alive"), (100, "alive")]) == Followed(200, event=False)
    assert overall([(401, "dead"), (200, "alive")]) == Followed(401, event=True)
    assert overall([(401, "dead"), (402, "dead")]) == Followed(402, event=True)  # the last word
    assert overall([(None, "dead"), (200, "alive")]) is None  # dead, and nobody knows when
    assert overall([]) is None
