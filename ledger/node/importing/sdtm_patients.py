"""From DM, EX and DS: a patient's way from submission to the end of treatment, and whether the patient counts."""

from collections import defaultdict
from collections.abc import Iterable

from ledger.names import When
from ledger.node.importing.dates import study_day
from ledger.node.importing.sdtm_mapping import Dated
from ledger.node.importing.sdtm_study import Person, Study
from ledger.node.importing.sources import Row
from ledger.node.importing.told import Told, UnusableError
from ledger.node.importing.values import fields_of, is_selected
from ledger.signing.canonical import Json

_EVALUATORS = ("investigator", "central")


def read_patients(study: Study) -> None:
    """Add the events of every row of DM, with EX and DS."""
    mapping, reading = study.mapping, study.reading
    steps = [
        ("case.submitted", mapping.case),
        ("case.profiled", mapping.profile),
        ("case.allocated", mapping.allocation),
        ("patient.enrolled", mapping.enrolment),
    ]
    for person in study.people.values():
        reading.places[person.subject] = person.row.get("SITEID")
        for event_type, dated in steps:
            if dated is None:
                continue
            in_cohort = "cohort" in fields_of(event_type)
            if in_cohort and not person.cohort:
                reading.leave(person.row, f"{event_type}: {person.reason}", person.subject)
                break
            try:
                reading.told.append(_dated(study, person, event_type, dated, in_cohort=in_cohort))
            except UnusableError as error:
                reading.leave(person.row, f"{event_type}: {error}", person.subject)
                if event_type != "case.profiled":
                    break
        if person.cohort and person.started is not None:
            reading.told.append(_started(study, person, person.started))
        elif person.cohort:
            reading.leave(person.row, "treatment.started: EX has no row of this patient with a date", person.subject)
    _read_ends(study)


def read_evaluability(study: Study) -> None:
    """Add what the mapping's rule makes of each patient who was treated. Asked for last: it counts what was told."""
    rule = study.mapping.evaluability
    if rule is None:
        return
    assessed: dict[tuple[str, Json], dict[str, When | None]] = defaultdict(dict)  # by day: readers of one are one look
    ended: dict[str, Told] = {}
    for told in study.reading.told:
        if told.type == "response.assessed" and _is_a_look(told):
            day = told.on.text if told.on is not None else f"row {told.row.number}"
            assessed[told.subject, told.data["evaluator"]][day] = told.on
        elif told.type == "treatment.ended":
            ended.setdefault(told.subject, told)
    for person in study.people.values():
        if not person.cohort or person.started is None:
            continue
        looks = [list(assessed[person.subject, by].values()) for by in _EVALUATORS]
        enough = [found for found in looks if len(found) >= rule.assessments]
        end = ended.get(person.subject)
        has_ended = end is not None and end.data["reason"] in rule.or_ended_for
        if not enough and not has_ended and rule.otherwise != "not-evaluable":
            continue
        data: dict[str, Json] = {"cohort": person.cohort, "evaluable": bool(enough) or has_ended, "rule": rule.rule}
        on = _known_by(enough, rule.assessments) if enough else end.on if end is not None else None
        study.reading.told.append(Told("evaluability.determined", person.subject, data, person.row, on=on))


def _is_a_look(told: Told) -> bool:
    """Whether it says something of the time after treatment began."""
    day = told.data.get("day")
    return told.data.get("response") not in (None, "NE") and not (isinstance(day, int) and day <= 1)


def _known_by(enough: Iterable[list[When | None]], count: int) -> When | None:
    """The day on which so many assessments of one evaluator were there, None where they have no dates."""
    dated = [sorted(filter(None, found), key=lambda each: each.last) for found in enough]
    reached = [found[count - 1] for found in dated if 0 < count <= len(found)]
    return min(reached, key=lambda each: each.last, default=None)


def _dated(study: Study, person: Person, event_type: str, dated: Dated, *, in_cohort: bool) -> Told:
    on = study.first_date(person, dated)
    opened = study.mapping.cohorts.opened_on
    if event_type == "case.allocated" and opened and on.last.isoformat() < opened:
        raise UnusableError("it is before the day that cohorts.opened_on says")
    data: dict[str, Json] = {"on": on.text}
    if in_cohort:
        data["cohort"] = person.cohort
    fields = fields_of(event_type)
    for name, value in dated.fields.items():
        data[name] = value.read(study.row_of(person, value), fields[name])
    return Told(event_type, person.subject, data, person.row, on=on)


def _started(study: Study, person: Person, started: When) -> Told:
    data: dict[str, Json] = {"on": started.text, "cohort": person.cohort, "stage": study.mapping.stage}
    if study.mapping.doses and person.first_dose is not None:
        doses = _doses(person.first_dose)
        if doses is None:
            study.reading.remark(person.first_dose, "the dose is left out: EXTRT, EXDOSE or EXDOSU is blank")
        else:
            data["doses"] = doses
    assert person.first_dose is not None
    return Told("treatment.started", person.subject, data, person.first_dose, on=started)


def _doses(row: Row) -> list[Json] | None:
    drug, amount, unit, schedule = (row.get(name) for name in ("EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRQ"))
    if not (drug and amount and unit):
        return None
    dose: dict[str, Json] = {"drug": drug, "amount": int(amount) if amount.isdecimal() else amount, "unit": unit}
    return [dose | ({"schedule": schedule} if schedule else {})]


def _read_ends(study: Study) -> None:
    ending, reading = study.mapping.ending, study.reading
    for row in study.rows("DS"):
        if ending is None or not is_selected(row, ending.where):
            reading.skip(row, "end.where does not ask for it")
            continue
        person = study.person(row, "DS")
        if person is None:
            continue
        try:
            day, on = _end_day(study, person, row, ending.day)
            reason = ending.reason.read(row, fields_of("treatment.ended")["reason"])
        except UnusableError as error:
            reading.leave(row, f"treatment.ended: {error}", person.subject)
            continue
        if day is not None and day < 1:
            reading.remark(row, "the end of treatment is before the first dose")
        data: dict[str, Json] = {"cohort": person.cohort, "day": day, "reason": reason}
        reading.told.append(Told("treatment.ended", person.subject, data, row, on=on))


def _end_day(study: Study, person: Person, row: Row, places: Iterable[str]) -> tuple[int | None, When | None]:
    """From the first of the places that has a date: of EX the last day of any dose, of DS the row's own."""
    for place in places:
        if place == "DS":
            day, when = study.day_of(person, row, "DSSTDTC", "DSSTDY")
        else:
            when = _last_dose(study, person)
            day = study_day(when, person.started)
        if when is not None:
            return day, when
    return None, None


def _last_dose(study: Study, person: Person) -> When | None:
    """None where a dose has no end: it may go on."""
    ends: list[When] = []
    for row in study.doses(person.subject):
        end = study.date_of(row, "EXENDTC")
        if end is None:
            return None
        ends.append(end)
    return max(ends, key=lambda each: (each.last, each.first), default=None)
