"""Decisions that are off their design, and late data that would have changed one: found, and nothing is rewritten."""

from dataclasses import replace

from amended import corrects, last_of, retracts
from courses import BENEFIT, NONE, follows, revealed
from given import COHORT, DRUP, PROTARGET, Alliance, case, opened, patient
from resolved import off_design
from stages import FIRST_TWO, OWN, decision, each_its_own, last, two_evaluable

from ledger.clinical.benefit import Determined
from ledger.cohort.database import Taken
from ledger.reports.finding import Finding, Looked
from ledger.reports.findings import findings

KINDS = {"decision-cases", "decision-claims", "decision-late-data", "decision-off-design", "override"}


def found(alliance: Alliance, *, shut: tuple[int, ...] = ()) -> list[Finding]:
    return [each for each in findings(revealed(alliance, shut=shut)) if each.kind in KINDS]


def kinds(alliance: Alliance, *, shut: tuple[int, ...] = ()) -> list[str]:
    return [each.kind for each in found(alliance, shut=shut)]


def decided(*, benefits: int, word: str, claims: tuple[str | None, str | None] = ("yes", "no")) -> Alliance:
    """The first of two benefits by its assessments, the second does not; what is claimed is claimed before."""
    alliance = two_evaluable()
    follows(alliance, 1, claim=claims[0])
    follows(alliance, 2, node=PROTARGET, course=NONE, claim=claims[1])
    said = decision(FIRST_TWO, decision=word, benefits=benefits, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", said)
    return alliance


def decision_of(alliance: Alliance) -> int:
    return last_of(alliance, "cohort.stage_decided").event.index


def claim_of(alliance: Alliance, node: str) -> Taken:
    event = next(e for e in alliance.database.events if e.type == "outcome.determined" and e.node == node)
    return Taken(event, (), b"", None, b"")


def claims_anew(alliance: Alliance, node: str, handle: str, benefit: str) -> None:
    said = {"benefit": benefit, "best_response": None, "basis": "read again"}
    corrects(alliance, claim_of(alliance, node), **patient(handle), **said)


def test_a_decision_that_its_data_bear_out_is_no_finding() -> None:
    assert found(decided(benefits=1, word="expand")) == []


def test_benefits_that_were_not_claimed_by_the_data_cut_are_found() -> None:
    alliance = decided(benefits=2, word="expand")

    (only,) = found(alliance)

    assert (only.kind, only.index, only.node) == ("decision-claims", decision_of(alliance), DRUP)
    assert only.message == (
        f"stage 1 of {COHORT} states 2 benefits: that is not what was claimed of its cases by entry "
        f"{decision_of(alliance) - 1}"
    )


def test_what_a_claim_was_at_the_data_cut_cannot_be_told_once_it_was_corrected_and_is_not_guessed() -> None:
    alliance = decided(benefits=2, word="expand")
    claims_anew(alliance, PROTARGET, case(2), "no")

    assert kinds(alliance) == []


def test_a_claim_that_came_after_the_data_cut_may_have_been_either() -> None:
    alliance = decided(benefits=2, word="expand", claims=("yes", None))

    assert kinds(alliance) == []
    assert kinds(decided(benefits=0, word="close-futility", claims=("yes", None))) == [
        "decision-claims",
        "decision-late-data",
    ]


def test_a_claim_that_was_corrected_late_so_that_the_design_decides_otherwise_is_found() -> None:
    alliance = decided(benefits=1, word="expand")
    before = alliance.database.digest, kinds(alliance)
    claims_anew(alliance, DRUP, case(1), "no")

    (only,) = found(alliance)

    assert before[1] == []
    assert (only.kind, only.index) == ("decision-late-data", decision_of(alliance))
    assert only.message == (
        f"stage 1 of {COHORT} is decided expand: by what is claimed of its cases now, the design would have decided "
        "otherwise"
    )


def test_assessments_that_came_late_so_that_the_design_decides_otherwise_are_found() -> None:
    alliance = two_evaluable()
    follows(alliance, 1, course=NONE, claim="no")
    follows(alliance, 2, node=PROTARGET, course=(), claim="no")
    said = decision(FIRST_TWO, decision="close-futility", benefits=0, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", said)
    before = kinds(alliance)
    follows(alliance, 2, node=PROTARGET, course=BENEFIT, claim=None)

    (only,) = found(alliance)

    assert before == []
    assert only.kind == "decision-late-data"
    assert "by what the assessments give of its cases now" in only.message


def test_late_data_that_would_have_decided_alike_are_no_finding() -> None:
    alliance = decided(benefits=1, word="expand")
    claims_anew(alliance, PROTARGET, case(2), "yes")

    assert kinds(alliance) == []


def test_where_a_value_is_shut_nothing_is_said_that_it_could_turn() -> None:
    alliance = decided(benefits=1, word="expand")
    claims_anew(alliance, DRUP, case(1), "no")
    correction = last(alliance)

    assert kinds(alliance) == ["decision-late-data"]
    assert kinds(alliance, shut=(correction,)) == []
    assert kinds(alliance, shut=tuple(range(alliance.database.size))) == []


def test_a_correction_that_puts_another_case_first_is_found() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
    not_evaluable = alliance.finds(DRUP, case(1), evaluable=False)
    alliance.treats(DRUP, case(3))
    for number in (2, 3):
        alliance.finds(DRUP, case(number))
        follows(alliance, number)
    named = [(DRUP, case(2)), (DRUP, case(3))]
    said = decision(named, decision="expand", benefits=2, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", said)
    before = kinds(alliance)
    corrects(alliance, not_evaluable, **patient(case(1)), evaluable=True, rule="one-cycle-and-a-scan")

    (only,) = found(alliance)

    assert before == []
    assert (only.kind, only.index) == ("decision-cases", decision_of(alliance))
    assert "2 cases, which are not the first evaluable ones any more" in only.message


def test_a_claim_between_the_data_cut_and_the_decision_was_not_known_at_the_cut() -> None:
    alliance = two_evaluable()
    follows(alliance, 1, claim="yes")
    cut = last(alliance)
    follows(alliance, 2, node=PROTARGET, course=(), claim="no")
    alliance.says(DRUP, "cohort.stage_decided", decision(FIRST_TWO, decision="expand", benefits=2, data_cut=cut))

    assert "decision-claims" not in kinds(alliance)  # by the cut nothing was claimed of the second


def test_a_trial_that_accrues_for_itself_is_held_against_its_own_cases() -> None:
    alliance = each_its_own()  # the other trial's case started first
    for number in (2, 3):
        follows(alliance, number, node=PROTARGET)
    said = decision(OWN, decision="expand", benefits=2, data_cut=last(alliance))
    alliance.says(PROTARGET, "cohort.stage_decided", said)

    assert kinds(alliance) == []


def test_a_decision_against_the_design_is_off_it_whatever_comes_later() -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design("decision"))
    follows(alliance, 1)
    follows(alliance, 2, node=PROTARGET)
    said = decision(FIRST_TWO, decision="close-futility", benefits=2, data_cut=last(alliance), override="excused")
    alliance.says(DRUP, "cohort.stage_decided", said)

    assert kinds(alliance) == ["decision-off-design"]


def test_a_decision_that_was_excused_and_follows_its_design_all_the_same_is_found_as_such() -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design("decision"))
    follows(alliance, 1)
    said = decision(FIRST_TWO, decision="expand", data_cut=last(alliance), override="excused")
    alliance.says(DRUP, "cohort.stage_decided", said)

    (only,) = found(alliance)

    assert (only.kind, only.message) == (
        "override",
        f"stage 1 of {COHORT} is excused from its design by excused, and follows it",
    )


def test_assessments_that_tell_nothing_of_a_case_may_turn_out_either_way() -> None:
    alliance = two_evaluable()
    follows(alliance, 1, course=((20, "NE"),))
    follows(alliance, 2, node=PROTARGET, course=NONE, claim="no")
    said = decision(FIRST_TWO, decision="expand", benefits=1, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", said)

    computed = Determined("not-evaluable", None, None, "nothing was assessed")
    looked = Looked(revealed(alliance))
    outcomes = tuple(replace(each, computed=computed) if each.node == DRUP else each for each in looked.outcomes)
    vars(looked)["outcomes"] = outcomes

    assert [each.kind for each in findings(looked) if each.kind in KINDS] == []


def test_no_message_tells_what_a_patient_was_claimed_to_have() -> None:
    alliance = decided(benefits=2, word="expand")
    retracts(alliance, claim_of(alliance, DRUP))

    assert all(case(1) not in each.message and case(2) not in each.message for each in found(alliance))
