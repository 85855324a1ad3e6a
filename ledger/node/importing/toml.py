"""Mappings are read strictly: what a table holds and nobody asked for is a mistake, and is named."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, overload

from ledger.errors import MalformedError, NotFoundError

_Kind = TypeVar("_Kind")
_WORDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def read_toml(file: Path, text: str | None = None) -> "Section":
    """A mapping file's outermost table. Raises NotFoundError, and MalformedError for what is no TOML."""
    try:
        told = file.read_bytes().decode("utf-8-sig") if text is None else text
        return Section("", tomllib.loads(told))
    except (FileNotFoundError, IsADirectoryError):
        raise NotFoundError(f"there is no mapping {file}") from None
    except UnicodeDecodeError:
        raise MalformedError(f"{file} is not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedError(f"{file} is no TOML: {error}") from None


class Section:
    """One table of a mapping. name: where it stands, as people write it. What was taken is not left over."""

    def __init__(self, name: str, members: Mapping[str, object]) -> None:
        self.name = name
        self._members = members
        self._asked: list[str] = []

    @overload
    def take(self, key: str, kind: type[_Kind]) -> _Kind: ...
    @overload
    def take(self, key: str, kind: type[_Kind], default: _Kind) -> _Kind: ...
    def take(self, key: str, kind: type[_Kind], default: object = ...) -> object:
        """A member of this kind. Raises MalformedError where it is of another, or missing without a default."""
        self._asked.append(key)
        if key not in self._members:
            if default is ...:
                raise MalformedError(f"{self.place(key)} is missing: it takes {_WORDS[kind]}")
            return default
        value = self._members[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise MalformedError(f"{self.place(key)} takes {_WORDS[kind]}")
        return value

    def maybe(self, key: str, kind: type[_Kind]) -> _Kind | None:
        """A member of this kind, None where it is missing."""
        self._asked.append(key)
        return self.take(key, kind) if key in self._members else None

    def any(self, key: str) -> object:
        """A member of any kind, None where it is missing."""
        self._asked.append(key)
        return self._members.get(key)

    def section(self, key: str) -> "Section | None":
        """A table in this one."""
        found: dict[str, object] | None = self.maybe(key, dict)
        return None if found is None else Section(self.place(key), found)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A text, or a list of texts."""
        value = self.any(key)
        if value is None and default is not None:
            return default
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
            raise MalformedError(f"{self.place(key)} takes a text, or a list of texts")
        return tuple(listed)

    def table(self, key: str) -> dict[str, str]:
        """A table of texts, empty where it is missing."""
        found: dict[str, object] = self.take(key, dict, {})
        for name, value in found.items():
            if not isinstance(value, str):
                raise MalformedError(f"{self.place(key)}.{name} takes a text")
        return {name: str(value) for name, value in found.items()}

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.take(key, str, default) if default is not None else self.take(key, str)
        if value not in choices:
            raise MalformedError(f"{self.place(key)} takes one of {', '.join(choices)}")
        return value

    def rest(self) -> Iterator[str]:
        """The names of all members that nobody asked for yet; asks for them."""
        left = [name for name in self._members if name not in self._asked]
        self._asked += left
        yield from left

    def end(self) -> None:
        """Raises MalformedError where something is left over: it names it, and lists what is possible."""
        for name in self._members:
            if name not in self._asked:
                possible = ", ".join(sorted(set(self._asked)))
                raise MalformedError(f"{self.place(name)} is nothing that a mapping has here: possible are {possible}")

    def place(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
