"""The house rules that a machine can hold: what imports what, how long a file is, what an import does.

The contracts stand in pyproject.toml. That they hold says little unless they would break, so each is also run over a
copy of the tree with a violation planted in it.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 400  # lines

CORE = ["errors", "names", "signing", "merkle", "clinical", "cohort", "events", "replay", "reports", "exports"]
PACKAGES = ["signing", "merkle", "clinical", "cohort", "events", "reports", "exports"]
FORBIDDEN_TO_THE_CORE = [
    *["sqlalchemy", "alembic", "fastapi", "starlette", "httpx", "httpx2", "uvicorn"],
    *["os", "io", "pathlib", "socket", "asyncio", "threading", "time", "random", "secrets", "logging"],
]
FAMILIES = ["alliance", "trials", "cohorts", "cases", "outcomes", "access"]


def file_of(module: str) -> str:
    return f"ledger/{module}/__init__.py" if module in PACKAGES else f"ledger/{module}.py"


# contract, what is planted where, what the contract must say of it
PLANTED: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a lower room imports a higher one": (
        "layers",
        {"ledger/cohort/planted.py": "import ledger.operations"},
        ["ledger.cohort is not allowed to import ledger.operations"],
    ),
    "a room imports its neighbour": (
        "layers",
        {"ledger/signing/planted.py": "import ledger.merkle", "ledger/clinical/planted.py": "import ledger.signing"},
        ["ledger.signing is not allowed to import ledger.merkle", "ledger.clinical is not allowed to import"],
    ),
    "a module stands outside every room": (
        "layers",
        {"ledger/planted.py": ""},
        ["not listed as layers", "- ledger.planted"],
    ),
    "the ledger imports api": (
        "api-on-top",
        {"ledger/cli/planted.py": "import api"},
        ["ledger is not allowed to import api"],
    ),
    "two modules import each other": (
        "no-cycles",
        {"ledger/cohort/planted.py": "import ledger.cohort.other", "ledger/cohort/other.py": "from . import planted"},
        ["No cycles are allowed in ledger.cohort."],
    ),
    "two modules of api import each other": (
        "no-cycles",
        {"api/planted.py": "import api.other", "api/other.py": "from . import planted"},
        ["No cycles are allowed in api."],
    ),
    "every module of the core reads files": (
        "pure-core",
        {file_of(module): "import os.path" for module in CORE},
        [f"ledger.{module} is not allowed to import os:" for module in CORE],
    ),
    "the core imports whatever it must not": (
        "pure-core",
        {"ledger/replay.py": "import " + ", ".join(FORBIDDEN_TO_THE_CORE)},
        [f"ledger.replay is not allowed to import {name}:" for name in FORBIDDEN_TO_THE_CORE],
    ),
    "merkle signs and encodes": (
        "bytes-in-bytes-out",
        {"ledger/merkle/planted.py": "import cryptography.hazmat, json, base64"},
        [f"ledger.merkle is not allowed to import {name}:" for name in ("cryptography", "json", "base64")],
    ),
    "an audit reaches the store, SQL and the web server, one of them through another module": (
        "an-auditors-laptop",
        {
            "ledger/operations/audit.py": "import ledger.operations.planted",
            "ledger/operations/planted.py": "import ledger.store",
            "ledger/operations/bundle.py": "import sqlalchemy",
            "ledger/operations/source.py": "import fastapi",
        },
        [
            "ledger.operations.audit is not allowed to import ledger.store:",
            "ledger.operations.bundle is not allowed to import sqlalchemy:",
            "ledger.operations.source is not allowed to import fastapi:",
        ],
    ),
    "others than the store speak SQL": (
        "sql-in-one-room",
        {
            "ledger/operations/planted.py": "import sqlalchemy",
            "ledger/cli/planted.py": "from sqlalchemy import select",
            "api/planted.py": "import sqlalchemy.exc",
        },
        ["ledger.operations.planted -> sqlalchemy", "ledger.cli.planted -> sqlalchemy", "api.planted -> sqlalchemy"],
    ),
    "others than api speak HTTP as a server": (
        "web-in-one-room",
        {"ledger/node/planted.py": "import starlette.requests", "ledger/cli/planted.py": "import fastapi"},
        ["ledger.node.planted -> starlette", "ledger.cli.planted -> fastapi"],
    ),
    "others than the one file know Dask": (
        "dask-in-one-file",
        {"ledger/operations/planted.py": "import distributed", "ledger/cli/planted.py": "from dask import delayed"},
        ["ledger.operations.planted -> distributed", "ledger.cli.planted -> dask"],
    ),
    "each event family imports the next": (
        "families-apart",
        {
            f"ledger/events/{family}.py": f"import ledger.events.{other}"
            for family, other in zip(FAMILIES, [*FAMILIES[1:], FAMILIES[0]], strict=True)
        },
        [
            f"ledger.events.{family} is not allowed to import ledger.events.{other}:"
            for family, other in zip(FAMILIES, [*FAMILIES[1:], FAMILIES[0]], strict=True)
        ],
    ),
}


def lint(tree: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of import-linter over a tree that has a pyproject.toml."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *options],
        cwd=tree,
        env={"COLUMNS": "200", "PYTHONUTF8": "1"},  # lines that no terminal's width breaks
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the packages and their contracts, to be spoilt."""
    for package in ("ledger", "api"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_contract_holds() -> None:
    exit_code, output = lint(ROOT)

    assert exit_code == 0, output


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_breaks_its_contract(copied: Path, violation: str) -> None:
    contract, planted, said = PLANTED[violation]
    for path, line in planted.items():
        with (copied / path).open("a") as module:
            module.write(f"\n{line}\n")

    exit_code, output = lint(copied, "--contract", contract)

    assert exit_code == 1, output
    assert "BROKEN" in output
    assert [line for line in said if line not in output] == [], output


def test_every_contract_has_a_violation_that_breaks_it() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())

    contracts = {contract["id"] for contract in pyproject["tool"]["importlinter"]["contracts"]}

    assert contracts == {contract for contract, _, _ in PLANTED.values()}


def test_no_file_is_too_long_to_be_read_at_one_sitting() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in ("ledger", "api", "migrations", "tests")
        for path in (ROOT / folder).rglob("*.py")
    }

    assert lengths
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


IMPORT_EVERY_MODULE = """
import importlib, os, pkgutil, sys

DEEDS = {"socket.__new__", "subprocess.Popen", "os.fork", "os.mkdir", "os.remove", "os.rename", "os.chmod",
         "sqlite3.connect", "_thread.start_new_thread", "time.sleep", "signal.signal"}

def watch(event, args):
    writes = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in DEEDS:
        print(module, event, args)

module = None
sys.addaudithook(watch)
for package in map(importlib.import_module, ["ledger", "api"]):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = found.name
        importlib.import_module(module)
"""


def run_python(program: str) -> str:
    # -B: no bytecode is written, so whatever is written is a module's own doing
    ran = subprocess.run([sys.executable, "-B", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_importing_every_module_writes_connects_and_starts_nothing() -> None:
    assert run_python(IMPORT_EVERY_MODULE) == ""


def test_the_command_line_loads_no_database_and_no_web_server_before_it_needs_one() -> None:
    loaded = run_python("import sys, ledger.cli.main; print(*sys.modules)").split()

    assert "click" in loaded
    assert {"sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn"}.isdisjoint(loaded)
