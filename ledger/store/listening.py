"""Being told by PostgreSQL that a process has published something (LISTEN and NOTIFY). Nothing depends on it: whoever
waits looks for itself from time to time, and only sooner where it is told.
"""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_CHANNEL = "cohort_ledger_published"
_LOOK_UP_S = 0.5  # how soon a listener sees that it shall end
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # before it connects again; the last for ever


def tell_others(conn: Connection, size: int) -> None:
    """Tell every listener, with the commit of this transaction, how many entries are published. What is only stored
    is shown to nobody, and needs no telling.
    """
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"NOTIFY {_CHANNEL}, '{int(size)}'")


def can_listen(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"


def listen(engine: Engine, tell: Callable[[], None], *, ends: threading.Event) -> None:
    """Call `tell` whenever a process has published, and once after each connecting, until `ends` is set. It has a
    connection of its own; one that is lost is made again.
    """
    failures = 0
    error = engine.dialect.loaded_dbapi.Error
    while not ends.is_set():
        try:
            driver = _own_connection(engine)
            with driver:
                driver.execute(f"LISTEN {_CHANNEL}")
                failures = 0
                tell()  # of what was published while nobody listened
                while not ends.is_set():
                    for _ in driver.notifies(timeout=_LOOK_UP_S, stop_after=1):
                        tell()
        except (error, SQLAlchemyError):  # of these one is that the pool has none to give just now
            ends.wait(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            failures += 1


def _own_connection(engine: Engine) -> Any:
    """One that is none of the pool's any more."""
    taken = engine.raw_connection()
    driver: Any = taken.driver_connection
    taken.detach()
    driver.autocommit = True
    return driver
