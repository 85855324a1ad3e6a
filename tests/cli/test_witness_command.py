"""A witness by the commands alone: made, run beside a log, asked over HTTP, and looked at."""

import json
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import given
import httpx2 as httpx
import pytest
import witnesses
from running import PROGRAM, run, surroundings
from witnesses import LOG, NAME, ORIGIN, ORIGIN_HASH, request

from ledger.cli.main import main
from ledger.errors import RefusedError
from ledger.signing.note import COSIGNATURE, SUBTREE_COSIGNATURE, Note, Verifier, verified

PASSPHRASE = "correct horse battery"
Command = Callable[..., tuple[int, str, str]]
WATCHED = ["--name", NAME, "--log", LOG.verifier.text]


@contextmanager
def witnessing(folder: Path, *flags: str) -> Iterator[str]:
    """A witness of its own. Yields its address."""
    command = [*PROGRAM, "witness", "serve", "--port", "0", *flags]
    with subprocess.Popen(command, cwd=folder, env=surroundings(folder), stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        said = served.stderr.readline().split()[2:]  # after time and level
        try:
            assert said[:2] == [NAME, "on"], said
            yield said[2].rstrip(",")
        finally:
            served.send_signal(signal.SIGINT)
            assert served.wait(20) == 130


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where a witness was made, its keys encrypted."""
    home = tmp_path_factory.mktemp("home")
    (home / "passphrase").write_text(f"{PASSPHRASE}\n")
    made = run(home, "witness", "init", *WATCHED, "--passphrase-file", "passphrase")
    assert made.returncode == 0, made.stderr
    (home / "keys").write_text(made.stdout)
    return home


def shown(home: Path) -> Any:
    return json.loads(run(home, "witness", "show", "--json").stdout)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `witness` commands in this process, in a folder of their own: exit code, data, remarks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def called(*arguments: str) -> tuple[int, str, str]:
        code = main(["witness", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def test_init_prints_a_verifier_key_of_each_kind_and_encrypts_the_private_ones(home: Path) -> None:
    keys = [Verifier.parse(line) for line in (home / "keys").read_text().splitlines()]

    assert [(key.name, key.type) for key in keys] == [(NAME, COSIGNATURE), (NAME, SUBTREE_COSIGNATURE)]
    for name in ("ed25519.pem", "mldsa44.pem"):
        file = home / "cohort-ledger-witness" / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "ENCRYPTED" in file.read_text()
    assert shown(home)["keys"] == [key.text for key in keys]


def test_a_served_witness_cosigns_over_http_and_goes_on_after_a_restart(home: Path) -> None:
    flags = ["--passphrase-file", "passphrase"]

    with witnessing(home, *flags) as url:
        first = httpx.post(f"{url}/add-checkpoint", content=request(0, 5).encode())
    with witnessing(home, *flags) as url:
        stale = httpx.post(f"{url}/add-checkpoint", content=request(0, 9).encode())
        second = httpx.post(f"{url}/add-checkpoint", content=request(5, 9).encode())
        note = httpx.get(f"{url}/{ORIGIN_HASH}/checkpoint").content

    assert [answer.status_code for answer in (first, stale, second)] == [200, 409, 200]
    assert stale.content == b"5\n"
    keys = [Verifier.parse(line) for line in (home / "keys").read_text().splitlines()]
    assert len(verified(Note.parse(note), keys)) == 2
    assert shown(home)["logs"] == [{"origin": ORIGIN, "hash": ORIGIN_HASH, "keys": [LOG.verifier.text], "size": 9}]


def test_evidence_is_shown(tmp_path: Path, command: Command) -> None:
    witness = witnesses.new_witness(tmp_path / "cohort-ledger-witness")
    _, before, _ = command("show")
    with pytest.raises(RefusedError):
        witness.add_checkpoint(replace(request(0, 9), proof=(bytes(32),)).encode(), time_s=1)

    _, table, _ = command("show")
    _, told, _ = command("show", "--json")

    assert "nothing yet" in before
    assert "refused" not in before
    assert "refused, though a log had signed it" in table
    assert json.loads(told)["evidence"] == [str(file) for file in witness.folder.evidence] != []


@pytest.mark.parametrize(("algorithm", "file"), [("ed25519", "ed25519.pem"), ("ml-dsa-44", "mldsa44.pem")])
def test_a_witness_may_have_one_key(command: Command, algorithm: str, file: str) -> None:
    code, made, _ = command("init", *WATCHED, "--no-passphrase", "--algorithm", algorithm, "--json")
    told = json.loads(made)
    _, shown, _ = command("show", "--json")

    assert code == 0
    assert [each.name for each in Path(told["folder"]).glob("*.pem")] == [file]
    assert len(told["keys"]) == 1
    assert json.loads(shown)["logs"][0]["size"] is None


def test_the_log_of_a_founding_document_is_watched(tmp_path: Path, command: Command) -> None:
    memorandum = given.Alliance().memorandum
    (tmp_path / "memorandum.json").write_bytes(memorandum.text + b"\n")

    code, _, _ = command(
        *["init", "--name", NAME, "--memorandum", "memorandum.json", "--witness-dir", "w", "--no-passphrase"]
    )

    assert code == 0
    _, shown, _ = command("show", "--witness-dir", "w", "--json")
    assert [log["keys"] for log in json.loads(shown)["logs"]] == [[memorandum.log_key.text]]


def test_a_witness_is_made_once(tmp_path: Path, command: Command) -> None:
    command("init", *WATCHED, "--no-passphrase")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.*")}

    code, _, said = command("init", *WATCHED, "--no-passphrase")

    assert (code, "there is a witness in" in said) == (7, True)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize("which", ["serve", "show"])
def test_where_there_is_no_witness_init_is_named(tmp_path: Path, command: Command, which: str) -> None:
    code, _, said = command(which)

    assert (code, "witness init" in said) == (7, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "flags",
    [["--name", NAME], ["--name", NAME, "--log", "log.example+x"], ["--name", "a b", "--log", LOG.verifier.text]],
    ids=["no log", "a log key that is none", "no name"],
)
def test_a_slip_makes_no_witness(tmp_path: Path, command: Command, flags: list[str]) -> None:
    code, _, said = command("init", *flags, "--no-passphrase")

    assert code == 2, said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [[], ["ed25519.pem"], ["ed25519.pem", "mldsa44.pem"]], ids=["none", "one", "both"])
def test_an_init_that_did_not_come_to_its_end_is_finished_by_the_next(
    tmp_path: Path, command: Command, left: list[str]
) -> None:
    # given: what a crash leaves after it has made so many keys
    command("init", *WATCHED, "--no-passphrase")
    folder = tmp_path / "cohort-ledger-witness"
    (folder / "witness.json").unlink()
    for file in folder.glob("*.pem"):
        if file.name not in left:
            file.unlink()
    keys = {name: (folder / name).read_bytes() for name in left}

    code, made, said = command("init", *WATCHED, "--no-passphrase")

    assert code == 0, said
    assert {name: (folder / name).read_bytes() for name in left} == keys
    assert json.loads(command("show", "--json")[1])["keys"] == made.splitlines()


@pytest.mark.parametrize("which", ["serve", "show"])
def test_what_a_witness_forgot_is_a_set_up_that_its_operator_is_told_of(
    tmp_path: Path, command: Command, which: str
) -> None:
    witnesses.ask(witnesses.new_witness(tmp_path / "cohort-ledger-witness", with_files=True), 0, 5)
    (tmp_path / "cohort-ledger-witness" / "logs" / f"{ORIGIN_HASH}.json").write_bytes(b"")

    code, _, said = command(which)

    assert (code, "may cosign a fork" in said) == (7, True)


def test_a_wrong_passphrase_opens_nothing(home: Path, command: Command) -> None:
    (home / "wrong").write_text("wrong\n")
    folder = str(home / "cohort-ledger-witness")

    code, _, said = command("serve", "--witness-dir", folder, "--passphrase-file", str(home / "wrong"))

    assert (code, "passphrase" in said) == (2, True)
