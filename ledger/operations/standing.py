"""Whether this process may sign and append: not before witnesses have spoken, and never again after an alarm.

A hub that starts cannot tell whether its database is an older copy of itself, with all that lies beside it. Witnesses
can: until enough of them have said what they cosigned last, nothing is signed and nothing appended; reading works.
"""

import threading
from collections.abc import Callable

from ledger.errors import TamperedError, UnavailableError


class Standing:
    """needed, of: how many witnesses must have answered, of how many; 0 where the hub starts on its own word. More than
    there are stay more: whoever asked for them did not ask for fewer.
    """

    def __init__(self, *, needed: int, of: int) -> None:
        self._lock = threading.Lock()
        self._alarm: TamperedError | None = None
        self._waiting = needed > 0
        self._said = ""
        self.tell_admitted: Callable[[], None] = lambda: None  # called by whichever thread admits
        self.wait(answered=0, needed=needed, of=of)

    @property
    def is_waiting(self) -> bool:
        """For witnesses to answer."""
        return self._waiting

    @property
    def alarm(self) -> TamperedError | None:
        return self._alarm

    @property
    def read_only(self) -> str | None:
        """Why no post is taken; None where posts are taken."""
        if self._alarm is not None:
            return str(self._alarm)
        return self._said if self._waiting else None

    def check(self) -> None:
        """Raises TamperedError after an alarm, UnavailableError while witnesses have not answered."""
        alarm = self._alarm
        if alarm is not None:
            raise TamperedError(str(alarm), **alarm.facts)  # a new one: each caller adds what it knows
        if self._waiting:
            raise UnavailableError(self._said)

    def wait(self, *, answered: int, needed: int, of: int) -> None:
        if needed > of:
            self._said = (
                f"read-only: witnesses_needed says that {needed} witnesses must have answered what they cosigned last, "
                f"and {of} are named, by resolutions or in witness_urls: name more there, or ask for fewer"
            )
            return
        self._said = (
            f"read-only until {needed} of {of} witnesses have answered what they cosigned last, and {answered} have: "
            "try again later"
        )

    def admit(self) -> None:
        """Enough witnesses have answered, and none knows more than is stored here."""
        with self._lock:
            waited, self._waiting = self._waiting, False
        if waited:
            self.tell_admitted()

    def raise_alarm(self, error: TamperedError) -> bool:
        """Stop for good. Returns whether this is the first alarm: it is what all are told."""
        with self._lock:
            first = self._alarm is None
            if first:
                self._alarm = error
        return first
