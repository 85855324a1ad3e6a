"""A node's outbox at the command line: the hub away and back, a refusal, two at once, kill -9 at any moment."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import given
import hubs
import pytest
from desks import cases_of, desk, profiled, refused, said, submitted
from running import serving, surroundings

from ledger.cli.main import main
from ledger.node import client as node_client
from ledger.node.folder import NodeFolder
from ledger.signing.receipt import Receipt

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub in `hub/`, whose alliance is founded and where DRUP is registered."""
    folder = tmp_path_factory.mktemp("home")
    alliance = registered()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    (folder / "cohort-ledger.toml").write_text('data_dir = "hub"\n')
    return folder


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeFolder:
    """The folder of a device of DRUP's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node_client, "_PAUSES_S", ())
    return desk(tmp_path / "cohort-ledger-node", registered())


def registered() -> given.Alliance:
    alliance = given.founded()
    alliance.runs_trial(given.DRUP)
    return alliance


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(node: NodeFolder, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the node's."""
    assert node.path.exists()

    def run(*arguments: str) -> Ran:
        code = main(["node", *arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


def drafts(*lines: str, name: str = "drafts.jsonl") -> str:
    Path(name).write_text("".join(f"{line}\n" for line in lines))
    return name


def fresh() -> Iterator[int]:
    """Numbers of cases that nobody has used."""
    return iter(range(int(time.monotonic_ns()) % 10**9, 10**10))


def test_while_the_hub_is_away_drafts_wait_and_are_posted_once_it_is_back(run: Any, url: str) -> None:
    number = next(fresh())
    file = drafts(submitted(number), profiled(number))

    away = run("post", file, "--url", NOBODY)
    again = run("post", file, "--url", NOBODY)
    shown = run("outbox")
    flushed = run("outbox", "flush", "--url", url)
    known = run("post", file, "--url", url)

    assert (away.code, again.code) == (6, 6)
    assert "queued, 2 drafts wait: `cohort-ledger node outbox flush`" in away.err
    assert "2 drafts wait" in again.err
    assert re.search(r"1 +drafts.jsonl:1 +case.submitted +waits", shown.out)
    assert flushed.code == 0
    assert flushed.out.startswith("2 taken, entries ")
    assert known.out == flushed.out.replace("2 taken", "2 were there already")
    assert run("outbox").out.endswith("nothing waits\n")
    assert run("outbox", "flush", "--url", NOBODY).out == "nothing waits\n"


def test_an_answer_says_what_is_new_and_how_far_it_is(run: Any, url: str) -> None:
    file = drafts(submitted(next(fresh())))

    first, again = run("post", file, "--url", url, "--json").json, run("post", file, "--url", url, "--json").json

    assert [(each["is_new"], each["state"]) for each in first] == [(True, "published")]
    assert again == [{**first[0], "is_new": False}]


def test_drafts_are_checked_when_they_are_added_and_no_value_is_ever_shown(run: Any, node: NodeFolder) -> None:
    number = next(fresh())
    secret = profiled(number).replace('"female"', '"a secret of a patient"')

    wrong = run("outbox", "add", drafts(submitted(number), secret))
    added = run("outbox", "add", drafts(submitted(number), profiled(number)))
    shown = [run("outbox"), run("outbox", "--json")]

    assert wrong.code == 5
    assert "line 2" in wrong.err
    assert "secret" not in wrong.err
    assert added.out == "2 drafts added; of this file 2 wait and 0 were taken before\n"
    assert not any(value in each.out for each in shown for value in ("1961", "female", "COAD", "12.5"))
    assert [(each["draft"], each["type"], each["state"]) for each in shown[1].json] == [
        (1, "case.submitted", "waits"),
        (2, "case.profiled", "waits"),
    ]
    assert node.receipts.kept() == []


def test_a_refusal_stops_the_queue_and_is_shown_until_it_is_dropped(run: Any, url: str, node: NodeFolder) -> None:
    number = next(fresh())
    file = drafts(submitted(number), refused(), submitted(number + 1))

    stopped = run("post", file, "--url", url)
    shown = run("outbox", "--json").json
    missing = run("outbox", "drop", "77")
    dropped = run("outbox", "drop", "2", "--json").json
    flushed = run("outbox", "flush", "--url", url)

    assert stopped.code == 5
    assert "(draft 2, line 2)" in stopped.err
    assert "draft 2 (drafts.jsonl:2) is refused, and 1 wait behind it" in stopped.err
    assert [(each["draft"], each["state"], each["error"]) for each in shown] == [
        (2, "refused", "rule"),
        (3, "waits", None),
    ]
    assert "needs a definition of cohort nowhere" in shown[0]["reason"]
    assert missing.code == 2
    assert dropped == [{"draft": 2, "from": "drafts.jsonl:2", "type": "cohort.opened"}]
    assert flushed.out.startswith("1 taken")
    assert len(list((node.path / "refusals").iterdir())) == 1


def test_a_second_flush_is_told_who_is_at_it(run: Any, url: str, node: NodeFolder) -> None:
    file = drafts(submitted(next(fresh())))

    with node.outbox.held():
        second = run("post", file, "--url", url)

    assert second.code == 7
    assert f"process {os.getpid()} is at the outbox" in second.err
    assert len(node.outbox.waiting()) == 1  # and lies there safe


def test_receipts_are_held_against_the_hub_and_one_is_handed_on(run: Any, url: str, node: NodeFolder) -> None:
    number = next(fresh())
    run("post", drafts(submitted(number), submitted(number + 1)), "--url", url)
    seq = str(node.receipts.kept()[0].envelope.claims.seq)

    checked = run("receipts", "check", "--url", url)
    proof = run("receipts", "proof", seq)
    (node.path / "receipts" / "stream").write_bytes(
        (node.path / "receipts" / "stream").read_bytes().partition(b"\n")[2]
    )
    lost = run("receipts", "check", "--url", url, "--json")

    assert checked.code == 0
    assert re.search(r"^2 receipts, against \d+ entries at http.*: each holds$", checked.out)
    assert Receipt.parse(proof.out.encode()).index == node.receipts.kept()[0].receipt.index - 1
    assert lost.code == 3
    assert lost.json["lost"] == [int(seq)]


def test_receipts_that_another_ledger_does_not_hold_are_named(run: Any, url: str, tmp_path: Path) -> None:
    run("post", drafts(submitted(next(fresh()))), "--url", url)
    short = hubs.founded_hub(tmp_path, registered())
    hubs.post(short, registered())
    from ledger.operations.bundle import write_bundle  # noqa: PLC0415 - of this test alone

    write_bundle(short.source("clear"), tmp_path / "old.zip", view="clear")
    short.engine.dispose()

    ran = run("receipts", "check", "--from", "old.zip")

    assert ran.code == 3
    assert re.search(r"seq \d+, index \d+: rolled back", ran.out)
    assert ran.out.endswith("1 do not hold\n")


def test_a_newcomer_is_told_what_can_be_said(run: Any) -> None:
    listed, one, schema = run("types"), run("types", "case.profiled"), run("types", "case.profiled", "--json").json
    unknown = run("types", "case.closed")

    assert "cohort.opened" in listed.out
    assert re.search(r"birth_year +sealed +required +whole number from 1900 to 2100", one.out)
    assert json.loads(one.out.splitlines()[-1])["type"] == "case.profiled"
    assert schema["properties"]["data"]["properties"]["birth_year"]["x-sealed"] is True
    assert unknown.code == 2
    assert "`cohort-ledger node types` lists them" in unknown.err


@pytest.mark.parametrize("group", ["outbox", "receipts"])
def test_an_option_that_a_subcommand_would_not_hear_is_refused(run: Any, group: str) -> None:
    subcommand = {"outbox": "flush", "receipts": "check"}[group]

    ran = run(group, "--node-dir", "elsewhere", subcommand)

    assert ran.code == 2
    assert f"say options after `{subcommand}`" in ran.err


# ---------------------------------------------------------------------- killed

KILLS = 8
FLUSH = """
import sys
from ledger.node import flushing
flushing.BATCH_MAX = 3
from ledger.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def flushing_process(folder: Path, url: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", FLUSH, "node", "outbox", "flush", "--url", url]
    return subprocess.Popen(
        command, cwd=folder, env=surroundings(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_killed_while_it_flushes_a_node_loses_nothing_and_says_nothing_twice(
    run: Any, url: str, home: Path, node: NodeFolder, tmp_path: Path
) -> None:
    first = next(fresh())
    numbers = range(first, first + 150)
    run("outbox", "add", drafts(*map(submitted, numbers)))
    journal = node.path / "outbox" / "journal"

    for kill in range(KILLS):
        size = journal.stat().st_size
        with flushing_process(tmp_path, url) as process:
            while process.poll() is None and journal.stat().st_size == size:
                time.sleep(0.001)
            time.sleep(0.004 * kill)  # somewhere in what follows
            process.send_signal(signal.SIGKILL)
    assert node.outbox.waiting()  # else the kills came too late to show anything
    flushed = run("outbox", "flush", "--url", url)

    assert flushed.code == 0
    hub = hubs.reopened(home)
    in_log = [each for each in said(hub) if cases_of([each]) and cases_of([each])[0][1] in numbers]
    hub.engine.dispose()
    assert [number for _, number in cases_of(in_log)] == list(numbers)
    assert [each.envelope.jws for each in node.receipts.kept()] == [each.jws for each in in_log]
    assert run("receipts", "check", "--url", url).code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\n\n" + b'{"type":"trial.registered","data":{"name":"X"}}\n', "country: Field required (line 3)"),
        (b'{"type":"trial.opened","data":' + b"[" * 100_000 + b"}\n", "a draft is one JSON object a line (line 1)"),
        (
            b'{"type":"trial.opened","data":{"on":"2016"},"actor":{"user":"u","role":"r","meaning":"authored","x":1}}\n',
            "and nothing else (line 1)",
        ),
    ],
)
def test_a_mistake_is_named_with_the_line_of_the_file_that_it_stands_in(run: Any, content: bytes, said: str) -> None:
    Path("mistaken.jsonl").write_bytes(content)

    ran = run("outbox", "add", "mistaken.jsonl")

    assert said in ran.err
    assert ran.code in (2, 5)


def test_what_some_editors_put_before_the_first_line_is_no_part_of_it(run: Any) -> None:
    marked = b"\xef\xbb\xbf" + submitted(1).encode() + b"\n"
    Path("marked.jsonl").write_bytes(marked)

    assert run("outbox", "add", "marked.jsonl").code == 0
