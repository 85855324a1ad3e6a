"""A list most of whose items nobody asks for: each is made when it is first asked for, and kept."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

_Item = TypeVar("_Item")


class Lazily(Sequence[_Item], Generic[_Item]):
    """Grows and shrinks at its end. No item is bytes: what is, is yet to be made."""

    def __init__(self) -> None:
        self._items: list[_Item | bytes] = []
        self._make: Callable[[bytes], _Item] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> _Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[_Item]: ...
    def __getitem__(self, place: int | slice) -> _Item | list[_Item]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self._items)))]
        item = self._items[place]
        if isinstance(item, bytes):
            assert self._make is not None
            item = self._items[place] = self._make(item)
        return item

    def __iter__(self) -> Iterator[_Item]:
        for place in range(len(self._items)):
            yield self[place]

    def append(self, item: _Item) -> None:
        self._items.append(item)

    def pop(self) -> None:
        self._items.pop()

    def extend_unmade(self, told: Iterable[bytes], make: Callable[[bytes], _Item]) -> None:
        """told: what `make` makes each item of, the same for all that are added like this."""
        self._make = make
        self._items.extend(told)

    def told(self, place: int) -> bytes | None:
        """What an item is to be made of, None where it was made."""
        item = self._items[place]
        return item if isinstance(item, bytes) else None
