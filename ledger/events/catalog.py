"""The closed list of what a node can say, and the way from a payload to an event.

A schema that changes gets a new version and keeps the old class, so that old history still replays. What is not
listed is unknown, and refused.
"""

from collections.abc import Mapping
from functools import cache

from pydantic import ValidationError

from ledger.errors import GateError, RuleError
from ledger.events import access, alliance, cases, cohorts, corrections, erasures, outcomes, resolutions, trials
from ledger.events.base import Event
from ledger.events.fields import first_fault
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, parted

CORRECTABLE: tuple[type[Event], ...] = (
    *trials.EVENTS,
    *cohorts.EVENTS,
    *cases.EVENTS,
    *outcomes.EVENTS,
)

EVENT_TYPES: tuple[type[Event], ...] = (
    *alliance.EVENTS,
    *resolutions.EVENTS,
    *access.EVENTS,
    *CORRECTABLE,
    *corrections.EVENTS,
    *erasures.EVENTS,
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
    return decode_data(claims.type, claims.version, claims.data)


def decode_data(name: str, version: int, data: Mapping[str, Json]) -> Event:
    """The event of a type that these data tell, clear fields and commitments. Raises RuleError, as `decode` does."""
    clear, found = parted(data)
    commitments: dict[str, str] = {}
    for field in _sealed_fields(event_type_of(name, version)):
        if field not in found:
            raise RuleError(f"{name}: the field {field} is always there, and always sealed")
        commitments[field] = found[field]
    if len(found) > len(commitments):  # a field that is no sealed one of the type's: as it stands, it is at fault
        clear = {field: value for field, value in data.items() if field not in commitments}
    return decode_clear(name, version, clear).with_commitments(commitments)


@cache
def _sealed_fields(event_type: type[Event]) -> tuple[str, ...]:
    return tuple(event_type.Sealed.model_fields)


def decode_clear(name: str, version: int, clear: Mapping[str, Json]) -> Event:
    """The event that these clear fields tell, without its commitments: rules ask for no more."""
    try:
        return event_type_of(name, version).model_validate(clear).with_commitments({})
    except ValidationError as error:
        raise RuleError(f"{name}: {first_fault(error)}") from None


def check_opened(claims: Claims, opened: Mapping[str, Json]) -> None:
    """Hold the opened values of an event against its schema. Raises GateError, which names no value."""
    check_sealed(claims.type, claims.version, opened)
    try:
        event_type_of(claims.type, claims.version).check_values(claims.data, opened)
    except ValueError as error:
        raise GateError(f"{claims.type}: {error}") from None


def check_sealed(name: str, version: int, opened: Mapping[str, Json]) -> None:
    """The same of a type, for the fields of a replacement."""
    try:
        event_type_of(name, version).Sealed.model_validate(dict(opened))
    except ValidationError as error:
        raise GateError(f"{name}: {first_fault(error)}") from None
