"""`token` and `grant` as they are run, against a hub that asks who asks; and audits and mirrors with somebody's key."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import desks
import given
import httpx2 as httpx
import hubs
import pytest
import uvicorn
from given import DRUP, PROTARGET, case
from running import run

from api.app import create_app
from ledger.cli.serving import listen
from ledger.operations.hub import Hub

UNKNOWN, NOT_ALLOWED, HOLDS, RULE, MALFORMED = 4, 4, 0, 5, 2


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def hub(home: Path) -> Iterator[Hub]:
    told = given.treated()
    opened = hubs.founded_hub(home, told)
    hubs.post(opened, told)
    for node in (DRUP, PROTARGET):
        desks.desk(home / node, told, node)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def url(hub: Hub) -> Iterator[str]:
    listener, address = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(hub, public_url=address), log_level="error"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.start()
    yield address
    server.should_exit = True
    running.join()


def get(url: str, path: str, token: str) -> httpx.Response:
    return httpx.get(f"{url}{path}", headers={"Authorization": f"Bearer {token.strip()}"})


def test_a_token_is_good_for_one_request_to_the_server_it_names(home: Path, url: str) -> None:
    token = run(home, "token", "--node-dir", DRUP, "--url", url).stdout

    first, again = get(url, "/board", token), get(url, "/board", token)
    elsewhere = get(url, "/board", run(home, "token", "--node-dir", DRUP).stdout)

    assert (first.status_code, again.status_code, elsewhere.status_code) == (200, 401, 401)
    assert "used before" in again.json()["detail"]
    assert url in elsewhere.json()["detail"]


def test_what_is_granted_is_seen_until_it_is_revoked(home: Path, url: str) -> None:
    # given: a key of somebody's own, and a grant to it
    made = run(home, "token", "--new", "--key", "auditor.pem", "--no-passphrase")
    (home / "auditor.jwk").write_text(made.stdout)
    terms = ["--role", "auditor", "--jwk", "auditor.jwk", "--purpose", "DUO:0000042", "--until", "2099-12-31"]
    named = ["--name", "Ada Example", "--organisation", "Example Institute"]
    at = ["--node-dir", DRUP, "--url", url]
    before = get(url, f"/cases/{DRUP}/{case(1)}", run(home, "token", "--key", "auditor.pem", "--url", url).stdout)
    (granted,) = json.loads(run(home, "grant", "give", *terms, *named, *at, "--json").stdout)

    # when
    listed = run(home, "grant", "list", *at).stdout
    seen = get(url, f"/cases/{DRUP}/{case(1)}", run(home, "token", "--key", "auditor.pem", "--url", url).stdout)
    stolen = run(
        home, "grant", "revoke", granted["event_id"], "--reason-code", "x", "--node-dir", PROTARGET, "--url", url
    )
    revoked = run(home, "grant", "revoke", granted["event_id"], "--reason-code", "purpose-met", *at)
    after = get(url, f"/cases/{DRUP}/{case(1)}", run(home, "token", "--key", "auditor.pem", "--url", url).stdout)

    # then
    assert (made.returncode, revoked.returncode, stolen.returncode) == (0, 0, RULE)
    assert "Ada Example" in listed
    assert "1 grants" in listed
    assert (before.status_code, seen.status_code, after.status_code) == (401, 200, 403)
    assert seen.json()["tables"]["episodes"][0]["opened"]["consent_version"] == "2.1"
    (row,) = json.loads(run(home, "grant", "list", *at, "--json").stdout)
    assert row["fields"]["revocation_code"] == "purpose-met"


def test_a_feed_ends_when_its_reader_may_no_longer_see_it(home: Path, url: str) -> None:
    # given: somebody who follows the log
    jwk = json.loads(run(home, "token", "--new", "--key", "reader.pem", "--no-passphrase").stdout)
    (home / "reader.jwk").write_text(json.dumps(jwk))
    terms = ["--role", "auditor", "--jwk", "reader.jwk", "--purpose", "DUO:0000042", "--until", "2099-12-31"]
    at = ["--node-dir", DRUP, "--url", url]
    (granted,) = json.loads(run(home, "grant", "give", *terms, *at, "--json").stdout)
    token = run(home, "token", "--key", "reader.pem", "--url", url).stdout.strip()

    # when
    told = []
    with httpx.stream("GET", f"{url}/events/live", headers={"Authorization": f"Bearer {token}"}, timeout=30) as feed:
        assert run(home, "grant", "revoke", granted["event_id"], "--reason-code", "left", *at).returncode == 0
        told = [line for line in feed.iter_lines() if line.startswith("data:")]

    # then: it ended, and the revocation was no longer told
    assert told == []


def test_a_grant_that_nobody_could_use_is_refused_at_the_desk(home: Path, url: str) -> None:
    terms = ["--role", "investigator", "--purpose", "DUO:0000042", "--until", "2099-12-31"]
    named = ["--name", "Ada", "--organisation", "Example"]

    refused = run(home, "grant", "give", *terms, *named, "--node-dir", DRUP, "--url", url)

    assert refused.returncode == RULE
    assert "names a key, or a grantee" in refused.stderr


def test_a_grant_that_has_ended_already_is_not_posted(home: Path, url: str) -> None:
    terms = ["--role", "auditor", "--purpose", "DUO:0000042", "--until", "2020-12-31"]

    refused = run(
        home,
        "grant",
        "give",
        *terms,
        "--issuer",
        "https://i.example",
        "--subject",
        "a",
        "--node-dir",
        DRUP,
        "--url",
        url,
    )

    assert refused.returncode == MALFORMED
    assert "is past" in refused.stderr


def test_an_audit_says_who_asks_and_gets_what_that_caller_is_shown(home: Path, url: str) -> None:
    nobody = run(home, "audit", url)
    member = run(home, "audit", url, "--key", DRUP, "--json")

    assert nobody.returncode == UNKNOWN
    assert "--key" in nobody.stderr
    assert member.returncode == HOLDS
    told = json.loads(member.stdout)
    assert (told["holds"], told["view"]) == (True, f"node:{DRUP}")
    assert told["disclosures"]["shown"] > 0


def test_a_mirror_with_a_members_key_holds_nothing_that_is_shown_to_the_member_alone(home: Path, url: str) -> None:
    mirrored = run(home, "mirror", url, "copy", "--key", DRUP, "--json")

    assert json.loads(mirrored.stdout)["view"] == "clear"
    (lines,) = (file.read_text() for file in (home / "copy").glob("disclosures/**/*") if file.is_file())
    assert lines.strip("\n") == ""
    assert run(home, "audit", "copy", "--copy").returncode == HOLDS


def test_a_bundle_holds_what_its_maker_is_shown_and_says_so(home: Path, url: str) -> None:
    made = run(home, "bundle", "mine.zip", "--from", url, "--key", DRUP, "--json")

    assert json.loads(made.stdout)["view"] == f"node:{DRUP}"
    assert run(home, "audit", "mine.zip").returncode == HOLDS
    refused = run(home, "init", "--from", "mine.zip", "--data-dir", "hub-2", "--log-key-file", "hub/log-key.pem")
    assert "what one caller was shown" in refused.stderr
    assert not (home / "hub-2").exists()


def test_a_nodes_own_commands_say_who_asks(home: Path, url: str) -> None:
    head = run(home, "node", "head", "--node-dir", DRUP, "--url", url, "--json")
    compared = run(home, "compare", url, url, "--key", str(home / PROTARGET))

    assert json.loads(head.stdout)["node"] == DRUP
    assert compared.returncode == HOLDS
