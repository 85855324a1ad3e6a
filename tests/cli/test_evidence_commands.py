"""Two sources at a terminal, what proves a fork to others, and how a stranger checks it."""

import json
import shutil
from pathlib import Path

import given
import hubs
import pytest
from running import run, serving

from ledger.errors import RuleError
from ledger.operations.bundle import write_bundle
from ledger.operations.evidence import keep_refusal
from ledger.operations.hub import Hub
from ledger.signing.envelope import sign


def hub_in(folder: Path, alliance: given.Alliance) -> Hub:
    folder.mkdir()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    return hub


def bundled(hub: Hub, file: Path) -> None:
    write_bundle(hub.source("clear"), file, view="clear")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub in `hub/`, bundles of it at two sizes, and one of its double, which holds the same log key, between."""
    folder = tmp_path_factory.mktemp("stage")
    alliance = given.founded()
    (folder / "memorandum.json").write_bytes(alliance.memorandum.text)
    hub = hub_in(folder / "one", alliance)
    bundled(hub, folder / "early.zip")
    alliance.runs_trial(given.DRUP)
    double = hub_in(folder / "another", alliance)
    bundled(double, folder / "double.zip")
    alliance.supplies(given.DRUP)
    hubs.post(hub, alliance)
    bundled(hub, folder / "late.zip")
    claims = alliance.claims(given.DRUP, "cohort.opened", {"cohort": "nowhere", "on": "2021-11-16"})
    envelope = sign(claims, [], given.signing_key(given.DRUP))
    with pytest.raises(RuleError) as refused:
        hub.post([envelope.text])
    kept = keep_refusal(folder, str(refused.value.facts["refusal"]), [envelope], alliance.memorandum.log_key)
    kept.rename(folder / "refusal.json")
    for each in (hub, double):
        each.engine.dispose()
    shutil.move(folder / "one" / "hub", folder / "hub")
    return folder


@pytest.fixture
def here(stage: Path, tmp_path: Path) -> Path:
    """A folder of its own with the stage's files: what is remembered and written is not the other tests'."""
    for file in stage.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path


def test_one_history_is_said_to_be_one(here: Path) -> None:
    later = run(here, "compare", "early.zip", "late.zip")
    equal = run(here, "compare", "late.zip", "late.zip", "--json")

    assert (later.returncode, equal.returncode) == (0, 0)
    assert "late.zip extends early.zip: 8 entries, of which early.zip shows the first 5" in later.stdout
    told = json.loads(equal.stdout)
    assert (told["relation"], told["a"]["size"], told["evidence"]) == ("equal", 8, None)
    assert list(here.glob("fork-*")) == []


def test_a_fork_is_an_alarm_and_one_file_proves_it_to_a_stranger(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ran = run(here, "compare", "late.zip", "double.zip")
    [file] = here.glob("fork-*.json")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(file, elsewhere / "evidence.json")
    shutil.copy(here / "memorandum.json", elsewhere)
    pin = run(here, "alliance", "hash", "memorandum.json").stdout.strip()

    alone = run(elsewhere, "evidence", "check", "evidence.json")
    anchored = run(
        elsewhere, "evidence", "check", "evidence.json", "--memorandum", "memorandum.json", "--pin", pin, "--json"
    )

    assert ran.returncode == 3, ran.stderr
    assert file.name == "fork-ledger.example_alliance-7-8.json"
    assert f"{file.name} proves it to others" in ran.stdout
    assert (alone.returncode, anchored.returncode) == (2, 3)  # anybody can make a key, and fork under it
    assert "it would convict whoever holds that key" in " ".join(alone.stdout.split())
    told = json.loads(anchored.stdout)
    assert (told["kind"], told["ruling"], told["memorandum"], told["pinned"]) == ("fork", "convicts", pin, True)


def test_evidence_goes_where_it_is_told_and_never_over_anothers(here: Path) -> None:
    named = run(here, "compare", "late.zip", "double.zip", "--out", "proof/fork.json", "--json")
    usual = here / "fork-ledger.example_alliance-7-8.json"
    usual.write_text("another fork")

    beside = json.loads(run(here, "compare", "late.zip", "double.zip", "--json").stdout)["evidence"]

    assert json.loads(named.stdout)["evidence"] == "proof/fork.json"
    assert usual.read_text() == "another fork"
    assert (here / beside).read_bytes() == (here / "proof" / "fork.json").read_bytes()


def test_evidence_that_was_changed_proves_nothing(here: Path) -> None:
    run(here, "compare", "late.zip", "double.zip", "--out", "fork.json")
    evidence = json.loads((here / "fork.json").read_text())
    evidence["proof"] = evidence["proof"][::-1]
    (here / "fork.json").write_text(json.dumps(evidence, separators=(",", ":"), ensure_ascii=False))

    ran = run(here, "evidence", "check", "fork.json")

    assert ran.returncode == 2
    assert "it proves nothing" in ran.stdout


def test_a_refusal_is_judged_by_a_bundle_and_by_the_hub_itself(stage: Path, here: Path) -> None:
    bundle = run(here, "evidence", "check", "refusal.json", "--log", "late.zip")
    with serving(here, "--data-dir", str(stage / "hub")) as url:
        served = run(here, "evidence", "check", "refusal.json", "--log", url, "--json")
        compared = run(here, "compare", url, "early.zip")
        rolled_back = run(here, "compare", "double.zip", url)

    short = run(here, "evidence", "check", "refusal.json", "--log", "early.zip")
    assert bundle.returncode == 0, bundle.stderr
    assert "the refusal was right" in bundle.stdout
    assert json.loads(served.stdout)["ruling"] == "nothing wrong"
    assert compared.returncode == 0
    assert rolled_back.returncode == 3
    assert short.returncode == 2
    assert "shows more of the log" in short.stderr


def test_what_was_compared_is_remembered_and_a_bundle_with_less_is_merely_older(here: Path) -> None:
    assert run(here, "compare", "early.zip", "late.zip", "--state-dir", "state").returncode == 0

    older = run(here, "bundle", "copy.zip", "--from", "early.zip", "--view", "clear", "--state-dir", "state")

    assert older.returncode == 0, older.stderr
    [kept] = (here / "state").rglob("*.checkpoint")
    assert kept.read_text().splitlines()[1] == "8"


def test_a_fork_of_what_was_remembered_is_not_bundled(here: Path) -> None:
    assert run(here, "audit", "double.zip").returncode == 0

    forked = run(here, "bundle", "copy.zip", "--from", "late.zip", "--view", "clear")

    assert forked.returncode == 3
    assert "is forked" in forked.stderr
    [evidence] = here.rglob("*.fork.json")
    assert run(here, "evidence", "check", str(evidence), "--memorandum", "memorandum.json").returncode == 3
    assert not (here / "copy.zip").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "late.zip"],
        ["compare", "late.zip", "absent.zip"],
        ["compare", "late.zip", "memorandum.json"],
        ["compare", "late.zip", "late.zip", "--pin", "abc"],
        ["evidence", "check", "absent.json"],
        ["evidence", "check", "memorandum.json"],
        ["evidence", "check", "refusal.json", "--pin", "ab" * 32],
        ["evidence", "check", "refusal.json", "--memorandum", "memorandum.json", "--pin", "ab" * 32],
        ["evidence", "check", "refusal.json", "--memorandum", "other.json"],
        ["evidence", "check", "refusal.json", "--memorandum", "other.json", "--log", "late.zip"],
    ],
)
def test_what_is_no_evidence_or_no_source_is_usage(here: Path, arguments: list[str]) -> None:
    other = given.memorandum_of(given.DRUP)
    other["log_key"] = type(hubs.LOG)(given.ORIGIN, given.signing_key("another")).verifier.text
    (here / "other.json").write_text(json.dumps(other, sort_keys=True, separators=(",", ":")))

    ran = run(here, *arguments)

    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr


def test_another_memorandum_than_the_pinned_one_is_no_good(here: Path) -> None:
    assert run(here, "compare", "late.zip", "late.zip", "--pin", "ab" * 32).returncode == 3
