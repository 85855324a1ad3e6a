"""The closed list of what a node can say, and the way from a payload to an event.

A schema that changes gets a new version and keeps the old class, so that old history still replays. What is not
listed is unknown, and refused.
"""

from collections.abc import Mapping
from functools import cache

from pydantic import ValidationError

from ledger.errors import GateError, RuleError
from ledger.events import alliance, cases, cohorts, outcomes, resolutions, trials
from ledger.events.base import Event
from ledger.events.fields import first_fault
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, read_commitment

EVENT_TYPES: tuple[type[Event], ...] = (
    *alliance.EVENTS,
    *resolutions.EVENTS,
    *trials.EVENTS,
    *cohorts.EVENTS,
    *cases.EVENTS,
    *outcomes.EVENTS,
)


@cache
def _catalog() -> Mapping[tuple[str, int], type[Event]]:
    return {(event_type.TYPE, event_type.VERSION): event_type for event_type in EVENT_TYPES}


def is_known(name: str, version: int) -> bool:
    return (name, version) in _catalog()


def event_type_of(name: str, version: int) -> type[Event]:
    """Raises RuleError where no such type and version is known."""
    try:
        return _catalog()[name, version]
    except KeyError:
        raise RuleError(f"{name} version {version} is no event that this ledger knows") from None


def decode(claims: Claims) -> Event:
    """The event that an envelope claims. Raises RuleError where its data are not of the type's schema.

    The error names the field and what is asked of it, never what stood there.
    """
    event_type = event_type_of(claims.type, claims.version)
    clear = dict(claims.data)
    commitments: dict[str, str] = {}
    for name in event_type.Sealed.model_fields:
        digest = read_commitment(clear.pop(name, None))
        if digest is None:
            raise RuleError(f"{claims.type}: the field {name} is always there, and always sealed")
        commitments[name] = digest
    try:
        event = event_type.model_validate(clear)
    except ValidationError as error:
        raise RuleError(f"{claims.type}: {first_fault(error)}") from None
    event._commitments = commitments  # noqa: SLF001 - set once, here, where an event is made
    return event


def check_opened(claims: Claims, opened: Mapping[str, Json]) -> None:
    """Hold the opened values of an event against its schema. Raises GateError, which names no value."""
    event_type = event_type_of(claims.type, claims.version)
    try:
        event_type.Sealed.model_validate(dict(opened))
    except ValidationError as error:
        raise GateError(f"{claims.type}: {first_fault(error)}") from None
