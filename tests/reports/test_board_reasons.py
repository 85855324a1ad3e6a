"""Why a cohort is not open at a node, and what the board says of a member that was removed."""

from datetime import date, timedelta

from courses import snapshot_of
from given import COHORT, DRUGS, DRUP, IMPRESS, MEGALIT, PROTARGET, Alliance, case, defined, opened, trial_of
from resolved import agree, removal

from ledger.reports.board import board
from ledger.reports.standing import AtNode, Standing, standings
from ledger.signing.canonical import Json

NORDIC = (PROTARGET, MEGALIT, IMPRESS)
REASON: dict[str, Json] = {"reason_code": "other", "reason": "as the board decided"}


def standing(alliance: Alliance, on: str | None = None) -> Standing:
    snapshot = snapshot_of(alliance)
    (line,) = standings(snapshot.on(date.fromisoformat(on)) if on else snapshot)
    return line


def at(alliance: Alliance, node: str, on: str | None = None) -> AtNode:
    return next(each for each in standing(alliance, on).nodes if each.node == node)


def places(alliance: Alliance) -> list[tuple[str | None, int | None, int | None]]:
    return [(each.node, each.stage, each.places_left) for each in standing(alliance).scopes]


# ---------------------------------------------------------------------- why it is not open


def test_why_a_cohort_is_not_open_at_a_node_is_the_first_thing_that_the_rules_would_miss() -> None:
    alliance = defined(DRUP, PROTARGET)
    alliance.says(IMPRESS, "trial.registered", trial_of(IMPRESS))
    seen = [at(alliance, IMPRESS).reason]
    told: list[tuple[str, dict[str, Json]]] = [
        ("trial.opened", {"on": "2021-02-01"}),
        ("supply.committed", {"regimen": DRUGS}),
        ("supply.available", {"regimen": DRUGS, "on": "2021-03-01"}),
        ("supply.withdrawn", {"regimen": DRUGS, "on": "2021-04-01", **REASON}),
        ("supply.committed", {"regimen": DRUGS}),
        ("trial.closed", {"on": "2021-05-01", "source": None, **REASON}),
    ]
    for event_type, data in told:
        alliance.says(IMPRESS, event_type, data)
        seen.append(at(alliance, IMPRESS).reason)
    alliance.says(DRUP, "cohort.closed", {"cohort": COHORT, "on": "2021-09-01", "scope": "everywhere", **REASON})
    seen.append(at(alliance, IMPRESS).reason)

    assert seen == [
        "trial not open",
        "no supply",
        "supply committed",
        "supply available",
        "supply withdrawn",
        "supply committed",
        "trial not open",
        "closed everywhere",
    ]
    assert at(alliance, IMPRESS, on="2021-03-15").reason == "supply available"
    assert at(alliance, IMPRESS, on="2021-01-15").reason == "trial not open"


def test_a_regimen_of_other_drugs_is_no_supply_for_the_cohort() -> None:
    alliance = defined(DRUP)
    alliance.runs_trial(IMPRESS)
    alliance.says(IMPRESS, "supply.available", {"regimen": DRUGS[:1], "on": "2021-02-01"})

    assert at(alliance, IMPRESS).reason == "no supply"


def test_a_cohort_that_is_or_was_open_at_a_node_needs_no_reason() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.says(PROTARGET, "cohort.closed", {"cohort": COHORT, "on": "2021-08-01", "scope": "here", **REASON})

    assert [at(alliance, node).reason for node in (DRUP, PROTARGET)] == [None, None]


# ---------------------------------------------------------------------- who was removed


def test_the_openings_of_a_member_end_with_its_removal_and_nobody_is_behind_it_any_more() -> None:
    alliance = defined(DRUP, *NORDIC)
    alliance.opens(PROTARGET, on="2021-12-01")
    alliance.opens(IMPRESS, on="2021-12-21")
    before = standing(alliance)
    alliance.now += timedelta(days=10)
    agree(alliance, "farewell", "removal", removal(PROTARGET), without=[PROTARGET])

    after, on = standing(alliance), alliance.now.date().isoformat()

    assert {each.node: each.days_behind for each in before.nodes}[IMPRESS] == 20
    gone = at(alliance, PROTARGET)
    assert (gone.state, gone.closed_on, gone.days_behind) == ("closed", on, None)
    assert {each.node: each.days_behind for each in after.nodes}[IMPRESS] == 0
    assert (at(alliance, PROTARGET, on="2022-01-05").state, at(alliance, IMPRESS, on="2022-01-05").days_behind) == (
        "open",
        20,
    )


def test_what_a_removed_member_alone_had_open_has_no_place_left_and_its_patients_keep_theirs() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.treats(PROTARGET, case(1))
    seen = [places(alliance)]
    for number, node in enumerate((PROTARGET, DRUP)):
        agree(alliance, f"farewell-{number}", "removal", removal(node), without=[PROTARGET, node])
        seen.append(places(alliance))

    assert seen == [[(None, 1, 1)], [(None, 1, 1)], [(None, 1, 0)]]
    assert at(alliance, PROTARGET).started == 1


def test_a_removed_member_that_never_opened_a_cohort_is_no_member_and_late_for_nothing() -> None:
    alliance = defined(DRUP, PROTARGET)
    alliance.opens(PROTARGET, on="2021-06-01")
    agree(alliance, "farewell", "removal", removal(IMPRESS), without=[IMPRESS])

    assert (at(alliance, IMPRESS).reason, at(alliance, IMPRESS).days_behind) == ("removed", None)
    shown = board(snapshot_of(alliance))
    assert {each.node: each.removed_on for each in shown.nodes}[IMPRESS] == alliance.now.date().isoformat()
