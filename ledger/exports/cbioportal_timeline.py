"""The timeline files of a cBioPortal study: days from the first treatment, which is day 0 there."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ledger.cohort.columns import Row
from ledger.exports.cbioportal_files import line, meta, tabular
from ledger.exports.patients import END_BEFORE_START, NO_DAY, NO_START, LeftOut, Patient, Told, Treatment, Values
from ledger.exports.study import Cell

_EVERY = ("PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "treatment": (*_EVERY, "TREATMENT_TYPE", "AGENT", "COHORT", "DOSES", "STOP_REASON"),
    "status": (*_EVERY, "STATUS", "CRITERIA", "EVALUATOR", "TARGET_SUM_MM", "NEW_LESIONS", "COHORT"),
    "toxicity": (*_EVERY, "TOXICITY", "CTCAE_GRADE", "SEVERITY", "SERIOUS", "RELATED", "OUTCOME", "COHORT"),
}


class Timeline:
    """Takes patients one by one. regimens: cohort -> its drugs."""

    def __init__(self, regimens: Mapping[str, Any], left_out: LeftOut) -> None:
        self._regimens = regimens
        self._left_out = left_out
        self._rows = defaultdict[str, list[tuple[Cell, ...]]](list)

    def add(self, patient: Patient, name: str) -> None:
        begun = [each for each in patient.treatments if each.row.started_on is not None]
        for treatment in begun:
            offset = _offset(begun[0], treatment)
            if offset is None:
                for row in (treatment.row, *(told.row for told in treatment.told)):
                    what = "treatments" if row is treatment.row else None
                    self._left_out.add(row, NO_START, what=what, person=name)
                continue
            self._treatment(treatment, name, offset)
            for told in treatment.assessments:
                self._told("status", told, name, offset, _assessment(told.values))
            for told in treatment.adverse_events:
                self._told("toxicity", told, name, offset, _adverse_event(told.values))
            for told in treatment.survival:
                if told.values["day"] is None:
                    self._left_out.add(told.row, NO_DAY, person=name)

    def files(self, study: str) -> dict[str, str]:
        """Those that have a line."""
        found = {}
        for kind, lines in self._rows.items():
            file = f"data_timeline_{kind}.txt"
            found[file] = tabular(COLUMNS[kind], lines)
            found[f"meta_timeline_{kind}.txt"] = meta(
                {
                    "cancer_study_identifier": study,
                    "genetic_alteration_type": "CLINICAL",
                    "datatype": "TIMELINE",
                    "data_filename": file,
                }
            )
        return found

    def _treatment(self, treatment: Treatment, name: str, offset: int) -> None:
        row, end = treatment.row, treatment.end or {}
        day = end.get("end_day")
        if end and (day is None or day < 1):
            reason = NO_DAY if day is None else END_BEFORE_START
            self._left_out.add(row, reason, what="ends of treatment", person=name)
            day = None
        for drug, doses in treatment.drugs(map(str, self._regimens.get(row.cohort) or ())).items():
            told: dict[str, Cell] = {
                "STOP_DATE": None if day is None else offset + _since_start(day),
                "TREATMENT_TYPE": "Medical Therapy",
                "AGENT": drug,
                "DOSES": "; ".join(map(_dose, doses)) or None,
                "STOP_REASON": end.get("end_reason"),
            }
            self._put("treatment", name, offset, row, told)

    def _told(self, kind: str, told: Told, name: str, offset: int, values: dict[str, Cell]) -> None:
        day = told.values["day"]
        if day is None:
            self._left_out.add(told.row, NO_DAY, person=name)
        else:
            self._put(kind, name, offset + _since_start(day), told.row, values)

    def _put(self, kind: str, name: str, day: int, row: Row, values: dict[str, Cell]) -> None:
        of: dict[str, Cell] = {"PATIENT_ID": name, "START_DATE": day, "EVENT_TYPE": kind.upper()}
        self._rows[kind].append(line(COLUMNS[kind], of | {"COHORT": getattr(row, "cohort", None)} | values))


def _assessment(values: Values) -> dict[str, Cell]:
    response = values["response"]
    return {
        "STATUS": " ".join(filter(None, ("baseline", response))) if values["baseline"] else response,
        "CRITERIA": values["criteria"],
        "EVALUATOR": values["evaluator"],
        "TARGET_SUM_MM": values["target_sum_mm"],
        "NEW_LESIONS": _word(values["new_lesions"]),
    }


def _adverse_event(values: Values) -> dict[str, Cell]:
    return {
        "TOXICITY": values["term"],
        "CTCAE_GRADE": values["ctcae_grade"],
        "SEVERITY": values["severity"],
        "SERIOUS": _word(values["serious"]),
        "RELATED": _word(values["related"]),
        "OUTCOME": values["outcome"],
    }


def _offset(first: Treatment, later: Treatment) -> int | None:
    """Days between two starts; none are made of a month."""
    if later is first:
        return 0
    return None if first.started is None or later.started is None else (later.started - first.started).days


def _since_start(day: int) -> int:
    """A study day as days from the first treatment: day 1 is 0, the day before is -1 in both."""
    return day - 1 if day > 0 else day


def _word(value: object) -> str | None:
    return None if value is None else "yes" if value else "no"


def _dose(told: Mapping[str, Any]) -> str:
    return " ".join(str(part) for part in (told["amount"], told["unit"], told.get("schedule")) if part)
