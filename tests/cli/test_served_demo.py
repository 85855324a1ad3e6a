"""A demonstration that is served: everybody comes in by a true login, and sees what their role sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from running import run

from ledger.cli.demo_people import Door, doors, let_in
from ledger.cli.demo_stage import PEOPLE, free_port, post_all, running_hub, set_up
from ledger.demo.facts import alliance_of_2021
from ledger.node.drafts import Draft
from ledger.signing.canonical import Json, load

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Door]]]:
    """As `demo --serve` leaves it, but for what came after the founding; with the hub's address."""
    facts = alliance_of_2021()
    stage = set_up(tmp_path_factory.mktemp("demo") / "folder", facts)
    port = free_port()
    with running_hub(stage, port, "--dev") as url:
        document: dict[str, Json] = {"memorandum": load(stage.memorandum.text), "on": "2021-11-16"}
        drafts = [(node, Draft("memorandum.signed", document)) for node in stage.nodes]
        post_all(stage, url, drafts, progress=lambda _done, _of: None)
        let_in(stage, url)
    with running_hub(stage, port, "--release-seconds", "1") as url:
        yield url, {door.whom.partition(",")[0]: door for door in doors(stage, url)}


@contextmanager
def entered(door: Door, url: str) -> Iterator[httpx.Client]:
    """A browser in which the link was opened, and its button pressed. It trusts loopback as Chromium does."""
    with httpx.Client(base_url=url, follow_redirects=False) as browser:
        assert browser.get(door.address).status_code == 200
        answer = browser.post(door.address, headers=FORM)
        assert answer.status_code == 303
        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        assert name.startswith("__Host-")
        browser.headers["Cookie"] = f"{name}={value}"
        yield browser


@pytest.mark.parametrize(
    ("whom", "role", "sees_log"),
    [
        ("the node drup-nl", "partner", 200),
        ("an auditor of all", "auditor", 200),
        ("an investigator", "investigator", 200),
        ("an industry partner", "industry", 403),
    ],
)
def test_each_link_logs_in_as_its_role_and_sees_what_that_may(
    opened: tuple[str, dict[str, Door]], whom: str, role: str, sees_log: int
) -> None:
    url, found = opened
    with entered(found[whom], url) as browser:
        session, events, first = (browser.get(path) for path in ("/session", "/events", "/"))
        again = browser.get(found[whom].address)

    assert f"role {role}." in session.text
    assert events.status_code == sees_log
    assert first.status_code == 200
    assert "x-cohort-ledger-dev" not in first.headers
    assert again.status_code == 404  # it was good once


def test_the_public_needs_no_link_and_is_shown_what_the_public_is(opened: tuple[str, dict[str, Door]]) -> None:
    url, found = opened

    assert found["the public"].address == f"{url}/"
    assert httpx.get(f"{url}/cohorts").status_code == 200
    assert httpx.get(f"{url}/events").status_code == 401


def test_keys_of_guests_are_in_the_folder_for_their_owner_alone(opened: tuple[str, dict[str, Door]]) -> None:
    _, found = opened
    files = [door.key_file for door in found.values() if door.key_file is not None]

    assert len(files) == 4
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    assert sum(file.parent.name == PEOPLE for file in files) == 3


def test_releases_of_a_second_are_for_this_machine_alone(tmp_path: Path) -> None:
    ran = run(tmp_path, "serve", "--release-seconds", "1", "--public-url", "https://ledger.example")

    assert ran.returncode == 2
    assert "a demonstration" in ran.stderr
