"""What is told of one person, put into tables of the OMOP common data model: see `ledger.exports.omop`."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.cohort.columns import Row
from ledger.cohort.reveal import on_study_day
from ledger.exports import omop_model as model
from ledger.exports.omop_tables import Tables
from ledger.exports.patients import (
    END_BEFORE_START,
    NO_DAY,
    LeftOut,
    Patient,
    Told,
    Treatment,
    exact,
    why_undated,
)
from ledger.exports.study import Cell

NO_DATES = "nothing of the person has a full date"
_DATES = {
    "condition_occurrence": ("condition_start_date",),
    "drug_exposure": ("drug_exposure_start_date", "drug_exposure_end_date"),
    "measurement": ("measurement_date",),
    "episode": ("episode_start_date", "episode_end_date"),
    "death": ("death_date",),
}


class Person:
    """Puts all of one person into the tables, in one go."""

    def __init__(self, tables: Tables, left_out: LeftOut, patient: Patient, regimens: Mapping[str, Any]) -> None:
        self._tables = tables
        self._left_out = left_out
        self._patient = patient
        self._regimens = regimens
        self._source_value = patient.handle[-model.width_of("person_source_value") :]  # type: ignore[operator]
        self._dates: list[date] = []

    def put(self, birth_year: int) -> None:
        patient, sex = self._patient, self._patient.first("sex")
        self._tables.put(
            "person",
            self._left_out,
            None,
            person_id=patient.number,
            gender_concept_id=model.GENDER.get(sex, model.UNMAPPED),
            year_of_birth=birth_year,
            race_concept_id=model.UNMAPPED,
            ethnicity_concept_id=model.UNMAPPED,
            person_source_value=self._source_value,
            gender_source_value=sex,
        )
        if patient.submission is not None:
            self._seen(exact(patient.submission.submitted_on))
        self._profile()
        for number, treatment in enumerate(patient.treatments, start=1):
            self._seen(exact(treatment.row.allocated_on))
            self._seen(exact(treatment.row.released_on))
            self._enrolment(treatment)
            if treatment.row.started_on is not None:
                self._treatment(treatment, number)
                self._outcomes(treatment)
        self._death()
        self._observed()

    # ------------------------------------------------------------------ what was told when

    def _profile(self) -> None:
        row, told = self._patient.profile_row, self._patient.profile
        if row is None or told is None:
            return
        day = exact(row.profiled_on)
        if day is None:
            self._lost(row, NO_DAY)
            return
        self._tumour(row, day, f"OncoTree:{told['oncotree']}")
        if told["icd10"] is not None:
            self._tumour(row, day, f"ICD10:{told['icd10']}")
        self._number(row, day, "prior-lines", told["prior_lines"])
        if told["tmb_per_10mb"] is not None:
            burden = told["tmb_per_10mb"]
            self._measure(
                row, day, measurement_source_value="tumour-mutational-burden", value_as_number=burden,
                unit_concept_id=model.UNMAPPED, unit_source_value="per 10 Mb", value_source_value=str(burden),
            )  # fmt: skip
        self._word(row, day, "microsatellite-instability", told["msi"])
        self._variants(row, day, told["variants"])

    def _enrolment(self, treatment: Treatment) -> None:
        row, told = treatment.row, treatment.enrolled
        if told is None:
            return
        day = exact(row.enrolled_on)
        if day is None:
            self._lost(row, NO_DAY, what="enrolments")
            return
        self._tumour(row, day, f"OncoTree:{told['oncotree']}")
        self._number(row, day, "ecog", told["ecog"], concept=model.ECOG)
        self._number(row, day, "prior-lines", told["prior_lines"])
        self._variants(row, day, told["variants"])

    def _treatment(self, treatment: Treatment, number: int) -> None:
        row, start = treatment.row, treatment.started
        if start is None:
            self._lost(row, why_undated(treatment), what="treatments")
            return
        end = self._end(treatment, start)
        reason = None if treatment.end is None else treatment.end["end_reason"]
        episode = self._put(
            "episode", row, episode_concept_id=model.TREATMENT_REGIMEN, episode_start_date=start, episode_end_date=end,
            episode_number=number, episode_object_concept_id=model.UNMAPPED,
            episode_type_concept_id=model.CASE_REPORT_FORM, episode_source_value=row.cohort,
        )  # fmt: skip
        for drug, doses in treatment.drugs(map(str, self._regimens.get(row.cohort) or ())).items():
            units = {each["unit"] for each in doses}
            exposure = self._put(
                "drug_exposure", row, drug_concept_id=model.UNMAPPED, drug_exposure_start_date=start,
                drug_exposure_end_date=end or start, verbatim_end_date=end,
                drug_type_concept_id=model.CASE_REPORT_FORM, stop_reason=reason,
                sig="; ".join(map(_dose, doses)) or None, drug_source_value=drug,
                dose_unit_source_value=units.pop() if len(units) == 1 else None,
            )  # fmt: skip
            self._tables.put(
                "episode_event", self._left_out, None, episode_id=episode, event_id=exposure,
                episode_event_field_concept_id=model.OF_DRUG,
            )  # fmt: skip

    def _end(self, treatment: Treatment, start: date) -> date | None:
        told = treatment.end
        if told is None:
            return None
        end = on_study_day(start, told["end_day"])
        if end is None or end < start:
            self._lost(treatment.row, NO_DAY if end is None else END_BEFORE_START, what="ends of treatment")
            return None
        return end

    def _outcomes(self, treatment: Treatment) -> None:
        for told in treatment.assessments:
            day = self._day(treatment, told)
            if day is not None:
                self._assessment(told, day)
        for told in treatment.adverse_events:
            day = self._day(treatment, told)
            if day is not None:
                self._adverse_event(told, day)

    def _assessment(self, told: Told, day: date) -> None:
        values, row = told.values, told.row
        of = f"{values['criteria']} {values['evaluator']}{' baseline' if values['baseline'] else ''}"
        if values["response"] is not None:
            concept = model.RESPONSES.get(values["criteria"], {}).get(values["response"], model.UNMAPPED)
            self._word(row, day, f"response {of}", values["response"], concept=concept)
        if values["target_sum_mm"] is not None:
            self._measure(
                row, day, measurement_source_value=f"target-sum {of}", value_as_number=values["target_sum_mm"],
                unit_concept_id=model.MILLIMETRE, unit_source_value="mm",
                value_source_value=str(values["target_sum_mm"]),
            )  # fmt: skip
        self._word(row, day, f"new-lesions {of}", values["new_lesions"])

    def _adverse_event(self, told: Told, day: date) -> None:
        values, row = told.values, told.row
        condition = self._put(
            "condition_occurrence", row, condition_concept_id=model.UNMAPPED, condition_start_date=day,
            condition_type_concept_id=model.CASE_REPORT_FORM, condition_source_value=values["term"],
        )  # fmt: skip
        of: dict[str, int] = {"measurement_event_id": condition, "meas_event_field_concept_id": model.OF_CONDITION}
        grade = values["ctcae_grade"]
        if grade is not None:
            self._measure(
                row, day, measurement_source_value="ctcae-grade", value_as_number=grade,
                value_as_concept_id=model.GRADES[grade], value_source_value=str(grade), **of,
            )  # fmt: skip
        for name in ("severity", "serious", "related", "outcome"):
            self._word(row, day, name, values[name], **of)

    def _death(self) -> None:
        """The last that was told, for a person has one; that somebody lived on a day is an observation."""
        deaths: list[tuple[int, Row, date, Any]] = []
        for treatment in self._patient.treatments:
            for told in treatment.survival:
                day = on_study_day(treatment.started, told.values["day"])
                if told.values["status"] != "dead":
                    self._seen(day)
                    if day is None:
                        self._lost(told.row, why_undated(treatment))
                elif day is None:
                    self._lost(told.row, why_undated(treatment))
                else:
                    deaths.append((told.told_at, told.row, day, told.values["cause"]))
        deaths = deaths or list(self._ended_by_death())
        for _, row, _, _ in sorted(deaths, key=lambda each: each[0])[:-1]:
            self._lost(row, "a later word on the death stands")
        if deaths:
            _, row, day, cause = max(deaths, key=lambda each: each[0])
            self._put(
                "death", row, death_date=day, death_type_concept_id=model.CASE_REPORT_FORM,
                cause_concept_id=None if cause is None else model.UNMAPPED, cause_source_value=cause,
            )  # fmt: skip

    def _ended_by_death(self) -> Iterator[tuple[int, Row, date, Any]]:
        """Deaths of which only the end of treatment tells: its cause is not among what that says."""
        for treatment in self._patient.treatments:
            end = treatment.end
            day = on_study_day(treatment.started, end["end_day"]) if end and end["end_reason"] == "death" else None
            if day is not None:
                yield treatment.row.set_by["end_reason"], treatment.row, day, None

    def _observed(self) -> None:
        if not self._dates:
            row = self._patient.rows[0]
            self._lost(row, NO_DATES, what="observation_period")
            return
        self._tables.put(
            "observation_period",
            self._left_out,
            None,
            person_id=self._patient.number,
            observation_period_start_date=min(self._dates),
            observation_period_end_date=max(self._dates),
            period_type_concept_id=model.CASE_REPORT_FORM,
        )

    # ------------------------------------------------------------------ kinds of row

    def _tumour(self, row: Row, day: date, code: str) -> None:
        self._put(
            "condition_occurrence", row, condition_concept_id=model.UNMAPPED, condition_start_date=day,
            condition_type_concept_id=model.CASE_REPORT_FORM, condition_source_value=code,
        )  # fmt: skip

    def _variants(self, row: Row, day: date, variants: Iterable[Mapping[str, Any]]) -> None:
        for each in variants:
            fraction = each.get("vaf_percent")
            unit: dict[str, Cell] = {}
            if fraction is not None:
                unit = {"unit_concept_id": model.PERCENT, "unit_source_value": "%"}
            self._measure(
                row, day, measurement_source_value=" ".join(filter(None, (each["gene"], each.get("hgvs")))),
                value_source_value=each["class"], value_as_number=None if fraction is None else Decimal(fraction),
                **unit,
            )  # fmt: skip

    def _number(self, row: Row, day: date, name: str, value: int | None, *, concept: int = model.UNMAPPED) -> None:
        if value is not None:
            self._measure(
                row, day, measurement_concept_id=concept, measurement_source_value=name, value_as_number=value,
                value_source_value=str(value),
            )  # fmt: skip

    def _word(
        self, row: Row, day: date, name: str, value: str | bool | None, *, concept: int = model.UNMAPPED, **more: int
    ) -> None:
        if value is not None:
            text = value if isinstance(value, str) else "yes" if value else "no"
            self._measure(
                row, day, measurement_concept_id=concept, measurement_source_value=name, value_source_value=text, **more
            )

    def _measure(self, row: Row, day: date, **values: Cell) -> None:
        values.setdefault("measurement_concept_id", model.UNMAPPED)
        self._put(
            "measurement", row, measurement_date=day, measurement_type_concept_id=model.CASE_REPORT_FORM, **values
        )

    def _put(self, table: str, row: Row, **values: Cell) -> int:
        for column in _DATES[table]:
            self._seen(values.get(column))
        values["person_id"] = self._patient.number
        return self._tables.put(table, self._left_out, (row, self._source_value), **values)

    # ------------------------------------------------------------------ dates

    def _day(self, treatment: Treatment, told: Told) -> date | None:
        day = on_study_day(treatment.started, told.values["day"])
        if day is None:
            self._lost(told.row, why_undated(treatment))
        return day

    def _seen(self, day: Cell) -> None:
        if isinstance(day, date):
            self._dates.append(day)

    def _lost(self, row: Row, reason: str, *, what: str | None = None) -> None:
        self._left_out.add(row, reason, what=what, person=self._source_value)


def _dose(told: Mapping[str, Any]) -> str:
    schedule = told.get("schedule")
    return f"{told['amount']} {told['unit']}" + (f" {schedule}" if schedule else "")
