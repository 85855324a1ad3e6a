"""Who contributed what: events by who signed them, rows and cells by the event that set them."""

from datetime import date

from given import DEATH, DRUP, FINPROVE, IMPRESS, PROTARGET, Alliance, case, opened, patient

from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.names import When
from ledger.reports.contributions import Contribution, InTable, contributions


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def of(alliance: Alliance, node: str) -> Contribution:
    return next(each for each in contributions(snapshot_of(alliance)) if each.node == node)


def test_a_row_that_two_nodes_set_counts_for_both_and_each_cell_for_one() -> None:
    alliance = opened(DRUP)

    drup, impress, protarget = (of(alliance, node) for node in (DRUP, IMPRESS, PROTARGET))

    # DRUP comes first among the founders, and three of five bring a resolution into force
    assert drup.tables["resolutions"] == InTable(rows=2, cells=8)
    in_force = [each.tables["resolutions"] for each in (protarget, impress) if "resolutions" in each.tables]
    assert sum(table.cells for table in in_force) + cells_elsewhere(alliance) == 2


def cells_elsewhere(alliance: Alliance) -> int:
    others = [each for each in contributions(snapshot_of(alliance)) if each.node not in (DRUP, IMPRESS, PROTARGET)]
    return sum(each.tables["resolutions"].cells for each in others if "resolutions" in each.tables)


def test_cells_add_up_to_those_of_the_database() -> None:
    alliance = opened(DRUP, IMPRESS)
    alliance.treats(DRUP, case(1))
    alliance.treats(IMPRESS, case(2))
    snapshot = snapshot_of(alliance)

    counted = sum(table.cells for each in contributions(snapshot) for table in each.tables.values())

    assert counted == sum(len(row.set_by) for rows in snapshot.tables.values() for row in rows)


def test_openings_enrolments_and_outcomes_are_the_nodes_own() -> None:
    alliance = opened(DRUP, IMPRESS)
    alliance.treats(IMPRESS, case(1))
    alliance.says(IMPRESS, "survival.updated", {**patient(case(1)), **DEATH})

    drup, impress = of(alliance, DRUP), of(alliance, IMPRESS)

    assert (drup.openings, drup.enrolments, drup.outcomes) == (1, 0, 0)
    assert (impress.openings, impress.enrolments, impress.outcomes) == (1, 1, 1)
    assert impress.by_type["survival.updated"] == 1
    assert sum(impress.by_type.values()) == impress.events


def test_the_lag_is_the_median_from_the_stated_day_to_the_receipt() -> None:
    alliance = opened(DRUP)
    before = [(event.received.date(), event.on) for event in alliance.database.events if event.node == DRUP]

    lags = sorted((received - day_of(on)).days for received, on in before if on)
    found = of(alliance, DRUP).median_lag_days

    assert len(lags) == 4
    assert found == (lags[1] + lags[2]) / 2


def day_of(on: str) -> date:
    return When.parse(on).last


def test_made_up_events_are_counted_and_a_quiet_member_is_listed() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-12-01", "synthetic": True})

    assert of(alliance, DRUP).synthetic == 1
    assert of(alliance, FINPROVE).synthetic == 0
    assert of(alliance, FINPROVE).openings == 0


def test_first_and_last_receipt_are_the_hubs_times() -> None:
    alliance = opened(DRUP)

    drup = of(alliance, DRUP)

    assert drup.first_received == "2022-01-03T09:00:00.000Z"
    assert drup.first_received < str(drup.last_received)
