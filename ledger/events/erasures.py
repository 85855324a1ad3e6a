"""Erasure: a node has sealed values of its own taken back for good.

The event says which; that they are gone is the doing of whoever holds them. Log, cells and digest stay as they are, for
they hold commitments only. What was erased is not given back by any later event: an erasure is neither corrected nor
retracted.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ledger.cohort import rows
from ledger.cohort.cells import Set
from ledger.cohort.view import View
from ledger.events.base import Event, put, refuse
from ledger.events.fields import CaseId, EventId

EVENTS_MAX = 1_000  # so many ids fit into an envelope


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("each event is named once")
    return ids


class DisclosuresErased(Event):
    """case: all that this node has said of it until now. events: these, whatever they are about. Corrections of what is
    named are covered, and nothing that comes later is.
    """

    TYPE = "disclosures.erased"
    AFTER_REMOVAL = True
    case: CaseId | None = None
    events: Annotated[list[EventId], Field(min_length=1, max_length=EVENTS_MAX), AfterValidator(_each_once)] | None = (
        None
    )
    basis: Literal["consent", "art-17", "mistake", "other"]

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.case is None) == (self.events is None):
            raise ValueError("an erasure names a case or events, one of them")
        return self

    def check(self, view: View) -> None:
        # known, not standing: what was retracted can be erased all the same
        if self.case is not None and not _has_told_of(view, self.case):
            raise refuse(f"{view.node} has said nothing of case {self.case}: a node erases what is its own")
        for event_id in self.events or ():
            index = view.database.index_of(event_id)
            if index is None or view.database.events[index].node != view.node:
                raise refuse(f"{event_id} is no event of {view.node}: a node erases what is its own")

    def sets(self, view: View) -> Iterable[Set]:
        key = (view.node, view.event_id)
        return put(rows.Erasure, key, case=self.case, events=self.events, basis=self.basis)  # type: ignore[arg-type]  # a list of texts is JSON


def _has_told_of(view: View, case: str) -> bool:
    return bool(view.database.about(view.node, case))


EVENTS: tuple[type[Event], ...] = (DisclosuresErased,)
