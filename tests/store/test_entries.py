"""Entries at rest: read back as written, found by what they say, and what was altered is named."""

from datetime import timedelta, timezone

import pytest
from altering import drop_triggers
from given import COHORT, DRUP, PROTARGET, START, case
from kept import Kept
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ledger.errors import TamperedError
from ledger.signing.entry import Entry
from ledger.store.engine import reading, writing
from ledger.store.entries import (
    check_columns,
    find_entry,
    index_at_time,
    page_entries,
    read_entries,
    registered,
)
from ledger.store.head import read_head
from ledger.store.tables import entries, head, vault


def test_entries_are_read_back_as_they_were_taken(story: Kept) -> None:
    heard = story.alliance.heard

    with reading(story.engine) as conn:
        stored = list(read_entries(conn, 0, len(heard)))

    assert [entry.leaf for entry in stored] == [Entry(said.received, said.envelope.jws.text).leaf for said in heard]
    assert [(entry.index, entry.digest) for entry in stored] == [
        (taken.event.index, taken.digest) for taken in story.taken
    ]


def test_a_range_of_entries_is_read_without_its_end(story: Kept) -> None:
    with reading(story.engine) as conn:
        assert [entry.index for entry in read_entries(conn, 5, 9)] == [5, 6, 7, 8]
        assert list(read_entries(conn, 9, 9)) == []


def test_the_first_missing_entry_is_named(story: Kept) -> None:
    size = len(story.taken)

    with reading(story.engine) as conn, pytest.raises(TamperedError, match=f"entry {size} is missing") as missing:
        list(read_entries(conn, size - 2, size + 2))

    assert missing.value.facts["index"] == size


def test_an_entry_taken_out_is_named(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        drop_triggers(conn)
        conn.execute(entries.delete().where(entries.c.index == 6))

        with pytest.raises(TamperedError, match="entry 6 is missing"):
            list(read_entries(conn, 0, len(altered.taken)))


def test_an_entry_is_found_by_index_and_by_event_id(story: Kept) -> None:
    event = story.taken[20].event

    with reading(story.engine) as conn:
        entry = find_entry(conn, index=20)

        assert entry is not None
        assert entry.jws == story.alliance.heard[20].envelope.jws.text
        assert find_entry(conn, event_id=event.event_id) == entry
        assert find_entry(conn, index=len(story.taken)) is None
        assert find_entry(conn, event_id="") is None


def test_pages_follow_each_other_and_keep_to_what_is_asked_for(story: Kept) -> None:
    events = [taken.event for taken in story.taken]
    claims = [said.envelope.claims for said in story.alliance.heard]

    def page(**asked: str) -> list[int]:
        found: list[int] = []
        with reading(story.engine) as conn:
            while part := page_entries(conn, after=found[-1] if found else -1, limit=3, **asked):
                found += [entry.index for entry in part]
        return found

    assert page() == [event.index for event in events]
    assert page(node=PROTARGET) == [event.index for event in events if event.node == PROTARGET]
    assert page(type="case.submitted") == [event.index for event in events if event.type == "case.submitted"]
    assert page(cohort=COHORT) == [index for index, each in enumerate(claims) if each.data.get("cohort") == COHORT]
    assert page(case=case(1), node=DRUP) == [
        index for index, each in enumerate(claims) if each.data.get("case") == case(1)
    ]
    assert page(case=case(1), node=PROTARGET) == []


def test_the_register_is_read_back_but_for_what_each_event_stands_on(story: Kept) -> None:
    with reading(story.engine) as conn:
        events = registered(conn, 30)

    assert [repr(event).partition("stands_on")[0] for event in events] == [
        repr(taken.event).partition("stands_on")[0] for taken in story.taken[:30]
    ]


def test_a_time_finds_the_last_entry_that_was_received_by_then(story: Kept) -> None:
    minute = timedelta(minutes=1)  # passes between two entries
    east = timezone(timedelta(hours=5))

    with reading(story.engine) as conn:
        assert index_at_time(conn, START - timedelta(microseconds=1)) == -1
        assert index_at_time(conn, START) == 0
        assert index_at_time(conn, START + 2 * minute - timedelta(microseconds=1)) == 1
        assert index_at_time(conn, (START + 2 * minute).astimezone(east)) == 2
        assert index_at_time(conn, START + timedelta(days=365)) == len(story.taken) - 1


def test_an_entry_is_stored_once(altered: Kept) -> None:
    again = 'INSERT INTO entries SELECT * FROM entries WHERE "index" = 3'
    with writing(altered.engine) as conn:
        drop_triggers(conn)

        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            conn.exec_driver_sql(again)


def test_derived_columns_say_what_the_envelopes_say(story: Kept) -> None:
    with reading(story.engine) as conn:
        check_columns(conn, read_head(conn).size)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("node", "'impress-no'"),
        ("seq", "seq + 1000"),
        ("event_id", "event_id || ' '"),
        ("type", "'cohort.opened'"),
        ("happened_on", "NULL"),
        ("happened_on", "'2021-12-24'"),
        ("synthetic", "1"),
        ("synthetic", "2"),
        ("cohort", "NULL"),
        ("cohort", "'other'"),
        pytest.param(
            "case", "CAST(x'ff' AS TEXT)", marks=pytest.mark.sqlites_own("PostgreSQL refuses bytes that are no text")
        ),
        ("jws", "'e' || jws"),
        ("jws", "replace(jws, '.', '')"),
        ("index", "1000"),
    ],
)
def test_a_changed_column_is_named_with_its_entry(altered: Kept, column: str, value: str) -> None:
    place = next(taken.event.index for taken in altered.taken if taken.event.type == "patient.enrolled")
    with writing(altered.engine) as conn:
        drop_triggers(conn)
        conn.execute(vault.delete().where(vault.c.index == place))
        conn.execute(entries.update().where(entries.c.index == place).values({column: text(value)}))

    with reading(altered.engine) as conn, pytest.raises(TamperedError) as found:
        check_columns(conn, read_head(conn).size)

    assert found.value.facts["index"] == place


@pytest.mark.parametrize("size", ["size - 1", "size + 1"])
def test_a_changed_size_is_found(altered: Kept, size: str) -> None:
    with writing(altered.engine) as conn:
        conn.execute(head.update().values(size=text(size)))

    with reading(altered.engine) as conn, pytest.raises(TamperedError, match="where the head counts"):
        check_columns(conn, read_head(conn).size)
