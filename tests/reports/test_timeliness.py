"""How soon nodes told, by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from amended import retracts
from given import DRUP, IMPRESS, Alliance, case, opened

from ledger.cohort.database import Registered
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.reports.timeliness import OfMonth, Timeliness, by_month, timeliness

DAY = datetime(2022, 1, 31, tzinfo=UTC)


def snapshot_of(alliance: Alliance, *events: Registered) -> Snapshot:
    """Its rows, and these events alone."""
    database = alliance.database
    return replace(of_versions(current(database), database.events, size=database.size), events=events)


def told(alliance: Alliance, on: str | None, *, lag: int = 0, node: str = DRUP) -> Registered:
    return replace(alliance.database.events[-1], node=node, on=on, received=DAY + timedelta(days=lag))


def test_days_are_counted_from_the_last_that_an_event_may_mean() -> None:
    alliance = opened(DRUP)
    lags = (0, 1, 2, 3, 4, 5, 6, 30, 31, 400)
    events = [told(alliance, "2022-01", lag=lag) for lag in lags]

    of_drup, *others = timeliness(snapshot_of(alliance, *events, told(alliance, None)))

    assert of_drup == Timeliness(DRUP, dated=10, median_days=4.5, nine_of_ten_days=31, longest_days=400, soon=8)
    assert {(each.dated, each.median_days, each.longest_days) for each in others} == {(0, None, None)}


def test_months_are_those_that_events_tell_of_and_a_retracted_event_tells_of_none() -> None:
    alliance = opened(DRUP)
    kept, gone = (
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": f"2021-1{number}-20"}) for number in (1, 2)
    )
    retracts(alliance, gone)
    events = (*(each.event for each in (kept, gone)), told(alliance, "2021-Q4", node=IMPRESS))

    assert by_month(snapshot_of(alliance, *events)) == (
        OfMonth(DRUP, "2021-11", 1),
        OfMonth(IMPRESS, "2021-12", 1),
    )
