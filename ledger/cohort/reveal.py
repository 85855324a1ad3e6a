"""Rows with their sealed fields opened, as far as whoever asks has their disclosures.

The database holds commitments alone. What is computed from patients' values is computed from these two side by side,
and says how much of it was shut: a value that was erased, withheld or never given is simply not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeAlias

from ledger.cohort.columns import Row
from ledger.cohort.rows import AdverseEvent, Assessment, Episode, SurvivalUpdate, columns_of
from ledger.cohort.snapshot import Snapshot
from ledger.names import When
from ledger.signing.canonical import Json

_Dated: TypeAlias = Assessment | AdverseEvent | SurvivalUpdate
_DATED: tuple[type[_Dated], ...] = (Assessment, AdverseEvent, SurvivalUpdate)
_END = ("end_day", "end_reason")
_CLAIM = ("benefit", "best_response", "basis")


@dataclass(frozen=True)
class Revealed:
    """values: commitment -> value, of what is open. A commitment's salt makes it one of a single field."""

    snapshot: Snapshot
    values: Mapping[str, Json] = field(default_factory=dict, repr=False)

    def fields(self, row: Row, *names: str) -> dict[str, Json] | None:
        """The sealed fields of these names, None for one that nothing set; None for all where one that is set is shut.

        names: every sealed field of the row where none is given.
        """
        columns = columns_of(row.TABLE)
        asked = names or tuple(name for name, column in columns.items() if column.sealed)
        found: dict[str, Json] = {}
        for name in asked:
            commitment = getattr(row, name)
            if commitment is not None and commitment not in self.values:
                return None
            found[name] = None if commitment is None else self.values[commitment]
        return found


def by_then(revealed: Revealed) -> Revealed:
    """A view on a day without what a study day puts after it: sealed, it is not seen where rows are chosen by dates.

    A claim carries no day. Where anything of its episode came later, the claim may rest on that, and is left out, too.
    Whoever has no full date stays, as in every view on a day.
    """
    snapshot = revealed.snapshot
    if snapshot.day is None:
        return revealed
    episodes = {(row.cohort, row.node, row.case): row for row in snapshot.of(Episode) if row.started_on is not None}
    later: set[tuple[str, str, str]] = set()
    tables = dict(snapshot.tables)
    for row_type in _DATED:
        kept = []
        for row in snapshot.of(row_type):
            of = row.cohort, row.node, row.case
            values = revealed.fields(row, "day")
            if of in episodes and values is not None and is_later(episodes[of], values["day"], snapshot.day):
                later.add(of)
            else:
                kept.append(row)
        tables[row_type.TABLE] = tuple(kept)
    tables[Episode.TABLE] = tuple(_by_then(revealed, row, later, snapshot.day) for row in snapshot.of(Episode))
    return replace(revealed, snapshot=replace(snapshot, tables=tables))


def is_later(episode: Episode, study_day: Json, on: date) -> bool:
    """Whether a study day is not certainly past by then, as with any date; one that nobody knows is not later."""
    if not isinstance(study_day, int) or episode.started_on is None:
        return False
    last = on_study_day(When.parse(episode.started_on).last, study_day)
    return last is None or last > on


def on_study_day(started: date | None, study_day: int | None) -> date | None:
    """The date of a study day: the first treatment is on day 1, the day before it is day -1."""
    if started is None or study_day is None:
        return None
    try:
        return started + timedelta(days=study_day - 1 if study_day > 0 else study_day)
    except OverflowError:  # of a year that no calendar has
        return None


def _by_then(revealed: Revealed, row: Episode, later: set[tuple[str, str, str]], on: date) -> Episode:
    end = revealed.fields(row, "end_day")
    has_ended_later = end is not None and is_later(row, end["end_day"], on)
    is_claimed_later = has_ended_later or (row.started_on is not None and (row.cohort, row.node, row.case) in later)
    gone = (*(_END if has_ended_later else ()), *(_CLAIM if is_claimed_later else ()))
    if not gone:
        return row
    set_by = {name: by for name, by in row.set_by.items() if name not in gone}
    changes: dict[str, Any] = {"set_by": set_by, **dict.fromkeys(gone)}
    return replace(row, **changes)
