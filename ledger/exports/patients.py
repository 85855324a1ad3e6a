"""The patients of an export: all that stands of each, with what is open of it, and a count of what could not be taken.

A patient is named in what was left out only where it is in the export: of somebody who was erased nothing appears, not
even the handle.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.reveal import Revealed, is_later
from ledger.cohort.snapshot import Snapshot
from ledger.exports.study import Part, Sheet
from ledger.names import When

Values = Mapping[str, Any]  # sealed fields by name, as they were told
_Key = tuple[str, str]  # node, case
_RowT = TypeVar("_RowT", bound=Row)

SHUT = "erased or withheld"
WITHDRAWN = "consent to sharing was withdrawn"
NO_DAY = "the source has no full date"
NO_START = "the treatment's start is no full date"
END_BEFORE_START = "the end is before the start"
NOT_BEGUN = "its treatment had not begun by that day"
LATER = "it was later than that day"
_ENDS_SHARING = frozenset({"sharing", "all"})

_ENROLMENT = ("ecog", "sex", "birth_year", "oncotree", "variants", "prior_lines", "consent_version")


class LeftOut:
    """Counts what an export does not hold, by why. It is the one thing here that changes."""

    COLUMNS = ("what", "node", "cohort", "person", "reason", "rows")

    def __init__(self) -> None:
        self._count = Counter[tuple[str, str, str, str, str]]()

    def add(self, row: Row, reason: str, *, what: str | None = None, person: str = "") -> None:
        """what: the part of a row, where it is not the whole. person: as the export names it, if it does."""
        cohort = str(getattr(row, "cohort", ""))
        self._count[what or row.TABLE, str(getattr(row, "node", "")), cohort, person, reason] += 1

    def table(self) -> Sheet:
        return Sheet("not-exported", self.COLUMNS, tuple((*key, count) for key, count in sorted(self._count.items())))

    def total(self) -> int:
        return sum(self._count.values())


class Told(NamedTuple):
    """A row of its own event with its values. told_at: index of the event that set it."""

    row: Row
    values: Values
    told_at: int


@dataclass(frozen=True, slots=True)
class Treatment:
    """An episode. A group of its values is None where nothing was told of it, or it is shut.

    started: the day of the first treatment, None where it has not begun, or the day is not known.
    """

    row: rows.Episode
    enrolled: Values | None
    doses: Values | None
    end: Values | None
    started: date | None
    assessments: tuple[Told, ...] = ()
    adverse_events: tuple[Told, ...] = ()
    survival: tuple[Told, ...] = ()

    @property
    def told(self) -> tuple[Told, ...]:
        return (*self.assessments, *self.adverse_events, *self.survival)

    def drugs(self, regimen: Iterable[str]) -> Mapping[str, Sequence[Values]]:
        """Drug -> its doses: the cohort's regimen, and whatever else a dose was told of, each once however the case of
        its letters is.
        """
        found: dict[str, list[Values]] = {drug: [] for drug in regimen}
        names = {drug.casefold(): drug for drug in found}
        for dose in (self.doses or {}).get("doses") or ():
            found.setdefault(names.setdefault(dose["drug"].casefold(), dose["drug"]), []).append(dose)
        return found


@dataclass(frozen=True, slots=True)
class Patient:
    """number: one more than the index of the first entry about the case: no two patients have one, and later exports
    give the same. profile: None where there is none, or it is shut.
    """

    node: str
    case: str
    number: int
    submission: rows.Case | None
    profile_row: rows.Profile | None
    profile: Values | None
    treatments: tuple[Treatment, ...]
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def handle(self) -> str:
        return f"{self.node}/{self.case}"

    def first(self, name: str) -> Any:
        """A fact about the person: as the profile has it, else as the first enrolment that is open does."""
        groups = (self.profile, *(each.enrolled for each in self.treatments))
        return next((group[name] for group in groups if group is not None and group.get(name) is not None), None)


def patients(revealed: Revealed, part: Part, left_out: LeftOut) -> tuple[Patient, ...]:
    """Everybody in this part of the database who did not withdraw consent to sharing, by number."""
    known = _by_patient(revealed.snapshot, part)
    numbers = _numbers(revealed.snapshot, known)
    withdrawn = {
        (row.node, row.case) for row in revealed.snapshot.of(rows.ConsentWithdrawal) if row.scope in _ENDS_SHARING
    }
    found = []
    for key in sorted(known, key=numbers.__getitem__):
        if key in withdrawn:
            for row in known[key]:
                left_out.add(row, WITHDRAWN)
        else:
            found.append(_patient(revealed, known[key], numbers[key], left_out))
    return tuple(found)


def leave_out(patient: Patient, reason: str, left_out: LeftOut) -> None:
    """Count all rows of somebody who is not in the export; those that are shut were counted as such already."""
    open_ones = {id(each.row) for treatment in patient.treatments for each in treatment.told}
    for row in patient.rows:
        if isinstance(row, rows.Case | rows.Profile | rows.Episode) or id(row) in open_ones:
            left_out.add(row, reason)


def exact(stated: str | None) -> date | None:
    """The day that a date states; none is made of a month, a quarter, a year or an interval."""
    if stated is None:
        return None
    when = When.parse(stated)
    return when.first if when.precision == "day" else None


def why_undated(treatment: Treatment) -> str:
    return NO_START if treatment.started is None else NO_DAY


def _by_patient(snapshot: Snapshot, part: Part) -> Mapping[_Key, Sequence[Row]]:
    """What is told of each patient, in the tables that an export takes from."""
    found = defaultdict[_Key, list[Row]](list)
    for row in part.rows(snapshot):
        found[row.node, row.case].append(row)  # type: ignore[attr-defined]  # a part is of rows that have both
    return found


def _numbers(snapshot: Snapshot, known: Mapping[_Key, Sequence[Row]]) -> Mapping[_Key, int]:
    first: dict[_Key, int] = {}
    for event in snapshot.events:
        if event.case is not None:
            first.setdefault((event.node, event.case), event.index + 1)
    for key, found in known.items():
        if key not in first:  # a view on a day may have left its events out
            first[key] = min(index for row in found for index in row.set_by.values()) + 1
    return first


def _patient(revealed: Revealed, found: Sequence[Row], number: int, left_out: LeftOut) -> Patient:
    submission = next(iter(_of(found, rows.Case)), None)
    profile_row = next(iter(_of(found, rows.Profile)), None)
    profile = None if profile_row is None else _opened(revealed, profile_row, left_out, "profiles")
    treatments = sorted(
        (_treatment(revealed, row, found, left_out) for row in _of(found, rows.Episode)),
        key=_order,
    )
    begun = {each.row.cohort for each in treatments if each.row.started_on is not None}
    for row in found:
        if isinstance(row, tuple(_OUTCOMES.values())) and getattr(row, "cohort", None) not in begun:
            left_out.add(row, NOT_BEGUN)
    key = next((row.node, row.case) for row in found)  # type: ignore[attr-defined]  # see _by_patient
    return Patient(*key, number, submission, profile_row, profile, tuple(treatments), tuple(found))


def _order(treatment: Treatment) -> tuple[date, int, tuple[str, ...]]:
    """By the last day on which a treatment may have begun; those that have not come last."""
    row = treatment.row
    last = date.max if row.started_on is None else When.parse(row.started_on).last
    return last, row.set_by.get("started_on", row.since), row.key


def _treatment(revealed: Revealed, row: rows.Episode, found: Sequence[Row], left_out: LeftOut) -> Treatment:
    groups = {
        "enrolments": _ENROLMENT if row.enrolled_on is not None else (),
        "doses": ("doses",) if row.started_on is not None else (),
        "ends of treatment": ("end_day", "end_reason") if row.end_reason is not None else (),
    }
    enrolled, doses, end = (
        _opened(revealed, row, left_out, what, *names) if names else None for what, names in groups.items()
    )
    on = revealed.snapshot.day
    if on is not None and end is not None and is_later(row, end["end_day"], on):
        left_out.add(row, LATER, what="ends of treatment")
        end = None
    outcomes: dict[str, tuple[Told, ...]] = {}
    if row.started_on is not None:  # of a cohort's episodes of one case, only one can have started
        for name, row_type in _OUTCOMES.items():
            of_this = (each for each in _of(found, row_type) if getattr(each, "cohort", None) == row.cohort)
            outcomes[name] = tuple(_by_then(row, _told(revealed, of_this, left_out), on, left_out))
    return Treatment(row, enrolled, doses, end, exact(row.started_on), **outcomes)


_OUTCOMES: Mapping[str, type[Row]] = {
    "assessments": rows.Assessment,
    "adverse_events": rows.AdverseEvent,
    "survival": rows.SurvivalUpdate,
}


def _told(revealed: Revealed, found: Iterable[Row], left_out: LeftOut) -> Iterator[Told]:
    for row in sorted(found, key=lambda each: min(each.set_by.values())):
        values = _opened(revealed, row, left_out, row.TABLE)
        if values is not None:
            yield Told(row, values, min(row.set_by.values()))


def _by_then(episode: rows.Episode, told: Iterable[Told], on: date | None, left_out: LeftOut) -> Iterator[Told]:
    """What was so by the day that the view is on: the study day says it, which is sealed where the rows are chosen."""
    for each in told:
        if on is not None and is_later(episode, each.values["day"], on):
            left_out.add(each.row, LATER)
        else:
            yield each


def _opened(revealed: Revealed, row: Row, left_out: LeftOut, what: str, *names: str) -> Values | None:
    values = revealed.fields(row, *names)
    if values is None:
        left_out.add(row, SHUT, what=what)
    return values


def _of(found: Iterable[Row], row_type: type[_RowT]) -> list[_RowT]:
    return [row for row in found if isinstance(row, row_type)]
