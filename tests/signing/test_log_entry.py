from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.entry import Entry, format_time, parse_time

TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000))
PARTS = st.text("ABCabc019-_", min_size=1, max_size=20)


@given(TIMES)
def test_a_time_comes_back_from_its_text(time: datetime) -> None:
    text = format_time(time)

    assert parse_time(text) == time
    assert parse_time(text).tzinfo is UTC
    assert len(text) == 24


@given(TIMES, PARTS, PARTS, PARTS)
def test_an_entry_comes_back_from_its_leaf(received: datetime, header: str, payload: str, signature: str) -> None:
    entry = Entry(received, f"{header}.{payload}.{signature}")

    assert Entry.parse(entry.leaf) == entry


def test_a_leaf_is_the_time_of_receipt_a_newline_and_the_jws() -> None:
    entry = Entry(datetime(2021, 11, 16, 9, 30, 0, 123_000, tzinfo=UTC), "e30.e30.AA")

    assert entry.leaf == b"2021-11-16T09:30:00.123Z\ne30.e30.AA"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2021-11-16T09:30:00Z",
        "2021-11-16T09:30:00.12Z",
        "2021-11-16T09:30:00.1234Z",
        "2021-11-16T09:30:00.123456Z",
        "2021-11-16T09:30:00,123Z",
        "2021-11-16T09:30:00.123z",
        "2021-11-16t09:30:00.123Z",
        "2021-11-16 09:30:00.123Z",
        "2021-11-16T09:30:00.123",
        "2021-11-16T09:30:00.123+00:00",
        "2021-11-16T09:30:00.123Z\n",
        " 2021-11-16T09:30:00.123Z",
        "2021-02-29T09:30:00.123Z",
        "2021-11-16T24:00:00.000Z",
        "2021-11-16T23:59:60.000Z",
        "0000-01-01T00:00:00.000Z",
        "20211116T093000.123Z",
        "+021-11-16T09:30:00.123Z",
        "٢٠٢١-11-16T09:30:00.123Z",
    ],
)
def test_a_time_is_written_in_one_way(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_time(text)


@pytest.mark.parametrize(
    "time",
    [
        datetime(2021, 11, 16, 9, 30),  # noqa: DTZ001 - the point: it is naive
        datetime(2021, 11, 16, 9, 30, tzinfo=timezone(timedelta(hours=1))),
        datetime(2021, 11, 16, 9, 30, 0, 123_456, tzinfo=UTC),
    ],
)
def test_a_time_that_is_not_utc_in_milliseconds_is_not_written(time: datetime) -> None:
    with pytest.raises(MalformedError):
        format_time(time)


TIME = b"2021-11-16T09:30:00.123Z"


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        TIME,
        TIME + b"\n",
        TIME + b"e30.e30.AA",
        TIME + b"\r\ne30.e30.AA",
        TIME + b"\n\ne30.e30.AA",
        TIME + b"\ne30.e30.AA\n",
        TIME + b"\ne30.e30.AA~",
        TIME + b"\ne30.e30",
        TIME + b"\ne30.e30.",
        TIME + b"\ne30..AA",
        TIME + b"\ne30.e30.AA.AA",
        TIME + b"\ne30.e30.AA=",
        TIME + b"\ne30.e30.\xc3\xa9",
        TIME + b"\ne30.e30.\xff",
        TIME + b"\ne30.e30." + b"A" * 60_000,
        b"2021-11-16T09:30:00Z\ne30.e30.AA",
        b"\ne30.e30.AA",
    ],
)
def test_an_entry_of_another_shape_is_refused(leaf: bytes) -> None:
    with pytest.raises(MalformedError):
        Entry.parse(leaf)
