"""Who wants to know that a hub has published something, and that it closes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[], None]


class Listeners:
    """A listener is called by whichever thread publishes: it returns at once and raises nothing, or it would hold up a
    post. It is told that there may be something new, and reads what that is from the store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Nothing more will be told: whoever waits, ends."""
        return self._closed

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Be told, from now to the end of the block."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def tell(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def close(self) -> None:
        """Tell all of them that the hub closes, so that none keeps it from ending."""
        self._closed = True
        self.tell()
