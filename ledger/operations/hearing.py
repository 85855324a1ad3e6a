"""Hearing that another process has published: a thread that tells the hub's listeners, where the database can tell."""

import threading
from dataclasses import dataclass, field

from ledger.operations.listeners import Listeners
from ledger.store.engine import Engine
from ledger.store.listening import can_listen, listen

_ENDS_WITHIN_S = 5.0


@dataclass
class Hearing:
    """Starts and ends with whoever serves. On SQLite it does nothing: who waits, looks."""

    engine: Engine
    listeners: Listeners
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        if not can_listen(self.engine):
            return
        self._ends.clear()
        self._thread = threading.Thread(target=self._hear, name="hearing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN_S)
            self._thread = None

    def _hear(self) -> None:
        listen(self.engine, self.listeners.tell, ends=self._ends)
