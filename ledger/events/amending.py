"""What a correction or a retraction does to the event that it names: the same for every type.

A retraction lifts the event and its corrections; it is refused while an event that stands needs it. A correction lays
the cells of its replacement over those of the event, and has its needs in place of the event's own.

A replacement is judged in the place of what it replaces (`Past`): with the target lifted, and with what came after it
unsaid, or a correction of a closing would find the cohort open again since, and close that. Its rule is asked again
where a clear field changed that rules read, and what it asks of the index where a field changed that this reads.

It takes away what a standing event needs where that one, looking from its own place as it did when it was said, would
find something missing that it finds now, or break its own rule as it does not now, had the replacement been said in the
first place. This is asked of all that stand on the target, directly or not: a stage is decided on cases that were
evaluable, and so on the stage that their treatment started in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ledger.cohort.cells import Set
from ledger.cohort.database import Registered
from ledger.cohort.past import Past
from ledger.cohort.view import View
from ledger.errors import RuleError
from ledger.events.base import Event, refuse
from ledger.events.catalog import CORRECTABLE, decode_clear, decode_data
from ledger.events.corrections import Amendment, EventCorrected
from ledger.events.general import check_day, check_needs
from ledger.signing import canonical
from ledger.signing.canonical import Json

IDENTITY = ("case", "cohort", "regimen", "metric")  # what an event is of: of another, it is another event
_NAMED_MAX = 5  # of those that a refusal names


class Amended(NamedTuple):
    """root: the event that was corrected or retracted. sets: the cells that stand in place of its own. stands_on: what
    it needs.
    """

    root: Registered
    retracts: bool
    sets: tuple[Set, ...]
    stands_on: tuple[int, ...]


def amend(view: View, event: Event) -> Amended | None:
    """What a correction or retraction does, None for any other event. Raises RuleError where it may not."""
    if not isinstance(event, Amendment):
        return None
    target = event.target(view)
    if not any(target.type == each.TYPE for each in CORRECTABLE):
        raise refuse(f"a {target.type} is not {event.KIND}: it is said once, and stays")
    if isinstance(event, EventCorrected):
        return _correct(view, event, target)
    standing = view.database.standing.dependants_of(target.index)
    if standing:
        raise refuse(f"{_named(target)} is needed by {_listed(view, standing)}: retract them first")
    return Amended(target, retracts=True, sets=(), stands_on=())


def said_of(event: Registered, corrections: Sequence[Registered]) -> Mapping[str, Json]:
    """The clear fields of an event as they stand: those of its last correction's replacement, or its own."""
    if not corrections:
        return _clear(event)
    replacement = _clear(corrections[-1])["replacement"]
    assert isinstance(replacement, dict)
    return replacement


def _clear(event: Registered) -> Mapping[str, Json]:
    said = canonical.load(event.said)
    assert isinstance(said, dict)
    return said


def _correct(view: View, event: EventCorrected, target: Registered) -> Amended:
    # 1. it is of the type's schema, and of the same thing
    replacement = decode_data(target.type, target.version, event.replacement)
    if (replacement.synthetic is not None) != target.synthetic:
        raise refuse(f"{_named(target)} and its replacement are both synthetic, or neither is")
    before, after = _standing_data(view, target), _plain(event.replacement, type(replacement))
    for field in IDENTITY:
        if before.get(field) != after.get(field):
            raise refuse(f"{_named(target)} is of another {field}: retract it, and say what was meant")
    check_day(replacement, view.received)
    # 2. what it needs, and its rule, in the place of what it replaces
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    read = changed - type(replacement).WORDS
    place = _placed(view, target)
    stands_on = view.database.standing.needs_of(target.index)
    if read:
        stands_on = check_needs(place, replacement)
        replacement.check(place)
    if read & type(replacement).OF_THE_INDEX:
        replacement.check_at_index(place)
    sets = tuple(replacement.sets(place))
    # 3. what stands on it stands on it still
    if read:
        for dependant in view.database.standing.all_dependants_of(target.index):
            _check_dependant(view, target, view.database.events[dependant], sets)
    return Amended(target, retracts=False, sets=sets, stands_on=stands_on)


def _check_dependant(view: View, target: Registered, dependant: Registered, sets: Sequence[Set]) -> None:
    event = decode_clear(dependant.type, dependant.version, _standing_data(view, dependant))
    lost = _amiss(event, _placed(view, dependant, instead=(target.index, sets)))
    if lost:
        found = _amiss(event, _placed(view, dependant))
        lost = [what for what in lost if what not in found]
    if lost:
        raise refuse(
            f"it takes away what {_named(dependant)} needs: {lost[0]}; correct or retract that first",
            needed_by=dependant.event_id,
        )


def _amiss(event: Event, view: View) -> list[str]:
    """What an event needs and does not find, or else how it breaks its rule."""
    missing = [need.what for need in event.needs(view) if need.event is None]
    if missing:
        return missing
    try:
        event.check(view)  # not what it asks of the index: what had a place has it still
    except RuleError as error:
        return [str(error)]
    return []


def _placed(view: View, event: Registered, *, instead: tuple[int, Sequence[Set]] | None = None) -> View:
    """The view that an event had from its own place."""
    return replace(
        view,
        database=Past(view.database, event.index, instead=instead),
        index=event.index,
        received=event.received,
        node=event.node,
        event_id=event.event_id,
    )


def _standing_data(view: View, event: Registered) -> Mapping[str, Json]:
    corrections = view.database.standing.corrections_of(event.index)
    return said_of(event, [view.database.events[index] for index in corrections])


def _plain(data: Mapping[str, Json], event_type: type[Event]) -> Mapping[str, Json]:
    return {name: value for name, value in data.items() if name not in event_type.Sealed.model_fields}


def _named(event: Registered) -> str:
    return f"{event.type} {event.event_id} (entry {event.index})"


def _listed(view: View, indexes: Sequence[int]) -> str:
    named = ", ".join(_named(view.database.events[index]) for index in indexes[:_NAMED_MAX])
    more = len(indexes) - _NAMED_MAX
    return f"{named} and {more} more" if more > 0 else named
