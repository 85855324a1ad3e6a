"""An auditor at a terminal: what is pinned, what is remembered, what is kept as evidence, and the page."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import given
import hubs
import pytest
from running import file_server, run, serving

from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub whose bundle is `bundle.zip`; the audits of it are remembered in this folder."""
    alliance = given.treated()
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    write_bundle(opened.source("full"), tmp_path / "bundle.zip", view="full")
    (tmp_path / "memorandum.json").write_bytes(alliance.memorandum.text)
    return opened


def pin(folder: Path) -> str:
    return run(folder, "alliance", "hash", "memorandum.json").stdout.strip()


@pytest.mark.usefixtures("hub")
def test_without_a_pin_the_first_line_says_that_it_is_self_consistent_only(tmp_path: Path) -> None:
    unpinned = run(tmp_path, "audit", "bundle.zip").stdout.splitlines()
    pinned = run(tmp_path, "audit", "bundle.zip", "--pin", pin(tmp_path)).stdout.splitlines()

    assert unpinned[0].startswith("self-consistent only")
    assert unpinned[-1] == pinned[-1] == "audit: holds"
    assert not any("self-consistent only" in line for line in pinned)


@pytest.mark.usefixtures("hub")
def test_another_memorandum_than_the_pinned_one_is_no_good(tmp_path: Path) -> None:
    ran = run(tmp_path, "audit", "bundle.zip", "--pin", "ab" * 32)

    assert ran.returncode == 3
    assert re.search(r"1 +memorandum +FAILED", ran.stdout)


def test_json_says_what_the_table_says(tmp_path: Path, hub: Hub) -> None:
    told = json.loads(run(tmp_path, "audit", "bundle.zip", "--json").stdout)

    assert told["holds"]
    assert told["size"] == hub.appender.size()
    assert {each["node"]: each["events"] for each in told["contributions"]}[given.DRUP] > 1
    assert told["passed"]["4"]


def test_what_a_server_shows_is_audited_like_a_bundle(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    with serving(tmp_path, "--data-dir", "hub") as url:
        served = json.loads(run(tmp_path, "audit", url, "--json").stdout)
        fetched = run(tmp_path, "bundle", "fetched.zip", "--from", url, "--view", "clear")

    bundled = json.loads(run(tmp_path, "audit", "bundle.zip", "--json").stdout)
    assert fetched.returncode == 0, fetched.stderr
    assert served["holds"]
    assert served["digest"] == bundled["digest"]
    assert served["disclosures"] == bundled["disclosures"]  # a server for development shows all of them
    assert run(tmp_path, "audit", "fetched.zip").returncode == 0


def test_a_log_that_was_rolled_back_is_an_alarm_and_both_checkpoints_are_kept(tmp_path: Path, hub: Hub) -> None:
    # given: the hub as it was, and as it went on
    hub.engine.dispose()
    shutil.copytree(tmp_path / "hub", tmp_path / "older")
    later = given.treated()
    later.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hubs.post(hub, later)
    write_bundle(hub.source("full"), tmp_path / "later.zip", view="full")
    state = ["--state-dir", "state"]

    # when
    assert run(tmp_path, "audit", "bundle.zip", *state).returncode == 0
    extended = run(tmp_path, "audit", "later.zip", *state)
    older = run(tmp_path, "audit", "bundle.zip", *state)
    with serving(tmp_path, "--data-dir", "older") as url:
        rolled_back = run(tmp_path, "audit", url, *state)

    # then: an old bundle is older, a log that shows as much is rolled back
    assert extended.returncode == 0
    assert "extends the" in extended.stdout
    assert older.returncode == 0
    assert "older than the" in older.stdout
    assert rolled_back.returncode == 3
    kept = re.search(r"evidence: (\S+) was remembered, (\S+) is shown now", rolled_back.stderr)
    assert kept
    sizes = [int((tmp_path / file).read_text().splitlines()[1]) for file in kept.groups()]
    assert sizes == [len(later.heard), len(later.heard) - 1]
    assert run(tmp_path, "audit", "later.zip", *state).returncode == 0


@pytest.mark.usefixtures("hub")
def test_the_page_stands_by_itself_and_says_what_the_terminal_says(tmp_path: Path) -> None:
    run(tmp_path, "audit", "bundle.zip", "--html", "report.html")
    run(tmp_path, "audit", "bundle.zip", "--pin", "ab" * 32, "--html", "failed.html")

    page, failed = (tmp_path / "report.html").read_text(), (tmp_path / "failed.html").read_text()

    assert "audit: holds" in page
    assert "Self-consistent only" in page
    assert given.PROTARGET in page
    assert "audit: does not hold" in failed
    for each in (page, failed):
        assert re.findall(r"<script|src=|href=|url\(|@import|http:|https:", each) == []


@pytest.mark.usefixtures("hub")
def test_a_folder_with_the_logs_files_is_audited_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        bundle.extractall(tmp_path / "mirror")

    assert run(tmp_path, "audit", "mirror").stdout.splitlines()[-1] == "audit: holds"


def test_a_copy_that_lags_is_older_where_that_is_said(tmp_path: Path, hub: Hub) -> None:
    run(tmp_path, "mirror", "bundle.zip", "www/log")
    later = given.treated()
    later.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hubs.post(hub, later)
    write_bundle(hub.source("full"), tmp_path / "later.zip", view="full")
    assert run(tmp_path, "audit", "later.zip").returncode == 0

    with file_server(tmp_path / "www") as url:
        said, unsaid = run(tmp_path, "audit", url, "--copy"), run(tmp_path, "audit", url)
        compared = [run(tmp_path, "compare", *pair).returncode for pair in ((url, "later.zip"), ("later.zip", url))]

    assert said.returncode == 0, said.stdout
    assert "older than the" in said.stdout
    assert unsaid.returncode == 3
    assert "--copy" in " ".join(unsaid.stdout.split())
    assert compared == [0, 0]


def test_an_audit_of_a_server_goes_on_and_one_of_a_file_or_a_copy_looks_at_all_of_it(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    with serving(tmp_path, "--data-dir", "hub") as url:
        first, second = (run(tmp_path, "audit", url).stdout for _ in range(2))
        copied = run(tmp_path, "audit", url, "--copy").stdout
    bundled = run(tmp_path, "audit", "bundle.zip").stdout

    words = [" ".join(each.split()) for each in (first, second, copied, bundled)]
    assert ["of which an earlier audit checked" in each for each in words] == [False, True, False, False]
