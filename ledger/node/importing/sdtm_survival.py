"""From ADTTE, DM and DS: that a patient died, or was last known alive."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.names import When
from ledger.node.importing.dates import study_day
from ledger.node.importing.sdtm_study import Person, Study
from ledger.node.importing.sources import Row
from ledger.node.importing.told import Told, UnusableError
from ledger.signing.canonical import Json

_OVERALL = "OS"
_EVENT = "0"  # CNSR; every other number is a kind of censoring


class _Fact(NamedTuple):
    row: Row
    source: str
    status: str
    on: When | None


def read_survival(study: Study) -> None:
    """One event a patient for a death and one for the last day alive; of sources that differ, the first counts."""
    asked = study.mapping.survival
    if asked is None:
        return
    facts: dict[str, dict[str, list[_Fact]]] = {}
    for source in asked.sources:
        for person, fact in _SOURCES[source](study):
            facts.setdefault(person.subject, {}).setdefault(fact.status, []).append(fact)
    if asked.last_alive:
        for person in study.people.values():
            if person.cohort:
                _last_alive(study, person, asked.last_alive, facts.setdefault(person.subject, {}))
    for subject, by_status in facts.items():
        _believe(study, subject, by_status, asked.sources)
        for status, found in by_status.items():
            _tell(study, study.people[subject], status, found)


def _believe(study: Study, subject: str, facts: dict[str, list[_Fact]], sources: Sequence[str]) -> None:
    """Take out what a more trusted source gives the lie: that somebody died before a day on which they lived."""
    by_trust = sorted((fact for found in facts.values() for fact in found), key=lambda each: sources.index(each.source))
    believed: list[_Fact] = []
    for fact in by_trust:
        against = next((each for each in believed if each.source != fact.source and _differ(each, fact)), None)
        if against is None:
            believed.append(fact)
        else:
            reason = f"survival.updated: {against.source} says that its patient was {against.status} then, and counts"
            study.reading.leave(fact.row, reason, subject)
            facts[fact.status].remove(fact)
            if not facts[fact.status]:
                del facts[fact.status]


def _differ(one: _Fact, other: _Fact) -> bool:
    if one.status == other.status or one.on is None or other.on is None:
        return False
    died, lived = (one.on, other.on) if one.status == "dead" else (other.on, one.on)
    return died.last < lived.first


def _tell(study: Study, person: Person, status: str, found: list[_Fact]) -> None:
    first = next((each for each in found if each.on is not None), found[0])  # who names no day says nothing else
    others = [each for each in found if each is not first and each.on is not None]
    day = study_day(first.on, person.started)
    if day is not None and day < 1:
        study.reading.remark(first.row, f"the day on which its patient was {status} is before the first dose")
    data: dict[str, Json] = {"cohort": person.cohort, "day": day, "status": status}
    told = Told("survival.updated", person.subject, data, first.row, ("SURVIVAL", status), on=first.on)
    study.reading.told.append(told)
    for other in others:
        if other.on != first.on:
            study.reading.leave(
                other.row, f"survival.updated: {first.source} gives another day for it, and counts", person.subject
            )


def _last_alive(study: Study, person: Person, variable: str, known: dict[str, list[_Fact]]) -> None:
    """Where no source tells of a death or of the last day alive."""
    if known:
        return
    try:
        on = study.date_of(person.row, variable)
    except UnusableError as error:
        study.reading.leave(person.row, f"survival.updated: {error}", person.subject)
        return
    if on is not None:
        known["alive"] = [_Fact(person.row, "DM", "alive", on)]


def _of_adtte(study: Study) -> Iterator[tuple[Person, _Fact]]:
    for row in study.rows("ADTTE"):
        if row.get("PARAMCD") != _OVERALL:
            study.reading.skip(row, "it is not overall survival")
            continue
        person = study.person(row, "ADTTE")
        if person is None:
            continue
        censored = row.get("CNSR")
        if not censored.isdecimal():
            study.reading.leave(row, "survival.updated: CNSR is no number", person.subject)
            continue
        try:
            on = study.date_of(row, "ADT")
        except UnusableError as error:
            study.reading.leave(row, f"survival.updated: {error}", person.subject)
            continue
        yield person, _Fact(row, "ADTTE", "dead" if censored == _EVENT else "alive", on)


def _of_dm(study: Study) -> Iterator[tuple[Person, _Fact]]:
    for person in study.people.values():
        if not person.cohort:
            continue
        try:
            died = study.date_of(person.row, "DTHDTC")
        except UnusableError as error:
            study.reading.leave(person.row, f"survival.updated: {error}", person.subject)
            continue
        if person.row.get("DTHFL") == "Y" or died is not None:
            yield person, _Fact(person.row, "DM", "dead", died)


def _of_ds(study: Study) -> Iterator[tuple[Person, _Fact]]:
    for row in study.rows("DS"):
        if row.get("DSDECOD") != "DEATH":
            continue
        person = study.people.get(row.get("USUBJID"))
        if person is None or not person.cohort:
            continue
        try:
            yield person, _Fact(row, "DS", "dead", study.date_of(row, "DSSTDTC"))
        except UnusableError as error:
            study.reading.leave(row, f"survival.updated: {error}", person.subject)


_SOURCES = {"ADTTE": _of_adtte, "DM": _of_dm, "DS": _of_ds}
