"""Reports as people read them: what is made up says so, and a column is one node's."""

from dataclasses import replace

import pytest
from given import COHORT, DRUP, PROTARGET, Alliance, case, defined, opened

from ledger.cli.report_tables import print_board, print_cohort, print_contributions, print_funnel
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.reports.board import Board, board
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.contributions import contributions
from ledger.reports.funnel import funnel


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


@pytest.fixture
def mixed() -> Snapshot:
    """DRUP's opening and patient are real, ProTarget's are not."""
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))
    alliance.runs_trial(PROTARGET)
    alliance.supplies(PROTARGET)
    alliance.says(PROTARGET, "cohort.opened", {"cohort": COHORT, "on": "2021-06", "synthetic": True})
    alliance.says(PROTARGET, "case.submitted", {"case": case(2), "on": "2021-11-20", "synthetic": True})
    return snapshot_of(alliance)


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_what_is_made_up_on_a_board_has_a_star_and_a_legend(
    mixed: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    print_board(board(mixed))

    lines = printed(capsys)
    (cohort,) = (line for line in lines if line.startswith(COHORT))
    assert "● 1 " in cohort
    assert "● 0*" in cohort
    assert any(line.startswith("* made-up") for line in lines)


def test_a_board_that_is_all_made_up_says_so_at_the_top(capsys: pytest.CaptureFixture[str]) -> None:
    alliance = defined(DRUP)
    alliance.says(DRUP, "cohort.opened", {"cohort": COHORT, "on": "2021-06", "synthetic": True})
    shown = board(snapshot_of(alliance))

    print_board(replace(shown, cohorts=tuple(replace(each, synthetic=True) for each in shown.cohorts)))

    lines = printed(capsys)
    assert lines[0].startswith("SYNTHETIC")
    assert not any("*" in line for line in lines)


def test_a_board_of_real_patients_says_nothing_of_made_up_ones(capsys: pytest.CaptureFixture[str]) -> None:
    print_board(board(snapshot_of(opened(DRUP))))

    assert not [line for line in printed(capsys) if "*" in line or "made-up" in line or "SYNTHETIC" in line]


def test_a_board_without_cohorts_is_not_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_board(Board(None, (), ()))

    assert "made-up" not in "".join(printed(capsys))


def test_the_other_tables_star_what_is_made_up_too(mixed: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    print_cohort(cohort_progress(Revealed(mixed), COHORT))
    seen.append(printed(capsys))
    print_funnel(funnel(mixed))
    seen.append(printed(capsys))
    print_contributions(contributions(mixed))
    seen.append(printed(capsys))

    for lines in seen:
        assert any(line.startswith("* made-up") for line in lines)
        assert any("1*" in line or "0*" in line for line in lines)


def test_two_trials_of_one_country_have_columns_of_their_own_in_one_country(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = board(snapshot_of(opened(DRUP)))
    nodes = tuple(replace(each, country="NL" if each.node == PROTARGET else each.country) for each in shown.nodes)

    print_board(replace(shown, nodes=nodes))

    lines = printed(capsys)
    assert "1 cohorts in 4 countries" in lines[0]
    assert lines[1].split() == ["cohort", "stage", "left", DRUP, "FI", "NO", "SE", PROTARGET]
