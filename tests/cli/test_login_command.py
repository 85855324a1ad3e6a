"""`serve` with access control as it is run, `login` against it, and `access-log` afterwards."""

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import desks
import given
import httpx2 as httpx
import hubs
import pytest
from given import DRUP
from running import run, serving

from ledger.node.bearer import Bearer

ENROLLED = 18
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
COOKIE = "__Host-cohort-ledger-session"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub in `hub/`, DRUP's folder in `node/`, and a key that is nobody's."""
    folder = tmp_path_factory.mktemp("home")
    told = given.treated()
    hub = hubs.founded_hub(folder, told)
    hubs.post(hub, told)
    hub.engine.dispose()
    desks.desk(folder / "node", told)
    (folder / "stranger.pem").touch(mode=0o600)
    (folder / "stranger.pem").write_bytes(given.signing_key("stranger").to_pem(None))
    (folder / "cohort-ledger.toml").write_text('data_dir = "hub"\nnode_dir = "node"\n')
    return folder


def test_a_person_logs_in_with_a_link_reads_and_is_written_down(home: Path) -> None:
    with serving(home, dev=False) as url:
        made = run(home, "login", "--url", url)
        stranger = run(home, "login", "--url", url, "--key", "stranger.pem")
        link = made.stdout.strip()
        with httpx.Client(base_url=url) as browser:
            before = browser.get("/census").status_code
            # a browser takes a Secure cookie from localhost; this client does not
            logged_in = browser.post(urlsplit(link).path, headers=FORM)
            cookie = logged_in.headers["set-cookie"].partition(";")[0]
            event = browser.get(f"/events/{ENROLLED}", headers={"Cookie": cookie})
    table = run(home, "access-log")
    told = json.loads(run(home, "access-log", "--json", "--node", DRUP).stdout)

    assert (made.returncode, stranger.returncode) == (0, 4)
    assert link.startswith(f"{url}/login/link/")
    assert "as you" in made.stderr
    assert (before, logged_in.status_code, event.status_code) == (401, 303, 200)
    assert cookie.startswith(COOKIE)
    assert [(line["who"], line["what"], line["nodes"]) for line in told] == [(DRUP, f"/events/{ENROLLED}", [DRUP])]
    assert f"/events/{ENROLLED}" in table.stdout
    assert json.loads(run(home, "access-log", "--json", "--node", "impress-no").stdout) == []


def test_a_full_bundle_that_the_operator_takes_is_written_down_and_a_clear_one_is_not(home: Path) -> None:
    assert run(home, "bundle", "clear.zip", "--view", "clear").returncode == 0
    assert run(home, "bundle", "full.zip").returncode == 0

    told = json.loads(run(home, "access-log", "--json").stdout)

    assert [(line["kind"], line["what"], line["rows"]) for line in told if line["kind"] == "operator"] == [
        ("operator", "bundle", 20)
    ]
    assert run(home, "rebuild", "--check").returncode == 0


def test_a_key_is_a_nodes_or_a_files_and_must_be_there(home: Path) -> None:
    both = run(home, "login", "--node-dir", "node", "--key", "stranger.pem")
    none = run(home, "login", "--key", "missing.pem")

    assert (both.returncode, none.returncode) == (2, 7)
    assert "missing.pem" in none.stderr


def test_a_server_for_development_says_so_when_it_starts(home: Path) -> None:
    with serving(home) as url:
        answer = httpx.get(f"{url}/board")

    assert answer.status_code == 200
    assert answer.headers["x-cohort-ledger-dev"] == "every caller has every role"
    assert "every caller has every role" in (home / "served.log").read_text()


def test_beyond_this_machine_a_server_answers_under_its_public_name_and_asks_who_asks(home: Path) -> None:
    public_url = "https://ledger.example"
    with serving(home, "--host", "0.0.0.0", "--public-url", public_url, dev=False) as url:  # noqa: S104 - behind a proxy
        statuses = [
            httpx.get(f"{url}{path}", headers={"Host": host, **more}).status_code
            for path, host, more in (
                ("/healthz", "ledger.example", {}),
                ("/healthz", urlsplit(url).netloc, {}),
                ("/census", "ledger.example", {}),
                ("/census", "ledger.example", Bearer(public_url, lambda: given.signing_key(DRUP))()),
                ("/census", "ledger.example", Bearer(url, lambda: given.signing_key(DRUP))()),
            )
        ]

    assert statuses == [200, 403, 401, 200, 401]


def test_settings_of_an_issuer_go_together(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    issuer = {"COHORT_LEDGER_OIDC_ISSUER": "https://login.example"}
    half = run(home, "serve", "--port", port, **issuer)
    no_file = run(
        home,
        "serve",
        "--port",
        port,
        **issuer,
        COHORT_LEDGER_OIDC_CLIENT_ID="ledger",
        COHORT_LEDGER_OIDC_CLIENT_SECRET_FILE="nowhere",
    )

    assert (half.returncode, no_file.returncode) == (7, 7)
    assert "oidc_client_id" in half.stderr
    assert "nowhere" in no_file.stderr
