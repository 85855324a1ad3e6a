"""Old history replays for ever: the golden files are of every type and version, and still mean what they meant."""

from given import Alliance
from golden_files import GOLDEN, NAME, Golden, add_missing, golden_history, names, replayed
from story import FOUNDERS, STORY

from ledger.cohort.database import Database
from ledger.events.base import Recorded
from ledger.events.catalog import EVENT_TYPES
from ledger.replay import replay


def test_every_event_type_and_version_has_a_golden_file_and_every_file_a_type() -> None:
    listed = {f"{each.TYPE}.v{each.VERSION}" for each in EVENT_TYPES}

    assert names() == listed


def test_a_golden_file_holds_an_envelope_of_the_type_that_it_is_named_after() -> None:
    for name in names():
        golden = Golden.parse((GOLDEN / f"{name}.json").read_text())

        assert NAME.format(golden.envelope.claims) == name
        assert golden.envelope.missing == ()


def test_the_golden_history_still_leads_to_its_digests() -> None:
    history = golden_history()
    memorandum = Alliance(FOUNDERS).memorandum
    entries = [Recorded.of(each.envelope, index=each.index, received=each.received) for each in history]

    digests = [taken.digest for taken in replay(memorandum, entries, Database())]

    assert [golden.index for golden in history] == list(range(len(history)))
    assert digests == [golden.digest for golden in history]


def test_the_golden_envelopes_are_signed_by_their_nodes() -> None:
    alliance = replayed()  # which verifies each before it takes it

    assert alliance.database.digest == golden_history()[-1].digest


def test_the_whole_story_is_in_the_golden_files() -> None:
    told = [(golden.envelope.claims.node, golden.envelope.claims.type) for golden in golden_history()]

    assert told == [(sentence.node, sentence.type) for sentence in STORY]
    assert list(add_missing()) == []
