"""From RS, TR, TU and AE: assessments with what was measured for them, and adverse events.

Every evaluator's assessment is one of its own: the investigator's, and a central one. Where several independent readers
read one visit (RSEVALID), the one whose reading was accepted (RSACPTFL) is the central assessment, or each is, as the
mapping says: the ledger's scale knows no third reader.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.clinical.responses import RESPONSE_CODES
from ledger.names import SLUG_MAX, When
from ledger.node.importing.sdtm_mapping import AdverseEvents, Responses
from ledger.node.importing.sdtm_study import Person, Study
from ledger.node.importing.sources import Row
from ledger.node.importing.told import Told, UnusableError
from ledger.node.importing.values import fields_of, is_selected
from ledger.signing.canonical import Json

_ASSESSED = "response.assessed"
_ACCEPTED = "Y"
_GRADES = ("1", "2", "3", "4", "5")


class _Reading(NamedTuple):
    """Who looked, when: what RS, TR and TU rows of one assessment have in common."""

    subject: str
    evaluator: str
    reader: str
    visit: str

    @classmethod
    def of(cls, row: Row, prefix: str) -> "_Reading":
        visit = row.get("VISITNUM") or row.get("VISIT") or row.get(f"{prefix}DTC")
        return cls(row.get("USUBJID"), row.get(f"{prefix}EVAL"), row.get(f"{prefix}EVALID"), visit)


def read_responses(study: Study) -> None:
    asked = study.mapping.responses
    if asked is None:
        return
    sums = _Sums(study, asked)
    new = {_Reading.of(row, "TU") for row in study.rows("TU") if asked.new and is_selected(row, asked.new)}
    _skip(study, "TU", asked)
    rows = []
    for row in study.rows("RS"):
        if is_selected(row, asked.where):
            rows.append(row)
        else:
            study.reading.skip(row, "response.where does not ask for it")
    for person, row in _accepted(study, asked, rows, "RS"):
        try:
            told = _assessment(study, asked, person, row)
        except UnusableError as error:
            study.reading.leave(row, f"{_ASSESSED}: {error}", person.subject)
            continue
        extra: dict[str, Json] = {}
        if (measured := sums.of(row)) is not None:
            extra["target_sum_mm"] = measured
        if _Reading.of(row, "RS") in new:
            extra["new_lesions"] = True
        study.reading.told.append(_with(told, extra))
    _read_baselines(study, asked, sums)


def read_adverse_events(study: Study) -> None:
    asked = study.mapping.adverse_events
    for row in study.rows("AE") if asked is not None else ():
        person = study.person(row, "AE")
        if person is None or asked is None:
            continue
        try:
            study.reading.told.append(_adverse_event(study, asked, person, row))
        except UnusableError as error:
            study.reading.leave(row, f"adverse_event.reported: {error}", person.subject)


# ---------------------------------------------------------------------- assessments


class _Sums:
    """Sums of target lesions, by who looked and when. One that is no whole number of millimetres is left out."""

    def __init__(self, study: Study, asked: Responses) -> None:
        self._study = study
        self._found: dict[_Reading, list[Row]] = defaultdict(list)
        self.baselines: list[Row] = []
        for row in study.rows("TR"):
            if not asked.sums or not is_selected(row, asked.sums):
                study.reading.skip(row, "response.sums does not ask for it")
            elif asked.baseline and is_selected(row, asked.baseline):
                self.baselines.append(row)
            else:
                self._found[_Reading.of(row, "TR")].append(row)
        self._unmatched = {id(row): row for rows in self._found.values() for row in rows}

    def of(self, row: Row) -> int | None:
        """The sum that belongs to an assessment."""
        found = self._found.get(_Reading.of(row, "RS"), [])
        groups = [each for each in found if each.get("TRLNKGRP") == row.get("RSLNKGRP") != ""]
        found = groups or found
        if len(found) != 1:
            return None
        self._unmatched.pop(id(found[0]), None)
        return self.millimetres(found[0])

    def millimetres(self, row: Row) -> int | None:
        told, unit = row.get("TRSTRESN") or row.get("TRSTRESC") or row.get("TRORRES"), row.get("TRSTRESU")
        if told and told.isdecimal() and unit in ("", "mm"):
            return int(told)
        self._study.reading.remark(row, "the sum is left out: it is no whole number of mm")
        return None

    def remark_on_the_rest(self) -> None:
        for row in self._unmatched.values():
            self._study.reading.skip(row, "no assessment that was used is of the same evaluator and visit")


def _assessment(study: Study, asked: Responses, person: Person, row: Row) -> Told:
    fields = fields_of(_ASSESSED)
    day, when = study.day_of(person, row, "RSDTC", "RSDY")
    criteria, evaluator = asked.criteria.read(row, fields["criteria"]), _evaluator(asked, row, "RS")
    code = row.get("RSSTRESC") or row.get("RSORRES")
    if not code:
        raise UnusableError("RSSTRESC is blank" + (", it was not done" if row.get("RSSTAT") == "NOT DONE" else ""))
    response = asked.codes.get(code, code)
    if not isinstance(criteria, str) or criteria not in RESPONSE_CODES:
        raise UnusableError("response.criteria gives no scale that the ledger knows")
    if response not in RESPONSE_CODES[criteria]:
        raise UnusableError("RSSTRESC is no code of its criteria, and response.codes does not say which it means")
    data: dict[str, Json] = {
        "cohort": person.cohort,
        "day": day,
        "criteria": criteria,
        "response": response,
        "evaluator": evaluator,
    }
    return Told(_ASSESSED, person.subject, data, row, _identity(row, "RS"), on=when)


def _read_baselines(study: Study, asked: Responses, sums: _Sums) -> None:
    for person, row in _accepted(study, asked, sums.baselines, "TR"):
        try:
            day, when = study.day_of(person, row, "TRDTC", "TRDY")
            evaluator = _evaluator(asked, row, "TR")
            criteria = asked.criteria.constant or _only(asked)
            identity = _identity(row, "TR")
        except UnusableError as error:
            study.reading.leave(row, f"{_ASSESSED}: {error}", person.subject)
            continue
        data: dict[str, Json] = {
            "cohort": person.cohort,
            "day": day,
            "criteria": criteria,
            "response": None,
            "evaluator": evaluator,
            "target_sum_mm": sums.millimetres(row),
            "baseline": True,
        }
        study.reading.told.append(Told(_ASSESSED, person.subject, data, row, identity, on=when))
    sums.remark_on_the_rest()


def _only(asked: Responses) -> Json:
    """The one scale that the mapping names: TR does not say which it was measured for."""
    scales = {str(each) for each in (asked.criteria.values or {}).values()}
    if len(scales) != 1:
        raise UnusableError("response.criteria names several scales, and TR does not say which")
    return scales.pop()


def _evaluator(asked: Responses, row: Row, prefix: str) -> Json:
    """RSEVAL says it in RS, and TREVAL in TR in the same words."""
    as_rs = row if prefix == "RS" else Row(row.file, row.number, {"RSEVAL": row.get(f"{prefix}EVAL")})
    found = asked.evaluator.read(as_rs, fields_of(_ASSESSED)["evaluator"])
    if found is None:
        raise UnusableError(f"{prefix}EVAL is blank")
    return found


def _accepted(study: Study, asked: Responses, rows: Sequence[Row], prefix: str) -> Iterable[tuple[Person, Row]]:
    """The rows that count, with whose each is; those of readers that do not are listed."""
    readers: dict[_Reading, set[str]] = defaultdict(set)
    accepted: dict[_Reading, set[str]] = defaultdict(set)
    for row in rows:
        visit = _Reading.of(row, prefix)._replace(reader="")
        readers[visit].add(row.get(f"{prefix}EVALID"))
        if row.get(f"{prefix}ACPTFL") == _ACCEPTED:
            accepted[visit].add(row.get(f"{prefix}EVALID"))
    for row in rows:
        person = study.person(row, prefix)
        if person is None:
            continue
        visit = _Reading.of(row, prefix)._replace(reader="")
        is_accepted = row.get(f"{prefix}ACPTFL") == _ACCEPTED
        if asked.readers == "all" or len(readers[visit]) == 1 or (is_accepted and len(accepted[visit]) == 1):
            yield person, row
        elif len(accepted[visit]) > 1:
            study.reading.leave(row, f"several readers were accepted at one visit ({prefix}ACPTFL)", person.subject)
        elif accepted[visit]:
            study.reading.leave(row, f"another reader's assessment was accepted ({prefix}ACPTFL)", person.subject)
        else:
            study.reading.leave(row, f"several readers, and none was accepted ({prefix}ACPTFL)", person.subject)


def _with(told: Told, extra: dict[str, Json]) -> Told:
    return Told(told.type, told.subject, {**told.data, **extra}, told.row, told.identity, told.on)


def _skip(study: Study, domain: str, asked: Responses) -> None:
    for row in study.rows(domain):
        why = (
            "read for new lesions"
            if asked.new and is_selected(row, asked.new)
            else "response.new_lesions does not ask for it"
        )
        study.reading.skip(row, why)


def _identity(row: Row, domain: str) -> tuple[str, str]:
    number = row.get(f"{domain}SEQ")
    if not number:
        raise UnusableError(f"{domain}SEQ is blank: it tells a patient's rows apart")
    return domain, number


# ---------------------------------------------------------------------- adverse events


def _adverse_event(study: Study, asked: AdverseEvents, person: Person, row: Row) -> Told:
    """A grade where the source has one, and the severity that it has: neither is made of the other."""
    fields = fields_of("adverse_event.reported")
    day, when = study.day_of(person, row, "AESTDTC", "AESTDY")
    grade = row.get("AETOXGR")
    if grade and grade not in _GRADES:
        raise UnusableError("AETOXGR is no grade from 1 to 5")
    if row.get("AESER") not in ("Y", "N"):
        raise UnusableError("AESER is neither Y nor N")
    if not row.get(asked.term):
        raise UnusableError(f"{asked.term} is blank")
    severity = asked.severity.read(row, fields["severity"])
    if not grade and severity is None:
        raise UnusableError(f"neither AETOXGR nor {asked.severity.column} says how severe it was")
    outcome = row.get("AEOUT")
    if not outcome.isascii() and outcome not in asked.outcomes:
        raise UnusableError("AEOUT is no term of CDISC's, and adverse_event.outcomes does not say which it means")
    data: dict[str, Json] = {
        "cohort": person.cohort,
        "day": day,
        "term": row.get(asked.term),
        "ctcae_grade": int(grade) if grade else None,
        "severity": severity,
        "serious": row.get("AESER") == "Y",
        "related": asked.related.read(row, fields["related"]) if asked.related is not None else None,
        "outcome": (asked.outcomes.get(outcome) or _slug(outcome)) if outcome else None,
    }
    return Told("adverse_event.reported", person.subject, data, row, _identity(row, "AE"), on=_after(when, person))


def _after(when: When | None, person: Person) -> When | None:
    """What began before treatment is said once treatment has started."""
    return when if when is not None and person.started is not None and when.last > person.started.last else None


def _slug(text: str) -> str:
    """CDISC's term as the ledger writes words: NOT RECOVERED/NOT RESOLVED is not-recovered-not-resolved."""
    letters = "".join(each if each.isascii() and each.isalnum() else " " for each in text.lower())
    return "-".join(letters.split())[:SLUG_MAX].strip("-")
