"""What was told of a cohort itself, and what of it is to be looked at."""

from amended import corrects
from fates import revealed, snapshot_of, to_the_end
from given import COHORT, DRUP, PROTARGET, defined

from ledger.reports.cohort_history import cohort_history, entries_of
from ledger.reports.findings import findings, findings_of_cohort


def test_a_cohort_has_its_definition_its_openings_and_its_decisions_and_no_patient() -> None:
    found = cohort_history(snapshot_of(to_the_end()), COHORT)

    assert [(each.node, each.words) for each in found] == [
        (DRUP, "defined"),
        (DRUP, "opened here"),
        (PROTARGET, "opened here"),
        (DRUP, "stage 1 decided: expand"),
        (DRUP, "stage 2 decided: stage 3"),
    ]
    assert [each.index for each in found] == sorted({each.index for each in found})
    assert {each.on for each in found[1:3]} == {"2021-06"}


def test_what_was_corrected_is_told_by_the_correction() -> None:
    alliance = defined(DRUP)
    opening = alliance.says(DRUP, "cohort.opened", {"cohort": COHORT, "on": "2021-06-01"})
    corrects(alliance, opening, cohort=COHORT, on="2021-07-01")

    found = cohort_history(snapshot_of(alliance), COHORT)

    assert ("event.corrected", "corrected") in [(each.type, each.words) for each in found]


def test_the_findings_of_a_cohort_are_those_of_all_that_are_about_it() -> None:
    seen = revealed(to_the_end())

    found = findings_of_cohort(seen, COHORT)

    assert found
    assert set(found) == {
        each
        for each in findings(seen)
        if each.index in entries_of(seen.snapshot, COHORT) and each.kind != "unreviewed-correction"
    }
    assert findings_of_cohort(seen, "another") == ()
