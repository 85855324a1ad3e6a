"""Whatever goes wrong while witnesses are asked is told, shown, and over once it is: the next turn comes."""

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import watched as kit
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from watched import Watched, watched

from api.app import create_app
from ledger.operations import witnessing as module
from ledger.store.engine import reading
from ledger.store.head import read_head

FAILURES: dict[str, tuple[Callable[[], Exception], str]] = {
    "a full disk": (lambda: OSError(errno.ENOSPC, "No space left on device", "secret"), "no space left on device"),
    "a disk that fails under the database": (
        lambda: OperationalError("SELECT secret", {}, Exception("disk I/O error")), "OperationalError"
    ),
    "a mistake in the program": (lambda: KeyError("secret"), "KeyError"),
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(module, "_SOON_S", 0.05)
    with watched(tmp_path) as opened:
        yield opened


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def witnessed(made: Watched) -> int:
    with reading(made.hub.engine) as connection:
        return read_head(connection).witnessed_size


def is_read_only(made: Watched) -> bool:
    return made.hub.standing.read_only is not None


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_at_admission_is_told_and_shown_and_tried_again(made: Watched, failure: str) -> None:
    # given: what a crash left cannot be published
    error, kind = FAILURES[failure]
    hub = made.restart()
    publish = hub.witnessing._publish

    def failing() -> None:
        raise error()

    hub.witnessing._publish = failing

    # when
    hub.witnessing.start()
    eventually(lambda: len(made.told) > 1)

    # then
    assert is_read_only(made)
    assert kind in made.told[0]
    warning = TestClient(create_app(hub, dev=True), base_url="http://localhost").get("/readyz").json()["warning"]
    assert f"the last turn of asking witnesses failed: {kind}" in warning.replace("OSError: ", "")
    assert "secret" not in "".join([*made.told, warning])
    hub.witnessing._publish = publish
    eventually(lambda: witnessed(made) == len(made.alliance.heard))
    eventually(lambda: hub.witnessing.warning() is None)
    assert not is_read_only(made)


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_as_an_answer_is_stored_is_no_fault_of_the_witness_and_tried_again(
    made: Watched, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    error, kind = FAILURES[failure]

    def failing(*_args: object, **_kwargs: object) -> int:
        raise error()

    with monkeypatch.context() as broken:
        broken.setattr(module, "take_cosignatures", failing)
        assert made.hub.witnessing.take_turn() is False

    assert kind in (made.hub.witnessing.warning() or "")
    assert [line for line in made.told if line.startswith("witness ")] == []
    assert made.hub.witnessing.take_turn() is True
    assert (witnessed(made), made.hub.witnessing.warning()) == (len(made.alliance.heard), None)


def test_an_operator_who_cannot_be_told_keeps_nobody_from_being_asked(made: Watched) -> None:
    def deaf(_line: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    made.hub.witnessing._tell = deaf
    failing = made.witnesses[0]
    failing.instead = lambda _body: (503, b"")
    made.hub.witnessing.take_turn()
    failing.instead = None

    made.hub.witnessing.take_turn()

    assert made.who_cosigned() == list(kit.NAMES)
