"""A restored hub calls witnessed what as many have cosigned as its own operator asks for, whoever kept it before."""

from collections.abc import Iterator
from pathlib import Path

import hubs
import pytest
import watched as kit
from watched import Watched, watched

from ledger.operations.doctor import examine
from ledger.operations.hub import open_hub
from ledger.operations.restore import restore
from ledger.settings import Settings
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.kept import parse_kept
from ledger.signing.note import Note
from ledger.store.engine import open_engine, reading
from ledger.store.head import Head, read_head


@pytest.fixture
def lax(tmp_path: Path) -> Iterator[Watched]:
    """One of three has cosigned all that there is, and one was enough for its operator, who has kept it."""
    with watched(tmp_path, witnesses_needed=1) as made:
        for each in made.witnesses[1:]:
            each.instead = lambda _body: (503, b"")
        made.hub.witnessing.work()
        assert sizes(made.file("checkpoints")) == [len(made.alliance.heard)]
        yield made


def sizes(kept: bytes) -> list[int]:
    return [Checkpoint.parse(Note.parse(note).text).size for note in parse_kept(kept)]


def restored(made: Watched, folder: Path, *, needed: int) -> Settings:
    folder.mkdir()
    settings = hubs.settings_in(folder, witnesses_needed=needed)
    restore(settings, made.hub.source("full"), hubs.LOG, pin=made.alliance.memorandum.hash)
    return settings


def head_of(settings: Settings) -> Head:
    engine = open_engine(settings.database_url)
    with reading(engine) as connection:
        head = read_head(connection)
    engine.dispose()
    return head


def kept_in(settings: Settings) -> list[int]:
    hub = open_hub(settings, hubs.LOG)
    kept = sizes(hub.source("clear").read("checkpoints"))
    hub.engine.dispose()
    return kept


def cosigned(settings: Settings) -> str:
    """What the doctor says of all that is stored of witnesses."""
    return next(each.verdict for each in examine(settings) if each.what == "what was witnessed")


def test_too_few_cosignatures_are_not_called_witnessed(lax: Watched, tmp_path: Path) -> None:
    settings = restored(lax, tmp_path / "strict", needed=2)

    head = head_of(settings)
    assert (head.witnessed, head.published) == (None, len(lax.alliance.heard))
    assert (kept_in(settings), cosigned(settings)) == ([], "well")


@pytest.mark.parametrize("needed", [0, 1])
def test_as_many_as_are_asked_for_are(lax: Watched, tmp_path: Path, needed: int) -> None:
    size = len(lax.alliance.heard)

    settings = restored(lax, tmp_path / "as-lax", needed=needed)

    assert head_of(settings).witnessed_size == size
    assert (kept_in(settings), cosigned(settings)) == ([size], "well")


def test_what_fewer_cosigned_is_kept_where_enough_have_cosigned_what_followed(lax: Watched, tmp_path: Path) -> None:
    size = lax.post_one()
    for each in lax.witnesses:
        each.instead = None
    lax.hub.witnessing.work()
    assert lax.who_cosigned() == list(kit.NAMES)

    settings = restored(lax, tmp_path / "strict", needed=2)

    assert head_of(settings).witnessed_size == size + 1
    assert (kept_in(settings), cosigned(settings)) == ([size], "well")
