"""A hub signs nothing that does not extend what it signed before, whatever happened to its database."""

from pathlib import Path

import databases
import given
import hubs
import pytest
from altering import behind_its_back

from ledger.errors import TamperedError, UnavailableError
from ledger.operations.doctor import examine
from ledger.operations.hub import Hub
from ledger.operations.publish import publish
from ledger.operations.signed import SignedFile
from ledger.store.engine import reading, writing
from ledger.store.head import read_head
from ledger.store.tables import head

pytestmark = pytest.mark.usefixtures("database")


def posted(folder: Path) -> tuple[Hub, given.Alliance]:
    alliance = given.founded()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    return hub, alliance


def test_a_hub_with_an_older_copy_of_its_database_signs_nothing(tmp_path: Path) -> None:
    # given: a copy of yesterday, and an entry that was published since
    hub, alliance = posted(tmp_path)
    hub.engine.dispose()
    (tmp_path / "yesterday").mkdir()
    yesterday = databases.copied(hubs.settings_in(tmp_path).database_url, tmp_path / "yesterday")
    hub = hubs.reopened(tmp_path)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    hubs.post(hub, alliance)
    hub.engine.dispose()

    # when: the copy is put in its place
    databases.copied(yesterday, tmp_path / "hub")

    # then
    with pytest.raises(TamperedError, match="sign nothing with this one"):
        hubs.reopened(tmp_path)
    [finding] = [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"]
    assert (finding.what, finding.verdict) == ("last signature", "history")


def test_a_hub_whose_checkpoint_was_taken_out_signs_no_other(tmp_path: Path) -> None:
    hub, _ = posted(tmp_path)
    hub.engine.dispose()
    with behind_its_back(hubs.settings_in(tmp_path)) as conn:
        conn.execute(head.update().values(checkpoint=None, digest_note=None))

    with pytest.raises(TamperedError, match="taken out"):
        hubs.reopened(tmp_path)


def test_a_crash_between_signing_and_storing_the_checkpoint_is_healed(tmp_path: Path) -> None:
    # given: what was stored before the last post's checkpoint, and the file that has that checkpoint
    hub, alliance = posted(tmp_path)
    with reading(hub.engine) as conn:
        before = read_head(conn)
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    hubs.post(hub, alliance)
    hub.engine.dispose()
    with writing(hub.engine) as conn:
        conn.execute(head.update().values(checkpoint=before.checkpoint, digest_note=before.digest_note))

    healed = hubs.reopened(tmp_path)

    assert healed.appender.size() == len(alliance.heard)
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []


def test_publishing_again_what_is_published_signs_nothing_new(tmp_path: Path) -> None:
    hub, _ = posted(tmp_path)
    before = hub.source("clear").read("checkpoint")

    hub.publish()

    assert hub.source("clear").read("checkpoint") == before


def test_where_what_is_signed_cannot_be_kept_nothing_is_published_until_it_can(tmp_path: Path) -> None:
    # given: what is stored, and no place for what is signed last
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hub.appender.append([heard.envelope.text for heard in alliance.heard])
    nowhere = SignedFile(tmp_path / "away" / "last-checkpoint")

    with pytest.raises(UnavailableError, match=r"cannot be written, and nothing is signed without it.* try again"):
        publish(hub.engine, hub.memorandum, hub.signer, nowhere)

    with reading(hub.engine) as connection:
        assert read_head(connection).published == 0
    hub.publish()
    with reading(hub.engine) as connection:
        assert read_head(connection).published == len(alliance.heard)
    hub.close()
