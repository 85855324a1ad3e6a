"""What is to be looked at: events by a key that may have been another's, decisions that the design does not give."""

from pathlib import Path

import given
import hubs
import pytest
from given import COHORT, DRUP, MEGALIT, PROTARGET, Alliance, case, founded, trial_of
from resolved import agree, off_design, replacement
from stages import decision, last, two_evaluable

from ledger.cohort.compromises import compromises, compromises_in, is_grant_void
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.operations.audit import NOTHING_BEFORE, Before, audit
from ledger.operations.reached import Reached
from ledger.reports.finding import Finding
from ledger.reports.findings import findings
from ledger.signing.canonical import Json


def snapshot_of(alliance: Alliance) -> Snapshot:
    return of_versions(current(alliance.database), alliance.database.events, size=alliance.database.size)


def replaced(*, since: int | None, grants_void: bool | None = None) -> Alliance:
    """DRUP speaks at 5, 6, 8 and 9, others at 7 and 10; its key is replaced with the entry at 12, and it speaks on."""
    alliance = founded()
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))
    alliance.says(DRUP, "trial.opened", {"on": "2021-01"})
    alliance.says(PROTARGET, "trial.registered", trial_of(PROTARGET))
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-11-20"})
    alliance.rotates(DRUP)
    said: dict[str, Json] = {"compromised_since": since, "grants_void": grants_void}
    content = replacement(alliance) | {name: value for name, value in said.items() if value is not None}
    agree(alliance, "new-key", "key-replacement", content, without=[DRUP])
    alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-11-20"})
    return alliance


def test_what_a_node_said_since_its_key_may_have_been_anothers_is_found() -> None:
    alliance = replaced(since=6)

    found = findings(snapshot_of(alliance))

    assert [(each.kind, each.index, each.node) for each in found] == [
        ("compromised-key", 6, DRUP),
        ("compromised-key", 8, DRUP),
        ("compromised-key", 9, DRUP),
    ]
    assert (
        found[1].message == "case.submitted was signed while the key of drup-nl may have been another's, says new-key"
    )
    assert found == findings(alliance.database)


def test_a_key_that_was_only_lost_discredits_nothing() -> None:
    assert findings(snapshot_of(replaced(since=None))) == ()


def test_before_the_replacement_is_in_force_nothing_is_found() -> None:
    alliance = founded()
    content = replacement(alliance, compromised_since=1)
    alliance.says(PROTARGET, "resolution.proposed", given.resolution("new-key", "key-replacement", content))
    alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "new-key"})

    assert findings(snapshot_of(alliance)) == ()


@pytest.mark.parametrize(("void", "expected"), [(True, [6, 8, 9]), (None, [6, 8, 9]), (False, [])])
def test_grants_since_then_are_void_unless_a_resolution_says_otherwise(void: bool | None, expected: list[int]) -> None:
    alliance = replaced(since=6, grants_void=void)
    database = alliance.database

    covered = [event.index for event in database.events if is_grant_void(database, event.node, event.index)]

    assert covered == expected
    assert not is_grant_void(database, PROTARGET, 7)
    assert compromises(database) == compromises_in(snapshot_of(alliance))


def test_a_decision_that_was_excused_from_the_design_is_found() -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design("cases"))
    said = decision([], decision="close-futility", benefits=0, data_cut=last(alliance), override="excused")
    taken = alliance.says(DRUP, "cohort.stage_decided", said)

    assert findings(snapshot_of(alliance)) == (
        Finding(
            "decision-off-design",
            f"stage 1 of {COHORT} is decided close-futility at 0 benefits of 0 cases, where the design looks at 2: off "
            "its design by excused",
            taken.event.index,
            DRUP,
        ),
    )


def test_findings_are_a_step_of_the_audit_that_fails_nothing_and_is_remembered(tmp_path: Path) -> None:
    alliance = replaced(since=6)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    source = hub.source("clear")

    found = audit(source, before=NOTHING_BEFORE)
    assert found.reached is not None
    again = audit(source, before=Before(reached=Reached.load(found.reached.dump())))
    hub.engine.dispose()

    assert found.holds
    assert found.passed[9] == "compromised-key 3"
    assert [each.index for each in found.findings] == [6, 8, 9]
    assert again.continued == found.reached.size
    assert again.findings == found.findings
