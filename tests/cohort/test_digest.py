"""The digest chain, against the words of its format."""

import hashlib
import json

import pytest
from given import Alliance, founded
from golden_files import golden_history, replayed
from histories import history

from ledger.cohort.cells import Version
from ledger.cohort.database import Database
from ledger.cohort.digest import START, line, next_digest
from ledger.replay import replay


def lines_as_the_format_says(versions: tuple[Version, ...]) -> bytes:
    """Made with the standard library alone: this is the check, and not the code again."""
    ordered = sorted(versions, key=lambda version: (version.table.encode(), [part.encode() for part in version.key]))
    return b"".join(
        json.dumps(
            [v.since, v.table, list(v.key), {field: [by, value] for field, (by, value) in v.fields.items()}],
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for v in ordered
    )


def test_the_chain_begins_with_zeroes() -> None:
    assert bytes(32) == START == Database().digest


def test_each_digest_hashes_the_row_versions_of_its_entry_onto_the_one_before() -> None:
    alliance = history(5, 300)
    digest = bytes(32)

    for taken in replay(alliance.memorandum, alliance.recorded(), Database()):
        digest = hashlib.sha256(digest + lines_as_the_format_says(taken.versions)).digest()
        assert taken.digest == digest


def test_the_order_in_which_versions_are_given_makes_no_difference() -> None:
    versions = [
        Version("b", ("x",), 1, {}),
        Version("a", ("y", "z"), 1, {"f": (1, "v")}),
        Version("a", ("y", "a"), 1, {"g": (0, None)}),
    ]

    assert next_digest(START, versions) == next_digest(START, reversed(versions))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (
            Version("cases", ("n", "c"), 7, {"submitted_on": (7, "2021")}),
            b'[7,"cases",["n","c"],{"submitted_on":[7,"2021"]}]\n',
        ),
        (Version("cases", ("n", "c"), 8, {}), b'[8,"cases",["n","c"],{}]\n'),
        (
            Version("t", ("k",), 0, {"b": (0, None), "a": (0, [1, True])}),
            b'[0,"t",["k"],{"a":[0,[1,true]],"b":[0,null]}]\n',
        ),
    ],
)
def test_a_version_is_one_line_of_canonical_json(version: Version, expected: bytes) -> None:
    assert line(version) == expected


CHANGES = {
    "another index": Version("t", ("k",), 2, {"f": (1, "v")}),
    "another table": Version("u", ("k",), 1, {"f": (1, "v")}),
    "another key": Version("t", ("l",), 1, {"f": (1, "v")}),
    "another field": Version("t", ("k",), 1, {"g": (1, "v")}),
    "another event behind it": Version("t", ("k",), 1, {"f": (0, "v")}),
    "another value": Version("t", ("k",), 1, {"f": (1, "w")}),
    "no value": Version("t", ("k",), 1, {"f": (1, None)}),
    "no field": Version("t", ("k",), 1, {}),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_in_a_version_changes_the_digest(changed: Version) -> None:
    assert next_digest(START, [changed]) != next_digest(START, [Version("t", ("k",), 1, {"f": (1, "v")})])


def test_a_fixed_history_has_the_digest_that_it_always_had() -> None:
    assert replayed().database.digest == golden_history()[-1].digest


def test_equal_histories_have_equal_digests_and_others_do_not() -> None:
    assert founded().database.digest == founded().database.digest
    assert founded().database.digest != Alliance(reversed([*_founders()])).database.digest


def _founders() -> list[str]:
    return [member.node for member in founded().memorandum.members]
