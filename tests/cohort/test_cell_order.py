"""Cells: the last that stands, by root event first and by correction second."""

from given import DRUP, state_of
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.cohort.cells import Laying, Record
from ledger.cohort.database import Database

layings = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: Laying(min(pair), max(pair), f"{pair}")),
    unique_by=lambda laying: laying.by,
)


def record_of(*laid: Laying) -> Record:
    record = Record((DRUP,))
    for laying in laid:
        record.lay("field", laying)
    return record


def test_a_later_event_overrides_an_earlier_one() -> None:
    record = record_of(Laying(3, 3, "old"), Laying(7, 7, "new"))

    assert (record.value("field"), record.root("field")) == ("new", 7)


def test_a_correction_overrides_what_it_corrects() -> None:
    record = record_of(Laying(3, 3, "wrong"), Laying(3, 9, "right"))

    assert (record.value("field"), record.root("field")) == ("right", 3)


def test_a_correction_of_an_older_event_does_not_override_a_newer_one() -> None:
    record = record_of(Laying(3, 3, "old"), Laying(7, 7, "new"), Laying(3, 9, "old, corrected"))

    assert (record.value("field"), record.root("field")) == ("new", 7)


def test_a_cell_that_an_event_set_to_nothing_is_another_than_one_that_none_set() -> None:
    record = record_of(Laying(3, 3, None))

    assert (record.value("field"), record.root("field")) == (None, 3)
    assert (record.value("other"), record.root("other")) == (None, None)


def test_a_value_is_known_as_it_stood_when_an_entry_had_been_taken() -> None:
    record = record_of(Laying(3, 3, "first"), Laying(7, 7, "second"), Laying(7, 9, "second, corrected"))

    at = {index: record.value_at("field", index) for index in (2, 3, 6, 7, 8, 9, 10)}

    assert at == {
        2: None, 3: "first", 6: "first", 7: "second", 8: "second", 9: "second, corrected", 10: "second, corrected"
    }  # fmt: skip
    assert record.value_at("other", 10) is None


@holds_for(layings)
def test_the_order_in_which_cells_are_laid_makes_no_difference(laid: list[Laying]) -> None:
    assert record_of(*laid).cells == record_of(*reversed(laid)).cells


@holds_for(layings, st.data())
def test_what_is_taken_back_was_never_there(laid: list[Laying], data: st.DataObject) -> None:
    spare = data.draw(st.integers(0, 20))
    record = record_of(*laid)

    record.take_back(spare)

    assert record.cells == record_of(*[laying for laying in laid if laying.by != spare]).cells


def test_an_empty_database_has_no_state() -> None:
    assert state_of(Database()) == state_of(Database())
    assert Database().digest == bytes(32)
    assert Database().received is None
