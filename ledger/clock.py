"""The world's contribution: the time, and what must not be guessed. The only file that reads a clock or draws.

Everything below it is handed these values; whoever stands at the edge (a command, a request) asks for them here.
"""

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

_SALT_SIZE = 16
_KEY_SIZE = 32
_REQUEST_ID_SIZE = 8


def now() -> datetime:
    """The time, aware UTC, whole milliseconds."""
    time_ms = time.time_ns() // 1_000_000
    return datetime.fromtimestamp(time_ms // 1000, UTC).replace(microsecond=time_ms % 1000 * 1000)


def new_event_id() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, the rest random. Lower case."""
    drawn = int.from_bytes(os.urandom(10))
    high = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | (drawn >> 68) << 64
    text = f"{high | 0b10 << 62 | drawn & (1 << 62) - 1:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_salts() -> Iterator[bytes]:
    """Salts for sealed fields, 16 random bytes each, without end."""
    while True:
        yield os.urandom(_SALT_SIZE)


def new_key() -> bytes:
    """A secret of 32 random bytes: an Ed25519 seed, or a key for AES-256."""
    return os.urandom(_KEY_SIZE)


def new_case_id() -> str:
    """A UUID of version 4 (RFC 9562, 5.4), all of it random: a case's handle says nothing of whom it is. Lower case."""
    return str(uuid.uuid4())


def new_request_id() -> str:
    """What one request is called in the log and in its answer: 16 hex digits that say nothing of it."""
    return os.urandom(_REQUEST_ID_SIZE).hex()
