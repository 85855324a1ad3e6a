"""What every event is: a payload, the events that it needs, its rule, and the cells that it sets.

A family's file holds classes derived from `Event`. The clear fields are the class's own; the sealed ones stand in its
inner class `Sealed`, which describes their opened values. Rules never see those: in the log a sealed field is a
commitment, and `self.commitments` is all that an event knows of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel

from ledger.cohort.cells import RowKey, Set
from ledger.cohort.columns import Row
from ledger.cohort.view import View
from ledger.errors import RuleError
from ledger.events.fields import Date, Flag, Payload, Reason
from ledger.names import When
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, Envelope


@dataclass(frozen=True, slots=True)
class Recorded:
    """An envelope's claims with its place in the log. received: the hub's time, aware UTC; kid: the key it names;
    hash: SHA-256 of the JWS, 32 bytes.
    """

    index: int
    received: datetime
    claims: Claims
    kid: str
    hash: bytes

    @classmethod
    def of(cls, envelope: Envelope, *, index: int, received: datetime) -> "Recorded":
        return cls(index, received, envelope.claims, envelope.jws.kid, envelope.hash)


class Need(NamedTuple):
    """An event that another stands on. what: in words; event: its index, None where there is none."""

    what: str
    event: int | None


class NothingSealed(Payload):
    """The sealed fields of a type that has none."""


class Event(Payload):
    """One kind of thing that a node can say. Subclasses set TYPE and, from the second schema on, VERSION.

    WORDS: the clear fields that no rule reads, its own or another's; where a correction changes only these, or what is
    sealed, no rule is asked again. OF_THE_INDEX: the fields that `check_at_index` reads.
    """

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    Sealed: ClassVar[type[Payload]] = NothingSealed
    AFTER_REMOVAL: ClassVar[bool] = False  # whether a node that was removed may say it yet: for its patients' sake
    WORDS: ClassVar[frozenset[str]] = frozenset()
    OF_THE_INDEX: ClassVar[frozenset[str]] = frozenset()

    synthetic: Flag | None = None

    # a slot, and no private attribute of pydantic's: to look at one takes half as long as to validate the event
    __slots__ = ("_commitments",)
    if TYPE_CHECKING:
        _commitments: Mapping[str, str]

    @property
    def commitments(self) -> Mapping[str, str]:
        """Sealed field -> commitment, for every sealed field of the type; none where it was decoded without them."""
        return self._commitments

    def with_commitments(self, commitments: Mapping[str, str]) -> Self:
        """Itself, where it is made: they are set once."""
        object.__setattr__(self, "_commitments", commitments)
        return self

    @classmethod
    def check_values(cls, clear: Mapping[str, Json], opened: Mapping[str, Json], /) -> None:
        """Hold opened values, of their schema each, against the clear ones: for a draft and the posting gate.

        Rules cannot ask this: they see commitments. Raises ValueError, which names no value.
        """

    def happened_on(self) -> When | None:
        """The day that the event states for what it tells, None where its type has none."""
        return None

    def needs(self, _view: View, /) -> Iterable[Need]:
        """The events that must stand."""
        return ()

    def check(self, _view: View, /) -> None:
        """Whatever else the rule asks. Raises RuleError, by `refuse`."""

    def check_at_index(self, _view: View, /) -> None:
        """What the rule asks of the moment, and not of a day: places. Raises RuleError, by `refuse`.

        Of a correction it is asked only where a field of OF_THE_INDEX changed: what had a place has it still.
        """

    def sets(self, _view: View, /) -> Iterable[Set]:
        """The cells that it sets: always every field of its type."""
        raise NotImplementedError  # abstract


class DatedEvent(Event):
    on: Date

    def happened_on(self) -> When:
        return self.on


class ReasonGiven(Payload):
    """The sealed words beside a `reason_code`, where they may be left out (null)."""

    reason: Reason | None


class ReasonRequired(Payload):
    """The sealed words beside a `reason_code`, where they must be given."""

    reason: Reason


def put(row_type: type[Row], key: RowKey, **fields: Json) -> Iterator[Set]:
    """Set the fields of one row."""
    for name, value in fields.items():
        yield Set(row_type.TABLE, key, name, value)


def refuse(message: str, **facts: str | int | None) -> RuleError:
    """The error of a rule, to be raised: lower case, naming the thing and what to do."""
    return RuleError(message, **facts)


def plain(model: BaseModel | None) -> Any:
    """A part of a payload as JSON that holds nothing for what was left out."""
    return None if model is None else model.model_dump(mode="json", exclude_none=True, by_alias=True)


def stated(when: When | None) -> str | None:
    return None if when is None else when.text
