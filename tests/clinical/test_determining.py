"""What holds for every course, not only for those of courses.md."""

import re
from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ledger.clinical.benefit import Determined, Endpoint, determine
from ledger.clinical.course import Assessment, Course
from ledger.clinical.responses import RESPONSE_CODES, Criteria, rank

SCALES: tuple[Criteria, ...] = get_args(Criteria)
DRUP = Endpoint(
    criteria=SCALES,
    min_stable_days=112,
    window_days=(-7, 14),
    confirm_days=28,
    at_week_16_only=False,
    evaluator="investigator",
    denominator="evaluable",
    missing="not-evaluable",
)
IMPRESS = replace(DRUP, confirm_days=0, at_week_16_only=True)
WORST_FIRST = ("no", "not-evaluable", "yes")

days = st.integers(2, 60).map(lambda day: day * 3 + day % 2)  # few enough to meet: on one day, in the window, 28 apart
endpoints = st.builds(
    Endpoint,
    criteria=st.sampled_from([SCALES, ("irecist", "recist-1.1"), ("recist-1.1",)]),
    min_stable_days=st.sampled_from([1, 42, 112]),
    window_days=st.sampled_from([(-7, 14), (0, 14), (0, 0), (-112, 3_660)]),
    confirm_days=st.sampled_from([0, 28]),
    at_week_16_only=st.booleans(),
    evaluator=st.sampled_from(["investigator", "central-first"]),
    denominator=st.just("evaluable"),
    missing=st.just("not-evaluable"),
)


@st.composite
def assessments(
    draw: st.DrawFn, on: st.SearchStrategy[int | None] = days, scales: tuple[Criteria, ...] = ("irecist", "recist-1.1")
) -> Assessment:
    criteria = draw(st.sampled_from(scales))
    return Assessment(
        day=draw(on),
        criteria=criteria,
        response=draw(st.sampled_from(sorted(RESPONSE_CODES[criteria]))),
        evaluator=draw(st.sampled_from(["investigator", "investigator", "central"])),
        baseline=draw(st.integers(0, 9)) == 0,
    )


anything = assessments(on=st.none() | st.integers(-40_000, 40_000) | days, scales=SCALES)
courses = st.builds(
    Course,
    st.lists(assessments(), max_size=7).map(tuple),
    st.none() | st.integers(2, 200),
)
partly_dated = st.builds(
    Course,
    st.lists(assessments(on=days | st.none()), max_size=7).map(tuple),
    st.none() | st.integers(2, 200),
)


def _with(course: Course, *more: Assessment) -> Course:
    return replace(course, assessments=(*course.assessments, *more))


def _worth(determined: Determined) -> int:
    return WORST_FIRST.index(determined.benefit)


@given(st.builds(Course, st.lists(anything, max_size=8).map(tuple), st.none() | st.integers(-9, 400)), endpoints)
def test_every_course_comes_to_something(course: Course, endpoint: Endpoint) -> None:
    determined = determine(course, endpoint)

    codes = {code for scale in endpoint.criteria for code in RESPONSE_CODES[scale]}
    assert determined.benefit in WORST_FIRST
    assert {determined.best, determined.best_unconfirmed} <= {*codes, None}
    assert determine(course, endpoint) == determined


@given(partly_dated, endpoints, st.data())
def test_the_order_of_telling_does_not_matter(course: Course, endpoint: Endpoint, data: st.DataObject) -> None:
    shuffled = replace(course, assessments=tuple(data.draw(st.permutations(course.assessments))))

    assert determine(shuffled, endpoint) == determine(course, endpoint)


@given(partly_dated, endpoints, assessments(on=days | st.none()))
def test_what_is_told_twice_counts_once(course: Course, endpoint: Endpoint, again: Assessment) -> None:
    once, twice = (determine(_with(course, *[again] * times), endpoint) for times in (1, 2))

    assert replace(twice, because=once.because) == once


@given(partly_dated, endpoints, assessments(on=days | st.none()))
def test_not_evaluable_is_neither_success_nor_failure(course: Course, endpoint: Endpoint, more: Assessment) -> None:
    before, after = (
        determine(each, endpoint) for each in (course, _with(course, replace(more, response="NE", baseline=False)))
    )

    assert after.benefit == before.benefit
    assert after.best == before.best or (before.best, after.best) == (None, "NE")


@given(partly_dated, endpoints, assessments(on=days | st.none()), st.data())
def test_a_better_finding_never_makes_the_answer_worse(
    course: Course, endpoint: Endpoint, finding: Assessment, data: st.DataObject
) -> None:
    codes = sorted(RESPONSE_CODES[finding.criteria] - {"NE"}, key=lambda code: rank(finding.criteria, code))
    worse = data.draw(st.integers(0, len(codes) - 1))
    better = data.draw(st.integers(0, worse))

    bad, good = (determine(_with(course, replace(finding, response=codes[each])), endpoint) for each in (worse, better))

    assert _worth(good) >= _worth(bad)


@given(courses, endpoints, st.sampled_from(["SD", "PR", "CR", "iUPD", "iSD", "NON-CR/NON-PD"]))
def test_nothing_but_progression_counts_on_an_unknown_day(course: Course, endpoint: Endpoint, code: str) -> None:
    undated = Assessment(None, "irecist", code, "investigator")

    assert determine(_with(course, undated), endpoint).benefit == determine(course, endpoint).benefit


@given(
    st.builds(
        Course,
        st.lists(assessments().map(lambda each: replace(each, evaluator="investigator")), max_size=6).map(tuple),
        st.none() | st.integers(2, 200),
    ),
    endpoints.map(lambda each: replace(each, criteria=SCALES, evaluator="investigator", window_days=(-7, 14))),
)
def test_progression_on_an_unknown_day_leaves_what_holds_on_every_day(course: Course, endpoint: Endpoint) -> None:
    progression = Assessment(None, "recist-1.1", "PD", "investigator")

    undated = determine(_with(course, progression), endpoint)

    days_it_may_have_been = [2, *range(3, 200), 40_000]
    worlds = [determine(_with(course, replace(progression, day=day)), endpoint) for day in days_it_may_have_been]
    answers = {world.benefit for world in worlds}
    assert undated.benefit == (answers.pop() if len(answers) == 1 else "not-evaluable")
    bests = {"PD" if world.best == "iCPD" else world.best for world in worlds}  # which of two it is called is no matter
    assert (undated.best or "none").replace("iCPD", "PD") == (bests.pop() if len(bests) == 1 else "NE")


@given(partly_dated, endpoints)
def test_what_missing_counts_as_changes_nothing_else(course: Course, endpoint: Endpoint) -> None:
    open_, shut = (determine(course, replace(endpoint, missing=missing)) for missing in ("not-evaluable", "no"))

    assert (open_.best, open_.best_unconfirmed) == (shut.best, shut.best_unconfirmed)
    assert shut.benefit == ("no" if open_.benefit == "not-evaluable" else open_.benefit)


@given(partly_dated, endpoints, assessments(on=days | st.none()), st.booleans())
def test_a_baseline_changes_nothing(course: Course, endpoint: Endpoint, more: Assessment, coded: bool) -> None:
    baseline = replace(more, baseline=True, response=more.response if coded else None)

    assert determine(_with(course, baseline), endpoint) == determine(course, endpoint)


@given(partly_dated)
def test_an_endpoint_that_asks_for_less_is_met_by_whoever_meets_one_that_asks_for_more(course: Course) -> None:
    assert _worth(determine(course, DRUP)) <= _worth(determine(course, replace(DRUP, confirm_days=0)))
    assert _worth(determine(course, DRUP)) <= _worth(determine(course, replace(DRUP, min_stable_days=42)))


@given(partly_dated, endpoints, assessments(on=days | st.none(), scales=("lugano",)))
def test_what_the_endpoint_does_not_accept_changes_nothing(
    course: Course, endpoint: Endpoint, more: Assessment
) -> None:
    accepting = replace(endpoint, criteria=("irecist", "recist-1.1"))

    assert determine(_with(course, more), accepting) == determine(course, accepting)


@given(partly_dated, endpoints)
def test_the_reason_names_no_day_of_the_patient(course: Course, endpoint: Endpoint) -> None:
    determined = determine(course, endpoint)

    undated = sum(each.day is None for each in course.assessments)
    known = {16, endpoint.confirm_days, endpoint.min_stable_days, *range(undated + 1)}
    assert {int(number) for number in re.findall(r"\d+", determined.because)} <= known


def test_the_reason_is_in_words() -> None:
    stable = Assessment(57, "recist-1.1", "SD", "investigator")
    progression = Assessment(None, "recist-1.1", "PD", "investigator")

    reasons = [
        determine(Course((stable, replace(stable, day=113))), DRUP).because,
        determine(Course((replace(stable, response="PR"), replace(stable, day=85, response="PR"))), DRUP).because,
        determine(Course((stable,)), DRUP).because,
        determine(Course((stable,)), replace(DRUP, missing="no")).because,
        determine(Course((stable, progression)), DRUP).because,
        determine(Course((replace(progression, day=57),)), IMPRESS).because,
        determine(Course((replace(stable, day=113),)), IMPRESS).because,
    ]

    unfollowed = "no benefit so far, and no progression: not followed to day 112 or beyond"
    undated = "assessments without a full date, which show no benefit: 1"
    assert reasons == [
        "stable disease for at least 112 days of treatment",
        "a response, confirmed at least 28 days later",
        unfollowed,
        f"{unfollowed}; this endpoint counts that as no benefit",
        f"progression on an unknown day, and no benefit on any known one; {undated}",
        "progression before week 16",
        "stable disease at week 16",
    ]
