"""Mappings that come with the program, each with what it takes to try it."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

PHARMAVERSE = "pharmaverse"
CSV = "csv"

_MAPPINGS: Mapping[str, tuple[str, str]] = {
    PHARMAVERSE: ("pharmaverse", "pharmaverse.toml"),
    "csv-example": ("csv", "mapping.toml"),
}


def mapping_text(name: str) -> str | None:
    """A mapping by its name, None where none has it."""
    place = _MAPPINGS.get(name)
    return None if place is None else (_folder(place[0]) / place[1]).read_text("utf-8")


def example_files(folder: str) -> dict[str, bytes]:
    """All files of an example, by name."""
    return {each.name: each.read_bytes() for each in sorted(_folder(folder).iterdir(), key=lambda each: each.name)}


def _folder(name: str) -> Traversable:
    return files("ledger.node.importing.examples") / name
