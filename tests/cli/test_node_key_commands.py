"""`node key rotate` at the command line: passphrases, a hub that is away, kill -9 at any moment."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import given
import hubs
import pytest
from desks import again, cases_of, desk, said, submitted
from running import PROGRAM, serving, surroundings

from ledger.cli.main import main
from ledger.node import client as node_client
from ledger.node.folder import NodeFolder
from ledger.node.keyring import is_encrypted

NOBODY = "http://127.0.0.1:9"
KILLS = 6


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a hub in `hub/`, whose alliance is founded and where DRUP is registered."""
    alliance = registered()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    (tmp_path / "cohort-ledger.toml").write_text('data_dir = "hub"\n')
    return tmp_path


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def node(home: Path, monkeypatch: pytest.MonkeyPatch) -> NodeFolder:
    monkeypatch.chdir(home)
    monkeypatch.setattr(node_client, "_PAUSES_S", ())
    return desk(home / "cohort-ledger-node", registered())


@pytest.fixture
def run(node: NodeFolder, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command of the node's."""
    assert node.path.exists()

    def run(*arguments: str) -> Ran:
        code = main(["node", *arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


def registered() -> given.Alliance:
    alliance = given.founded()
    alliance.runs_trial(given.DRUP)
    return alliance


def file_of(name: str, *lines: str) -> str:
    Path(name).write_text("".join(f"{line}\n" for line in lines))
    return name


def test_a_key_is_rotated_and_the_next_command_signs_with_the_new_one(
    run: Callable[..., Ran], url: str, node: NodeFolder
) -> None:
    # given: drafts that wait, and a passphrase for each new key
    first = run("head", "--url", url, "--json").json["key"]
    run("outbox", "add", file_of("waiting.jsonl", submitted(1)))
    one, two = file_of("one", "the first passphrase"), file_of("two", "the second")

    # when
    rotated = run("key", "rotate", "--passphrase-file", one, "--url", url, "--json")
    posted = run("post", file_of("drafts.jsonl", submitted(2)), "--passphrase-file", one, "--url", url)
    again_ = ["key", "rotate", "--algorithm", "ES256", "--passphrase-file", two, "--old-passphrase-file", one]
    twice = run(*again_, "--url", url)
    sealed = run("seal", file_of("more.jsonl", submitted(3)), "--passphrase-file", two, "--url", url)
    late = run("post", file_of("sealed", sealed.out.strip()), "--url", url)

    # then
    assert [each.code for each in (rotated, posted, twice, sealed, late)] == [0] * 5
    kid = rotated.json["key"]
    head = run("head", "--url", url, "--json").json
    assert head["key"] not in (first, kid)
    assert rotated.json == {"node": given.DRUP, "key": kid, "file": str(node.key_file(kid))}
    assert twice.out == f"drup-nl signs with key {head['key']} now, which is in {node.key_file(head['key'])}\n"
    assert [is_encrypted(node.key_file(each)) for each in (first, kid, head["key"])] == [False, True, True]
    assert run("receipts", "check", "--url", url).code == 0
    assert main(["audit", url, "--signatures", "heads"]) == 0


def test_while_the_hub_is_away_a_rotation_waits_and_run_again_it_goes_on_with_the_same_key(
    run: Callable[..., Ran], url: str, node: NodeFolder
) -> None:
    away = run("key", "rotate", "--no-passphrase", "--url", NOBODY)
    waits = run("outbox", "--json").json
    still = run("key", "rotate", "--no-passphrase", "--url", NOBODY)
    rotated = run("key", "rotate", "--no-passphrase", "--url", url, "--json")

    assert (away.code, still.code) == (6, 6)
    assert "queued, 1 drafts wait" in away.err
    assert [(each["type"], each["from"]) for each in waits] == [("key.rotated", "node key rotate")]
    assert f"makes no other key than {rotated.json['key']}" in rotated.err
    assert run("head", "--url", url, "--json").json["key"] == rotated.json["key"]
    assert len(list(node.path.glob("key.*.pem"))) == 1
    assert run("outbox").out.endswith("nothing waits\n")


def test_a_flush_goes_on_with_a_rotation_too(run: Callable[..., Ran], url: str, node: NodeFolder) -> None:
    run("key", "rotate", "--no-passphrase", "--url", NOBODY)
    kid = again(node).rotation()

    flushed = run("outbox", "flush", "--url", url)

    assert flushed.out.startswith("1 taken")
    assert run("head", "--url", url, "--json").json["key"] == kid


def test_without_the_key_in_force_it_is_said_which_one_is_missing(
    run: Callable[..., Ran], url: str, node: NodeFolder
) -> None:
    kid = run("key", "rotate", "--no-passphrase", "--url", url, "--json").json["key"]
    node.key_file(kid).rename("elsewhere.pem")

    ran = run("post", file_of("drafts.jsonl", submitted(1)), "--url", url)

    assert ran.code == 4
    assert f"copy it from where it was made, key.{kid}.pem" in ran.err


def test_without_any_key_it_is_said_how_a_lost_one_is_replaced(
    run: Callable[..., Ran], url: str, node: NodeFolder
) -> None:
    (node.path / "key.pem").rename("elsewhere.pem")

    ran = run("post", file_of("drafts.jsonl", submitted(1)), "--url", url)

    assert ran.code == 7
    assert "node key new" in ran.err


def test_killed_at_any_moment_a_node_has_the_key_in_force_and_goes_on(
    run: Callable[..., Ran], url: str, home: Path, node: NodeFolder
) -> None:
    command = [*PROGRAM, "node", "key", "rotate", "--no-passphrase", "--url", url]
    for kill in range(KILLS):
        keys = len(list(node.path.glob("key.*.pem")))
        with subprocess.Popen(
            command, cwd=home, env=surroundings(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and len(list(node.path.glob("key.*.pem"))) == keys:
                time.sleep(0.001)
            time.sleep(0.008 * kill)  # somewhere in what follows
            process.send_signal(signal.SIGKILL)
        if kill % 2:
            continue  # the next rotation goes on with this one
        posted = run("post", file_of(f"{kill}.jsonl", submitted(kill)), "--url", url)
        assert posted.code == 0, posted.err

    rotated = run("key", "rotate", "--no-passphrase", "--url", url, "--json")

    assert rotated.code == 0
    hub = hubs.reopened(home)
    assert hub.appender.stream_of(given.DRUP)[1] == rotated.json["key"]
    assert [number for _, number in cases_of(said(hub))] == [0, 2, 4]
    hub.engine.dispose()
    assert run("receipts", "check", "--url", url).code == 0
