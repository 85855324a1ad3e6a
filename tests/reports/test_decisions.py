"""The decision that is due: on which cases, at how many benefits, and what is drafted of it, if anything."""

from collections.abc import Mapping
from typing import Any

import pytest
from amended import corrects, last_of
from courses import BENEFIT, NONE, follows, revealed
from given import COHORT, DRUP, IMPRESS, PROTARGET, Alliance, case, opened, patient
from resolved import agree, removal
from stages import each_its_own, four_evaluable, two_evaluable

from ledger.errors import NotFoundError, RuleError
from ledger.reports.decisions import NamedCase, Suggestion, draft_of, shown_to, suggestions


def suggested(alliance: Alliance, *, shut: tuple[int, ...] = ()) -> Suggestion:
    (found,) = suggestions(revealed(alliance, shut=shut), COHORT)
    return found


def due(
    *, second: tuple[tuple[int, str], ...] = NONE, claims: tuple[str | None, str | None] = ("yes", "no")
) -> Alliance:
    """Two of two are evaluable: the first benefits, and the second does what is said."""
    alliance = two_evaluable()
    follows(alliance, 1, claim=claims[0])
    follows(alliance, 2, node=PROTARGET, course=second, claim=claims[1])
    return alliance


def takes(alliance: Alliance, draft: Mapping[str, Any], node: str = DRUP) -> None:
    assert alliance.says(node, draft["type"], draft["data"]).versions


def test_the_first_so_many_evaluable_cases_are_named_in_the_order_of_their_treatment() -> None:
    alliance = due()

    found = suggested(alliance)

    assert found.evaluable == (NamedCase(DRUP, case(1)), NamedCase(PROTARGET, case(2)))
    assert (found.stage, found.wanted, found.data_cut, found.decider) == (1, 2, alliance.database.size - 1, DRUP)
    assert (found.claimed, found.computed, found.as_claimed, found.as_computed) == (1, 1, ("expand",), ("expand",))
    assert (found.is_due, found.differs, found.missing) == (True, False, ())


def test_the_draft_is_what_the_rules_admit() -> None:
    alliance = due()

    takes(alliance, draft_of(suggested(alliance)))

    assert suggested(alliance).stage == 2


def test_a_corrected_start_keeps_its_place_in_the_order_as_the_rules_have_it() -> None:
    alliance = two_evaluable()
    start = next(each for each in alliance.database.events if each.type == "treatment.started")
    corrects(
        alliance,
        last_of(alliance, "treatment.started")._replace(event=start),
        **patient(case(1)),
        on="2021-12-04",
        stage=1,
    )
    follows(alliance, 1)
    follows(alliance, 2, node=PROTARGET, course=NONE, claim="no")

    found = suggested(alliance)

    assert [each.case for each in found.evaluable] == [case(1), case(2)]
    takes(alliance, draft_of(found))


def test_what_is_missing_is_said_and_nothing_is_drafted_or_counted_before() -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))
    alliance.finds(DRUP, case(1))
    follows(alliance, 1)
    alliance.treats(DRUP, case(2))

    found = suggested(alliance)

    assert found.missing == ("1 of the 2 evaluable cases are there, 1 treated are undetermined",)
    assert (found.claimed, found.computed) == (None, None)  # they would be one patient's
    with pytest.raises(RuleError, match="is not to be decided yet: 1 of the 2"):
        draft_of(found)


def test_an_undetermined_case_that_comes_before_stands_in_the_way() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
    alliance.finds(DRUP, case(1), evaluable=False)
    determined = last_of(alliance, "evaluability.determined")
    alliance.treats(DRUP, case(3))
    for number in (2, 3):
        alliance.finds(DRUP, case(number))
    assert suggested(alliance).missing == ()

    alliance.says(
        DRUP,
        "event.retracted",
        {"event": determined.event.event_id, "reason_code": "typing-error", "reason": "of another patient"},
    )

    assert suggested(alliance).missing == (
        f"case {case(1)} of {DRUP} comes before one of these, and is not determined yet",
    )


def test_without_a_claim_the_number_that_is_claimed_is_not_told_and_the_computed_one_may_be_stated() -> None:
    alliance = due(claims=("yes", None))

    found = suggested(alliance)

    assert (found.claimed, found.computed, found.unclaimed) == (None, 1, 1)
    with pytest.raises(RuleError, match="1 of its cases have no claim"):
        draft_of(found)
    takes(alliance, draft_of(found, by="computed"))


def test_what_is_shut_is_not_counted_as_anything() -> None:
    alliance = due()
    of_the_second = last_of(alliance, "response.assessed").event.index

    found = suggested(alliance, shut=(of_the_second,))

    assert (found.claimed, found.computed, found.shut) == (1, None, 1)
    with pytest.raises(RuleError, match="of 1 what is needed is erased or withheld"):
        draft_of(found, by="computed")
    takes(alliance, draft_of(found))


def test_where_claims_and_assessments_differ_a_person_says_which_number_is_stated() -> None:
    alliance = due(claims=("no", "no"))

    found = suggested(alliance)

    assert (found.claimed, found.computed) == (0, 1)
    assert (found.as_claimed, found.as_computed) == (("close-futility",), ("expand",))
    assert found.decides_differently
    with pytest.raises(RuleError, match="and lead to different decisions: say which"):
        draft_of(found)
    assert draft_of(found, by="claimed")["data"]["decision"] == "close-futility"  # type: ignore[index, call-overload]
    takes(alliance, draft_of(found, by="computed"))


def test_numbers_that_differ_are_asked_about_even_where_they_decide_alike() -> None:
    alliance = due(second=BENEFIT)

    found = suggested(alliance)

    assert (found.differs, found.decides_differently) == (True, False)
    with pytest.raises(RuleError, match="give different numbers of benefits: say which"):
        draft_of(found)


def test_a_choice_that_the_design_leaves_is_a_persons() -> None:
    alliance = four_evaluable()
    for number, node in ((1, DRUP), (2, PROTARGET), (3, DRUP), (4, PROTARGET)):
        follows(alliance, number, node=node)

    found = suggested(alliance)

    assert (found.stage, found.as_claimed) == (2, ("stage-3", "success"))
    with pytest.raises(RuleError, match="say which: stage-3 or success"):
        draft_of(found)
    with pytest.raises(RuleError, match="the design allows stage-3 or success, not close-no-activity"):
        draft_of(found, decision="close-no-activity")
    takes(alliance, draft_of(found, decision="stage-3"))
    after = suggested(alliance)
    assert (after.stage, after.wanted, after.evaluable) == (None, 0, ())
    with pytest.raises(RuleError, match="no stage of braf-v600 is left"):
        draft_of(after)


def test_each_trial_that_accrues_for_itself_has_a_decision_of_its_own_and_its_benefits_are_told_to_it_alone() -> None:
    alliance = each_its_own()
    for number in (2, 3):
        follows(alliance, number, node=PROTARGET)

    of_drup, of_protarget = suggestions(revealed(alliance), COHORT)

    assert (of_drup.node, len(of_drup.evaluable), of_drup.is_due) == (DRUP, 1, False)
    assert (of_protarget.decider, of_protarget.claimed, of_protarget.computed) == (PROTARGET, 2, 2)
    assert shown_to(of_protarget, PROTARGET, is_auditor=False, threshold=5) == of_protarget
    assert shown_to(of_protarget, IMPRESS, is_auditor=True, threshold=5) == of_protarget
    hidden = shown_to(of_protarget, IMPRESS, is_auditor=False, threshold=5)
    assert (hidden.claimed, hidden.computed, hidden.as_claimed, hidden.as_computed) == (None, None, (), ())
    takes(alliance, draft_of(of_protarget), PROTARGET)


@pytest.mark.parametrize(
    ("node", "threshold", "is_told"),
    [
        (DRUP, 5, True),
        (PROTARGET, 5, False),
        (IMPRESS, 5, False),
        (None, 5, False),
        (IMPRESS, 2, True),
        (None, 2, True),
    ],
)
def test_the_benefits_of_a_few_others_are_told_to_the_one_who_decides_alone(
    node: str | None, threshold: int, *, is_told: bool
) -> None:
    found = suggested(due())  # of two cases, one of them DRUP's, which defined the cohort

    shown = shown_to(found, node, is_auditor=False, threshold=threshold)

    assert (shown == found) is is_told
    assert (shown.claimed is not None, shown.as_computed != ()) == (is_told, is_told)
    assert shown_to(found, node, is_auditor=True, threshold=threshold) == found


def test_once_the_definer_was_removed_nobody_in_particular_decides() -> None:
    alliance = due()
    agree(alliance, "farewell", "removal", removal(DRUP), without=[DRUP])

    assert suggested(alliance).decider is None


def test_a_cohort_that_nobody_defined_has_no_decision() -> None:
    with pytest.raises(NotFoundError, match="no cohort named elsewhere"):
        suggestions(revealed(due()), "elsewhere")


def test_a_decision_on_made_up_patients_says_that_it_is_made_up() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
        made_up = {**patient(case(number)), "evaluable": True, "rule": "one-cycle", "synthetic": True}
        alliance.says(DRUP, "evaluability.determined", made_up)
        follows(alliance, number)

    draft: Any = draft_of(suggested(alliance))

    assert draft["data"]["synthetic"] is True
    takes(alliance, draft)
