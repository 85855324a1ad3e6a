"""Slugs, regimens, and dates of stated precision."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.names import SLUG_MAX, UUID, UUID_V7, Precision, When, is_slug, regimen_name

DAYS = st.dates()
YEARS = st.integers(1, 9999)
TEXTS = st.one_of(
    DAYS.map(date.isoformat),
    st.builds("{:04}-{:02}".format, YEARS, st.integers(1, 12)),
    st.builds("{:04}-Q{}".format, YEARS, st.integers(1, 4)),
    YEARS.map("{:04}".format),
    st.lists(DAYS, min_size=2, max_size=2, unique=True).map(lambda days: f"{min(days)}/{max(days)}"),
)


@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        ("2021-11-16", "day", date(2021, 11, 16), date(2021, 11, 16)),
        ("2024-02-29", "day", date(2024, 2, 29), date(2024, 2, 29)),
        ("2021-11", "month", date(2021, 11, 1), date(2021, 11, 30)),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29)),
        ("2021-12", "month", date(2021, 12, 1), date(2021, 12, 31)),
        ("2021-Q1", "quarter", date(2021, 1, 1), date(2021, 3, 31)),
        ("2021-Q2", "quarter", date(2021, 4, 1), date(2021, 6, 30)),
        ("2021-Q3", "quarter", date(2021, 7, 1), date(2021, 9, 30)),
        ("2021-Q4", "quarter", date(2021, 10, 1), date(2021, 12, 31)),
        ("2021", "year", date(2021, 1, 1), date(2021, 12, 31)),
        ("2021-11-11/2021-11-16", "interval", date(2021, 11, 11), date(2021, 11, 16)),
        ("0001", "year", date(1, 1, 1), date(1, 12, 31)),
        ("9999-12-31", "day", date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
def test_a_date_keeps_its_precision_and_knows_the_days_it_may_mean(
    text: str, precision: Precision, first: date, last: date
) -> None:
    when = When.parse(text)

    assert (when.text, when.precision, when.first, when.last) == (text, precision, first, last)


@given(TEXTS)
def test_a_date_prints_the_text_it_was_read_from(text: str) -> None:
    when = When.parse(text)

    assert str(when) == text
    assert When.parse(str(when)) == when
    assert when.first <= when.last


@given(DAYS, DAYS)
def test_a_day_is_its_iso_text_and_is_past_from_itself_on(day: date, other: date) -> None:
    when = When.parse(day.isoformat())

    assert when.first == when.last == day
    assert when.is_past(other) == (day <= other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "21-11-16",
        "20211116",
        "2021-11-16 ",
        " 2021-11-16",
        "2021-11-16\n",
        "2021-11-16T00:00:00Z",
        "2021-1-16",
        "2021-11-31",
        "2023-02-29",
        "0000-01-01",
        "2021-W46-2",
        "2021-00",
        "2021-13",
        "0000-05",
        "2021-Q0",
        "2021-Q5",
        "2021-q3",
        "2021Q3",
        "0000-Q1",
        "0000",
        "202",
        "20211",
        "+2021",
        "-2021",
        "2_21",
        "٢٠٢١",
        "٢٠٢١-Q3",
        "٢٠٢١-11",
        "２０２１-11-16",
        "2021-11-16/2021-11-11",
        "2021-11-16/2021-11-16",
        "2021-11-16/",
        "/2021-11-16",
        "2021-11/2021-12",
        "2021-11-11/2021-11-16/2021-11-20",
        "2021-11-11/2021-11-31",
        "2021-11-11--2021-11-16",
    ],
)
def test_what_states_no_date_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="not a date of stated precision"):
        When.parse(text)


@given(st.text(alphabet="0123456789-/Q", max_size=21))
def test_nothing_is_read_that_would_not_print_as_one_of_the_five_forms(text: str) -> None:
    try:
        when = When.parse(text)
    except MalformedError:
        return

    prints: dict[Precision, str] = {
        "day": when.first.isoformat(),
        "month": when.first.isoformat()[:7],
        "quarter": f"{when.first.year:04}-Q{when.last.month // 3}",
        "year": f"{when.first.year:04}",
        "interval": f"{when.first}/{when.last}",
    }
    assert text == prints[when.precision]


@pytest.mark.parametrize("text", ["2021-11-16", "2021-11", "2021-Q3", "2021", "2021-11-11/2021-11-16"])
def test_a_date_is_past_on_its_last_possible_day_and_not_the_day_before(text: str) -> None:
    when = When.parse(text)

    assert when.is_past(when.last)
    assert when.is_past(when.last + timedelta(days=1))
    assert not when.is_past(when.last - timedelta(days=1))


@pytest.mark.parametrize("slug", ["drup-nl", "a", "0", "cohort-07-b", "a" * SLUG_MAX])
def test_a_slug_is_lower_case_words_joined_by_single_hyphens(slug: str) -> None:
    assert is_slug(slug)


@pytest.mark.parametrize(
    "text",
    ["", "-", "-a", "a-", "a--b", "A", "a_b", "a b", "a.b", "a/b", "é", "a\n", "٣", "a" * (SLUG_MAX + 1)],
)
def test_what_is_no_slug_is_told_apart(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    ("text", "is_uuid", "is_v7"),
    [
        ("0197a3c2-5d1e-7c3b-9f00-0123456789ab", True, True),
        ("5f0c6a9e-1b2d-4e3f-8a4b-0123456789ab", True, False),
        ("0197A3C2-5D1E-7C3B-9F00-0123456789AB", False, False),
        ("0197a3c25d1e7c3b9f000123456789ab", False, False),
        ("0197a3c2-5d1e-7c3b-cf00-0123456789ab", False, False),
        ("00000000-0000-0000-0000-000000000000", False, False),
        ("0197a3c2-5d1e-7c3b-9f00-0123456789ab\n", False, False),
    ],
)
def test_ids_are_lower_case_uuids_and_those_of_events_of_version_7(text: str, *, is_uuid: bool, is_v7: bool) -> None:
    assert (UUID.fullmatch(text) is not None) == is_uuid
    assert (UUID_V7.fullmatch(text) is not None) == is_v7


def test_a_combination_has_one_name() -> None:
    assert regimen_name(("dabrafenib", "trametinib")) == "dabrafenib+trametinib"
    assert regimen_name(("olaparib",)) == "olaparib"
