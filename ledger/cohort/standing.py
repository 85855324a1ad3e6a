"""Which events stand: what was corrected and by what, what was retracted, and what stands on what.

An event that was corrected stands, with the needs of its last correction in place of its own. One that was retracted
stands no more, and its corrections fell with it. No event stands on a correction: it stands on what was corrected.
"""

from collections.abc import Mapping
from typing import Protocol


class Registering(Protocol):
    """What is asked of an event of the register."""

    @property
    def index(self) -> int: ...
    @property
    def stands_on(self) -> tuple[int, ...]: ...
    @property
    def corrects(self) -> int | None: ...
    @property
    def retracts(self) -> bool: ...


class Standing:
    """`add` and `take_back` follow the register, event by event."""

    def __init__(self) -> None:
        self._needs: list[tuple[int, ...]] = []  # by index: what each was said to stand on
        self._corrections: dict[int, list[int]] = {}
        self._retracted: dict[int, int] = {}
        self._dependants: dict[int, set[int]] = {}

    @property
    def retracted(self) -> Mapping[int, int]:
        """The events that were retracted, each with the index of its retraction; their corrections are not listed."""
        return self._retracted

    def corrections_of(self, index: int) -> tuple[int, ...]:
        """Indexes of an event's corrections, oldest first."""
        return tuple(self._corrections.get(index, ()))

    def amendments_of(self, index: int) -> tuple[int, ...]:
        """The same, and its retraction behind them, where it was retracted."""
        retraction = self._retracted.get(index)
        return self.corrections_of(index) if retraction is None else (*self.corrections_of(index), retraction)

    def needs_of(self, index: int) -> tuple[int, ...]:
        """The events that an event stands on, as it was corrected last."""
        corrections = self._corrections.get(index)
        if corrections is None:
            return self._needs[index]
        return tuple(need for need in self._needs[corrections[-1]] if need != index)

    def dependants_of(self, index: int) -> list[int]:
        """The standing events that stand on this one, oldest first."""
        return sorted(self._dependants.get(index, ()))

    def all_dependants_of(self, index: int) -> list[int]:
        """The standing events that stand on this one, on one of those, and so on, oldest first."""
        found: set[int] = set()
        ahead = {index}
        while ahead:
            ahead = set().union(*(self._dependants.get(each, ()) for each in ahead)) - found
            found |= ahead
        return sorted(found)

    def add(self, event: Registering) -> None:
        self._needs.append(event.stands_on)
        root = event.corrects
        if root is None:
            self._stand(event.index)
            return
        self._fall(root)
        if event.retracts:
            self._retracted[root] = event.index
        else:
            self._corrections.setdefault(root, []).append(event.index)
            self._stand(root)

    def take_back(self, event: Registering) -> None:
        """Undo `add` of the last event."""
        root = event.corrects
        if root is None:
            self._fall(event.index)
        elif event.retracts:
            del self._retracted[root]
            self._stand(root)
        else:
            self._fall(root)
            self._corrections[root].pop()
            if not self._corrections[root]:
                del self._corrections[root]
            self._stand(root)
        self._needs.pop()

    def _stand(self, index: int) -> None:
        for need in self.needs_of(index):
            self._dependants.setdefault(need, set()).add(index)

    def _fall(self, index: int) -> None:
        for need in self.needs_of(index):
            dependants = self._dependants[need]
            dependants.discard(index)
            if not dependants:
                del self._dependants[need]
