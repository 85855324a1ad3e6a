"""The moments at which outsiders are shown anything new."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.reports.releases import release_moment, released_at

FOUR_WEEKS = timedelta(weeks=4)
MONDAY = datetime(2022, 1, 10, tzinfo=UTC)
A_WEEK, A_MOMENT = timedelta(weeks=1), timedelta(milliseconds=1)


@pytest.mark.parametrize("after", [timedelta(0), A_MOMENT, timedelta(days=3), A_WEEK - A_MOMENT])
def test_whenever_one_asks_in_a_week_the_release_is_that_of_its_monday(after: timedelta) -> None:
    assert released_at(MONDAY + after, A_WEEK) == MONDAY


def test_a_release_holds_what_was_received_before_it() -> None:
    received = [MONDAY - A_WEEK, MONDAY - A_MOMENT, MONDAY, MONDAY + A_MOMENT]

    assert release_moment(received, A_WEEK, now=MONDAY + timedelta(days=1)) == 1
    assert release_moment(received, A_WEEK, now=MONDAY + A_WEEK) == 3


def test_before_the_first_release_there_is_nothing_to_show() -> None:
    assert release_moment([MONDAY], A_WEEK, now=MONDAY + timedelta(days=1)) == -1
    assert release_moment([], A_WEEK, now=MONDAY) == -1


def test_between_two_releases_nothing_that_is_received_shows() -> None:
    released = released_at(MONDAY, FOUR_WEEKS)
    received = [released + timedelta(days=day) for day in range(-5, 56)]

    seen = {release_moment(received[:heard], FOUR_WEEKS, now=received[heard - 1]) for heard in range(6, 61)}

    assert seen == {4, 32}
