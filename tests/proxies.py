"""Somebody who stands between a client and a server, passes on what both say, and cuts the line at a chosen moment."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Moment = Literal["asked", "answered"]
_SIZE = 65_536


class Proxy:
    """port: where it listens. cut: how many lines it has cut at their moment."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._armed: tuple[bytes, Moment] | None = None
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, words: bytes, moment: Moment) -> None:
        """Cut the next line over which a client says these words: before the server hears them ("asked"), or once the
        server has answered them and the client has not heard that ("answered").
        """
        with self._lock:
            self._armed = words, moment

    def cut_all(self) -> None:
        """Cut every line that there is now."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            _shut(line)

    def close(self) -> None:
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            client.close()
            return
        with self._lock:
            self._lines |= {client, server}
        deaf = threading.Event()  # the client hears nothing any more
        back = threading.Thread(target=self._pass_back, args=(server, client, deaf), daemon=True)
        back.start()
        with suppress(OSError):
            while said := client.recv(_SIZE):
                moment = self._moment_of(said)
                if moment == "asked":
                    break
                if moment == "answered":
                    deaf.set()
                server.sendall(said)
                if moment == "answered":
                    back.join()
                    break
        for line in (client, server):
            _shut(line)
        back.join()
        with self._lock:
            self._lines -= {client, server}
        client.close()
        server.close()

    def _pass_back(self, server: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while said := server.recv(_SIZE):
                if deaf.is_set():
                    break
                client.sendall(said)
        _shut(client)

    def _moment_of(self, said: bytes) -> Moment | None:
        with self._lock:
            if self._armed is None or self._armed[0] not in said:
                return None
            (_, moment), self._armed = self._armed, None
            self.cut += 1
            return moment


def _shut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(to: int) -> Iterator[Proxy]:
    """Before a port of this computer, to the end of the block."""
    made = Proxy(to)
    try:
        yield made
    finally:
        made.close()
