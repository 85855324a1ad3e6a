"""The demonstration's history folded in memory: nothing is signed, which would cost most of the time."""

from datetime import UTC, datetime
from hashlib import sha256
from itertools import repeat
from typing import Any

from given import ACTOR, ORIGIN, signing_key

from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.demo.facts import alliance_of_2021
from ledger.demo.founding import memorandum
from ledger.events.base import Recorded
from ledger.events.catalog import check_opened
from ledger.node.drafts import Draft
from ledger.replay import step
from ledger.signing.canonical import dump
from ledger.signing.envelope import Claims, seal
from ledger.signing.note import ED25519, Verifier

History = list[tuple[str, Draft]]

FACTS = alliance_of_2021()
TODAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def founded() -> Memorandum:
    keys = {each.node: signing_key(each.node).public for each in FACTS.nodes}
    return memorandum(FACTS, keys, Verifier(ORIGIN, ED25519, signing_key("log").public.raw))


SEALED, _ = seal({}, {"value": None}, repeat(bytes(16)))


def claimed(draft: Draft, node: str, database: Database, index: int) -> tuple[Claims, dict[str, Any]]:
    """The draft as claims that commit to nothing in particular, and the values that would be sealed."""
    head = database.streams.get(node)
    opened = {name: draft.data.get(name) for name in draft.sealed_fields()}
    clear = {name: value for name, value in draft.data.items() if name not in opened}
    dump({**clear, **opened})  # all of it has a canonical form
    claims = Claims(
        node=node,
        event_id=f"{index:08x}-0000-7000-8000-000000000000",
        issued_at=int(TODAY.timestamp()),
        seq=head.seq + 1 if head else 0,
        prev=head.hash if head else None,
        type=draft.type,
        version=draft.version,
        actor=ACTOR,
        data=clear | dict.fromkeys(opened, SEALED["value"]),
    )
    return claims, opened


def folded(history: History) -> Database:
    """What the ledger makes of it."""
    taken = Database()
    alliance = founded()
    for index, (node, draft) in enumerate(history):
        claims, opened = claimed(draft, node, taken, index)
        check_opened(claims, opened)
        place = sha256(b"entry %d" % index).digest()
        step(alliance, taken, Recorded(index, TODAY, claims, signing_key(node).public.thumbprint, place))
    return taken
