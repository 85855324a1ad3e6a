"""Drafts on disk, and what the nodes remember of them: first the cases, then the drafts, then that they were drafted.

A crash between two of these is healed by running the same import again: the same cases give the same drafts, and a file
that holds them already stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ledger.errors import SetupError
from ledger.node.importing.planning import Plan
from ledger.node.importing.subjects import IMPORTED
from ledger.node.lines import LineFile, Locked
from ledger.operations.replacing import make_folder, replacing

SUFFIX = ".jsonl"


@contextmanager
def held(folders: Mapping[str, Path]) -> Iterator[dict[str, Locked]]:
    """Keep other imports out of these nodes' folders for as long as the block lasts."""
    with ExitStack() as stack:
        yield {
            node: stack.enter_context(LineFile(folder / IMPORTED).locked())
            for node, folder in sorted(folders.items(), key=lambda each: each[1].absolute())
        }


def keep(plan: Plan, opened: Mapping[str, Locked], files: Mapping[str, Path], *, source: str) -> list[Path]:
    """Write each node's drafts into its file, and remember them. Returns the files that have drafts.

    Raises SetupError where one of them is there and holds something else: it may not have been posted yet.
    """
    texts = {node: [each.text for each in lines] for node, lines in plan.lines.items() if lines}
    for node, lines in texts.items():
        _check_free(files[node], lines)
    for node, memory in opened.items():
        memory.append(plan.cases_to_remember(node, source))
    for node, lines in texts.items():
        make_folder(files[node].absolute().parent)
        with replacing(files[node]) as file:
            file.writelines(line + b"\n" for line in lines)
    for node, memory in opened.items():
        memory.append(plan.events_to_remember(node, source))
    return [files[node] for node in texts]


def _check_free(file: Path, lines: Sequence[bytes]) -> None:
    if file.is_dir():
        raise SetupError(f"{file} is a folder: name a file, or split over nodes")
    if file.exists() and file.read_bytes() != b"".join(line + b"\n" for line in lines):
        raise SetupError(f"{file} is there and holds other drafts: post it and move it away, or name another")
