"""What an operator puts beside the program: each file is held by whatever reads it, and what it runs is run."""

import configparser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import given
import hubs
import pytest
from running import run, surroundings
from walkthrough import PAGE

from ledger.cli.demo_stage import free_port

PROGRAM = Path(sys.executable).with_name("cohort-ledger")
_LINE = re.compile(r"^([A-Z]+) (.+)$", re.MULTILINE)


def printed(folder: Path, *arguments: str) -> str:
    ran = run(folder, "deploy", *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def service(text: str) -> dict[str, list[str]]:
    """The values of each name in the unit's [Service]."""
    section = text.partition("\n[Service]\n")[2].partition("\n[Install]\n")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def founded(tmp_path: Path) -> Path:
    hubs.founded_hub(tmp_path, given.Alliance()).engine.dispose()
    return tmp_path


def test_the_unit_is_one_that_systemd_takes_and_gives_the_hub_no_more_than_it_needs(tmp_path: Path) -> None:
    unit = tmp_path / "cohort-ledger.service"
    unit.write_text(printed(tmp_path, "unit"))

    assert not re.search("@[A-Z]+@", unit.read_text())
    wanted = {"NoNewPrivileges": ["yes"], "ProtectSystem": ["strict"], "DynamicUser": ["yes"], "LimitCORE": ["0"]}
    assert service(unit.read_text()).items() >= wanted.items()
    assert "=/etc/cohort-ledger/log-key-passphrase" not in " ".join(service(unit.read_text())["Environment"])
    if not shutil.which("systemd-analyze"):
        configparser.ConfigParser(strict=False, interpolation=None).read_string(unit.read_text())
        return
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_what_the_unit_starts_serves_tells_systemd_that_it_is_ready_and_stops_at_its_signal(founded: Path) -> None:
    # given: the unit's own command and variables, its folders here, and an ear where systemd has one
    found = service(printed(founded, "unit"))
    (command,) = found["ExecStart"]
    places = {"%S/cohort-ledger": str(founded / "hub"), "%d": str(founded)}
    variables = dict(value.split("=", 1) for value in found["Environment"])
    for place, here in places.items():
        variables = {name: value.replace(place, here) for name, value in variables.items()}
    (founded / "log-key-passphrase").write_text("its key has none\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(founded / "notify"))
        ear.settimeout(30)
        environment = surroundings(founded, NOTIFY_SOCKET=str(founded / "notify"), COHORT_LEDGER_PORT="0", **variables)

        # when
        hub = subprocess.Popen(command.split(), cwd=founded, env=environment, stderr=subprocess.PIPE, text=True)
        told = [ear.recv(100)]
        hub.send_signal(signal.SIGTERM)
        told.append(ear.recv(100))
        _, written = hub.communicate(timeout=30)

    # then
    assert told == [b"READY=1", b"STOPPING=1"]
    assert hub.returncode == -signal.SIGTERM  # which systemd takes for a clean end
    lines = [json.loads(line) for line in written.splitlines()]
    assert "requests are taken" in [line["what"] for line in lines]


def test_where_nobody_listens_a_hub_serves_all_the_same(founded: Path) -> None:
    environment = surroundings(founded, NOTIFY_SOCKET=str(founded / "nobody"))
    command = [str(PROGRAM), "serve", "--port", "0", "--data-dir", str(founded / "hub")]
    with subprocess.Popen(command, cwd=founded, env=environment, stderr=subprocess.PIPE, text=True) as hub:
        assert hub.stderr is not None
        said = [hub.stderr.readline(), hub.stderr.readline()]
        hub.terminate()

    assert "requests are taken" in said[1]


def containerfile(folder: Path) -> list[tuple[str, str]]:
    return _LINE.findall(printed(folder, "containerfile"))


def test_a_container_is_built_from_what_is_locked_by_name_and_hash_and_does_not_run_as_root(tmp_path: Path) -> None:
    lines = containerfile(tmp_path)

    runs = [text for word, text in lines if word == "RUN"]
    assert [text for word, text in lines if word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    assert ("ARG", "BASE=python:3.13-slim") in lines  # a name, and no address of a registry
    assert any("--require-hashes --no-deps" in text and "requirements.lock" in text for text in runs)
    assert lines.index(("USER", "cohort-ledger")) > max(lines.index(("RUN", text)) for text in runs)
    assert [text for word, text in lines if word == "USER"] == ["cohort-ledger"]


def test_what_a_container_copies_is_in_a_checkout_and_each_command_that_builds_it_is_one(tmp_path: Path) -> None:
    root = PAGE.parents[3]
    lines = containerfile(tmp_path)

    copied = [name for word, text in lines if word == "COPY" and "--from" not in text for name in text.split()[:-1]]
    pips: dict[str, set[str]] = {"wheel": set(), "install": set()}
    for text in (text for word, text in lines if word == "RUN"):
        options = set(re.findall(r" (--[a-z-]+)", text))
        if " pip " in text:
            pips[text.split(" pip ")[1].split()[0]] |= options
        else:
            assert options <= options_of(text.split()[0].replace("python", sys.executable)), text

    assert [name for name in copied if not (root / name).exists()] == []
    for command, asked in pips.items():
        assert asked <= options_of(sys.executable, "-m", "pip", command)


def options_of(*command: str) -> set[str]:
    """Those that its --help names."""
    told = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z-]+", told.stdout))


def test_a_container_listens_to_others_only_where_tls_is_before_it_and_its_health_is_asked(founded: Path) -> None:
    lines = containerfile(founded)
    stated = dict(text.split("=", 1) for word, text in lines if word == "ENV")
    variables = {name: value.replace("/data", str(founded / "hub")) for name, value in stated.items() if name != "PATH"}
    entry, command = (json.loads(text) for word, text in lines if word in {"ENTRYPOINT", "CMD"})
    (health,) = (json.loads(text.partition(" CMD ")[2]) for word, text in lines if word == "HEALTHCHECK")
    command = [str(PROGRAM.parent / entry[0]), *command]
    health[0] = sys.executable

    # when: as it is; and, here, on loopback under its public name
    alone = subprocess.run(
        command, env=surroundings(founded, **variables), capture_output=True, text=True, check=False, timeout=60
    )
    variables |= {"COHORT_LEDGER_HOST": "127.0.0.1", "COHORT_LEDGER_PORT": str(free_port())}
    environment = surroundings(founded, COHORT_LEDGER_PUBLIC_URL="https://ledger.example", **variables)
    before = subprocess.run(health, env=environment, capture_output=True, check=False)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as hub:
        ends = time.monotonic() + 30
        while subprocess.run(health, env=environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < ends
        hub.terminate()

    # then
    assert alone.returncode == 4
    assert "without TLS" in alone.stderr
    assert before.returncode != 0


def test_the_walk_through_is_printed_as_it_stands(tmp_path: Path) -> None:
    assert printed(tmp_path, "backup") == PAGE.read_text()


def test_a_unit_names_the_program_that_is_asked_for_and_no_relative_one(tmp_path: Path) -> None:
    assert "\nExecStart=/opt/ledger/bin/cohort-ledger serve\n" in printed(
        tmp_path, "unit", "--program", "/opt/ledger/bin/cohort-ledger"
    )
    assert f"\nExecStart={PROGRAM} serve\n" in printed(tmp_path, "unit")
    assert run(tmp_path, "deploy", "unit", "--program", "cohort-ledger").returncode == 2
    assert os.access(PROGRAM, os.X_OK)
