"""How many connections to the database there are, for whoever watches a hub."""

from typing import NamedTuple

from sqlalchemy import Engine, QueuePool


class Pool(NamedTuple):
    """most: as many may be in use at once; who asks for one more waits. All 0 where connections are not kept."""

    in_use: int
    idle: int
    most: int


def pool_of(engine: Engine) -> Pool:
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return Pool(0, 0, 0)
    return Pool(pool.checkedout(), pool.checkedin(), pool.size() + max(0, pool._max_overflow))  # noqa: SLF001 - it has no other name
