import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.merkle.tiles import TilePath, entries_path, numbered_path, parse_path, tile_path

C2SP = json.loads((Path(__file__).parent.parent / "vectors" / "c2sp.json").read_text())

numbers = st.integers(0, 10**18 - 1) | st.integers(0, 2000)
widths = st.integers(1, 256)
nearly_paths = st.builds(
    "{}/{}{}{}".format,
    st.sampled_from(["tile/0", "tile/00", "tile/7", "tile/63", "tile/64", "tile/entries", "disclosures", "digests"]),
    st.lists(st.sampled_from(["x000/", "x001/", "001/"]), max_size=3).map("".join),
    st.sampled_from(["000", "067", "x067", "67"]),
    st.sampled_from(["", ".p/0", ".p/1", ".p/05", ".p/255", ".p/256", ".p/999"]),
)


@pytest.mark.parametrize(("n", "text"), C2SP["tile_path"].items())
def test_a_tiles_number_is_written_as_in_the_foreign_vectors(n: str, text: str) -> None:
    assert tile_path(0, int(n)) == f"tile/0/{text}"
    assert entries_path(int(n)) == f"tile/entries/{text}"
    assert parse_path(f"tile/0/{text}") == TilePath("tile", 0, int(n), 256)


def test_a_partial_tile_carries_its_width() -> None:
    assert tile_path(0, 1234067, 5) == "tile/0/x001/x234/067.p/5"
    assert entries_path(0, 255) == "tile/entries/000.p/255"
    assert numbered_path("digests", 1000, 17) == "digests/x001/000.p/17"


@given(st.integers(0, 63), numbers, widths)
def test_a_tiles_path_reads_back(level: int, n: int, width: int) -> None:
    assert parse_path(tile_path(level, n, width)) == TilePath("tile", level, n, width)


@given(st.sampled_from(["entries", "disclosures", "digests"]), numbers, widths)
def test_the_path_of_what_lies_beside_the_tiles_reads_back(kind: str, n: int, width: int) -> None:
    prefix = "tile/entries" if kind == "entries" else kind

    assert parse_path(numbered_path(prefix, n, width)) == TilePath(kind, None, n, width)


@given(nearly_paths)
def test_a_path_that_is_read_is_the_one_that_would_be_printed(path: str) -> None:
    try:
        found = parse_path(path)
    except MalformedError:
        return

    prefix = {"tile": f"tile/{found.level}", "entries": "tile/entries"}.get(found.kind, found.kind)
    assert numbered_path(prefix, found.n, found.width) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0",
        "tile/0/",
        "tile/0/5",
        "tile/0/0005",
        "tile/00/005",
        "tile/64/005",
        "tile/-1/005",
        "tile/0/-05",
        "tile/0/+05",
        "tile/0/x000/005",
        "tile/0/001/005",
        "tile/0/x001",
        "tile/0/x001/x005",
        "tile/0/X001/005",
        "tile/0/x001//005",
        "tile/0/٠٠٥",
        "tile/0/005.p",
        "tile/0/005.p/",
        "tile/0/005.p/0",
        "tile/0/005.p/05",
        "tile/0/005.p/256",
        "tile/0/005.p/257",
        "tile/0/005.p/1000",
        "tile/0/005.p/5/",
        "tile/0/005\n",
        " tile/0/005",
        "/tile/0/005",
        "tile/0/../005",
        "tile/entries/0/005",
        "tile/disclosures/005",
        "entries/005",
        "digests/0/005",
        "tile/0/" + "x001/" * 6 + "000",
        "tile/0/" + "x001/" * 5000 + "000",
    ],
)
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(MalformedError, match="not the path of a tile"):
        parse_path(path)
