"""The looks at a cohort, recounted from what was said of every kind of patient."""

from typing import Any

import pytest
from fates import (
    IS_STABLE,
    PROGRESSES,
    RESPONDS,
    Fate,
    claims,
    erase,
    opened_under,
    recount,
    retold,
    revealed,
    tell,
    to_the_end,
)
from given import COHORT, DRUP, PROTARGET, SMALL, WEEK_16, Alliance, case, opened
from resolved import off_design
from stages import decision, last

from ledger.clinical.benefit import Endpoint
from ledger.clinical.characteristics import characteristics
from ledger.clinical.estimates import estimate
from ledger.clinical.two_stage import Design
from ledger.reports.cohort_progress import CohortProgress, cohort_progress
from ledger.reports.looks import Look, Tally

DESIGN, ENDPOINT = Design.parse(SMALL), Endpoint.parse(WEEK_16)
FATES = {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(PROTARGET, PROGRESSES, "no")}
ANSWERS = ("yes", "no", "not-evaluable", "unclaimed", "shut")


def progress(alliance: Alliance, *, is_open: bool = True) -> CohortProgress:
    return cohort_progress(revealed(alliance, is_open=is_open), COHORT)


def looks(alliance: Alliance, **more: Any) -> dict[tuple[str, str | None, str], Look]:
    return {(each.of, each.name, each.look): each for each in progress(alliance, **more).looks}


def whole(alliance: Alliance, look: str = "now") -> Look:
    return looks(alliance)["cohort", None, look]


def counts(tally: Tally) -> dict[str, Any]:
    return dict(zip(ANSWERS, (tally.yes, tally.no, tally.not_evaluable, tally.unclaimed, tally.shut), strict=True))


def decides(
    alliance: Alliance, *numbers: int, says: str = "expand", stage: int = 1, benefits: int = 1, **more: Any
) -> None:
    node_of = {handle: raw.node for handle, raw in retold(alliance).items()}
    cases = [(node_of[case(number)], case(number)) for number in numbers]
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(cases, decision=says, stage=stage, benefits=benefits, data_cut=last(alliance), **more),
    )


@pytest.mark.parametrize("erased", [(), (2,), (1, 4)])
def test_every_look_of_every_group_is_what_the_nodes_said_word_for_word(erased: tuple[int, ...]) -> None:
    alliance = to_the_end()
    for number in erased:
        erase(alliance, DRUP if number != 2 else PROTARGET, number)
    raws = retold(alliance)
    named = {"stage 1": {case(1), case(2)}, "stage 2": {case(1), case(2), case(4), case(6)}}
    named["now"] = {handle for handle, raw in raws.items() if raw.evaluable and raw.stage in {1, 2}}

    found = looks(alliance)

    assert set(found) == {
        (of, name, look) for of, name in (("cohort", None), ("country", "NL"), ("country", "DK")) for look in named
    }
    for (_, country, look), each in found.items():
        of_group = [raws[handle] for handle in named[look] if country in (None, raws[handle].country)]
        claimed, computed = recount(of_group, ENDPOINT)
        assert counts(each.claimed) == {answer: claimed[answer] for answer in ANSWERS}, (country, look)
        assert counts(each.computed) == {answer: computed[answer] for answer in ANSWERS}, (country, look)
        assert each.evaluable == len(of_group)
        assert each.computed_rate.numerator == computed["yes"]
        assert each.computed_rate.unknown == computed["shut"]
        assert each.claimed_rate.unknown == claimed["shut"] + claimed["unclaimed"]
    assert found["cohort", None, "now"].treated == sum(raw.stage in {1, 2} for raw in raws.values())


def test_who_is_treated_beyond_the_design_is_counted_apart_and_in_no_look() -> None:
    alliance = to_the_end()

    found = progress(alliance)

    claimed, computed = recount([raw for raw in retold(alliance).values() if raw.stage == 3], ENDPOINT)
    assert (found.stage_3.treated, found.stage_3.evaluable) == (2, 2)
    assert counts(found.stage_3.claimed) == {answer: claimed[answer] for answer in ANSWERS}
    assert counts(found.stage_3.computed) == {answer: computed[answer] for answer in ANSWERS}
    assert whole(alliance).evaluable == 4
    assert found.results.treated == 5


def test_places_and_the_undecided_are_told_of_now_alone() -> None:
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes")})
    alliance.allocates(PROTARGET, case(2))

    found = looks(alliance)

    now = found["cohort", None, "now"]
    assert (now.evaluable, now.pending, now.places_left) == (1, 1, 0)
    assert {name: each.pending for (of, name, _), each in found.items() if of == "country"} == {"NL": 0, "DK": 1}
    assert {each.places_left for (of, _, _), each in found.items() if of == "country"} == {None}


def test_the_design_is_shown_with_what_it_does() -> None:
    assert progress(opened(DRUP)).characteristics == characteristics(DESIGN)


# ---------------------------------------------------------------------- how the trial stood


def test_a_running_cohort_is_interim() -> None:
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, FATES)

    now = whole(alliance)

    assert now.computed_rate.label == estimate(DESIGN, "interim", benefits=1, evaluable=2).label
    assert (now.decided, now.follows_design) == (None, True)


def test_a_look_that_went_on_is_interim_and_the_last_one_is_completed() -> None:
    alliance = to_the_end()

    first, second, now = (whole(alliance, look) for look in ("stage 1", "stage 2", "now"))

    completed = estimate(DESIGN, "completed", benefits=2, evaluable=4)
    assert first.computed_rate.label == estimate(DESIGN, "interim", benefits=1, evaluable=2).label
    for each in (second, now):
        rate = each.computed_rate
        assert (rate.label, rate.point, rate.estimator) == (completed.label, completed.point, completed.estimator)
        assert (rate.interval_95, rate.interval_90, rate.p_value) == (
            completed.interval_95,
            completed.interval_90,
            completed.p_value,
        )
    assert (first.decided, first.stated, second.decided, second.stated) == ("expand", 1, "stage-3", 2)


def test_a_cohort_that_its_first_look_closed_is_stopped_there() -> None:
    alliance = opened(DRUP)
    tell(alliance, {1: Fate(DRUP, PROGRESSES, "no"), 2: Fate(DRUP, PROGRESSES, "no")})
    decides(alliance, 1, 2, says="close-futility", benefits=0)

    stopped = estimate(DESIGN, "stopped-at-stage-1", benefits=0, evaluable=2)

    assert {whole(alliance, look).computed_rate.label for look in ("stage 1", "now")} == {stopped.label}


def closes(alliance: Alliance) -> None:
    said: dict[str, Any] = {"on": "2022-01-03", "reason_code": "slow-accrual", "scope": "everywhere", "reason": "few"}
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT} | said)


def test_a_cohort_that_was_closed_before_its_look_is_no_interim_one() -> None:
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, {1: FATES[1]})
    closes(alliance)

    found = whole(alliance)

    assert found.computed_rate.label == found.claimed_rate.label == "design not followed"
    assert (found.follows_design, found.computed_rate.interval_95) == (False, None)
    assert found.computed_rate.naive_95 == estimate(DESIGN, "interim", benefits=1, evaluable=1).interval_95


def test_one_that_was_closed_with_all_patients_of_its_look_still_waits_for_the_decision() -> None:
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, FATES)
    closes(alliance)

    assert whole(alliance).computed_rate.label == "interim, not adjusted"


def test_what_a_resolution_excused_was_not_by_the_design() -> None:
    alliance = opened(DRUP)
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes")})
    content: dict[str, Any] = {"cohort": COHORT, "stage": 1, "off_design": ["cases"], "why": "few came"}
    alliance.adopts("few-came", "decision", content)
    decides(alliance, 1, override="few-came")

    for look in ("stage 1", "now"):
        found = whole(alliance, look)
        assert found.computed_rate.label == estimate(DESIGN, "not-followed", benefits=1, evaluable=1).label
        assert found.computed_rate.interval_95 is None
        assert not found.follows_design
    assert whole(alliance, "stage 1").override == "few-came"


def test_nor_is_a_decision_that_was_excused_on_the_designs_own_cases() -> None:
    alliance = opened(DRUP)
    tell(alliance, {1: Fate(DRUP, PROGRESSES, "no"), 2: Fate(DRUP, PROGRESSES, "no")})
    content: dict[str, Any] = {"cohort": COHORT, "stage": 1, "off_design": ["decision"], "why": "it works elsewhere"}
    alliance.adopts("go-on", "decision", content)
    decides(alliance, 1, 2, benefits=0, override="go-on")

    for look in ("stage 1", "now"):
        assert (
            whole(alliance, look).computed_rate.label == estimate(DESIGN, "not-followed", benefits=0, evaluable=2).label
        )


def test_late_data_under_which_the_first_look_would_have_stopped_leave_no_adjusted_estimate() -> None:
    alliance = to_the_end()
    claims(alliance, DRUP, case(1), "no")
    claims(alliance, DRUP, case(4), "no")

    second = whole(alliance, "stage 2")

    assert second.claimed_rate.numerator == 0
    assert second.claimed_rate.label == estimate(DESIGN, "not-followed", benefits=0, evaluable=4).label
    assert second.computed_rate.label == estimate(DESIGN, "completed", benefits=2, evaluable=4).label


def test_where_an_answer_is_shut_the_design_does_not_speak_for_the_rest() -> None:
    alliance = to_the_end()
    erase(alliance, PROTARGET, 2)

    rate = whole(alliance, "stage 2").computed_rate

    assert (rate.numerator, rate.denominator, rate.unknown) == (2, 3, 1)
    assert rate.label == estimate(DESIGN, "not-followed", benefits=2, evaluable=3).label


def test_no_country_is_ever_told_by_the_design() -> None:
    found = looks(to_the_end())

    for (of, _, _), each in found.items():
        if of == "country":
            assert (each.follows_design, each.computed_rate.interval_95, each.computed_rate.p_value) == (
                False,
                None,
                None,
            )
            assert each.computed_rate.label == "naive: the design is not of this group"


def test_where_trials_accrue_each_for_itself_each_has_its_own_looks() -> None:
    alliance = opened(DRUP, PROTARGET, accrual="per-trial")
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(DRUP, PROGRESSES, "no")})
    tell(alliance, {3: Fate(PROTARGET, IS_STABLE, "yes")})
    decides(alliance, 1, 2)

    found = looks(alliance)

    assert {key[:2] for key in found} == {
        ("cohort", None), ("trial", DRUP), ("trial", PROTARGET), ("country", "NL"), ("country", "DK"),
    }  # fmt: skip
    assert found["trial", DRUP, "stage 1"].decided == "expand"
    assert ("trial", PROTARGET, "stage 1") not in found
    together = found["cohort", None, "now"]
    assert (together.evaluable, together.computed.yes, together.follows_design) == (3, 2, False)
    assert found["trial", PROTARGET, "now"].follows_design


def test_what_a_trial_decides_that_never_had_the_cohort_is_no_look_at_the_one_that_has() -> None:
    alliance = opened_under(DRUP, accrual="per-trial", design=SMALL)
    tell(alliance, {1: FATES[1], 2: Fate(DRUP, PROGRESSES, "no")})
    before = whole(alliance)
    alliance.adopts("excused", "decision", off_design("cases", "decision"))
    none = decision([], decision="close-futility", benefits=0, data_cut=last(alliance), override="excused")
    alliance.says(PROTARGET, "cohort.stage_decided", none)

    assert {look for _, _, look in looks(alliance)} == {"now"}
    assert whole(alliance).computed_rate.label == before.computed_rate.label == "interim, not adjusted"


def test_what_a_decision_states_is_of_its_scope_and_of_no_country() -> None:
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, FATES)
    decides(alliance, 1, 2)

    stated = {of: each.stated for (of, _, look), each in looks(alliance).items() if look == "stage 1"}

    assert stated == {"cohort": 1, "country": None}


def test_a_cohort_that_one_trial_alone_has_is_that_trials_scope() -> None:
    alliance = opened(DRUP, accrual="per-trial")
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(DRUP, PROGRESSES, "no")})
    decides(alliance, 1, 2)

    found = looks(alliance)

    assert {of for of, _, _ in found} == {"cohort", "country"}
    assert found["cohort", None, "stage 1"].follows_design
    assert found["cohort", None, "now"].places_left == 2


# ---------------------------------------------------------------------- of whom, and as of when


def under(**changes: Any) -> Alliance:
    """The cohort under another endpoint; one patient benefits, one has nothing to be judged by, one is undecided."""
    alliance = opened_under(DRUP, **changes)
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(DRUP, (), "not-evaluable")})
    tell(alliance, {3: Fate(DRUP, (), None, evaluable=None), 4: Fate(DRUP, (), "no", evaluable=False)})
    return alliance


@pytest.mark.parametrize(
    ("changes", "claimed", "computed"),
    [
        ({}, (1, 1, 0), (1, 1, 0)),
        ({"missing": "no"}, (1, 2, 0), (1, 2, 0)),
        ({"denominator": "treated"}, (1, 3, 1), (1, 4, 0)),
        ({"denominator": "treated", "missing": "no"}, (1, 3, 1), (1, 4, 0)),
    ],
)
def test_the_endpoint_says_of_whom_a_rate_is_and_what_the_missing_count_as(
    changes: dict[str, Any], claimed: tuple[int, int, int], computed: tuple[int, int, int]
) -> None:
    now = whole(under(**changes))

    for rate, expected in ((now.claimed_rate, claimed), (now.computed_rate, computed)):
        assert (rate.numerator, rate.denominator, rate.unknown) == expected
        assert rate.population == changes.get("denominator", "evaluable")


def test_every_rate_says_under_which_endpoint_and_as_of_when_it_is() -> None:
    alliance = to_the_end()

    first, now = whole(alliance, "stage 1"), whole(alliance)

    cut = alliance.database.events[-1]
    for rate in (first.claimed_rate, first.computed_rate, now.computed_rate):
        assert rate.endpoint == "week-16"
        assert rate.data_cut.index == cut.index
        assert rate.data_cut.received == cut.received.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    decided = next(each for each in alliance.database.events if each.type == "cohort.stage_decided")
    assert first.cases_as_of.index == decided.index - 1  # as it says itself


def test_where_nothing_is_open_everybody_is_shut_and_nothing_else_is_said() -> None:
    now = looks(to_the_end(), is_open=False)["cohort", None, "now"]

    assert counts(now.claimed) == {"yes": 0, "no": 0, "not-evaluable": 0, "unclaimed": 0, "shut": 4}
    assert counts(now.computed)["shut"] == 4
    assert (now.computed_rate.denominator, now.computed_rate.point, now.computed_rate.unknown) == (0, None, 4)
