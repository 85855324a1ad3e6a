"""What waits in a node's outbox: a file once, in order, for the node's eyes alone, and one flush at a time."""

import json
import os
import stat
from pathlib import Path

import given
import pytest
from desks import added, desk, profiled, submitted

from ledger.errors import MalformedError, NotFoundError, RuleError, SetupError
from ledger.node.folder import NodeFolder
from ledger.node.lines import LineFile
from ledger.node.outbox import Outbox, UnderWay
from ledger.node.rotation import StreamEnd


@pytest.fixture
def folder(tmp_path: Path) -> NodeFolder:
    return desk(tmp_path / "node", given.Alliance())


def numbers(outbox: Outbox) -> list[int]:
    return [each.number for each in outbox.waiting()]


def sealed(folder: NodeFolder, *taken: int) -> list[UnderWay]:
    """The waiting drafts of these numbers, sealed."""
    key = given.signing_key(given.DRUP)
    waiting = {each.number: each.text for each in folder.outbox.waiting()}
    return [
        UnderWay(number, folder.seal_line(waiting[number], lambda _kid: key, StreamEnd(None, ""))) for number in taken
    ]


def test_the_names_of_new_folders_are_durable_before_anything_is_put_into_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda opened: synced.append(Path(f"/proc/self/fd/{opened}").readlink()))

    LineFile(tmp_path / "a" / "b" / "lines").append([b"one"])
    with Outbox(tmp_path / "outbox").held():
        pass

    lines = tmp_path / "a" / "b" / "lines"
    assert synced == [tmp_path, tmp_path / "a", lines, lines.parent, tmp_path]
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "a", lines.parent, tmp_path / "outbox")} == {
        0o700
    }


def test_a_file_waits_once_until_it_was_taken_and_nothing_is_added_then(folder: NodeFolder) -> None:
    outbox, lines = folder.outbox, [submitted(1), submitted(2), submitted(2)]

    first = outbox.add(lines, ["a", "b", "c"])
    again = outbox.add(lines, ["a", "b", "c"])
    outbox.take([(1, 7), (2, 8), (3, 9)])
    later = outbox.add(lines, ["a", "b", "c"])

    assert (first.new, first.waiting, first.taken) == (3, 3, [])
    assert (again.new, again.waiting, again.taken) == (0, 3, [])
    assert (later.new, later.waiting, later.taken) == (0, 0, [7, 8, 9])


def test_of_a_file_whose_drafts_were_dropped_those_are_added_again(folder: NodeFolder) -> None:
    outbox, lines = folder.outbox, [submitted(1), submitted(2), submitted(3)]
    outbox.add(lines, ["a:1", "a:2", "a:3"])
    outbox.take([(1, 0)])

    outbox.drop(2)
    again = outbox.add(lines, ["a:1", "a:2", "a:3"])

    assert (again.new, again.waiting, again.taken) == (1, 2, [0])
    assert [(each.number, each.origin) for each in outbox.waiting()] == [(3, "a:3"), (4, "a:2")]


def test_numbers_are_never_given_again(folder: NodeFolder) -> None:
    added(folder, submitted(1), submitted(2))
    folder.outbox.drop(1, and_later=True)  # nothing waits any more, and the journal is made short
    added(folder, submitted(3))

    assert numbers(folder.outbox) == [3]
    assert (folder.path / "outbox" / "journal").read_bytes().count(b"\n") == 2
    assert sorted(file.name for file in (folder.path / "outbox" / "dropped").iterdir()) == ["1.jsonl", "2.jsonl"]


def test_what_was_taken_is_known_after_the_journal_was_made_short(folder: NodeFolder) -> None:
    outbox = folder.outbox
    added(folder, submitted(1), profiled(1))
    outbox.take([(1, 4), (2, 5)])

    outbox.settle()

    assert b"1961" not in (folder.path / "outbox" / "journal").read_bytes()
    assert (outbox.taken(), folder.outbox.taken()) == ([4, 5], [4, 5])
    assert folder.outbox.add([submitted(1), profiled(1)], ["", ""]).taken == [4, 5]


def test_a_program_hears_what_another_adds_meanwhile(folder: NodeFolder) -> None:
    here, there = folder.outbox, folder.outbox
    added(folder, submitted(1))
    assert numbers(here) == numbers(there) == [1]

    there.add([submitted(2)], ["b"])
    assert numbers(here) == [1, 2]
    there.take([(1, 0), (2, 1)])
    there.settle()
    there.add([submitted(3)], ["c"])

    assert numbers(here) == [3]
    assert here.taken() == [0, 1]


def test_what_is_sealed_stays_until_it_is_taken_or_given_back(folder: NodeFolder) -> None:
    added(folder, submitted(1), profiled(1), submitted(2))
    under_way = sealed(folder, 1, 2, 3)

    folder.outbox.put_under_way(under_way)
    assert folder.outbox.under_way() == under_way
    folder.outbox.give_back(3)
    assert folder.outbox.under_way() == under_way[:2]
    folder.outbox.take([(1, 0), (2, 1)])

    assert folder.outbox.under_way() == []
    assert numbers(folder.outbox) == [3]


def test_what_may_be_in_the_log_is_not_dropped(folder: NodeFolder) -> None:
    added(folder, submitted(1), submitted(2), submitted(3))
    folder.outbox.put_under_way(sealed(folder, 1, 2))

    with pytest.raises(SetupError, match="may be in the log"):
        folder.outbox.drop(2)
    with pytest.raises(SetupError, match="may be in the log"):
        folder.outbox.drop(1, and_later=True)
    with pytest.raises(NotFoundError):
        folder.outbox.drop(9)
    folder.outbox.drop(3)

    assert numbers(folder.outbox) == [1, 2]


def test_a_refusal_stands_until_its_draft_is_taken_or_dropped(folder: NodeFolder) -> None:
    added(folder, submitted(1), submitted(2))

    folder.outbox.refuse(1, RuleError("words of a hub \ud800"))
    refusal = folder.outbox.refusal()
    folder.outbox.take([(1, 0)])
    gone = folder.outbox.refusal()

    assert refusal is not None
    assert (refusal.number, refusal.error, refusal.reason) == (1, "rule", "words of a hub ?")
    assert gone is None


def test_only_one_is_at_the_outbox_and_the_other_is_told_who(folder: NodeFolder) -> None:
    added(folder, submitted(1))

    with folder.outbox.held():
        with pytest.raises(SetupError, match=r"process \d+ is at the outbox"), folder.outbox.held():
            pass
        with pytest.raises(SetupError, match=r"process \d+ is at the outbox"):
            folder.outbox.drop(1)
        added(folder, submitted(2))  # which harms nobody

    assert numbers(folder.outbox) == [1, 2]
    folder.outbox.drop(1)


def test_everything_in_an_outbox_is_for_the_nodes_eyes_alone(folder: NodeFolder) -> None:
    added(folder, submitted(1), profiled(1))
    folder.outbox.drop(2)

    made = [folder.path / "outbox", *(folder.path / "outbox").rglob("*")]

    assert {stat.S_IMODE(each.stat().st_mode) for each in made if each.is_dir()} == {0o700}
    assert {stat.S_IMODE(each.stat().st_mode) for each in made if each.is_file()} == {0o600}
    assert {each.name for each in made} == {"outbox", "journal", "lock", "dropped", "2.jsonl"}


def test_looking_for_an_outbox_makes_none(folder: NodeFolder) -> None:
    assert folder.outbox.waiting() == []
    assert folder.outbox.refusal() is None

    assert not (folder.path / "outbox").exists()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"took":[[9,0]]}',
        b'{"dropped":[9]}',
        b'{"took":[[1]]}',
        b'{"added":[[0,"a"]],"file":"f"}',
        b'{"given_back": 1}',
        b'{"sealed":[[1,"no envelope"]]}',
    ],
)
def test_a_journal_that_was_altered_is_not_passed_over(folder: NodeFolder, line: bytes) -> None:
    added(folder, submitted(1))
    journal = folder.path / "outbox" / "journal"
    journal.write_bytes(journal.read_bytes() + line + b"\n")

    with pytest.raises(MalformedError, match="was altered"):
        folder.outbox.waiting()


def test_what_a_crash_cut_off_is_as_if_it_had_not_begun(folder: NodeFolder) -> None:
    added(folder, submitted(1))
    journal = folder.path / "outbox" / "journal"
    with journal.open("ab") as opened:
        opened.write(b'{"added":[[0,"a","' + b"long" * 40_000)

    assert numbers(folder.outbox) == [1]
    added(folder, submitted(2))
    assert numbers(folder.outbox) == [1, 2]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("no draft", MalformedError),
        ('{"type": "case.submitted"}', MalformedError),
        (json.dumps({"type": "nobody.knows", "data": {}}), RuleError),
        (json.dumps({"type": "case.submitted", "data": {"case": given.case(1)}}), RuleError),
    ],
)
def test_a_mistake_in_a_draft_shows_at_the_desk(folder: NodeFolder, line: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        folder.check_line(line)

    folder.check_line(profiled(1))
