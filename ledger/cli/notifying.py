"""A word to systemd, which starts what comes after a service once that is ready (sd_notify(3), Type=notify)."""

import socket
from contextlib import suppress

from ledger.settings import notified_socket

READY, STOPPING = "READY=1", "STOPPING=1"


def notify(word: str) -> None:
    """Tell it, where it listens; a service that nobody listens to serves all the same."""
    address = notified_socket()
    if address is None or not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sender.sendall(word.encode())
