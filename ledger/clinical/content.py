"""The content of a proposed design or endpoint, read member by member: what is not exactly right is refused.

Nothing has a default: what a resolution leaves out, nobody adopted. JSON's `true` is no integer, and 8.0 is no 8.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

from ledger.errors import MalformedError

Choice = TypeVar("Choice")


def check_members(content: Mapping[str, object], kind: str, members: Collection[str]) -> None:
    """Raise MalformedError unless `content` is of this kind and has these members, all of them and no other."""
    if content.get("kind") != kind or set(content) != {"kind", *members}:
        raise MalformedError(f"a {kind} has kind {kind!r} and exactly the members {', '.join(members)}")


def integer(value: object, name: str, *, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise MalformedError(f"{name} must be an integer from {least} to {most}")
    return value


def boolean(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedError(f"{name} must be true or false")
    return value


def one_of(value: object, name: str, choices: Collection[Choice]) -> Choice:
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return choice
    raise MalformedError(f"{name} must be one of {', '.join(map(str, choices))}")
