import json
from collections.abc import Callable
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.canonical import DEPTH_MAX, INTEGER_MAX, Json, dump, load

NAMES = st.text(st.characters(max_codepoint=127), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(max_size=10)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)


class Colour(StrEnum):
    RED = "red"


class Stage(IntEnum):
    FIRST = 1


@given(VALUES)
def test_a_value_is_spelled_as_rfc_8785_spells_it_and_comes_back(value: Json) -> None:
    printed = dump(value)

    assert printed == rfc8785.dumps(value)
    assert repr(load(printed)) == repr(json.loads(printed))
    assert load(printed) == value


def _unsorted(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _spaced(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _escaped(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


@given(VALUES, st.sampled_from([_unsorted, _spaced, _escaped]))
def test_no_other_spelling_of_a_value_is_read(value: Json, respell: Callable[[Json], str]) -> None:
    respelled = respell(value).encode()
    assume(respelled != dump(value))

    with pytest.raises(MalformedError):
        load(respelled)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ({"b": 1, "a": 2, "B": 3}, '{"B":3,"a":2,"b":1}'),
        ('\x00\x1f\b\t\n\f\r"\\/\x7f', '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f"'),
        ("é€😀\u2028", '"é€😀\u2028"'),
        ([INTEGER_MAX, -INTEGER_MAX, 0], "[9007199254740991,-9007199254740991,0]"),
        (("a", ["b"]), '["a",["b"]]'),
        ({}, "{}"),
        (None, "null"),
    ],
)
def test_dump_prints(value: object, printed: str) -> None:
    assert dump(value) == printed.encode()


@pytest.mark.parametrize(
    "printed",
    [
        b"",
        b" 1",
        b"1\n",
        b"[1, 2]",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'"\\u0061"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\n\\u000a"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\n"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        '{"é":1}'.encode(),
        '"a"'.encode("utf-16"),
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"+1",
        b"1_0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b"[" * 100_000,
        b"[1]]",
        b"[1,]",
        b"{'a':1}",
        b"true false",
        b"nul",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_load_refuses(printed: bytes) -> None:
    with pytest.raises(MalformedError):
        load(printed)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        {"sum": 0.1},
        INTEGER_MAX + 1,
        -INTEGER_MAX - 1,
        10**5000,
        "\ud800",
        {"a": ["\udfff"]},
        {"é": 1},
        {1: 1},
        {None: 1},
        {True: 1},
        {Colour.RED: 1},
        Colour.RED,
        Stage.FIRST,
        b"bytes",
        {1, 2},
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_dump_refuses(value: object) -> None:
    with pytest.raises(MalformedError):
        dump(value)


@pytest.mark.parametrize("innermost", [[], {}, [1], 1])
def test_nesting_ends_at_thirty_two(innermost: Json) -> None:
    containers = DEPTH_MAX - isinstance(innermost, list | dict)
    deepest = innermost
    for level in range(containers):
        deepest = [deepest] if level % 2 else {"a": deepest}

    printed = dump(deepest)

    assert load(printed) == deepest
    with pytest.raises(MalformedError):
        dump([deepest])
    with pytest.raises(MalformedError):
        load(b"[" + printed + b"]")


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(MalformedError):
        dump(endless)
