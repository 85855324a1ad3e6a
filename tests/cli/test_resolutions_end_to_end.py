"""Keys lost, members that come and go: by the commands alone, over a real hub."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import given
import hubs
import pytest
from desks import desk, submitted
from given import DRUP, MEGALIT, NEWCOMER, PROTARGET
from running import serving

from ledger.cli.main import main
from ledger.node import client as node_client


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def alliance() -> given.Alliance:
    alliance = given.founded()
    alliance.runs_trial(DRUP)
    return alliance


@pytest.fixture
def home(tmp_path: Path, alliance: given.Alliance, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub in `hub/`, and a folder for each founder, by its name."""
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    (tmp_path / "cohort-ledger.toml").write_text('data_dir = "hub"\n')
    for node in given.FOUNDERS:
        desk(tmp_path / node, alliance, node)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node_client, "_PAUSES_S", ())
    return tmp_path


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Ran:
        code = main(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def post(run: Run, url: str) -> Run:
    def post(node: str, *lines: str) -> Ran:
        Path("drafts.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return run("node", "post", "drafts.jsonl", "--node-dir", node, "--url", url)

    return post


def proposes(slug: str, subject: str, content: given.Data) -> str:
    return json.dumps({"type": "resolution.proposed", "data": given.resolution(slug, subject, content)})


def endorses(slug: str) -> str:
    return json.dumps({"type": "resolution.endorsed", "data": {"resolution": slug}})


def agree(post: Run, slug: str, subject: str, content: given.Data) -> None:
    assert post(PROTARGET, proposes(slug, subject, content)).code == 0
    for node in (MEGALIT, "impress-no"):
        assert post(node, endorses(slug)).code == 0


def test_a_node_that_has_lost_its_key_gets_another_by_the_others_vote(
    run: Run, post: Run, url: str, alliance: given.Alliance, home: Path
) -> None:
    # given: a thief has the key, and posts with it; the node itself has it no more
    pin = alliance.memorandum.hash.hex()
    stolen = home / "thief"
    desk(stolen, alliance, DRUP)
    assert post("thief", submitted(1), submitted(2)).code == 0
    (home / DRUP / "key.pem").unlink()

    # when: it makes another, and the others agree on that
    made = run("node", "key", "new", "--no-passphrase", "--node-dir", DRUP, "--url", url)
    before = post(DRUP, submitted(3))
    content = {**made.json, "compromised_since": 7, "grants_void": True}
    agree(post, "new-key", "key-replacement", content)
    flushed = run("node", "outbox", "flush", "--node-dir", DRUP, "--url", url)

    # then: it goes on, the thief does not, and what the thief said is to be looked at
    assert (made.code, before.code, flushed.code) == (0, 7, 0)
    assert post("thief", submitted(4)).code == 4
    found = run("findings", "--json").json
    assert [(each["kind"], each["index"], each["node"]) for each in found] == [
        ("compromised-key", 7, DRUP),
        ("compromised-key", 8, DRUP),
    ]
    assert run("findings", "--json", "--at", "9").json == []
    audited = run("audit", url, "--pin", pin, "--json")
    assert audited.code == 0
    assert audited.json["findings"] == found
    assert "2 findings" in run("audit", url, "--pin", pin).out


def test_a_sixth_member_accedes_and_one_is_removed(run: Run, post: Run, url: str, alliance: given.Alliance) -> None:
    # a sixth member applies, and says nothing before it is admitted
    named = ["--node", NEWCOMER, "--trial", "Newcomer", "--country", "IS", "--algorithm", "ES256"]
    assert run("node", "init", *named, "--no-passphrase", "--node-dir", NEWCOMER).code == 0
    applied = run("node", "apply", "--node-dir", NEWCOMER, "--url", url)
    signed = json.dumps(
        {"type": "memorandum.signed", "data": {"memorandum": alliance.memorandum_content, "on": "2022-01-03"}}
    )
    early = post(NEWCOMER, signed)
    assert (applied.code, early.code) == (0, 2)

    # it is admitted, and begins
    agree(post, "welcome", "accession", applied.json)
    registered = json.dumps({"type": "trial.registered", "data": given.trial_of(NEWCOMER)})
    assert run("node", "outbox", "flush", "--node-dir", NEWCOMER, "--url", url).code == 0
    assert post(NEWCOMER, registered).code == 0
    assert len(run("contributions", "--json").json) == 6

    # another is removed: what it has said stays, and it says nothing more but for its patients
    assert post(DRUP, submitted(1)).code == 0
    agree(post, "farewell", "removal", {"node": DRUP})
    refused = post(DRUP, submitted(2))
    assert refused.code == 5
    assert "drup-nl is no member any more" in refused.err
    waiting = run("node", "outbox", "--node-dir", DRUP, "--json").json
    assert run("node", "outbox", "drop", str(waiting[0]["draft"]), "--node-dir", DRUP).code == 0
    erasure = {"type": "disclosures.erased", "data": {"case": given.case(1), "basis": "art-17"}}
    assert post(DRUP, json.dumps(erasure)).code == 0
    assert post(PROTARGET, json.dumps(erasure)).code == 5  # another's case
    assert post(NEWCOMER, proposes("small", "design", given.SMALL)).code == 0
    assert [each["node"] for each in run("contributions", "--json").json if each["events"]] == sorted(
        [*given.FOUNDERS, NEWCOMER]
    )
    assert run("audit", url, "--pin", alliance.memorandum.hash.hex()).code == 0


def test_the_log_gets_a_second_key_and_a_hub_restored_from_a_copy_has_both(
    run: Run, home: Path, alliance: given.Alliance
) -> None:
    # given: the operator makes the key, and starts the hub with it
    made = run("log-key", "new", given.ORIGIN, "--next", "--no-passphrase", "--json").json
    assert Path(made["file"]).parent == home / "hub"
    content = {"verifier": made["log_key"]}
    pin = alliance.memorandum.hash.hex()

    # when: the alliance agrees on it, and another hub is made from a copy
    with serving(home) as url:
        for node, line in (
            (PROTARGET, proposes("next", "log-key", content)),
            *((node, endorses("next")) for node in (MEGALIT, DRUP)),
        ):
            Path("drafts.jsonl").write_text(line + "\n")
            assert run("node", "post", "drafts.jsonl", "--node-dir", node, "--url", url).code == 0
        audited = run("audit", url, "--pin", pin, "--json")
    assert run("bundle", "out.zip").code == 0
    restored = ["--data-dir", "restored", "--log-key-file", "hub/log-key.pem"]
    made_again = run("init", "--from", "out.zip", *restored)

    # then
    assert "brought into force, too" in audited.json["passed"]["2"]
    assert made_again.code == 0, made_again.err
    assert run("audit", "out.zip", "--pin", pin).code == 0
    assert [each for each in run("doctor", "--json").json["findings"] if each["verdict"] != "well"] == []
