"""A part of the database as tables of the OMOP common data model 5.4, one row for each fact that was told and is dated.

    person               everybody whose year of birth is open; care sites are not told: the handle names the node
    observation_period   one a person, from the first to the last date that is known
    condition_occurrence tumour codes on the day of the profile and of the enrolment; adverse events on theirs
    drug_exposure        each drug of the cohort's regimen, from the first treatment on
    measurement          ECOG, prior lines, what the profile measured and found, responses, sums of target lesions; and
                         of an adverse event its grade or severity, outcome, whether serious and related, pointing at it
    episode              each treatment (treatment regimen), with its drugs in episode_event
    death                the last that was told, else the day on which death ended a treatment
    cdm_source           the log's head, and when

What cannot be mapped here has concept 0 and the source's words beside it. What no date can be given is left out and
counted: a study day counts from a treatment's start, which must be a day; none is made of a month. Where a treatment's
end is not known, `drug_exposure_end_date` is its start, as the model asks, and `verbatim_end_date` is empty. Benefit,
evaluability, doses that are no text of `sig`, and consent versions have no place in these tables.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.exports import omop_model as model
from ledger.exports.omop_person import Person
from ledger.exports.omop_tables import Tables
from ledger.exports.patients import SHUT, LeftOut, leave_out, patients
from ledger.exports.study import About, Cell, Part, Sheet

NO_BIRTH_YEAR = "no year of birth was told"


class Omop(NamedTuple):
    """tables: by the model's names, every one of them, empty ones too."""

    tables: tuple[Sheet, ...]
    left_out: Sheet


def omop(revealed: Revealed, part: Part, about: About) -> Omop:
    """The tables of this part of the database."""
    tables, left_out = Tables(), LeftOut()
    regimens = {row.cohort: row.regimen for row in revealed.snapshot.of(rows.Cohort)}
    for patient in patients(revealed, part, left_out):
        birth_year = patient.first("birth_year")
        if birth_year is None:
            is_shut = patient.profile_row is not None or any(each.row.enrolled_on for each in patient.treatments)
            leave_out(patient, SHUT if is_shut else NO_BIRTH_YEAR, left_out)
        else:
            Person(tables, left_out, patient, regimens).put(birth_year)
    tables.put("cdm_source", left_out, None, **_source(about))
    return Omop(tables.made(), left_out.table())


def _source(about: About) -> Mapping[str, Cell]:
    until = about.made if about.until is None else about.until
    return {
        "cdm_source_name": f"cohort-ledger {about.log.origin}{' (SYNTHETIC)' if about.synthetic else ''}",
        "cdm_source_abbreviation": "cohort-ledger",
        "cdm_holder": about.holder,
        "source_description": str(about),
        "source_documentation_reference": about.memorandum,
        "cdm_etl_reference": f"cohort-ledger export omop, log size {about.log.size}, root {about.log.root}",
        "source_release_date": until.date(),
        "cdm_release_date": about.made.date(),
        "cdm_version": "5.4",
        "cdm_version_concept_id": model.CDM_5_4,
        "vocabulary_version": model.UNMAPPED_VOCABULARY,
    }
