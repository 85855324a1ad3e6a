"""SDTM (CDISC, SDTMIG 3.3 and 3.4, its oncology domains) as what a node has to say."""

from pathlib import Path

from ledger.node.importing.sdtm_mapping import SdtmMapping
from ledger.node.importing.sdtm_outcomes import read_adverse_events, read_responses
from ledger.node.importing.sdtm_patients import read_evaluability, read_patients
from ledger.node.importing.sdtm_study import Study
from ledger.node.importing.sdtm_survival import read_survival
from ledger.node.importing.told import Reading


def read_sdtm(folder: Path, mapping: SdtmMapping, *, adam: Path | None = None, split: str | None = None) -> Reading:
    """All that the domains in a folder tell. adam: where ADTTE lies, where not there. split: `site` or `country`, what
    each patient's place is.

    Raises NotFoundError and MalformedError for a file that is missing, none, or lacks a column.
    """
    study = Study.load(folder, adam, mapping)
    read_patients(study)
    read_responses(study)
    read_adverse_events(study)
    read_survival(study)
    read_evaluability(study)
    if split == "country":
        study.reading.places = {each.subject: each.row.get("COUNTRY") for each in study.people.values()}
    return study.reading
