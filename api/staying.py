"""Who is at an answer that goes on, and whether each may still have it: all of them by a few statements, not each by
its own.

A grant that is revoked, a key that is replaced and a session that is over end the answers that they began. A token is
used up by the request that it came with, and counts for as long as its key does.
"""

from collections.abc import Collection
from dataclasses import dataclass

from fastapi import Request

from api.access import Access, Rule, rule_of
from api.sessions import Sessions
from ledger.cohort.callers import Identity


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """Who has an answer that goes on. session: the secret of the one that the request came with, None with a token."""

    who: Identity | None
    rule: Rule
    session: bytes | None


class Guests:
    def __init__(self, access: Access, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions

    def guest(self, request: Request) -> Guest:
        """Whoever was admitted with this request."""
        rule = rule_of(request.method, request.scope["route"].path_format, request.path_params)
        by_token = "authorization" in request.headers
        return Guest(request.state.identity, rule, None if by_token else self._sessions.secret_of(request))

    def gone(self, guests: Collection[Guest]) -> frozenset[Guest]:
        """Of these whoever may not have it any more. Reads the database."""
        if self._access.dev:
            return frozenset()
        going_on = self._sessions.standing([guest.session for guest in guests if guest.session is not None])
        callers = self._access.callers({guest.who for guest in guests})
        return frozenset(
            guest
            for guest in guests
            if (guest.session is not None and guest.session not in going_on)
            or callers[guest.who].role not in guest.rule.roles
        )
