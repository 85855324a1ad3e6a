"""The log's key is changed by resolution: from then on every note has the new key's signature besides."""

from dataclasses import replace
from pathlib import Path

import given
import hubs
import pytest
from given import ORIGIN, Alliance
from resolved import agree, log_key

from ledger.cli.sources import open_source
from ledger.cohort.log_keys import LogKey, key_at
from ledger.cohort.witnesses import with_cosignatures
from ledger.errors import SetupError
from ledger.operations.audit import Before, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub, open_hub
from ledger.operations.mirror_notes import with_lines_of_both
from ledger.operations.reached import Reached
from ledger.operations.source import Source
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.note import Note, NoteSigner, verified

SECOND = NoteSigner(ORIGIN, given.signing_key("log 2"))
THIRD = NoteSigner(ORIGIN, given.signing_key("log 3"))
BOTH = replace(hubs.LOG, later=(SECOND, THIRD))


class Altered:
    """A source with other bytes under some paths."""

    def __init__(self, source: Source, files: dict[str, bytes]) -> None:
        self.source = source
        self.files = files

    def read(self, path: str) -> bytes:
        return self.files[path] if path in self.files else self.source.read(path)


def opened(folder: Path, signer: NoteSigner = BOTH) -> Hub:
    return open_hub(hubs.settings_in(folder), signer)


def changed(folder: Path, *names: str) -> tuple[Hub, Alliance]:
    """A hub whose alliance brought these log keys in, one after the other."""
    alliance = given.founded()
    hubs.founded_hub(folder, alliance).engine.dispose()
    hub = opened(folder)
    hubs.post(hub, alliance)
    for name in names:
        agree(alliance, name.replace(" ", "-"), "log-key", log_key(name))
        hubs.post(hub, alliance)
    return hub, alliance


def signed_by(note: bytes) -> list[NoteSigner]:
    return [each for each in (hubs.LOG, SECOND, THIRD) if verified(Note.parse(note), [each.verifier])]


def test_from_the_resolution_on_notes_are_signed_by_both_keys_and_before_by_one(tmp_path: Path) -> None:
    hub, alliance = changed(tmp_path)
    notes = [hub.source("clear").read("checkpoint")]
    for name in ("log 2", "log 3"):
        agree(alliance, name.replace(" ", "-"), "log-key", log_key(name))
        hubs.post(hub, alliance)
        notes += [hub.source("clear").read("checkpoint"), hub.source("clear").read("digest")]
    hub.engine.dispose()

    assert [signed_by(note) for note in notes] == [
        [hubs.LOG],
        [hubs.LOG, SECOND],
        [hubs.LOG, SECOND],
        [hubs.LOG, THIRD],
        [hubs.LOG, THIRD],
    ]


def test_a_reader_who_knows_the_founding_document_alone_reads_every_checkpoint(tmp_path: Path) -> None:
    hub, alliance = changed(tmp_path, "log 2")

    checkpoint, _ = read_checkpoint(hub.source("clear").read("checkpoint"), alliance.memorandum.log_key)
    hub.engine.dispose()

    assert checkpoint.size == alliance.database.size


@pytest.mark.parametrize("file", ["checkpoint", "digest"])
def test_an_audit_asks_for_the_key_that_the_log_itself_brought_in(tmp_path: Path, file: str) -> None:
    # given: a hub that signs with both; and a thief who has the founding key only
    hub, _ = changed(tmp_path, "log 2")
    source = hub.source("clear")
    note = Note.parse(source.read(file))
    by_the_thief = Note(note.text, note.signatures[:1]).encode()

    honest, forged = audit(source), audit(Altered(source, {file: by_the_thief}))
    hub.engine.dispose()

    assert honest.holds
    assert "signed with the log key that entry 7 brought into force, too" in honest.passed[2]
    assert forged.failure is not None
    assert forged.failure.step == 2
    assert "which entry 7 brought into force" in forged.failure.message


def test_an_audit_that_goes_on_from_an_earlier_one_asks_for_it_too(tmp_path: Path) -> None:
    hub, _ = changed(tmp_path, "log 2")
    source = hub.source("clear")
    first = audit(source)
    assert first.reached is not None
    reached = Reached.load(first.reached.dump())
    note = Note.parse(source.read("checkpoint"))
    stripped = Altered(source, {"checkpoint": Note(note.text, note.signatures[:1]).encode()})

    again, forged = audit(source, before=Before(reached=reached)), audit(stripped, before=Before(reached=reached))
    hub.engine.dispose()

    assert (again.holds, again.continued) == (True, first.reached.size)
    assert not forged.holds


def test_a_bundle_of_it_holds_by_itself(tmp_path: Path) -> None:
    hub, alliance = changed(tmp_path, "log 2", "log 3")
    write_bundle(hub.source("full"), tmp_path / "out.zip", view="full")
    hub.engine.dispose()

    with open_source(str(tmp_path / "out.zip")) as source:
        assert audit(source, pin=alliance.memorandum.hash).holds


def test_a_hub_without_the_key_in_force_signs_nothing_until_it_has_it(tmp_path: Path) -> None:
    # given: the operator did not restart the hub with the new key before it came into force
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    agree(alliance, "log-2", "log-key", log_key("log 2"))

    with pytest.raises(SetupError, match="the hub has not got it"):
        hubs.post(hub, alliance)
    hub.engine.dispose()
    with pytest.raises(SetupError, match="until then nothing is signed"):
        opened(tmp_path, hubs.LOG)

    # when: it is started with it, what was stored is published
    hub = opened(tmp_path)
    checkpoint = hub.source("clear").read("checkpoint")
    hub.engine.dispose()

    assert signed_by(checkpoint) == [hubs.LOG, SECOND]
    assert read_checkpoint(checkpoint, alliance.memorandum.log_key)[0].size == alliance.database.size


def test_what_witnesses_add_to_a_checkpoint_takes_neither_signature_away(tmp_path: Path) -> None:
    hub, _ = changed(tmp_path, "log 2")
    checkpoint = Note.parse(hub.source("clear").read("checkpoint"))
    hub.engine.dispose()
    lines = [given.cosigner(name).cosign(checkpoint.text, 1_700_000_000) for name in ("a.example", "z.example")]

    cosigned = with_cosignatures(checkpoint, lines)

    assert signed_by(cosigned.encode()) == [hubs.LOG, SECOND]
    assert cosigned.signatures[0] == checkpoint.signatures[0]
    assert (
        with_lines_of_both(checkpoint.encode(), cosigned.encode(), hubs.LOG.verifier, believe_shown=False)
        == cosigned.encode()
    )


def test_a_key_signs_logs_that_hold_the_entry_which_brought_it_in() -> None:
    keys = (LogKey(SECOND.verifier, 7), LogKey(THIRD.verifier, 9))

    assert [key_at(keys, size) for size in (0, 7, 8, 9, 10, 11)] == [None, None, keys[0], keys[0], keys[1], keys[1]]
