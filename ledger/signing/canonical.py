"""Canonical JSON: one spelling for every value that is signed or hashed (RFC 8785, restricted).

Values are null, booleans, integers with |n| <= 2^53 - 1, strings without lone surrogates, arrays, and objects with
ASCII member names, nested at most 32 deep. There are no floats: RFC 8785 spells them as ECMAScript does, and no two
languages print them alike by themselves. ASCII names sort alike by code point, by UTF-16 unit and by byte, which is
what lets a fast encoder print this.
"""

import orjson
from typing_extensions import TypeAliasType

from ledger.errors import MalformedError

Json = TypeAliasType("Json", "bool | int | str | list[Json] | dict[str, Json] | None")

INTEGER_MAX = 2**53 - 1  # what every JSON reader holds exactly (RFC 8785, 3.2.2.3)
DEPTH_MAX = 32


def dump(value: object) -> bytes:
    """Print a value as canonical JSON, UTF-8. A tuple prints as an array.

    Raises MalformedError for what canonical JSON has no spelling for.
    """
    _check(value)
    return dump_known(value)


def dump_known(value: object) -> bytes:
    """Print what is known to be of the values above, because `load` gave it or this program made it."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)  # by bytes, as RFC 8785 does where names are ASCII
    except orjson.JSONEncodeError:
        raise MalformedError("a string with a lone surrogate has no UTF-8: remove it") from None


def load(data: bytes) -> Json:
    """Read canonical JSON.

    Raises MalformedError for bytes that `dump` would not print: white space, another order, duplicate names, needless
    escapes, floats, and whatever else is not of the values above.
    """
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise MalformedError("not JSON in UTF-8, or nested too deep") from None
    if dump(value) != data:
        raise MalformedError("not canonical JSON: sort the names, drop white space, duplicates and needless escapes")
    return value


def load_known(data: bytes) -> Json:
    """Read what is known to be canonical JSON, because `load` took the same bytes before."""
    value: Json = orjson.loads(data)
    return value


def _check(value: object) -> None:
    """Walk level by level: the number of levels is the depth, and no input can exhaust the stack."""
    level: list[object] = [value]
    depth = 0
    while level:
        below: list[object] = []
        for item in level:
            kind = type(item)
            if kind is str or item is None or kind is bool:
                continue
            if isinstance(item, int):
                if kind is not int or not -INTEGER_MAX <= item <= INTEGER_MAX:
                    raise MalformedError("an integer beyond 2^53 - 1: write it as a string")
            elif depth == DEPTH_MAX:
                raise MalformedError(f"nested deeper than {DEPTH_MAX}")
            elif isinstance(item, dict):
                _check_names(item)
                below += item.values()
            elif isinstance(item, list | tuple):
                below += item
            else:
                raise MalformedError(f"canonical JSON has no {kind.__name__}: measurements are integers or strings")
        level = below
        depth += 1


def _check_names(members: dict[object, object]) -> None:
    try:
        if "".join(members).isascii():  # type: ignore[arg-type]  # what is no string does not join
            return
    except TypeError:
        pass
    raise MalformedError("an object's member names are ASCII strings")
