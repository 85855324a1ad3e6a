"""The lock that is committed beside pyproject.toml: nothing is missing from it, nothing in it is stale.

Written by `uv export --no-emit-project --no-header --no-annotate --format requirements-txt --all-extras`.
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement  # pytest stands on it
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()

REQUIREMENTS = [
    requirement
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for requirement in group
]

PIN = r"[a-z0-9-]+==[0-9a-z.]+(?: ; [a-zA-Z0-9_.<>=!'() -]+)? \\"
HASH = r"    --hash=sha256:[0-9a-f]{64}(?: \\)?"


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_dependency_is_locked_at_a_version_that_is_asked_for_with_its_hashes(requirement: str) -> None:
    asked = Requirement(requirement)

    locked = re.search(rf"^{canonicalize_name(asked.name)}==([0-9a-z.]+)[^\n]*\n{HASH}$", LOCK, re.MULTILINE)

    assert locked is not None, "write requirements.lock anew"
    assert asked.specifier.contains(locked[1]), "write requirements.lock anew"


def test_the_lock_holds_pins_and_hashes_and_no_address() -> None:
    lines = LOCK.splitlines()

    assert [line for line in lines if not re.fullmatch(f"{PIN}|{HASH}", line)] == []
