"""What partners see of a cohort's outcomes: what enough others stand behind, and no small count by any sum."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import pytest
from fates import EIGHT_AND_24, IS_STABLE, PROGRESSES, RESPONDS, Fate, erase, opened_under, revealed, scan, tell, toxic
from given import COHORT, DRUP, IMPRESS, PROTARGET, REGIMEN, Alliance, case, opened, patient
from stages import decision, last

from ledger.clinical.suppression import HIDDEN
from ledger.reports.cohort_progress import CohortProgress, own_of, progress_of
from ledger.reports.looks import Look, looked
from ledger.reports.material import Material, material
from ledger.reports.patients import Answer, Patient
from ledger.reports.shown import Audience, PooledProgress, progress_for
from ledger.reports.shown_looks import Enough, looks_for

AUDITOR, OUTSIDER = Audience("auditor"), Audience("partner")
WIDE = EIGHT_AND_24 | {"n1": 20, "n": 40}
YES, NO = Fate(DRUP, RESPONDS, "yes"), Fate(DRUP, PROGRESSES, "no")


def of(**patients: str) -> Alliance:
    """The cohort at three nodes; patients of each, `y` benefits and `n` does not."""
    alliance, number = opened(DRUP, PROTARGET, IMPRESS, design=WIDE), 0
    for node, answers in zip(
        (DRUP, PROTARGET, IMPRESS), (patients.get(key, "") for key in ("nl", "dk", "no")), strict=True
    ):
        for answer in answers:
            number += 1
            tell(alliance, {number: replace(YES if answer == "y" else NO, node=node)})
    return alliance


def told_of(alliance: Alliance) -> Material:
    return material(revealed(alliance), COHORT)


def seen(alliance: Alliance, node: str | None = None, tier: Any = "partner") -> CohortProgress:
    found = progress_for(told_of(alliance), Audience(tier, node=node))
    assert isinstance(found, CohortProgress)
    return found


def look(found: CohortProgress, of_: str = "cohort", name: str | None = None, at: str = "now") -> Look:
    return next(each for each in found.looks if (each.of, each.name, each.look) == (of_, name, at))


def yes_no(each: Look) -> tuple[Any, Any]:
    return each.computed.yes, each.computed.no


# ---------------------------------------------------------------------- pooled


def test_an_auditor_sees_all_of_it() -> None:
    alliance = of(nl="yn", dk="y")

    assert seen(alliance, tier="auditor") == progress_of(told_of(alliance))


@pytest.mark.parametrize("tier", ["partner", "investigator"])
def test_what_is_of_enough_patients_together_is_exact_and_of_fewer_it_is_not_shown(tier: Any) -> None:
    enough, few = seen(of(nl="ynn", dk="yy"), tier=tier), seen(of(nl="ynn", dk="y"), tier=tier)

    assert yes_no(look(enough)) == (3, 2)
    assert look(enough).computed_rate == look(seen(of(nl="ynn", dk="yy"), tier="auditor")).computed_rate
    assert yes_no(look(few)) == ("<5", "<5")
    rate = look(few).computed_rate
    assert (rate.numerator, rate.denominator, rate.point, rate.naive_95, rate.label) == (
        "<5",
        "<5",
        None,
        None,
        "not shown",
    )
    assert look(few).follows_design is None
    assert look(few).evaluable == 4  # which is clear


def test_a_member_that_can_subtract_its_own_is_told_no_sum_with_a_few_others() -> None:
    alliance = of(nl="ynnnn", dk="yy")

    assert yes_no(look(seen(alliance))) == (3, 4)
    assert yes_no(look(seen(alliance, DRUP))) == (HIDDEN, HIDDEN)  # 2 others
    assert yes_no(look(seen(alliance, PROTARGET))) == (3, 4)  # 5 others
    assert yes_no(look(seen(alliance, IMPRESS))) == (3, 4)


def test_what_is_all_ones_own_is_exact_however_little_it_is() -> None:
    found = seen(of(nl="yn"), DRUP)

    assert yes_no(look(found)) == (1, 1)
    assert found.results.swimmer is not None
    assert len(found.results.swimmer) == 2


def test_a_nodes_own_is_exact_beside_what_is_hidden() -> None:
    alliance = of(nl="ynn", dk="y")

    found = seen(alliance, DRUP)

    assert found.own == own_of(told_of(alliance), DRUP)
    assert found.own is not None
    assert (found.own.looks[-1].computed.yes, found.own.looks[-1].computed.no) == (1, 2)
    assert found.own.results.responses is not None
    assert (found.own.results.responses.objective.numerator, found.own.results.treated) == (1, 3)
    assert seen(alliance, IMPRESS).own is None


def test_two_looks_that_differ_by_a_few_are_not_both_shown() -> None:
    alliance = opened_under(DRUP, design=EIGHT_AND_24 | {"n1": 5})
    tell(alliance, dict.fromkeys(range(1, 5), NO) | {5: YES})
    cases = [(DRUP, case(number)) for number in range(1, 6)]
    alliance.says(DRUP, "cohort.stage_decided", decision(cases, decision="expand", data_cut=last(alliance)))
    tell(alliance, {number: replace(NO, stage=2) for number in range(6, 10)})
    before = seen(alliance)
    tell(alliance, {10: replace(YES, stage=2)})
    after = seen(alliance)

    assert [yes_no(look(found, at="stage 1")) for found in (before, after)] == [(1, 4), (1, 4)]
    assert [yes_no(look(found)) for found in (before, after)] == [(HIDDEN, HIDDEN), (2, 8)]


def test_whose_answer_is_erased_stands_behind_nothing() -> None:
    alliance = of(nl="ynn", dk="yy")
    erase(alliance, DRUP, 1)

    found = look(seen(alliance))

    assert yes_no(found) == ("<5", "<5")
    assert (found.computed.shut, found.evaluable) == (1, 5)


def test_stage_3_is_shown_where_it_is_of_enough() -> None:
    alliance = opened(DRUP)
    tell(alliance, {1: YES, 2: NO})
    first = [(DRUP, case(1)), (DRUP, case(2))]
    alliance.says(DRUP, "cohort.stage_decided", decision(first, decision="expand", data_cut=last(alliance)))
    tell(alliance, {3: replace(YES, stage=2), 4: replace(NO, stage=2)})
    four = [(DRUP, case(number)) for number in range(1, 5)]
    said = decision(four, decision="stage-3", stage=2, benefits=2, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", said)
    tell(alliance, {number: replace(YES, stage=3) for number in range(5, 9)})

    few = seen(alliance).stage_3
    tell(alliance, {9: replace(NO, stage=3)})
    enough = seen(alliance).stage_3

    assert (few.treated, few.computed.yes) == (4, "<5")
    assert (enough.treated, enough.computed.yes, enough.computed.no) == (5, 4, 1)


def test_where_each_trial_accrues_for_itself_its_own_scope_is_what_must_be_enough() -> None:
    alliance = opened(DRUP, PROTARGET, IMPRESS, accrual="per-trial", design=WIDE)
    tell(alliance, dict.fromkeys(range(1, 5), NO) | {5: YES})
    tell(alliance, {number: replace(YES, node=PROTARGET) for number in range(6, 9)})

    found = seen(alliance)

    assert yes_no(look(found, "trial", DRUP)) == (1, 4)
    assert yes_no(look(found, "trial", PROTARGET)) == ("<5", "<5")
    assert yes_no(look(found)) == (HIDDEN, HIDDEN)  # less DRUP's, it would be PROTARGET's
    assert yes_no(look(found, "country", "NL")) == (1, 4)
    assert yes_no(look(found, "country", "DK")) == ("<5", "<5")


# ---------------------------------------------------------------------- by country


def answered(told: Material, yes: Mapping[str, int]) -> Material:
    """The same patients, of whom so many of each node benefit."""
    left = dict(yes)
    patients: list[Patient] = []
    for each in told.patients:
        answer: Answer = "yes" if left[each.node] > 0 else "no"
        left[each.node] -= 1
        patients.append(replace(each, claimed=answer, computed=answer))
    return replace(told, patients=tuple(patients))


@pytest.mark.parametrize("reader", [None, DRUP, PROTARGET])
@pytest.mark.parametrize("sizes", [(2, 3, 4), (1, 1, 6), (6, 3, 0)], ids=str)
def test_from_all_that_a_partner_sees_no_count_that_is_hidden_from_it_can_be_worked_out(
    sizes: tuple[int, ...], reader: str | None
) -> None:
    # given: all that could have happened to these patients
    nodes = (DRUP, PROTARGET, IMPRESS)
    told = told_of(of(nl="n" * sizes[0], dk="n" * sizes[1], no="n" * sizes[2]))
    alike = defaultdict(list)
    for yes in product(*(range(size + 1) for size in sizes)):
        world = answered(told, dict(zip(nodes, yes, strict=True)))
        shown = looks_for(looked(world), Enough(reader, 4))
        own = yes[nodes.index(reader)] if reader else None
        alike[json.dumps([asdict(each) for each in shown]), own].append((shown, yes))

    # when: a reader knows what it sees, what is its own, and how things are hidden
    hidden = 0
    for worlds in alike.values():
        shown, _ = worlds[0]
        for each in shown:
            of_group = {"NL": (0,), "DK": (1,), "NO": (2,)}.get(each.name or "", (0, 1, 2))
            others = {sum(yes[place] for place in of_group if nodes[place] != reader) for _, yes in worlds}
            size = sum(sizes[place] for place in of_group if nodes[place] != reader)

            # then
            if isinstance(each.claimed.yes, str):
                hidden += 1
                assert len(others) > 1
                if each.of == "cohort":
                    assert others == set(range(size + 1))
            else:
                assert len(others) == 1
    contributors = [node for node, size in zip(nodes, sizes, strict=True) if size and node != reader]
    assert hidden > 0 or len(contributors) == 1


def test_what_one_other_node_alone_contributed_is_what_a_sum_would_tell_and_is_not_said_to_be_hidden() -> None:
    alliance = of(nl="yn", dk="ynnnn")

    assert yes_no(look(seen(alliance, DRUP), "country", "DK")) == (1, 4)
    assert yes_no(look(seen(alliance, IMPRESS), "country", "DK")) == (HIDDEN, HIDDEN)
    assert yes_no(look(seen(alliance, IMPRESS))) == (2, 5)


def test_by_country_nothing_but_ones_own_is_shown_of_a_look_that_is_over() -> None:
    alliance = opened(DRUP, PROTARGET, design=EIGHT_AND_24)
    tell(alliance, dict.fromkeys(range(1, 6), NO) | {6: YES, 7: YES})
    tell(alliance, {number: replace(YES, node=PROTARGET) for number in range(8, 9)})
    cases = [(DRUP, case(number)) for number in range(1, 8)] + [(PROTARGET, case(8))]
    alliance.says(DRUP, "cohort.stage_decided", decision(cases, decision="expand", data_cut=last(alliance), benefits=3))

    found = seen(alliance, PROTARGET)

    assert yes_no(look(found, at="stage 1")) == (3, 5)
    assert yes_no(look(found, "country", "NL", "stage 1")) == (HIDDEN, HIDDEN)
    assert yes_no(look(found, "country", "DK", "stage 1")) == (1, 0)


# ---------------------------------------------------------------------- responses, curves, adverse events


def test_kinds_of_response_are_shown_where_none_of_them_is_of_a_few() -> None:
    alliance = opened(DRUP, design=WIDE)
    tell(alliance, dict.fromkeys(range(1, 8), YES) | {8: NO})

    found = seen(alliance).results.responses

    assert found is not None
    assert (found.objective.numerator, found.objective.denominator) == (7, 8)
    assert {each.patients for each in found.best} == {HIDDEN}
    nobody_responded = seen(of(nl="nnnnnn")).results.responses
    assert nobody_responded is not None
    kinds = {each.kind: each.patients for each in nobody_responded.best}
    assert (kinds["complete"], kinds["partial"], kinds["progression"]) == (0, 0, HIDDEN)  # as the rate tells


def test_curves_and_lines_are_shown_from_five_others_on_and_codes_only_where_they_tell_of_no_few() -> None:
    few, enough = seen(of(nl="ynn", dk="y")).results, seen(of(nl="ynn", dk="yy")).results

    assert (few.progression_free, few.overall, few.swimmer) == (None, None, None)
    assert enough.progression_free == seen(of(nl="ynn", dk="yy"), tier="auditor").results.progression_free
    assert enough.swimmer is not None
    assert {assessed.response for line in enough.swimmer for assessed in line.assessments} == {None}
    assert {assessed.day for line in enough.swimmer for assessed in line.assessments} == {57, 113}
    assert seen(of(nl="ynnnn", dk="yy"), DRUP).results.swimmer is None


def measured(alliance: Alliance, nodes: Mapping[int, str]) -> Alliance:
    """Those cases have target lesions that were measured: at baseline, and once more before all other scans."""
    for number, node in nodes.items():
        for day, response, sum_mm in ((1, None, 50), (30, "SD", 45)):
            told = scan(day, response, target_sum_mm=sum_mm, baseline=True if response is None else None)
            alliance.says(node, "response.assessed", patient(case(number)) | told)
    return alliance


def test_target_lesions_are_shown_where_the_codes_are_and_enough_others_were_measured() -> None:
    nodes = dict.fromkeys(range(1, 7), DRUP)
    all_of_one_kind = seen(measured(of(nl="yyyyyy"), nodes)).results
    of_two_kinds = seen(measured(of(nl="yyyyyn"), nodes)).results
    few_measured = seen(measured(of(nl="yyyyyy"), {1: DRUP})).results
    few = seen(measured(of(nl="yyyy"), dict.fromkeys(range(1, 5), DRUP))).results
    own = seen(measured(of(nl="yyyyyy"), nodes), DRUP).results
    exact = seen(measured(of(nl="yyyyyn"), nodes), tier="auditor").results

    assert exact.waterfall is not None
    assert exact.waterfall.changes == (-10.0,) * 6
    assert of_two_kinds.responses != exact.responses
    assert (of_two_kinds.waterfall, few_measured.waterfall, few.waterfall) == (None, None, None)
    assert own.waterfall is not None  # all of them are its own
    assert all_of_one_kind.waterfall is None  # no kind of response may be small, none at all neither


def test_target_lesions_of_enough_responders_of_each_kind_are_shown() -> None:
    alliance = opened(DRUP, design=WIDE)
    complete = replace(YES, scans=((57, "CR"), (113, "CR")))
    tell(alliance, {number: complete if number > 5 else YES for number in range(1, 11)})

    found = seen(measured(alliance, dict.fromkeys(range(1, 6), DRUP))).results

    assert found.waterfall is not None
    assert (found.waterfall.changes, found.waterfall.unmeasured) == ((-10.0,) * 5, 5)


def with_events() -> Alliance:
    alliance = of(nl="nnnnnn", dk="nnnnnn")
    for number in range(1, 8):
        toxic(alliance, DRUP if number < 7 else PROTARGET, case(number), "anaemia")
    toxic(alliance, DRUP, case(1), "sepsis", ctcae_grade=4)
    return alliance


def test_terms_that_tell_of_a_few_are_left_out_and_with_them_what_a_sum_would_tell() -> None:
    alliance = with_events()

    exact, found = seen(alliance, tier="auditor").results.toxicity, seen(alliance).results.toxicity

    assert exact is not None
    assert found is not None
    assert [(each.term, each.patients) for each in exact.severe.terms] == [("anaemia", 7), ("sepsis", 1)]
    assert found.severe.patients == exact.severe.patients
    assert (found.severe.events, found.severe.terms, found.severe.terms_hidden) == (8, (), True)  # 8 less 7 is sepsis
    assert {each.patients for each in found.grades} == {HIDDEN}


def test_terms_of_enough_are_shown_where_what_is_left_is_of_enough_or_of_none() -> None:
    alliance = with_events()
    for number in (2, 3, 8, 9, 10):
        toxic(alliance, DRUP if number < 7 else PROTARGET, case(number), f"rash {number}")

    found = seen(alliance).results.toxicity

    assert found is not None
    assert [(each.term, each.patients, each.events) for each in found.severe.terms] == [("anaemia", 7, 7)]
    assert found.severe.terms_hidden


def test_adverse_events_of_few_others_are_not_shown_at_all() -> None:
    alliance = of(nl="nnnnnn", dk="nn")
    toxic(alliance, PROTARGET, case(7), "sepsis")

    found = seen(alliance, DRUP).results.toxicity

    assert found is not None
    assert (found.severe.patients.numerator, found.severe.events, found.severe.terms) == (HIDDEN, HIDDEN, ())
    assert "sepsis" not in json.dumps(asdict(seen(alliance, DRUP)))


# ---------------------------------------------------------------------- outsiders


@pytest.mark.parametrize(
    "audience", [Audience("public"), Audience("industry", frozenset({REGIMEN}))], ids=["public", "industry"]
)
def test_outsiders_see_what_the_design_does_and_no_outcome(audience: Audience) -> None:
    fates = {number: Fate(DRUP, IS_STABLE, "yes") for number in range(1, 13)}
    with_outcomes, without = (opened(DRUP, design=WIDE) for _ in range(2))
    tell(with_outcomes, fates)
    tell(without, {number: replace(fate, scans=(), benefit=None) for number, fate in fates.items()})

    found, other = (progress_for(told_of(each), audience) for each in (with_outcomes, without))

    assert isinstance(found, PooledProgress)
    assert found == other
    assert found.characteristics == progress_of(told_of(without)).characteristics
