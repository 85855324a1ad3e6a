"""Reading from a replica, and how far behind what was written it may be.

What decides who may see what is never read there: callers are judged by the database in memory, which follows the one
that takes the writes, and values open by keys that are in neither. So a replica that lags shows an older log, and never
what is not for whoever asks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ledger.cohort.memorandum import Memorandum
from ledger.errors import NotFoundError, SetupError, UnavailableError
from ledger.store.engine import Engine, check_schema, open_engine, reading
from ledger.store.head import read_head

_WAIT_S = 1.0  # for a replica to come as far as somebody asks for
_LOOK_EVERY_S = 0.02
_AWAY_S = 30.0  # before one that did not answer is asked again: to find that out may take seconds


@dataclass
class Replica:
    """replica: None where all is read where it is written. away_until: by the monotonic clock, of a replica that did
    not answer.
    """

    primary: Engine
    replica: Engine | None = None
    away_until: float = 0.0

    def close(self) -> None:
        if self.replica is not None:
            self.replica.dispose()

    def not_older_than(self, index: int | None, *, pause: Callable[[float], None] = time.sleep) -> Engine:
        """Where to read what has the entry at an index, published; None for any moment that the replica is at.

        A replica that lags is waited for shortly, and one that does not answer not at all: then the primary is read.
        Raises NotFoundError for an entry that the primary has not published either.
        """
        if self.replica is None and index is None:
            return self.primary
        if self.replica is not None:
            until = time.monotonic() + _WAIT_S
            while (published := self._published(self.replica)) is not None:
                if index is None or published > index:
                    return self.replica
                if time.monotonic() >= until:
                    break
                pause(_LOOK_EVERY_S)
        if index is not None:
            with reading(self.primary) as connection:
                published = read_head(connection).published
            if published <= index:
                raise NotFoundError(f"the log has no entry {index}: {published} are published, from 0 on")
        return self.primary

    def _published(self, replica: Engine) -> int | None:
        """None where it does not answer, or did not lately."""
        if time.monotonic() < self.away_until:
            return None
        try:
            with reading(replica) as connection:
                return read_head(connection).published
        except (UnavailableError, SetupError):
            self.away_until = time.monotonic() + _AWAY_S
            return None


def open_replica(primary: Engine, read_url: str | None, memorandum: Memorandum) -> Replica:
    """Raises SetupError for a replica that is none of this ledger's, or on SQLite, where a file has none. One that
    does not answer now may come back: until then the primary is read.
    """
    if read_url is None:
        return Replica(primary)
    replica = open_engine(read_url, of_replica=True)
    if "sqlite" in {primary.dialect.name, replica.dialect.name}:
        raise SetupError("read_url names a PostgreSQL replica of a PostgreSQL database: SQLite has none; take it out")
    try:
        check_schema(replica)
        with reading(replica) as connection:
            other = read_head(connection).memorandum
    except UnavailableError:
        return Replica(primary, replica, away_until=time.monotonic() + _AWAY_S)
    if other != memorandum.text:
        raise SetupError("read_url names a database of another ledger: name a replica of this one")
    return Replica(primary, replica)
