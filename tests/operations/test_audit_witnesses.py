"""What witnesses cosigned, as an auditor counts it, and how it brackets the times at which a hub says it received."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import given
import hubs
import pytest
import watched as kit
from forged import Altered

from ledger.cohort.witnesses import with_cosignatures
from ledger.merkle.tree import Frontier
from ledger.operations.audit import Audit, Before, audit
from ledger.operations.reached import Reached
from ledger.operations.reading import Moment, snapshot_at
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.kept import encode_kept
from ledger.signing.note import Note, NoteSignature

HOUR_S = 3_600


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Watched]:
    """A hub whose newest checkpoint three witnesses have cosigned; one is kept, of a time when it had an entry less."""
    with kit.watched(tmp_path_factory.mktemp("watched")) as made:
        made.hub.witnessing.work()
        made.hub.witnessing.work()
        made.post_one()
        made.hub.witnessing.work()
        assert made.who_cosigned() == list(kit.NAMES)
        yield made


def audited(made: kit.Watched, *, witnesses: int = 0, before: Before | None = None, **files: bytes) -> Audit:
    source = Altered(made.hub.source("full"), dict(files))
    return audit(source, witnesses=witnesses, before=before or Before())


def size_of(made: kit.Watched) -> int:
    return made.hub.appender.size()


def received_s(made: kit.Watched, index: int) -> int:
    return int(snapshot_at(made.hub.engine, Moment()).events[index].received.timestamp())


def kept(made: kit.Watched, size: int, *, at_s: int, root: bytes | None = None, by: str = kit.NAMES[0]) -> bytes:
    """A file with one checkpoint of the log, which somebody cosigned at a time."""
    tile = made.file(f"tile/0/000.p/{size_of(made)}")
    frontier = Frontier()
    for index in range(size):
        frontier.append(tile[index * 32 : index * 32 + 32])
    note = sign_checkpoint(Checkpoint(given.ORIGIN, size, root or frontier.root), hubs.LOG)
    return encode_kept([with_cosignatures(note, [given.cosigner(by).cosign(note.text, time_s=at_s)]).encode()])


# ---------------------------------------------------------------------- how many


def test_as_many_witnesses_as_are_asked_for_must_have_cosigned(three: kit.Watched) -> None:
    enough, too_few = audited(three, witnesses=2), audited(three, witnesses=4)

    assert enough.holds
    assert "cosigned by w1.example, w2.example, w3.example; 2 of 3 were asked for" in enough.passed[2]
    assert too_few.failure is not None
    assert (too_few.failure.step, too_few.failure.index) == (2, None)
    assert "resolutions in force name 3: ask for fewer" in too_few.failure.message


def test_it_says_where_nobody_is_asked_for_and_where_half_or_fewer_are(three: kit.Watched) -> None:
    assert "nothing here shows that others were shown the same log" in audited(three).passed[2]
    assert "two halves may have been shown two histories" in audited(three, witnesses=1).passed[2]


def test_a_cosignature_by_somebody_whom_no_resolution_names_does_not_count(three: kit.Watched) -> None:
    note = Note.parse(three.file("checkpoint"))
    stranger = given.cosigner("stranger.example").cosign(note.text, time_s=1_700_000_000)
    alone = Note(note.text, (note.signatures[0], stranger)).encode()

    found = audited(three, witnesses=1, checkpoint=alone)

    assert found.failure is not None
    assert "0 of 3 witnesses" in found.failure.message


def test_a_cosignature_that_does_not_hold_spoils_the_checkpoint(three: kit.Watched) -> None:
    note = Note.parse(three.file("checkpoint"))
    log, first, *_ = note.signatures
    spoilt = NoteSignature(first.name, first.key_id, bytes([first.signature[0] ^ 1]) + first.signature[1:])

    found = audited(three, checkpoint=Note(note.text, (log, spoilt)).encode())

    assert found.failure is not None
    assert found.failure.step == 2


# ---------------------------------------------------------------------- when


def test_times_of_receipt_fit_what_was_cosigned_since(three: kit.Watched) -> None:
    found = audited(three)

    assert found.holds
    assert "2 cosigned checkpoints bracket the times of receipt" in found.passed[4]


def test_an_entry_that_a_witness_saw_before_it_was_received_fails_step_4(three: kit.Watched) -> None:
    at = size_of(three) - 2
    early = kept(three, at + 1, at_s=received_s(three, at) - HOUR_S)

    found = audited(three, checkpoints=early)

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (4, at)
    assert "before the hub says that it was received" in found.failure.message


def test_an_entry_that_is_dated_back_behind_a_checkpoint_without_it_fails_step_4(three: kit.Watched) -> None:
    at = size_of(three) - 1
    late = kept(three, at, at_s=received_s(three, at) + HOUR_S)

    found = audited(three, checkpoints=late)

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (4, at)
    assert "was not in the log at" in found.failure.message


def test_a_kept_checkpoint_of_another_history_fails_step_4(three: kit.Watched) -> None:
    forked = kept(three, 5, at_s=received_s(three, 4), root=bytes(32))
    longer = kept(three, 5, at_s=received_s(three, 4)).replace(b"\n5\n", b"\n6\n")

    found, respelt = audited(three, checkpoints=forked), audited(three, checkpoints=longer)

    assert found.failure is not None
    assert found.failure.step == 4
    assert "does not extend: it signed both" in found.failure.message
    assert respelt.failure is not None
    assert respelt.failure.step == 4


def test_what_nobody_is_known_to_have_cosigned_brackets_nothing(three: kit.Watched) -> None:
    by_a_stranger = kept(three, 5, at_s=1, by="stranger.example")

    found = audited(three, checkpoints=by_a_stranger)

    assert found.holds
    assert "1 cosigned checkpoints bracket the times of receipt" in found.passed[4]  # the one that is audited


def test_an_audit_that_goes_on_looks_at_the_kept_checkpoints_that_are_new(three: kit.Watched) -> None:
    first = audited(three)
    assert first.reached is not None
    before = Before(reached=Reached.load(first.reached.dump()))
    honest, at = three.file("checkpoints"), size_of(three) - 1

    again = audited(three, before=before)
    more = audited(three, before=before, checkpoints=honest + kept(three, at, at_s=received_s(three, at) + HOUR_S))

    assert again.holds
    assert again.nothing_new
    assert again.passed[4].endswith("2 cosigned checkpoints bracket the times of receipt")
    assert more.failure is not None
    assert more.failure.index == at


def test_cosigned_checkpoints_that_an_earlier_audit_saw_must_still_be_shown(three: kit.Watched) -> None:
    first = audited(three)
    assert first.reached is not None

    for gone in (b"", three.file("checkpoints")[:-1]):
        found = audited(three, before=Before(reached=Reached.load(first.reached.dump())), checkpoints=gone)

        assert found.failure is not None
        assert found.failure.step == 4
        assert "not shown any more" in found.failure.message


@pytest.mark.parametrize("path", ["checkpoint", "checkpoints"])
def test_an_entry_dated_back_behind_what_the_last_audit_saw_cosigned_fails_step_4(tmp_path: Path, path: str) -> None:
    # given: a checkpoint over all there is was cosigned hours after the last entry, and an audit saw that
    clock = Clock()
    with kit.watched(tmp_path, now=clock) as made:
        made.hub.appender.now = made.hub.witnessing._now = made.hub.witnessing.asking._now = clock
        made.hub.witnessing.work()
        clock.time += timedelta(hours=5)
        note = Note.parse(made.file("checkpoint"))
        line = made.witnesses[0].signer.cosign(note.text, time_s=int(clock.time.timestamp()))
        late = with_cosignatures(note, [line]).encode()
        shown: dict[str, bytes] = {path: late if path == "checkpoint" else encode_kept([late])}
        first = audit(Altered(made.hub.source("full"), {**shown}))
        assert first.reached is not None
        before = Before(reached=Reached.load(first.reached.dump()))

        # when: the next entry is dated to before that
        clock.time -= timedelta(hours=4)
        index = made.post_one()

        # then
        source = made.hub.source("full")
        found = audit(source if path == "checkpoint" else Altered(source, {**shown}), before=before)
        assert found.failure is not None
        assert (found.failure.step, found.failure.index) == (4, index)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2126, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time
