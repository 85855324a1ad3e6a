"""`cohort ID decide`, from what a hub stores and over HTTP as a node, to a decision that the hub has taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import given
import hubs
import pytest
from amended import corrects
from courses import NONE, follows
from desks import desk
from given import COHORT, DRUP, PROTARGET, case, patient
from running import serving
from stages import each_its_own, two_evaluable

from ledger.cli.main import main
from ledger.cohort.database import Taken
from ledger.node.folder import NodeFolder


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> Ran:
        code = main([str(each) for each in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


def due(*, claims: tuple[str, str] = ("yes", "no")) -> given.Alliance:
    """Two of two are evaluable; the first, whose start was corrected since, benefits by its assessments."""
    alliance = two_evaluable()
    start = next(each for each in alliance.database.events if each.type == "treatment.started")
    corrects(alliance, Taken(start, (), b"", None, b""), **patient(case(1)), on="2021-12-04", stage=1)
    follows(alliance, 1, claim=claims[0])
    follows(alliance, 2, node=PROTARGET, course=NONE, claim=claims[1])
    return alliance


def stored(folder: Path, alliance: given.Alliance) -> Path:
    """A hub's folder with all of it."""
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    return folder / "hub"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, given.Alliance]]:
    """A hub that asks who is there, to which a decision of DRUP's may be posted."""
    folder = tmp_path_factory.mktemp("served")
    alliance = due()
    stored(folder, alliance)
    (folder / "cohort-ledger.toml").write_text('data_dir = "hub"\n')
    with serving(folder, dev=False) as url:
        yield url, alliance


def node_of(alliance: given.Alliance, path: Path, node: str) -> NodeFolder:
    return desk(path, alliance, node)


def test_the_operator_is_shown_the_decision_that_is_due_and_its_draft(run: Any, tmp_path: Path) -> None:
    hub = stored(tmp_path, due())

    ran = run("cohort", COHORT, "decide", "--data-dir", hub)
    told = run("cohort", COHORT, "decide", "--data-dir", hub, "--json").json

    assert ran.code == 0, ran.err
    assert "1, so expand" in ran.out
    assert max(map(len, ran.out.splitlines()[:-1])) <= 100
    assert json.loads(ran.out.splitlines()[-1]) == told["draft"]
    assert [each["case"] for each in told["suggestion"]["evaluable"]] == [case(1), case(2)]
    assert run("cohort", COHORT, "--data-dir", hub).code == 0  # without the word it is shown as ever


def test_the_draft_that_is_written_is_posted_and_taken(
    run: Any, served: tuple[str, given.Alliance], tmp_path: Path
) -> None:
    url, alliance = served
    drup, another = node_of(alliance, tmp_path / "drup", DRUP), node_of(alliance, tmp_path / "other", PROTARGET)

    not_its = run("cohort", COHORT, "decide", "--node-dir", another.path, "--url", url, "--out", "not-its.jsonl")
    decided = run("cohort", COHORT, "decide", "--node-dir", drup.path, "--url", url, "--out", "decision.jsonl")
    posted = run("node", "post", "decision.jsonl", "--node-dir", drup.path, "--url", url, "--json")
    after = run("cohort", COHORT, "decide", "--node-dir", drup.path, "--url", url)

    assert (not_its.code, Path("not-its.jsonl").exists()) == (5, False)
    assert f"{DRUP} decides in {COHORT}, not {PROTARGET}" in not_its.err
    assert decided.code == 0, decided.err
    assert "the draft is in decision.jsonl" in decided.err
    assert posted.code == 0, posted.err
    assert posted.json[0]["type"] == "cohort.stage_decided"
    assert after.code == 5
    assert "stage 2 of braf-v600 is not to be decided yet: 2 of the 4 evaluable cases are there" in after.err


def test_nothing_is_written_where_claims_and_assessments_differ_until_one_of_them_is_named(
    run: Any, tmp_path: Path
) -> None:
    hub = stored(tmp_path, due(claims=("no", "no")))
    out = tmp_path / "decision.jsonl"

    refused = run("cohort", COHORT, "decide", "--data-dir", hub, "--out", out)
    was_there = out.exists()
    chosen = run("cohort", COHORT, "decide", "--data-dir", hub, "--out", out, "--benefits", "claimed")

    assert (refused.code, was_there) == (5, False)
    assert "CLAIMS AND ASSESSMENTS LEAD TO DIFFERENT DECISIONS" in refused.err
    assert "0, so close-futility" in refused.out
    assert "1, so expand" in refused.out
    assert chosen.code == 0
    assert json.loads(out.read_text())["data"]["decision"] == "close-futility"


def test_where_each_trial_accrues_for_itself_the_operator_says_which(run: Any, tmp_path: Path) -> None:
    alliance = each_its_own()
    for number in (2, 3):
        follows(alliance, number, node=PROTARGET)
    hub = stored(tmp_path, alliance)

    unclear = run("cohort", COHORT, "decide", "--data-dir", hub)
    named = run("cohort", COHORT, "decide", "--data-dir", hub, "--node", PROTARGET, "--json")

    assert (unclear.code, named.code) == (2, 0)
    assert f"name one with --node; it was opened by {DRUP}, {PROTARGET}" in unclear.err
    assert named.json["draft"]["data"]["benefits"] == 2


def test_what_is_asked_of_a_hub_needs_a_node(run: Any) -> None:
    ran = run("cohort", COHORT, "decide", "--url", "http://127.0.0.1:9")

    assert ran.code == 2
    assert "go with --node-dir" in ran.err
