"""The posting gate: what must be right with a post before any rule looks at it.

Every disclosure is there and valid under the type's schema, and nothing in a clear or sealed text, or in the name of
who says it, looks like a direct identifier. It is no part of replay, and what it refuses is neither stored nor signed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

from ledger.errors import GateError
from ledger.events.base import Event
from ledger.events.catalog import check_opened, event_type_of, is_known
from ledger.names import UUID, When
from ledger.operations.identifiers import FULL_DATE, identifier_in
from ledger.signing.canonical import Json
from ledger.signing.envelope import Envelope

# words that were published, and a document that its hash names
_EXEMPT = frozenset({("census.attested", "quote"), ("memorandum.signed", "memorandum")})
_CITATIONS = frozenset({("trial.opened", "source"), ("trial.closed", "source")})  # these may hold a date, and no more
_KEYS = frozenset({"key", "proof", "verifier"})


def check_post(envelope: Envelope) -> None:
    """Raises GateError, which names the field at fault and never its value.

    A type that is not known is let pass: a rule refuses it, and that refusal is signed.
    """
    claims = envelope.claims
    if not is_known(claims.type, claims.version):
        return
    event_type = event_type_of(claims.type, claims.version)
    if envelope.missing:
        raise GateError(f"{claims.type}: a post brings every disclosure; missing: {', '.join(envelope.missing)}")
    opened = envelope.opened()
    if opened:
        check_opened(claims, opened)
    dates, year = _date_fields(event_type), datetime.fromtimestamp(claims.issued_at, UTC).year
    said = {**claims.data, **opened, "actor.user": claims.actor.user, "actor.role": claims.actor.role}
    for name, value in said.items():
        if name in dates or (claims.type, name) in _EXEMPT:
            continue
        for text in _texts(value):
            kind = identifier_in(text, year=year)
            if kind is not None and not (kind == FULL_DATE and (claims.type, name) in _CITATIONS):
                raise GateError(f"{claims.type}: {name} seems to hold {kind}; take it out and post again", field=name)


def _date_fields(event_type: type[Event]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in event_type.model_fields.items()
        if field.annotation is When or When in get_args(field.annotation)
    )


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value, handles of cases and events left out: random digits may look like anything."""
    if isinstance(value, str):
        if UUID.fullmatch(value) is None:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _KEYS:
                yield from _texts(item)
