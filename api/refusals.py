"""Which posts this process refused lately, and why: kept in memory alone, for the node that signed them and auditors.

The refusal itself is the node's, signed, in the answer that it got; the log holds none. So this is a convenience, short
and gone with the process. Of a post nothing is kept: only the type of the event that the rules stopped at.
"""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime

KEPT = 20  # of each node


@dataclass(frozen=True, slots=True)
class RefusedPost:
    """at: the hub's clock. kind: the error's slug, as its help page is called. type: of the event. events: in the post;
    place: of that event in it, from 0. reason: as the node was told it.
    """

    at: datetime
    node: str
    kind: str
    type: str
    events: int
    place: int
    reason: str


class Refusals:
    """since: when this process began to keep them."""

    def __init__(self, since: datetime) -> None:
        self.since = since
        self._lock = threading.Lock()
        self._of: defaultdict[str, deque[RefusedPost]] = defaultdict(lambda: deque(maxlen=KEPT))

    def keep(self, refused: RefusedPost) -> None:
        """node: one whose signature was verified, so that nobody fills this under made-up names."""
        with self._lock:
            self._of[refused.node].append(refused)

    def of(self, node: str) -> list[RefusedPost]:
        """The last first."""
        with self._lock:
            return [*reversed(self._of.get(node, ()))]
