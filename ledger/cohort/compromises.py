"""Keys that others may have had: since when, and until when, by the resolutions that replaced them.

A replacement that names an entry says: what this node said from there on may be a thief's. That discredits nothing
before it, and refuses nothing after the fact; it is to be looked at.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.cohort import rows
from ledger.cohort.database import Database
from ledger.cohort.snapshot import Snapshot
from ledger.cohort.view import resolutions_in_force
from ledger.signing.canonical import Json

SUBJECT = "key-replacement"


class Compromise(NamedTuple):
    """A node's entries from index `since` to before `until` may be by another hand. until: the vote that replaced the
    key. grants_void: what the node granted in that time grants nothing, unless the resolution says otherwise.
    """

    node: str
    since: int
    until: int
    grants_void: bool
    resolution: str

    def covers(self, node: str, index: int) -> bool:
        return node == self.node and self.since <= index < self.until


def compromises(database: Database) -> tuple[Compromise, ...]:
    """Of a database in memory."""
    return tuple(
        _compromises(
            (record.key[0], record.value("content"), record.root("in_force_at"))
            for record in resolutions_in_force(database, SUBJECT)
        )
    )


def compromises_in(snapshot: Snapshot) -> tuple[Compromise, ...]:
    """As the snapshot's rows tell."""
    return tuple(
        _compromises(
            (row.resolution, row.content, row.set_by.get("in_force_at"))
            for row in snapshot.of(rows.Resolution)
            if row.subject == SUBJECT
        )
    )


def is_grant_void(database: Database, node: str, index: int) -> bool:
    """Whether what a node granted with the entry at `index` was made void, because its key may have been a thief's."""
    return any(each.grants_void and each.covers(node, index) for each in compromises(database))


def _compromises(replaced: Iterable[tuple[str, Json, int | None]]) -> Iterable[Compromise]:
    """Of the replacements that are in force and name an entry."""
    for slug, content, in_force in replaced:
        match content:
            case {"node": str(node), "compromised_since": int(since), **more} if in_force is not None:
                yield Compromise(node, since, in_force, more.get("grants_void") is not False, slug)
