"""Running a web app on an address of this computer: whether it can listen is known before anything is said of it."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import uvicorn

from ledger.cli.notifying import READY, STOPPING, notify
from ledger.errors import ForbiddenError, SetupError

_BACKLOG = 2048
_PROXIES = ["127.0.0.1", "::1"]  # whose word on a caller's address is taken
_GRACE_S = 5  # for answers that are under way when the server is told to stop


def check_reach(host: str, *, public_url: str, dev: bool) -> None:
    """Raises ForbiddenError for an address that others may reach, where every caller has every role, or none can come
    by TLS.
    """
    if is_loopback(host):
        return
    if dev:
        raise ForbiddenError(f"not on {host}: with --dev every caller has every role; serve on 127.0.0.1")
    if not public_url.startswith("https://"):
        raise ForbiddenError(
            f"not on {host} without TLS: let a proxy do that, and name the address that callers reach it by with "
            "--public-url https://..."
        )


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """Take an address, port 0 for any that is free. Returns the socket and the server's URL.

    Raises SetupError where it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise SetupError(
            f"cannot listen on {host}, port {port}: {error.strerror}; name a free port with --port"
        ) from None
    named = f"[{host}]" if ":" in host else host
    return listener, f"http://{named}:{listener.getsockname()[1]}"


def run_app(
    app: Any,
    listener: socket.socket,
    *,
    begun: Callable[[], None] = lambda: None,
    ending: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal comes; it is raised again once all that was under way is answered.

    begun: called when requests are taken. ending: called when the signal has come, to end answers that would go on for
    ever.

    Raises SetupError where the app does not start, KeyboardInterrupt after Ctrl-C.
    """
    config = uvicorn.Config(
        app,
        log_config=None,  # see `ledger.cli.logs`
        log_level=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=_PROXIES,
    )
    try:
        _Server(config, begun, ending).run(sockets=[listener])
    except SystemExit:  # how it says that the app's start-up failed, after it has logged why
        raise SetupError("the server did not start") from None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, begun: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            notify(READY)
            self._begun()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        notify(STOPPING)
        self._ending()
        await super().shutdown(sockets)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
