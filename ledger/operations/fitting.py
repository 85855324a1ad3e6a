"""Which opened values are of the schema of what they were said in: nothing is computed from any other.

The rules see commitments alone, and the gate is no part of replay. So a node may have sealed anything, if the hub that
should have refused it was with it, or was an older one; and who restores a log takes what stands in it.
"""

from collections.abc import Iterator, Mapping, Sequence

from ledger.cohort.columns import Row
from ledger.cohort.reveal import Revealed
from ledger.cohort.rows import AdverseEvent, Assessment, Episode, SurvivalUpdate
from ledger.errors import GateError
from ledger.events.base import Event
from ledger.events.cases import TreatmentEnded
from ledger.events.catalog import check_sealed
from ledger.events.outcomes import AdverseEventReported, OutcomeDetermined, ResponseAssessed, SurvivalUpdated
from ledger.signing.canonical import Json

# what fills a table's sealed cells, and the name of a cell where it is not the field's own
_SAID_IN: Mapping[type[Row], Sequence[tuple[type[Event], Mapping[str, str]]]] = {
    Episode: ((OutcomeDetermined, {}), (TreatmentEnded, {"day": "end_day", "reason": "end_reason"})),
    Assessment: ((ResponseAssessed, {}),),
    AdverseEvent: ((AdverseEventReported, {}),),
    SurvivalUpdate: ((SurvivalUpdated, {}),),
}


def fitting(revealed: Revealed) -> Revealed:
    """The same without the values that do not fit, and without those whose event is open in part: what is left of it
    cannot be held against its schema. Both are shut, wherever else they stand.
    """
    shut = {
        commitment
        for row_type in _SAID_IN
        for row in revealed.snapshot.of(row_type)
        for commitment in _misfits(row, revealed.values)
    }
    if not shut:
        return revealed
    return Revealed(revealed.snapshot, {each: value for each, value in revealed.values.items() if each not in shut})


def _misfits(row: Row, values: Mapping[str, Json]) -> Iterator[str]:
    for event_type, cells in _SAID_IN[type(row)]:
        said = {name: getattr(row, cells.get(name, name)) for name in event_type.Sealed.model_fields}
        here = [each for each in said.values() if each in values]
        if here and not _fits(event_type, said, values):
            yield from here


def _fits(event_type: type[Event], said: Mapping[str, str | None], values: Mapping[str, Json]) -> bool:
    opened = {name: values[each] for name, each in said.items() if each is not None and each in values}
    if len(opened) < len(said):
        return False
    try:
        check_sealed(event_type.TYPE, event_type.VERSION, opened)
    except GateError:
        return False
    return True
