"""Findings: what an auditor should look at. Withdrawn consent to share is one until all that is sealed is erased."""

from typing import Any

import erased
import given
import pytest
from given import DRUP, PROTARGET, Alliance, case

from ledger.cohort import snapshot
from ledger.cohort.cells import Version
from ledger.cohort.snapshot import Snapshot
from ledger.reports.finding import Finding
from ledger.reports.findings import findings


@pytest.fixture
def alliance() -> Alliance:
    return erased.told()


def now(alliance: Alliance, *more: Version) -> Snapshot:
    database = alliance.database
    return snapshot.of_versions([*snapshot.current(database), *more], database.events, size=database.size)


def found(alliance: Alliance, *more: Version) -> list[tuple[int, str]]:
    return [(each.index, each.node) for each in findings(now(alliance, *more))]


def withdraws(alliance: Alliance, scope: str = "sharing", number: int = 1) -> int:
    withdrawal = {"case": case(number), "on": "2022-01-03", "scope": scope}
    return alliance.says(DRUP, "consent.withdrawn", withdrawal).event.index


@pytest.mark.parametrize("scope", ["sharing", "all"])
def test_withdrawn_consent_to_share_is_a_finding_until_the_case_is_erased(alliance: Alliance, scope: str) -> None:
    index = withdraws(alliance, scope)

    (finding,) = findings(now(alliance))
    assert finding == Finding("withdrawn-not-erased", finding.message, index, DRUP)
    assert f"case {case(1)} withdrew its consent ({scope}), and what 4 entries hold" in finding.message

    erased.erases(alliance)
    assert found(alliance) == []


@pytest.mark.parametrize("scope", ["treatment", "follow-up"])
def test_consent_that_still_lets_share_is_none(alliance: Alliance, scope: str) -> None:
    withdraws(alliance, scope)

    assert found(alliance) == []


def test_an_erasure_of_some_of_it_or_of_another_case_leaves_the_finding(alliance: Alliance) -> None:
    index = withdraws(alliance)
    erased.erases(alliance, 2)
    own = [event.event_id for event in alliance.database.events if event.case == case(1)]
    some: list[Any] = own[:-2]
    rest: list[Any] = own[-2:]

    alliance.says(DRUP, "disclosures.erased", {"events": some, "basis": "consent"})
    assert found(alliance) == [(index, DRUP)]

    alliance.says(DRUP, "disclosures.erased", {"events": rest, "basis": "consent"})
    assert found(alliance) == []


def test_what_is_told_of_the_case_after_the_erasure_makes_it_a_finding_again(alliance: Alliance) -> None:
    index = withdraws(alliance)
    erased.erases(alliance)

    alliance.finds(DRUP, case(1))  # nothing of it is sealed
    assert found(alliance) == []

    alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH)
    assert found(alliance) == [(index, DRUP)]


def test_a_case_of_which_nothing_was_sealed_is_none(alliance: Alliance) -> None:
    alliance.says(DRUP, "case.submitted", {"case": case(7), "on": "2022-01"})
    withdraws(alliance, number=7)

    assert found(alliance) == []


def test_another_nodes_case_of_the_same_handle_is_another_case(alliance: Alliance) -> None:
    alliance.runs_trial(PROTARGET)
    alliance.says(PROTARGET, "case.profiled", {"case": case(1), "on": "2022-01", **given.PROFILE})
    withdraws(alliance)
    erased.erases(alliance)

    assert found(alliance) == []


def test_a_correction_of_what_was_erased_that_came_later_is_not_erased(alliance: Alliance) -> None:
    """Stored as corrections will be; what counts is what they correct."""
    index = withdraws(alliance)
    target = next(event for event in alliance.database.events if event.type == "outcome.determined")
    erased.erases(alliance)
    correction = alliance.says(DRUP, "case.profiled", {"case": case(8), "on": "2022-01", **given.PROFILE}).event
    told = {"target": target.event_id, "kind": "corrected", "reason_code": "typing", "reason": None}
    row = Version(
        "corrections", (DRUP, correction.event_id), correction.index,
        {name: (correction.index, value) for name, value in told.items()},
    )  # fmt: skip
    object.__setattr__(correction, "case", None)

    assert found(alliance, row) == [(index, DRUP)]
    erased.erases(alliance)
    assert found(alliance, row) == []
