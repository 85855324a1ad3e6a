"""A hub's line to a witness (C2SP tlog-witness): what it cosigned last, and a new checkpoint to cosign.

What comes back is bytes of bounded length that nobody has checked. A call ends, however slowly it is answered: a time
for each read alone would let a witness hold its thread with a byte now and then, before its headers end too.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import NamedTuple

import httpx2 as httpx

from ledger.errors import MalformedError, UnavailableError
from ledger.signing.encoding import to_base64
from ledger.signing.note import NOTE_MAX

TIMEOUT_S = 10.0  # for a call as a whole, from looking up the name to the last byte
_LINES_MAX = 64 * 1024  # bytes of signature lines: a dozen of the longest kind


class Answer(NamedTuple):
    status: int
    body: bytes


class WitnessClient:
    """url: both prefixes of the specification. Each call raises UnavailableError where no answer can be had, and
    MalformedError where the url is none.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def add_checkpoint(self, note: bytes, *, old: int, proof: Sequence[bytes]) -> Answer:
        """Submit a checkpoint. old, proof: the size that the witness is thought to know, and consistency from it."""
        lines = [f"old {old}", *map(to_base64, proof), "", ""]
        return self._ask("POST", "/add-checkpoint", "\n".join(lines).encode("ascii") + note, most=_LINES_MAX)

    def last(self, origin: str) -> bytes | None:
        """The checkpoint of a log that it cosigned last, None where it has cosigned none."""
        answer = self._ask("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint", None, most=NOTE_MAX)
        match answer.status:
            case HTTPStatus.OK:
                return answer.body
            case HTTPStatus.NOT_FOUND:
                return None
        raise UnavailableError(f"it answered {answer.status} when asked what it cosigned last")

    def _ask(self, method: str, path: str, body: bytes | None, *, most: int) -> Answer:
        try:
            return asyncio.run(self._exchange(method, path, body, most))
        except TimeoutError:
            raise UnavailableError(f"it has not answered in full within {self._timeout_s:g} s") from None
        except httpx.InvalidURL:
            raise MalformedError(f"not the address of a witness: {self._url[:80]!r}") from None
        except httpx.HTTPError as error:
            raise UnavailableError(f"it cannot be reached: {type(error).__name__}") from None

    async def _exchange(self, method: str, path: str, body: bytes | None, most: int) -> Answer:
        """Raises TimeoutError where it takes too long, whatever it is that does."""
        data = bytearray()
        headers = {"Accept-Encoding": "identity"}  # what is inflated has no bound before it is there
        async with (
            asyncio.timeout(self._timeout_s),
            httpx.AsyncClient(timeout=self._timeout_s) as client,
            client.stream(method, self._url + path, content=body, headers=headers) as answer,
        ):
            async for part in answer.aiter_raw():
                data += part
                if len(data) > most:
                    raise UnavailableError(f"its answer is longer than {most} bytes")
        return Answer(answer.status_code, bytes(data))
