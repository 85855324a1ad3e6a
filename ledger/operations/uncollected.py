"""Work that makes many objects, keeps them, and makes no cycles: a replay above all.

The garbage collector would look through all of them again and again for what is not there.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, for_good: bool = False) -> Iterator[None]:
    """Nothing is looked for in the block; what reference counts free is freed all the same.

    for_good: nor is anything that is there at its end looked through again, which stops everybody for seconds where
    that is a long history.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        if for_good:
            gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
