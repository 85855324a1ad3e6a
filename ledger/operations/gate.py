"""The posting gate: what must be right with a post before any rule looks at it.

Every disclosure is there and valid under the type's schema, and nothing in a clear or sealed text, or in the name of
who says it, looks like a direct identifier. It is no part of replay, and what it refuses is neither stored nor signed.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, get_args

from ledger.errors import GateError
from ledger.events.base import Event
from ledger.events.catalog import check_opened, check_sealed, event_type_of, is_known
from ledger.names import UUID, When
from ledger.operations.identifiers import FULL_DATE, identifier_in
from ledger.signing.canonical import Json
from ledger.signing.envelope import REPLACEMENT, Envelope

# words that were published, and a document that its hash names
_EXEMPT = frozenset({("census.attested", "quote"), ("memorandum.signed", "memorandum")})
_CITATIONS = frozenset({("trial.opened", "source"), ("trial.closed", "source")})  # these may hold a date, and no more
_KEYS = frozenset({"key", "proof", "verifier"})


class Kind(NamedTuple):
    """A type of event and its version."""

    type: str
    version: int


def check_post(envelope: Envelope, target: Kind | None = None) -> None:
    """Raises GateError, which names the field at fault and never its value.

    A type that is not known is let pass: a rule refuses it, and that refusal is signed. target: of a correction, what
    it corrects, by which its replacement is judged; None where the log has no such event, which a rule refuses.
    """
    claims = envelope.claims
    if not is_known(claims.type, claims.version):
        return
    event_type = event_type_of(claims.type, claims.version)
    if envelope.missing:
        raise GateError(f"{claims.type}: a post brings every disclosure; missing: {', '.join(envelope.missing)}")
    opened, anew = _parts(envelope.opened())
    if opened:
        check_opened(claims, opened)
    if anew and target is not None:
        check_sealed(target.type, target.version, anew)
    said = {name: value for name, value in claims.data.items() if name != REPLACEMENT}
    said |= {**opened, "actor.user": claims.actor.user, "actor.role": claims.actor.role}
    _check_texts(envelope, said, event_type, named=claims.type)
    replacement = claims.data.get(REPLACEMENT)
    if isinstance(replacement, dict):
        replaced = event_type_of(*target) if target is not None else event_type
        _check_texts(envelope, {**replacement, **anew}, replaced, named=f"{claims.type}: {REPLACEMENT}")


def _parts(opened: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The opened values of the event itself, and those of its replacement."""
    prefix = f"{REPLACEMENT}."
    own = {name: value for name, value in opened.items() if not name.startswith(prefix)}
    return own, {name.removeprefix(prefix): value for name, value in opened.items() if name not in own}


def _check_texts(envelope: Envelope, said: Mapping[str, Json], event_type: type[Event], *, named: str) -> None:
    year = datetime.fromtimestamp(envelope.claims.issued_at, UTC).year
    exempt = _exempt_fields(event_type)
    for name, value in said.items():
        if not isinstance(value, str | list | dict):
            continue
        if any("\0" in text for text in _texts(value)):
            raise GateError(f"{named}: {name} holds the character U+0000; take it out and post again", field=name)
        if name in exempt:
            continue
        for text in _texts(value):
            kind = identifier_in(text, year=year)
            if kind is not None and not (kind == FULL_DATE and (event_type.TYPE, name) in _CITATIONS):
                raise GateError(f"{named}: {name} seems to hold {kind}; take it out and post again", field=name)


@cache
def _exempt_fields(event_type: type[Event]) -> frozenset[str]:
    """Those that hold a date, which the schema has looked at, and those that may say anything."""
    return frozenset(
        name
        for name, field in event_type.model_fields.items()
        if field.annotation is When or When in get_args(field.annotation) or (event_type.TYPE, name) in _EXEMPT
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
