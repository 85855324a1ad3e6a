"""The database takes entries, and gives them back as if they had never come."""

from given import DRUP, PROTARGET, Alliance, opened, state_of
from histories import history
from hypothesis import given as holds_for
from hypothesis import settings
from hypothesis import strategies as st

from ledger.cohort.database import Database
from ledger.replay import step

seeds = st.integers(0, 2**32)


@settings(max_examples=12, deadline=None)
@holds_for(seeds, st.integers(20, 160), st.integers(1, 40))
def test_giving_back_is_the_exact_inverse_of_taking(seed: int, n: int, some: int) -> None:
    alliance = history(seed, n)
    again = Database()
    entries = alliance.recorded()
    for entry in entries[:-some]:
        step(alliance.memorandum, again, entry)
    before = state_of(again)
    states, taken = [], []
    for entry in entries[-some:]:
        states.append(state_of(again))
        taken.append(step(alliance.memorandum, again, entry))

    for last, state in zip(reversed(taken), reversed(states), strict=True):
        again.give_back(last)
        assert state_of(again) == state

    assert state_of(again) == before


@settings(max_examples=6, deadline=None)
@holds_for(seeds)
def test_what_was_given_back_can_be_taken_again(seed: int) -> None:
    alliance = history(seed, 120)
    entries = alliance.recorded()
    again = Database()
    for entry in entries:
        again.give_back(step(alliance.memorandum, again, entry))
        step(alliance.memorandum, again, entry)

    assert state_of(again) == state_of(alliance.database)


def test_the_register_knows_every_event_by_its_id() -> None:
    alliance = history(1, 100)

    for index, heard in enumerate(alliance.heard):
        event = alliance.database.events[index]
        assert alliance.database.index_of(heard.envelope.claims.event_id) == index == event.index
        assert (event.node, event.type) == (heard.envelope.claims.node, heard.envelope.claims.type)
        assert event.received == heard.received
    assert alliance.database.received == alliance.heard[-1].received
    assert alliance.database.index_of("nobody's") is None


def test_rows_are_found_under_the_beginning_of_their_key_oldest_first() -> None:
    alliance = opened(DRUP, PROTARGET)

    openings = [record.key[1] for record in alliance.database.under("cohort_openings", "braf-v600")]

    assert openings == [DRUP, PROTARGET]
    assert [*alliance.database.under("cohort_openings", "braf-v600", DRUP)] == [
        record for record in alliance.database.rows("cohort_openings") if record.key[1] == DRUP
    ]
    assert [*alliance.database.under("cohort_openings", "other")] == []


def test_a_stream_knows_its_head() -> None:
    alliance = Alliance()
    assert alliance.database.streams == {}

    alliance.signs(DRUP)

    assert alliance.database.streams == {DRUP: (0, alliance.heard[0].envelope.hash)}
