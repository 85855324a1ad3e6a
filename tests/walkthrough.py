"""The walk-through for operators, taken apart: its blocks, by the headings that they stand under."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from running import surroundings

PAGE = Path(__file__).parents[1] / "ledger/cli/deploying/backup.md"
_PIECE = re.compile(r"^## (?P<heading>[^\n]+)$|^```(?P<kind>sh[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """kind: `sh`, or `sh postgresql` where that is needed. text: for a POSIX shell."""

    heading: str
    kind: str
    text: str


def blocks() -> Iterator[Block]:
    heading = ""
    for found in _PIECE.finditer(PAGE.read_text()):
        if found["heading"]:
            heading = found["heading"]
        else:
            yield Block(heading, found["kind"], found["text"])


def run_block(block: Block, folder: Path, *, programs: Iterable[Path] = (), **more: str) -> None:
    """Run it as an operator would, who stops at the first command that fails. programs: folders of others than ours."""
    environment = surroundings(folder, **more)
    environment["PATH"] = ":".join(map(str, (Path(sys.executable).parent, *programs, environment["PATH"])))
    ran = subprocess.run(
        ["sh", "-eu", "-c", block.text],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, f"{block.text}\n{ran.stdout}\n{ran.stderr}"
