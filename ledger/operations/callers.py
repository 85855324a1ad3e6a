"""Who may see what at a hub: the database as of the last entry, and the values that it opens.

What `ledger.cohort.callers` decides, it decides of `Known`, which is made anew only where entries have come.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from ledger.cohort.callers import ByName, Caller, Identity, Known, known
from ledger.cohort.columns import Tier
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import resolutions_in_force
from ledger.errors import SignatureError
from ledger.names import regimen_name
from ledger.operations.append import Appender
from ledger.replay import key_in_force, key_of
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, Disclosure, parse_jws
from ledger.signing.keys import PublicKey
from ledger.store.cells import sealed_tiers
from ledger.store.engine import Connection, Engine, reading
from ledger.store.entries import find_entry
from ledger.store.head import read_head
from ledger.store.moving import check_not_moved
from ledger.store.vault import Vault


class Callers:
    """Made once for an open ledger; may be asked from any thread."""

    def __init__(self, engine: Engine, vault: Vault, appender: Appender) -> None:
        self._engine = engine
        self._vault = vault
        self._appender = appender
        self._known: Known | None = None

    def known(self) -> Known:
        """What the database says of callers, after the last entry that is stored. Raises SetupError where the ledger
        goes on in another: this one does not hear whose key was replaced, and whose grant revoked, since.
        """
        with reading(self._engine) as connection:
            check_not_moved(connection)
            size = read_head(connection).size
        if self._known is None or self._known.size != size:
            self._known = self._appender.look(_known)
        return self._known

    def caller(self, who: Identity | None, now: datetime) -> Caller:
        """Who that is now; NOBODY for somebody whom nothing admits (any more)."""
        return self.each([who], now)[who]

    def each(self, whos: Collection[Identity | None], now: datetime) -> dict[Identity | None, Caller]:
        """Who each of them is now, by one look at the database for all."""
        found = self.known()
        names = self._grantees(found, now) if any(isinstance(who, ByName) for who in whos) else None
        return {who: found.caller(who, now, names=names) for who in whos}

    def _grantees(self, found: Known, now: datetime) -> dict[str, Json]:
        """Commitment -> value of the grantees of grants that hold, as far as they can be opened."""
        named = {grant.index for grant in found.grants if grant.commitment and grant.holds_at(now)}
        with reading(self._engine) as connection:
            opened = self._vault.open_each(connection, sorted(named)).values()
        return {each.digest: each.value for each in _disclosures(opened)}


def shown_to(caller: Caller, found: Known, connection: Connection, opened: Mapping[int, str]) -> dict[int, str]:
    """What a caller is shown of these entries' disclosures. opened: index -> disclosures, joined by `~`."""
    values = _shown(caller, found, connection, opened)
    return {index: "~".join(each.text for each in disclosures) for index, disclosures in values}


class Opened(NamedTuple):
    """values: commitment -> value. indexes: of the entries that any of them is of."""

    values: dict[str, Json]
    indexes: frozenset[int]


def values_shown_to(
    caller: Caller, found: Known, vault: Vault, connection: Connection, indexes: Iterable[int]
) -> Opened:
    """What these entries sealed and a caller may see."""
    if caller.view == "clear":
        return Opened({}, frozenset())
    shown = dict(_shown(caller, found, connection, vault.open_each(connection, indexes)))
    values = {each.digest: each.value for disclosures in shown.values() for each in disclosures}
    return Opened(values, frozenset(shown))


def _shown(
    caller: Caller, found: Known, connection: Connection, opened: Mapping[int, str]
) -> Iterator[tuple[int, list[Disclosure]]]:
    if not opened:
        return
    tiers = sealed_tiers(connection, min(opened), max(opened) + 1)
    for index, text in opened.items():
        stored = find_entry(connection, index=index)
        assert stored is not None
        claims = parse_jws(stored.jws).claims
        regimen = _regimen(claims, found)
        shown = [
            each
            for each in _disclosures([text])
            if caller.may_open(_tier(tiers, each), node=claims.node, regimen=regimen)
        ]
        if shown:
            yield index, shown


def _tier(tiers: Mapping[str, Tier], disclosure: Disclosure) -> Tier:
    return tiers.get(disclosure.digest, "auditor")  # what set no cell is for the fewest


def _regimen(claims: Claims, found: Known) -> str | None:
    """The regimen that an event is about, by its cohort or its own word; None where it is about none."""
    replacement = claims.data.get("replacement")
    for data in (claims.data, replacement if isinstance(replacement, dict) else {}):
        if isinstance(cohort := data.get("cohort"), str):
            return found.regimens_of.get(cohort)
        if isinstance(regimen := data.get("regimen"), list):
            return regimen_name(tuple(map(str, regimen)))
    return None


def _disclosures(texts: Iterable[str]) -> Iterator[Disclosure]:
    return (Disclosure.parse(each) for text in texts if text for each in text.split("~"))


def _known(memorandum: Memorandum, database: Database) -> Known:
    return known(database, dict(_keys_in_force(memorandum, database)))


def _keys_in_force(memorandum: Memorandum, database: Database) -> Iterator[tuple[str, PublicKey]]:
    """Of every node that is a member, was one, or is admitted as one: it needs its key before its first event."""
    nodes = {member.node for member in memorandum.members} | {record.key[0] for record in database.rows("nodes")}
    for resolution in resolutions_in_force(database, "accession"):
        content = resolution.value("content")
        if isinstance(content, dict):
            nodes.add(str(content["node"]))
    for node in sorted(nodes):
        try:
            yield node, key_of(memorandum, database, node, key_in_force(memorandum, database, node))
        except SignatureError:
            continue  # no member any more
