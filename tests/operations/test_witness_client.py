"""A hub's call to a witness ends, however slowly it is answered."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import given
import pytest

from ledger.errors import UnavailableError
from ledger.operations.witness_client import WitnessClient

TRICKLES = {
    "a header that does not end": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "headers that do not end": (b"HTTP/1.1 200 OK\r\n", b"X-Slow: x\r\n"),
    "answers that are none yet": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a body that does not end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@contextmanager
def trickling(first: bytes, then: bytes) -> Iterator[str]:
    """A server that takes one call, and answers it a little at a time for as long as it is listened to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server, first, then))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def answer(server: socket.socket, first: bytes, then: bytes) -> None:
    caller, _ = server.accept()
    ends = time.monotonic() + 5
    with caller:
        try:
            caller.recv(65_536)
            caller.sendall(first)
            while time.monotonic() < ends:
                caller.sendall(then)
                time.sleep(0.05)
        except OSError:
            pass  # who asked has gone


@pytest.mark.parametrize("kind", TRICKLES)
def test_an_answer_that_trickles_in_is_given_up_when_the_time_for_the_whole_call_is_over(kind: str) -> None:
    with trickling(*TRICKLES[kind]) as url:
        started = time.monotonic()

        with pytest.raises(UnavailableError, match=r"not answered in full within 0\.3 s"):
            WitnessClient(url, timeout_s=0.3).last(given.ORIGIN)

        assert time.monotonic() - started < 2
