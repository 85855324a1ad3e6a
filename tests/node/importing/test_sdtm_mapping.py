"""Mappings of SDTM data: what is wrong in one is named, and what would be possible."""

import pytest
import sdtm_data as made

from ledger.errors import LedgerError
from ledger.node.importing.examples import PHARMAVERSE, mapping_text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[treatment]", "[treatment]\nphase = 2"), "treatment.phase is nothing that a mapping has here: possible are"),
        (("stage = 1", 'stage = "one"'), "treatment.stage takes a whole number"),
        (("[cohorts]", "[cohort]"), "[cohorts] is missing"),
        ((', because = "inclusion criterion 3"', ""), "enrolment.prior_lines.because is missing"),
        (('because = "inclusion criterion 3"', 'because = " "'), "because must not be blank"),
        (('part = "year"', 'part = "decade"'), "enrolment.birth_year.part takes one of all, year"),
        (('readers = "accepted"', 'readers = "first"'), "response.readers takes one of accepted, all"),
        (("constant = 2", "constant = 2.5"), "enrolment.prior_lines.constant takes texts"),
        (("[split.site]", '[files]\nzz = "zz.csv"\n[split.site]'), "files.zz is of a domain that nothing"),
        (('kind = "sdtm"', 'kind = "csv"'), "not of kind"),
        (("[treatment]", "[treatment"), "is no TOML"),
        (("oncotree = ", "# "), "enrolment.oncotree is missing: name a column"),
        (('"DM.RFICDTC", "DM.DMDTC"', '"EX.EXENDTC", "DM.DMDTC"'), "takes DM.VARIABLE, DS.DSDECOD and EX.EXSTDTC"),
        (("[cohorts]", '[cohorts]\nopened_on = "1 March"'), "cohorts.opened_on takes a day"),
        (("left_out = { S", "left_out = { A"), "A stands in cohorts.of and in cohorts.left_out"),
        (
            ("assessments = 1", 'assessments = 1\nor_ended_for = "progresion"'),
            "or_ended_for takes progression, toxicity",
        ),
    ],
)
def test_a_mapping_is_read_strictly_and_what_is_wrong_is_named(change: tuple[str, str], says: str) -> None:
    changed = made.MAPPING.replace(*change)
    assert changed != made.MAPPING
    with pytest.raises(LedgerError) as error:
        made.mapping(changed)
    assert says in str(error.value)


def test_the_mapping_that_comes_along_is_read_by_its_name() -> None:
    text = mapping_text(PHARMAVERSE)
    assert text is not None
    assert made.mapping(text).synthetic
