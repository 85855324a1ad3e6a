"""The rules that hold for every event, whatever its type: asked of it when it is said, and of its replacement."""

from datetime import datetime, timedelta

from ledger.cohort.view import View
from ledger.errors import RuleError
from ledger.events.base import Event

_CLOCKS_DIFFER = timedelta(days=1)  # a node east of the hub may tell of a day that the hub has not reached


def check_day(event: Event, received: datetime) -> None:
    """Raises RuleError for a day that had not come when it was told of. received: when that was."""
    when = event.happened_on()
    if when is not None and when.first - received.date() > _CLOCKS_DIFFER:
        raise RuleError(f"{event.TYPE}: {when} has not come yet: tell what happened, when it has")


def check_needs(view: View, event: Event) -> tuple[int, ...]:
    """The events that it stands on, by index. Raises RuleError, which says what does not stand."""
    stands_on = []
    for need in event.needs(view):
        if need.event is None:
            raise RuleError(f"{event.TYPE} needs {need.what}, and no such event stands")
        stands_on.append(need.event)
    return tuple(sorted(set(stands_on)))
