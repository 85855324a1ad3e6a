"""Whom a node lets see what it contributed, on which terms, and until when."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.view import View
from ledger.events.base import Event, Need, ReasonGiven, put, refuse
from ledger.events.fields import Label, Payload, Slug
from ledger.events.terms import Jwk, Terms, check_foreign
from ledger.names import UUID_V7
from ledger.signing.canonical import Json
from ledger.signing.entry import format_time

EventId = Annotated[str, Field(pattern=f"^{UUID_V7.pattern}$")]


class Grantee(Payload):
    """Who it is. issuer, subject: the `iss` and `sub` by which an OpenID issuer vouches for this person."""

    name: Label
    organisation: Label
    issuer: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=500)] | None = None
    subject: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=255)] | None = None

    @model_validator(mode="after")
    def _vouched_for(self) -> Self:
        if (self.issuer is None) != (self.subject is None):
            raise ValueError("issuer and subject are given together, or neither is")
        return self


class GranteeNamed(Payload):
    grantee: Grantee | None


class AccessGranted(Terms, Event):
    """It opens what this node contributed, to whoever holds the key, or is the person that is named (or both)."""

    TYPE = "access.granted"
    Sealed = GranteeNamed
    key: Jwk | None = None

    @classmethod
    def check_values(cls, clear: Mapping[str, Json], opened: Mapping[str, Json]) -> None:
        grantee = opened.get("grantee")
        if "key" not in clear and not (isinstance(grantee, dict) and "subject" in grantee):
            raise ValueError("a grant names a key, or a grantee with issuer and subject: else nobody could use it")

    def check(self, view: View) -> None:
        check_foreign(view, self.key)

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Grant,
            (view.node, view.event_id),
            jwk=None if self.key is None else dict(self.key),
            grantee=self.commitments["grantee"],
            role=self.role,
            regimens=None if self.regimens is None else [list(each) for each in self.regimens],
            purpose=list(self.purpose),
            granted_until=self.until.text,
        )


class AccessRevoked(Event):
    TYPE = "access.revoked"
    Sealed = ReasonGiven
    grant: EventId
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        granted = _granted(view, self.grant)
        yield Need(f"a grant {self.grant}", granted.root("role") if granted else None)

    def check(self, view: View) -> None:
        granted = _granted(view, self.grant)
        assert granted is not None
        if granted.key[0] != view.node:
            raise refuse(f"{granted.key[0]} has granted that, and nobody else revokes it")
        if granted.root("revoked_at") is not None:
            raise refuse("that grant is revoked already")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Grant,
            (view.node, self.grant),
            revoked_at=format_time(view.received),
            revocation_code=self.reason_code,
            revocation_reason=self.commitments["reason"],
        )


def _granted(view: View, event: str) -> Record | None:
    return next((record for record in view.database.rows("grants") if record.key[1] == event), None)


EVENTS: tuple[type[Event], ...] = (
    AccessGranted,
    AccessRevoked,
)
