"""What a node says of an event of its own that was taken: it was another way, or it was not so at all.

The event stays in the log as it was. What happens to its cells is the same for every type, and stands in `amending`:
here is what can be said, and who may.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.cohort import rows
from ledger.cohort.cells import Set
from ledger.cohort.database import Registered
from ledger.cohort.view import View
from ledger.events.base import Event, Need, ReasonRequired, put, refuse
from ledger.events.fields import Slug
from ledger.names import UUID_V7

EventId = Annotated[str, Field(pattern=f"^{UUID_V7.pattern}$")]


class Amendment(Event):
    """What both have: the event that they are about, which is the node's own and stands, and a reason."""

    KIND: ClassVar[Literal["corrected", "retracted"]]
    Sealed = ReasonRequired
    event: EventId
    reason_code: Slug

    def needs(self, view: View) -> Iterable[Need]:
        yield Need(f"the event {self.event}", view.database.index_of(self.event))

    def target(self, view: View) -> Registered:
        """The event that it is about, once its needs were found to stand."""
        index = view.database.index_of(self.event)
        assert index is not None
        return view.database.events[index]

    def check(self, view: View) -> None:
        target = self.target(view)
        if target.node != view.node:
            raise refuse(f"{self.event} is an event of {target.node}, which alone can have it {self.KIND}")
        retraction = view.database.standing.retracted.get(target.index)
        if retraction is not None:
            raise refuse(
                f"{self.event} was retracted by {view.database.events[retraction].event_id}: it stands no more"
            )
        if target.synthetic != (self.synthetic is not None):
            raise refuse(f"{self.event} and what is said of it are both synthetic, or neither is")

    def sets(self, view: View) -> Iterable[Set]:
        return put(
            rows.Correction,
            (view.node, view.event_id),
            target=self.event,
            kind=self.KIND,
            reason_code=self.reason_code,
            reason=self.commitments["reason"],
        )


class EventCorrected(Amendment):
    """replacement: the whole data anew, clear and sealed as in the type of what is corrected."""

    TYPE = "event.corrected"
    KIND = "corrected"
    replacement: dict[str, Any]


class EventRetracted(Amendment):
    TYPE = "event.retracted"
    KIND = "retracted"


EVENTS: tuple[type[Event], ...] = (EventCorrected, EventRetracted)
