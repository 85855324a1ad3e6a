"""A cosigned checkpoint of each day is kept, with new entries and without: they bracket when entries were received."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import hubs
import pytest
import watched as kit
from watched import Watched, watched

from ledger.cohort.witnesses import cosignatures_on, witnesses_of
from ledger.errors import NotFoundError, UnavailableError
from ledger.operations import witnessing
from ledger.operations.doctor import examine
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.kept import parse_kept


def well(made: Watched) -> bool:
    return [each for each in examine(made.settings) if each.verdict != "well"] == []


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2126, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def test_a_checkpoint_is_kept_of_each_day_with_new_entries_and_without(tmp_path: Path) -> None:
    clock = Clock()
    with watched(tmp_path, now=clock) as made:
        made.hub.witnessing._now = made.hub.witnessing.asking._now = made.hub.appender.now = clock
        made.hub.witnessing.work()
        made.post_one()
        made.hub.witnessing.work()  # the same day: nothing more is kept

        for hours in (24, 1, 30):
            clock.time += timedelta(hours=hours)
            made.hub.witnessing.work()

        notes = [read_checkpoint(note, hubs.LOG.verifier) for note in parse_kept(made.file("checkpoints"))]
        size = len(made.alliance.heard)
        assert [checkpoint.size for checkpoint, _ in notes] == [size - 1, size, size]
        witnesses = witnesses_of(made.alliance.database)
        days = [{each.day for each in cosignatures_on(note, witnesses)} for _, note in notes]
        assert days == [{57305}, {57306}, {57307}]
        assert min(len(note.signatures) for _, note in notes) >= 3  # the log's, and two at least
        assert well(made)


def test_a_day_on_which_too_few_cosign_keeps_nothing(tmp_path: Path) -> None:
    clock = Clock()
    with watched(tmp_path, now=clock) as made:
        made.hub.witnessing._now = made.hub.witnessing.asking._now = made.hub.appender.now = clock
        made.hub.witnessing.work()
        clock.time += timedelta(days=1)
        for each in made.witnesses[1:]:
            each.instead = lambda _body: (503, b"")

        made.hub.witnessing.work()

        assert len(parse_kept(made.file("checkpoints"))) == 1
        assert b"w2.example" in made.file("checkpoint")  # of the day before
        assert well(made)


def test_before_anything_is_kept_the_file_is_there_and_empty(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:1]) as made:
        assert made.file("checkpoints") == b""
        with pytest.raises(NotFoundError):
            made.file("checkpoints/000")


def test_a_failure_between_witnessing_and_keeping_is_healed_without_asking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_args: object, **_kwargs: object) -> None:
        raise UnavailableError("the disk is busy")

    with watched(tmp_path) as made:
        with monkeypatch.context() as broken:
            broken.setattr(witnessing, "keep_witnessed", failing)
            with pytest.raises(UnavailableError):
                made.hub.witnessing.work()
        assert made.file("checkpoints") == b""
        asked = [list(each.asked) for each in made.witnesses]

        made.hub.witnessing.work()

        assert len(parse_kept(made.file("checkpoints"))) == 1
        assert [each.asked for each in made.witnesses] == asked
        assert well(made)
