"""Deaths in the tables of OMOP that no update of survival tells of."""

import exported
import given
from exported import facts

from ledger.exports.omop import omop
from ledger.exports.study import Part


def test_a_death_that_only_the_end_of_treatment_tells_of_is_a_death() -> None:
    alliance = given.treated()
    of = given.patient(given.case(1), given.COHORT)
    alliance.says(given.DRUP, "treatment.ended", {**of, "day": 40, "reason": "death"})
    started = next(facts(alliance, "treatment.started"))["on"]

    found = omop(exported.revealed(alliance), Part(), exported.about(alliance))

    (death,) = next(table for table in found.tables if table.name == "death").rows
    assert death[1] == exported.date_of(started, 40)
    assert found.left_out.rows == ()
