"""The log's files, verified whole by a checker of others (aics-tlog, Apache-2.0), as a hub and a file server have them.

It asks for a newer Python than ours may be, so it gets an environment of its own; where there is none to be had, that
is said, and the test is skipped.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import given
import hubs
import pytest
from running import file_server, run, serving

CHECKER = "aics-tlog==0.2.1"
NEWEST, OLDEST = 14, 12  # of Python 3
SIZE = 300  # more than a tile

VERIFY = """
import json, sys, urllib.request
from aics_tlog.checkpoint import checkpoint_from_note, verify_checkpoint
from aics_tlog.note import parse_vkey
from aics_tlog.remote import HttpTileReader
from aics_tlog.verified import audit_tiles

url, log_key = sys.argv[1:]
with urllib.request.urlopen(f"{url}checkpoint") as answer:
    checkpoint, note = checkpoint_from_note(answer.read())
signed = verify_checkpoint(note, parse_vkey(log_key), expected_origin=checkpoint.origin)
report = audit_tiles(HttpTileReader(url), checkpoint.size, signed.root)
print(json.dumps({"ok": signed.ok, "size": report.size, "tiles": report.tiles, "bundles": report.bundles}))
"""


def newer_python() -> str | None:
    candidates = [sys.executable] if sys.version_info >= (3, OLDEST) else []
    candidates += [found for minor in range(NEWEST, OLDEST - 1, -1) if (found := shutil.which(f"python3.{minor}"))]
    candidates += [str(each) for each in sorted(Path.home().glob(".pyenv/versions/3.1[2-4]*/bin/python3"))]
    for each in candidates:
        asked = [each, "-c", f"import sys, venv; assert sys.version_info >= (3, {OLDEST})"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return each
    return None


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the checker."""
    python = newer_python()
    if python is None:
        pytest.skip(f"{CHECKER} asks for Python 3.{OLDEST} or newer, and none is here")
    home = tmp_path_factory.mktemp("checker")
    subprocess.run([python, "-m", "venv", home], check=True)
    made = subprocess.run([home / "bin/pip", "install", "-q", CHECKER], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"{CHECKER} cannot be installed here: {made.stderr.strip()[-200:]}")
    return home / "bin/python"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub in `hub/`, whose log has more than one tile."""
    folder = tmp_path_factory.mktemp("home")
    alliance = given.treated()
    while len(alliance.heard) < SIZE:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    return folder


def verified(checker: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [str(checker), "-c", VERIFY, url, hubs.LOG.verifier.text]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_log_that_a_hub_serves_is_verified_whole(checker: Path, home: Path) -> None:
    with serving(home, "--data-dir", "hub") as url:
        ran = verified(checker, f"{url}/log/")

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"ok": True, "size": SIZE, "tiles": 3, "bundles": 2}


def test_a_mirror_behind_a_plain_file_server_is_verified_whole_and_a_changed_byte_is_not(
    checker: Path, home: Path
) -> None:
    with serving(home, "--data-dir", "hub") as url:
        assert run(home, "mirror", url, "mirror").returncode == 0
    with file_server(home / "mirror") as url:
        whole = verified(checker, url)
        entries = home / "mirror/tile/entries/000"
        entries.write_bytes(entries.read_bytes()[:-1] + b"\0")
        changed = verified(checker, url)

    assert whole.returncode == 0, whole.stderr
    assert json.loads(whole.stdout) == {"ok": True, "size": SIZE, "tiles": 3, "bundles": 2}
    assert changed.returncode != 0
