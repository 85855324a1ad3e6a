"""The moments at which outsiders are shown anything new."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.reports.releases import released_at

FOUR_WEEKS = timedelta(weeks=4)
MONDAY = datetime(2022, 1, 10, tzinfo=UTC)
A_WEEK, A_MOMENT = timedelta(weeks=1), timedelta(milliseconds=1)


@pytest.mark.parametrize("after", [timedelta(0), A_MOMENT, timedelta(days=3), A_WEEK - A_MOMENT])
def test_whenever_one_asks_in_a_week_the_release_is_that_of_its_monday(after: timedelta) -> None:
    assert released_at(MONDAY + after, A_WEEK) == MONDAY


def test_in_eight_weeks_there_are_two_releases_whoever_asks_how_often() -> None:
    first = released_at(MONDAY, FOUR_WEEKS)

    seen = {released_at(first + timedelta(hours=hour), FOUR_WEEKS) for hour in range(8 * 7 * 24)}

    assert seen == {first, first + FOUR_WEEKS}
