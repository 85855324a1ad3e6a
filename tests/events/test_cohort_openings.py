"""A cohort at a node: cohort.opened, suspended, resumed, closed."""

import pytest
from given import (
    COHORT,
    DRUGS,
    DRUP,
    PROTARGET,
    Alliance,
    Data,
    agreed,
    case,
    defined,
    founded,
    opened,
    set_by,
)

SUSPENSION: Data = {"cohort": COHORT, "on": "2021-07-10", "reason_code": "safety", "reason": "a signal to look into"}
RESUMPTION: Data = {"cohort": COHORT, "on": "2021-08-10", "reason_code": "safety", "reason": None}
CLOSING: Data = {
    "cohort": COHORT, "on": "2021-10-10", "reason_code": "completed", "scope": "here", "reason": "all are in",
}  # fmt: skip
EVERYWHERE: Data = {**CLOSING, "scope": "everywhere"}

# ---------------------------------------------------------------------- cohort.opened


def test_an_opening_is_a_nodes() -> None:
    alliance = defined(PROTARGET)

    taken = alliance.says(PROTARGET, "cohort.opened", {"cohort": COHORT, "on": "2021-06"})

    assert set_by(taken) == {("cohort_openings", (COHORT, PROTARGET, taken.event.event_id)): {"opened_on": "2021-06"}}
    assert alliance.stood_on(taken) == ["cohort.defined", "supply.available", "trial.opened"]


def opening(on: str = "2021-06") -> Data:
    return {"cohort": COHORT, "on": on}


def test_a_cohort_that_nobody_defined_does_not_open() -> None:
    agreed().refuses(DRUP, "cohort.opened", opening(), because="cohort.opened needs a definition of cohort braf-v600")


@pytest.mark.parametrize("on", ["2020-12-31", "2021-01-30", "2020"])
def test_a_cohort_does_not_open_before_the_trial(on: str) -> None:
    defined(DRUP).refuses(
        DRUP, "cohort.opened", opening(on), because=f"cohort.opened needs the trial of drup-nl open on {on}"
    )


def test_a_cohort_does_not_open_at_a_node_without_a_trial() -> None:
    defined(DRUP).refuses(PROTARGET, "cohort.opened", opening(), because="needs the trial of protarget-dk open")


def test_a_cohort_does_not_open_after_the_trial_closed() -> None:
    alliance = defined(DRUP)
    alliance.says(
        DRUP, "trial.closed", {"on": "2021-05-10", "reason_code": "completed", "source": None, "reason": "done"}
    )

    alliance.refuses(DRUP, "cohort.opened", opening("2021-05-10"), because="needs the trial of drup-nl open")
    alliance.says(DRUP, "cohort.opened", opening("2021-05-09"))  # on that day it was


def test_a_cohort_does_not_open_without_its_regimen_at_this_node() -> None:
    alliance = defined(DRUP)
    alliance.runs_trial(PROTARGET)
    because = "cohort.opened needs dabrafenib + trametinib available at protarget-dk"
    alliance.refuses(PROTARGET, "cohort.opened", opening(), because=because)

    alliance.says(PROTARGET, "supply.committed", {"regimen": DRUGS})
    alliance.refuses(PROTARGET, "cohort.opened", opening(), because=because)
    alliance.says(PROTARGET, "supply.available", {"regimen": DRUGS, "on": "2021-06-15"})
    alliance.refuses(PROTARGET, "cohort.opened", opening("2021-06-14"), because=because)
    taken = alliance.says(PROTARGET, "cohort.opened", opening("2021-06"))  # June is over on its 30th

    assert alliance.stood_on(taken) == ["cohort.defined", "supply.available", "trial.opened"]


def test_a_cohort_does_not_open_on_or_after_the_day_its_regimen_was_withdrawn() -> None:
    alliance = defined(DRUP)
    alliance.says(
        DRUP, "supply.withdrawn", {"regimen": DRUGS, "on": "2021-05-10", "reason_code": "stopped", "reason": None}
    )

    alliance.refuses(DRUP, "cohort.opened", opening("2021-05-10"), because="available at drup-nl on 2021-05-10")
    alliance.says(DRUP, "cohort.opened", opening("2021-05-09"))


@pytest.mark.parametrize("on", ["2021-06", "2021-09-01", "2021-03-01"])
def test_a_cohort_that_is_open_here_does_not_open(on: str) -> None:
    opened(DRUP).refuses(DRUP, "cohort.opened", opening(on), because="cohort braf-v600 is open at drup-nl already")


def test_a_cohort_opens_again_after_it_closed_here_with_a_row_of_its_own() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", CLOSING)
    alliance.refuses(DRUP, "cohort.opened", opening("2021-10-09"), because="was closed at drup-nl after 2021-10-09")

    taken = alliance.says(DRUP, "cohort.opened", opening("2021-10-10"))

    assert [*set_by(taken)] == [("cohort_openings", (COHORT, DRUP, taken.event.event_id))]


def test_a_cohort_does_not_open_before_it_was_closed_here() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", CLOSING)

    alliance.refuses(DRUP, "cohort.opened", opening("2021-05"), because="was closed at drup-nl after 2021-05")


def test_a_cohort_is_not_closed_everywhere_before_it_was_opened_anywhere() -> None:
    opened(DRUP).refuses(
        DRUP, "cohort.closed", {**EVERYWHERE, "on": "2015-01-01"}, because="was opened at drup-nl after 2015-01-01"
    )


def test_a_cohort_that_is_closed_everywhere_opens_nowhere() -> None:
    alliance = opened(DRUP)
    alliance.runs_trial(PROTARGET)
    alliance.supplies(PROTARGET)
    alliance.says(DRUP, "cohort.closed", EVERYWHERE)

    alliance.refuses(PROTARGET, "cohort.opened", opening("2021-12-01"), because="cohort braf-v600 is closed everywhere")


# ---------------------------------------------------------------------- cohort.suspended, cohort.resumed


def suspended() -> Alliance:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.suspended", SUSPENSION)
    return alliance


def test_a_suspension_has_a_row_of_its_own() -> None:
    alliance = opened(DRUP)

    taken = alliance.says(DRUP, "cohort.suspended", SUSPENSION)

    assert set_by(taken) == {
        ("suspensions", (COHORT, DRUP, taken.event.event_id)): {
            "suspended_on": "2021-07-10",
            "suspension_code": "safety",
            "suspension_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["cohort.opened"]


def test_a_resumption_ends_the_suspension() -> None:
    alliance = suspended()
    suspension = alliance.database.events[-1].event_id

    taken = alliance.says(DRUP, "cohort.resumed", RESUMPTION)

    assert set_by(taken) == {
        ("suspensions", (COHORT, DRUP, suspension)): {
            "resumed_on": "2021-08-10",
            "resumption_code": "safety",
            "resumption_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["cohort.suspended"]


def test_a_cohort_that_is_not_open_here_is_not_suspended() -> None:
    because = "cohort.suspended needs an opening of cohort braf-v600 at "
    opened(DRUP).refuses(PROTARGET, "cohort.suspended", SUSPENSION, because=f"{because}protarget-dk")
    defined(DRUP).refuses(DRUP, "cohort.suspended", SUSPENSION, because=f"{because}drup-nl")
    founded().refuses(DRUP, "cohort.suspended", SUSPENSION, because=f"{because}drup-nl")


def test_a_cohort_is_not_suspended_before_it_opened() -> None:
    opened(DRUP).refuses(
        DRUP,
        "cohort.suspended",
        {**SUSPENSION, "on": "2021-06-29"},
        because="cohort braf-v600 is not open at drup-nl on 2021-06-29",
    )


def test_a_cohort_is_not_suspended_in_an_opening_that_is_over() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", CLOSING)
    alliance.refuses(DRUP, "cohort.suspended", SUSPENSION, because="needs an opening of cohort braf-v600")

    alliance.says(DRUP, "cohort.opened", opening("2021-11"))

    alliance.refuses(DRUP, "cohort.suspended", SUSPENSION, because="is not open at drup-nl on 2021-07-10")


@pytest.mark.parametrize("on", ["2021-07-10", "2021-09-01", "2021-07-01"])
def test_a_cohort_that_is_suspended_is_not_suspended(on: str) -> None:
    suspended().refuses(
        DRUP, "cohort.suspended", {**SUSPENSION, "on": on}, because="cohort braf-v600 is suspended at drup-nl already"
    )


def test_a_cohort_is_suspended_again_from_its_resumption_on() -> None:
    alliance = suspended()
    alliance.says(DRUP, "cohort.resumed", RESUMPTION)
    alliance.refuses(
        DRUP, "cohort.suspended", {**SUSPENSION, "on": "2021-08-09"}, because="was resumed at drup-nl after 2021-08-09"
    )

    taken = alliance.says(DRUP, "cohort.suspended", {**SUSPENSION, "on": "2021-08-10"})

    assert [*set_by(taken)] == [("suspensions", (COHORT, DRUP, taken.event.event_id))]


def test_a_cohort_that_is_not_suspended_is_not_resumed() -> None:
    because = "cohort.resumed needs a suspension of cohort braf-v600 at drup-nl"
    opened(DRUP).refuses(DRUP, "cohort.resumed", RESUMPTION, because=because)
    alliance = suspended()
    alliance.says(DRUP, "cohort.resumed", RESUMPTION)

    alliance.refuses(DRUP, "cohort.resumed", RESUMPTION, because=because)


def test_a_cohort_is_not_resumed_before_it_was_suspended() -> None:
    suspended().refuses(
        DRUP,
        "cohort.resumed",
        {**RESUMPTION, "on": "2021-07-09"},
        because="cohort braf-v600 was not suspended at drup-nl on 2021-07-09 yet",
    )


def test_a_cohort_that_was_closed_meanwhile_is_not_resumed() -> None:
    alliance = suspended()
    alliance.says(DRUP, "cohort.closed", CLOSING)

    alliance.refuses(
        DRUP, "cohort.resumed", {**RESUMPTION, "on": "2021-11-01"}, because="is not open at drup-nl on 2021-11-01"
    )


# ---------------------------------------------------------------------- cohort.closed


def test_a_closing_here_ends_this_nodes_opening() -> None:
    alliance = opened(DRUP, PROTARGET)
    here = alliance.database.events[-1].event_id

    taken = alliance.says(PROTARGET, "cohort.closed", CLOSING)

    assert set_by(taken) == {
        ("cohort_openings", (COHORT, PROTARGET, here)): {
            "closed_on": "2021-10-10",
            "closing_code": "completed",
            "closing_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["cohort.opened"]
    alliance.allocates(DRUP, case(1))  # where it is open still


def test_a_closing_everywhere_ends_the_cohort_itself() -> None:
    alliance = opened(DRUP, PROTARGET)

    taken = alliance.says(DRUP, "cohort.closed", EVERYWHERE)

    assert set_by(taken) == {
        ("cohorts", (COHORT,)): {
            "closed_on": "2021-10-10",
            "closing_code": "completed",
            "closing_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["cohort.defined"]
    alliance.says(PROTARGET, "case.submitted", {"case": case(1), "on": "2021-11-20"})
    alliance.refuses(
        PROTARGET,
        "case.allocated",
        {"case": case(1), "cohort": COHORT, "on": "2021-12-01"},
        because="cohort braf-v600 open at protarget-dk on 2021-12-01",
    )


def test_the_definer_may_close_everywhere_what_it_has_closed_here() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.says(DRUP, "cohort.closed", CLOSING)

    taken = alliance.says(DRUP, "cohort.closed", EVERYWHERE)

    assert [*set_by(taken)] == [("cohorts", (COHORT,))]


def test_only_the_definer_closes_everywhere() -> None:
    opened(DRUP, PROTARGET).refuses(
        PROTARGET,
        "cohort.closed",
        EVERYWHERE,
        because="only drup-nl, which defined braf-v600, closes it everywhere",
    )


def test_a_cohort_that_is_not_open_here_is_not_closed_here() -> None:
    because = "cohort.closed needs an opening of cohort braf-v600 at drup-nl"
    defined(DRUP).refuses(DRUP, "cohort.closed", CLOSING, because=because)
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", CLOSING)

    alliance.refuses(DRUP, "cohort.closed", CLOSING, because=because)


def test_a_cohort_is_not_closed_here_before_it_opened() -> None:
    opened(DRUP).refuses(
        DRUP, "cohort.closed", {**CLOSING, "on": "2021-06-29"}, because="is not open at drup-nl on 2021-06-29"
    )


def test_a_cohort_that_nobody_defined_is_not_closed_everywhere() -> None:
    agreed().refuses(DRUP, "cohort.closed", EVERYWHERE, because="cohort.closed needs a definition of cohort braf-v600")


def test_a_cohort_is_closed_everywhere_once_and_here_not_after() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.closed", EVERYWHERE)

    alliance.refuses(DRUP, "cohort.closed", EVERYWHERE, because="cohort braf-v600 is closed everywhere already")
    alliance.refuses(
        DRUP, "cohort.closed", {**CLOSING, "on": "2021-10-10"}, because="is not open at drup-nl on 2021-10-10"
    )


@pytest.mark.parametrize(("field", "value"), [("reason_code", "bored"), ("scope", "somewhere")])
def test_a_closing_says_nothing_that_is_not_listed(field: str, value: str) -> None:
    opened(DRUP).refuses(DRUP, "cohort.closed", {**CLOSING, field: value}, because=f"cohort.closed: {field}")
