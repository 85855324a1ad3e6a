"""Who a caller is, and what it may see: a pure function of the database, of who proved to be there, and of the time.

A member is whoever holds its node's key in force: a key that was replaced is nobody's. Anybody else has what grants
give that are neither revoked nor expired, all of them together. `Known` is what the database says of this as of one
entry; an identity (a key's thumbprint, or a name that an issuer vouches for) is looked up in it anew for every request,
so that a revocation or a replaced key counts from the next one on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from ledger.cohort.columns import Tier
from ledger.cohort.compromises import is_grant_void
from ledger.cohort.database import Database
from ledger.cohort.view import is_member, resolutions_in_force
from ledger.names import When, regimen_name
from ledger.signing.canonical import Json
from ledger.signing.keys import PublicKey

Kind = Literal["nobody", "member", "former", "grantee", "anyone"]
Role = Literal["public", "partner", "industry", "investigator", "auditor"]

_GREATEST: tuple[Role, ...] = ("auditor", "investigator", "industry")
_OPENING: frozenset[Role] = frozenset({"auditor", "investigator"})
READERS: frozenset[Role] = frozenset({"partner", "investigator", "auditor"})  # of the log


class ByKey(NamedTuple):
    """Somebody who holds a key: it signed a token, or the link that a session began with."""

    thumbprint: str


class ByName(NamedTuple):
    """Somebody whom an OpenID issuer vouches for. issuer: its `iss`, as grants spell it; subject: its `sub`."""

    issuer: str
    subject: str


Identity: TypeAlias = ByKey | ByName


@dataclass(frozen=True, slots=True)
class Granted:
    """One grant. name: the id of its event, or the resolution's slug; index: of the event that brought it into force.
    node: whose contributions it is about, None for everyone's. thumbprint: of the key that it names. commitment: of its
    sealed grantee. until: it holds to the end of the last day that this may mean, UTC. regimens: None for all.
    """

    name: str
    index: int
    node: str | None
    thumbprint: str | None
    commitment: str | None
    role: Role
    regimens: frozenset[str] | None
    until: When
    revoked: bool = False

    def holds_at(self, now: datetime) -> bool:
        return not self.revoked and now.astimezone(UTC).date() <= self.until.last

    def opens(self, node: str, regimen: str | None) -> bool:
        """Whether it opens what is sealed of a node's; regimen: that it is about, None where it is about none."""
        if self.role not in _OPENING or self.node not in (None, node):
            return False
        return self.regimens is None or regimen in self.regimens


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. node: a member's own, or one's that was removed ("former": it sees what the public sees, and may
    still speak for its patients). grants: those that hold now. regimens: which an industry partner's reports
    may be about, None for all. opens: nodes whose sealed values it may see at least in part, None for everyone's.
    """

    kind: Kind = "nobody"
    role: Role = "public"
    node: str | None = None
    grants: tuple[Granted, ...] = ()
    regimens: frozenset[str] | None = frozenset()
    opens: frozenset[str] | None = frozenset()

    @property
    def reads_log(self) -> bool:
        return self.role in READERS

    @property
    def name(self) -> str:
        """How it is named in an access log: a node's name, or the grants that it came with."""
        return self.node or ",".join(grant.name for grant in self.grants) or self.kind

    @property
    def view(self) -> str:
        """Which disclosures it is shown, as the file `view` of a log says it (design: formats)."""
        if self.kind == "anyone":
            return "full"
        if self.kind == "member":
            return f"node:{self.node}"
        opening = [grant for grant in self.grants if grant.role in _OPENING]
        if any(grant.role == "auditor" and grant.node is None and grant.regimens is None for grant in opening):
            return "full"
        return f"grant:{opening[0].name}" if opening else "clear"

    @property
    def shade(self) -> str:
        """A word for what it may see, in tags of answers: equal for two who are shown the same."""
        scope = "*" if self.regimens is None else ",".join(sorted(self.regimens))
        told = f"{self.role} {self.view} {scope} {','.join(sorted(grant.name for grant in self.grants))}"
        return sha256(told.encode()).hexdigest()[:12]

    @property
    def audits(self) -> frozenset[str] | None:
        """Nodes of whose data it may see who read them, None for everyone's: not those that it investigates only."""
        auditing = [grant for grant in self.grants if grant.role == "auditor"]
        if self.kind != "grantee":
            return self.opens
        if any(grant.node is None for grant in auditing):
            return None
        return frozenset(grant.node for grant in auditing if grant.node is not None)

    def may_open(self, tier: Tier, *, node: str, regimen: str | None) -> bool:
        """Whether a sealed value is shown: of a column of this tier, contributed by a node.

        regimen: the name of the one that its cohort gives, None where it is of no cohort.
        """
        if self.kind == "anyone" or (self.kind == "member" and self.node == node):
            return True
        if tier == "partner":
            return self.reads_log
        return any(grant.opens(node, regimen) for grant in self.grants)


NOBODY = Caller()
ANYONE = Caller("anyone", "auditor", regimens=None, opens=None)
"""Whoever asks a server that was started for development: every role at once."""


@dataclass(frozen=True)
class Known:
    """What the database says of callers after `size` entries.

    members: thumbprint of a key in force -> its node; former: the same of members that were removed. keys: of all these
    and of grantees, by thumbprint. replaced: thumbprints of keys that were a node's. regimens_of: cohort -> name of its
    regimen.
    """

    size: int
    members: Mapping[str, str]
    former: Mapping[str, str]
    keys: Mapping[str, PublicKey]
    replaced: frozenset[str]
    grants: tuple[Granted, ...]
    regimens_of: Mapping[str, str]

    def caller(self, who: Identity | None, now: datetime, *, names: Mapping[str, Json] | None = None) -> Caller:
        """Who that is. NOBODY for somebody whom nothing admits (any more).

        names: commitment -> opened value of the sealed `grantee` of grants; needed to know somebody by name.
        """
        match who:
            case ByKey(thumbprint):
                return self._by_key(thumbprint, now)
            case ByName():
                opened = names or {}
                return _grantee(
                    grant
                    for grant in self.grants
                    if grant.holds_at(now) and grant.commitment and _is_named(opened.get(grant.commitment), who)
                )
        return NOBODY

    def _by_key(self, thumbprint: str, now: datetime) -> Caller:
        node = self.members.get(thumbprint)
        if node is not None:
            return Caller("member", "partner", node, regimens=None, opens=frozenset({node}))
        if thumbprint in self.former:
            return Caller("former", node=self.former[thumbprint])
        if thumbprint in self.replaced:
            return NOBODY
        return _grantee(grant for grant in self.grants if grant.thumbprint == thumbprint and grant.holds_at(now))


def known(database: Database, keys_in_force: Mapping[str, PublicKey]) -> Known:
    """keys_in_force: node -> the key that its next envelope is signed with, of every node that is a member, was one, or
    was admitted as one and has yet to sign.
    """
    grants = (*_granted(database), *_agreed(database))
    nodes = {key.thumbprint: node for node, key in keys_in_force.items()}
    gone = {record.key[0] for record in database.rows("nodes") if not is_member(database, record.key[0])}
    keys = {key.thumbprint: key for key in keys_in_force.values()}
    for jwk in _jwks(database):
        key = PublicKey.from_jwk(jwk)
        keys.setdefault(key.thumbprint, key)
    brought = frozenset(record.key[1] for record in database.rows("keys"))
    regimens_of = {
        record.key[0]: name
        for record in database.rows("cohorts")
        if (name := _regimen(record.value("regimen"))) is not None
    }
    return Known(
        database.size,
        MappingProxyType({thumbprint: node for thumbprint, node in nodes.items() if node not in gone}),
        MappingProxyType({thumbprint: node for thumbprint, node in nodes.items() if node in gone}),
        MappingProxyType(keys),
        brought - nodes.keys(),
        grants,
        MappingProxyType(regimens_of),
    )


def _granted(database: Database) -> Iterable[Granted]:
    """Those of members: nobody could revoke what a node granted that was removed."""
    for record in database.rows("grants"):
        node, index = record.key[0], record.root("role")
        if index is not None and is_member(database, node) and not is_grant_void(database, node, index):
            yield _grant(
                {field: record.value(field) for field in record.cells},
                name=record.key[1],
                index=index,
                node=node,
                until=record.value("granted_until"),
                revoked=record.root("revoked_at") is not None,
            )


def _agreed(database: Database) -> Iterable[Granted]:
    """Grants over everyone's data: by resolutions in force."""
    for record in resolutions_in_force(database, "access"):
        content, index = record.value("content"), record.root("in_force_at")
        assert isinstance(content, dict)
        assert index is not None
        told = {**content, "jwk": content["key"]}
        yield _grant(told, name=record.key[0], index=index, node=None, until=content["until"], revoked=False)


def _grant(told: Mapping[str, Any], *, name: str, index: int, node: str | None, until: Json, revoked: bool) -> Granted:
    jwk, regimens = told.get("jwk"), told.get("regimens")
    return Granted(
        name=name,
        index=index,
        node=node,
        thumbprint=None if jwk is None else PublicKey.from_jwk(jwk).thumbprint,
        commitment=told.get("grantee"),
        role=told["role"],
        regimens=None if regimens is None else frozenset(regimen_name(tuple(each)) for each in regimens),
        until=When.parse(str(until)),
        revoked=revoked,
    )


def _jwks(database: Database) -> Iterable[dict[str, Any]]:
    """The keys that grants name."""
    for record in database.rows("grants"):
        jwk = record.value("jwk")
        if isinstance(jwk, dict):
            yield jwk
    for record in resolutions_in_force(database, "access"):
        content = record.value("content")
        jwk = content.get("key") if isinstance(content, dict) else None
        if isinstance(jwk, dict):
            yield jwk


def _grantee(granted: Iterable[Granted]) -> Caller:
    """Somebody with all of these grants, or nobody where there are none."""
    grants = tuple(granted)
    role = next((role for role in _GREATEST if any(grant.role == role for grant in grants)), None)
    if role is None:
        return NOBODY
    opening = [grant for grant in grants if grant.role in _OPENING]
    everyones = any(grant.node is None for grant in opening)
    scopes = [grant.regimens for grant in grants]
    return Caller(
        "grantee",
        role,
        grants=grants,
        regimens=None if role in READERS or None in scopes else frozenset[str]().union(*filter(None, scopes)),
        opens=None if everyones else frozenset(grant.node for grant in opening if grant.node is not None),
    )


def _is_named(opened: Json, who: ByName) -> bool:
    return isinstance(opened, dict) and (opened.get("issuer"), opened.get("subject")) == who


def _regimen(regimen: Json) -> str | None:
    return regimen_name(tuple(map(str, regimen))) if isinstance(regimen, list) else None
