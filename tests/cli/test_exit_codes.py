"""Exit codes, each met by the real program doing what a person would do; and what is said beside them."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import given
import httpx2 as httpx
import hubs
import pytest
from running import PROGRAM, run, serving, surroundings

from ledger.cli import main as program
from ledger.cli.main import main
from ledger.errors import ForbiddenError, LedgerError, MalformedError, TamperedError
from ledger.operations.bundle import write_bundle


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub in `hub/`, a bundle of its log, and DRUP's folder in `node/`."""
    folder = tmp_path_factory.mktemp("home")
    alliance = given.treated()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    hub.engine.dispose()
    (folder / "cohort-ledger.toml").write_text('data_dir = "hub"\nnode_dir = "node"\n')
    (folder / "memorandum.json").write_bytes(alliance.memorandum.text)
    node = folder / "node"
    node.mkdir()
    (node / "node.json").write_text(
        '{"node": "drup-nl", "actor": {"user": "u1", "role": "data-manager", "meaning": "authored"}}'
    )
    (node / "key.pem").touch(mode=0o600)
    (node / "key.pem").write_bytes(given.signing_key(given.DRUP).to_pem(None))
    return folder


def drafts(folder: Path, *lines: str) -> str:
    (folder / "drafts.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return "drafts.jsonl"


def test_0_is_well(home: Path) -> None:
    assert run(home, "audit", "bundle.zip").returncode == 0
    assert run(home, "--help").returncode == 0
    assert run(home, "--version").returncode == 0


def test_1_is_unexpected_and_tells_the_kind_of_error_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise KeyError("a patient's value")

    monkeypatch.setattr(program.program, "main", fail)

    assert main(["board"]) == 1
    assert "KeyError" in (said := capsys.readouterr().err)
    assert "patient" not in said
    assert main(["--debug", "board"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing-like-it"],
        ["audit"],
        ["board", "--no-such-flag"],
        ["board", "--on", "yesterday"],
        ["board", "--at", "99999"],
        ["cohort", "nowhere"],
        ["design", "nowhere"],
        ["design", "week-16"],
        ["event", "99999"],
        ["trail", "not-a-case"],
        ["audit", "absent.zip"],
        ["audit", "memorandum.json"],
        ["audit", "bundle.zip", "--pin", "abc"],
        ["alliance", "hash", "bundle.zip"],
        ["node", "post", "absent.jsonl"],
    ],
)
def test_2_is_usage_or_what_is_not_there(home: Path, arguments: list[str]) -> None:
    ran = run(home, *arguments)

    assert ran.returncode == 2, ran.stderr
    assert ran.stderr
    assert "Traceback" not in ran.stderr


def test_3_is_a_history_that_does_not_hold(home: Path, tmp_path: Path) -> None:
    bundle = bytearray((home / "bundle.zip").read_bytes())
    place = bundle.index(b"tile/entries/000") + 400
    bundle[place] ^= 1
    (tmp_path / "altered.zip").write_bytes(bundle)

    ran = run(home, "audit", "--pin", "00" * 32, "bundle.zip")
    altered = run(tmp_path, "audit", "altered.zip")

    assert (ran.returncode, altered.returncode) == (3, 3)
    assert ran.stdout.splitlines()[-1] == "audit: does not hold"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "ledger.example"])  # noqa: S104 - it must be refused
@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ((), "without TLS"),
        (("--public-url", "http://ledger.example"), "without TLS"),
        (("--dev",), "every caller has every role"),
        (("--dev", "--public-url", "https://ledger.example"), "every caller has every role"),
    ],
)
def test_4_is_an_address_that_others_reach_without_tls_or_where_all_have_every_role(
    home: Path, host: str, flags: tuple[str, ...], why: str
) -> None:
    command = ["serve", "--data-dir", str(home / "hub"), "--host", host, *flags]

    with pytest.raises(ForbiddenError, match=why):
        program.program.main(command, standalone_mode=False)


def test_4_is_serving_others_without_tls(home: Path) -> None:
    ran = run(home, "serve", "--host", "0.0.0.0")  # noqa: S104 - it must be refused

    assert ran.returncode == 4
    assert "without TLS" in ran.stderr


def test_4_is_a_key_that_is_not_in_force(home: Path, tmp_path: Path) -> None:
    stolen = tmp_path / "node"
    stolen.mkdir()
    (stolen / "node.json").write_bytes((home / "node" / "node.json").read_bytes())
    (stolen / "key.pem").touch(mode=0o600)
    (stolen / "key.pem").write_bytes(given.signing_key("a thief").to_pem(None))
    name = drafts(tmp_path, '{"type": "supply.committed", "data": {"regimen": ["olaparib"], "company": null}}')

    with serving(home) as url:
        ran = run(tmp_path, "node", "post", name, "--node-dir", "node", "--url", url)

    assert ran.returncode == 4, ran.stderr


def test_5_is_a_rule_and_the_line_that_it_refuses_is_named(home: Path, tmp_path: Path) -> None:
    good = '{"type": "supply.committed", "data": {"regimen": ["olaparib"]}}'
    bad = '{"type": "cohort.opened", "data": {"cohort": "nowhere", "on": "2021-11-16"}}'
    name = drafts(tmp_path, good, bad)

    with serving(home) as url:
        ran = run(tmp_path, "node", "post", name, "--node-dir", str(home / "node"), "--url", url)
        head = run(tmp_path, "node", "head", "--node-dir", str(home / "node"), "--url", url)

    assert ran.returncode == 5, ran.stderr
    assert "line 2" in ran.stderr
    assert "needs a definition of cohort nowhere" in ran.stderr
    assert "it was not stored" in ran.stderr
    stored = given.treated().database.streams[given.DRUP].seq + 1 + 1  # the line before it was
    key = given.signing_key(given.DRUP).public.thumbprint
    assert head.stdout == f"drup-nl: {stored} events; the next has seq {stored}, by key {key}\n"


def test_6_is_a_server_that_is_not_there(home: Path) -> None:
    ran = run(home, "audit", "http://127.0.0.1:9")

    assert ran.returncode == 6
    assert "could not be reached" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [["board"], ["serve"], ["doctor"], ["rebuild"], ["node", "receipts"], ["init", "--memorandum", "memorandum.json"]],
)
def test_7_is_a_set_up_that_is_not_as_it_should_be(home: Path, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "memorandum.json").write_bytes((home / "memorandum.json").read_bytes())

    ran = run(tmp_path, *arguments)

    assert ran.returncode == 7, ran.stderr
    assert "Traceback" not in ran.stderr


def test_looking_for_a_ledger_makes_none(tmp_path: Path) -> None:
    run(tmp_path, "board")
    run(tmp_path, "doctor")

    assert list(tmp_path.iterdir()) == []


def altered(folder: Path, statement: str) -> Path:
    """A hub in a folder whose database was changed by hand."""
    alliance = given.treated()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    with hub.engine.begin() as connection:
        for part in statement.split(";"):
            connection.exec_driver_sql(part)
    hub.engine.dispose()
    return folder / "hub"


@pytest.mark.parametrize("arguments", [["rebuild", "--check"], ["doctor"]])
def test_8_is_stored_tables_that_differ_from_the_log_and_rebuild_heals_them(
    tmp_path: Path, arguments: list[str]
) -> None:
    hub = altered(tmp_path, "UPDATE cohorts SET label = 'another'")
    place = ["--data-dir", str(hub)]

    assert run(tmp_path, *arguments, *place).returncode == 8
    assert run(tmp_path, "rebuild", *place).returncode == 0
    assert run(tmp_path, *arguments, *place).returncode == 0


def test_of_what_the_doctor_finds_history_counts_before_tables_and_tables_before_set_up(tmp_path: Path) -> None:
    hub = altered(tmp_path, "UPDATE cohorts SET label = 'another'")
    (hub / "log-key.pem").chmod(0o644)

    both = run(tmp_path, "doctor", "--data-dir", str(hub))
    run(tmp_path, "rebuild", "--data-dir", str(hub))
    only_set_up = run(tmp_path, "doctor", "--data-dir", str(hub))

    assert (both.returncode, only_set_up.returncode) == (8, 7)


@pytest.mark.parametrize("moment", ["as soon as it listens", "once it answers"])
def test_130_is_interrupted(home: Path, moment: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"], cwd=home, env=surroundings(home), stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stderr is not None
        (url,) = (word.rstrip(",") for word in served.stderr.readline().split() if word.startswith("http://"))
        if moment == "once it answers":
            assert httpx.get(f"{url}/healthz").is_success
        served.send_signal(signal.SIGINT)

        assert served.wait(20) == 130
        assert served.stderr.read().strip().endswith("interrupted")


def test_7_is_a_port_that_another_listens_on_and_nothing_is_said_of_serving(home: Path) -> None:
    with serving(home) as url:
        second = run(home, "serve", "--port", url.rpartition(":")[2])

    assert second.returncode == 7
    assert "Address already in use; name a free port with --port" in second.stderr
    assert "until Ctrl-C" not in second.stderr


def test_every_error_of_the_tree_has_its_exit_code() -> None:
    def tree(kind: type[LedgerError]) -> dict[str, int]:
        below = {name: code for each in kind.__subclasses__() for name, code in tree(each).items()}
        return {kind.__name__: program._exit_of(kind("no"))[0], **below}

    assert tree(LedgerError) == {
        "LedgerError": 1,
        "MalformedError": 2,
        "RefusedError": 5,
        "SignatureError": 4,
        "GateError": 5,
        "ConflictError": 5,
        "RuleError": 5,
        "NotFoundError": 2,
        "ForbiddenError": 4,
        "UnauthenticatedError": 4,
        "SetupError": 7,
        "UnavailableError": 6,
        "TamperedError": 3,
        "ProofError": 3,
    }
    assert program._exit_of(TamperedError("no", step=8))[0] == 8


def test_an_error_says_what_where_and_what_to_do_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise MalformedError("not a date", line=3, field="on")

    monkeypatch.setattr(program.program, "main", fail)
    main(["board"])

    assert capsys.readouterr().err == (
        "cohort-ledger: not a date (line 3, field on)\n"
        "The bytes are not what the format says. What next: look at what you gave, or at the command's --help.\n"
    )


def test_help_is_there_at_once_and_loads_neither_database_nor_web_server() -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ledger.cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = [line.split("|") for line in ran.stderr.splitlines() if "|" in line]
    total_us = sum(int(own.partition(":")[2]) for own, _, _ in loaded[1:])

    names = {name.strip().partition(".")[0] for _, _, name in loaded}
    assert names.isdisjoint({"sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "pydantic", "rich"})
    assert total_us < 1_500_000  # 0.1 s on a quiet machine


def test_the_list_of_commands_says_of_each_what_its_own_help_says() -> None:
    context = click.Context(program.program)

    for name, listed in program._COMMANDS.items():
        command = program.program.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
        assert re.match(r"[A-Z].*\.$", listed.summary)
