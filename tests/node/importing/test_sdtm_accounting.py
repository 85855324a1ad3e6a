"""No row of a study is lost: whatever stands in it, it is used, listed with a reason, or not asked for."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import sdtm_data as made
from hypothesis import given, settings
from hypothesis import strategies as st
from sdtm_data import ae, dm, ds, ecog, ex, planned, rs, write

ODD = [
    "",
    ".",
    "-",
    "0",
    "1",
    "2",
    "3",
    "3.0",
    "6",
    "²",
    "Y",
    "N",
    "NE",
    "PD",
    "A",
    "S",
    "B",
    "F",
    "DEATH",
    "SD",
    "x@y.nl",
]
ODD += [
    "2021",
    "2021-03",
    "2021-03-10",
    "2021-02-30",
    "2021-03-10T23:59",
    "2021-03-01/2021-04",
    "--03-10",
    "SECRETVALUE",
]
SUBJECTS = ["S-1", "S-2", "S-3", "", "S-9"]
ALWAYS = {"dm": "case.submitted", "rs": "response.assessed", "ae": "adverse_event.reported", "ds": "treatment.ended"}


def rows_of(base: dict[str, str]) -> st.SearchStrategy[dict[str, str]]:
    """Rows with some of their cells odd."""
    changes = st.dictionaries(st.sampled_from(sorted(base)), st.sampled_from(ODD), max_size=2)
    return st.tuples(st.sampled_from(SUBJECTS), changes).map(lambda told: base | {"USUBJID": told[0]} | told[1])


STUDIES = st.fixed_dictionaries(
    {
        "dm": st.lists(rows_of(dm("S-1")), min_size=1, max_size=5),
        "qs": st.just([ecog("S-1", "1"), ecog("S-2", "0"), ecog("S-3", "2")]),
        "ex": st.lists(rows_of(ex("S-1", "2021-03-10", "2021-04-10")), min_size=1, max_size=4),
        "ds": st.lists(rows_of(ds("S-1", "PROGRESSIVE DISEASE", "2021-08-01")), min_size=1, max_size=3),
        "rs": st.lists(rows_of(rs("S-1", 1, "2021-05-05", "PR")), min_size=1, max_size=5),
        "ae": st.lists(rows_of(ae("S-1", 1, "2021-03-20", AETOXGR="2")), min_size=1, max_size=5),
        "adtte": st.lists(rows_of(made.os("S-1", "0", "2021-12-24")), min_size=1, max_size=3),
    }
)


@given(domains=STUDIES)
@settings(max_examples=60, deadline=None)
def test_every_row_is_used_or_listed_and_no_value_is_in_a_reason(domains: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plan = planned(write(Path(folder) / "study", domains))
    reading = plan.reading
    assert dict(reading.rows) == {f"{name}.csv": len(rows) for name, rows in domains.items()}
    used = {(each.told.row.file, each.told.row.number, each.told.type) for each in plan.lines.get("drup-nl", [])}
    same = {(each.row.file, each.row.number, each.type) for each in reading.told}  # said once already
    listed = {(each.file, each.row) for each in reading.unused}
    passed = Counter[str]()
    for (file, _), count in reading.passed.items():
        passed[file] += count
    for name, event_type in ALWAYS.items():
        file = f"{name}.csv"
        told = {row for of, row, type_ in used | same if (of, type_) == (file, event_type)}
        assert len(told | {row for of, row in listed if of == file}) + passed[file] == len(domains[name]), file
    # what was told and is not drafted is listed, but for what says the same of what there is once
    keys = {each.told.key for each in plan.lines.get("drup-nl", [])}
    for each in reading.told:
        assert each.key in keys or (each.row.file, each.row.number) in listed or each.type == "evaluability.determined"
    for reason in (each.reason for each in reading.unused):
        assert "SECRETVALUE" not in reason
        assert "x@y" not in reason
        assert "²" not in reason
