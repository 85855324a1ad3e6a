"""Work that makes many objects, keeps them, and makes no cycles: a replay above all.

The garbage collector would look through all of them again and again for what is not there.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is looked for in the block; what reference counts free is freed all the same."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
