"""What the posting gate takes for a direct identifier, and what it lets pass."""

import time

import pytest

from ledger.operations.identifiers import FULL_DATE, identifier_in

YEAR = 2021


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to anna.larsen@example.org", "an e-mail address"),
        ("born 1961-04-23", FULL_DATE),
        ("born 23.04.1961", FULL_DATE),
        ("born 3/4/1961", FULL_DATE),
        ("born 19610423", FULL_DATE),
        ("born 23 April 1961", FULL_DATE),
        ("April 23rd, 1961", FULL_DATE),
        ("23-mrt-1961", FULL_DATE),
        ("syntynyt 1 huhtikuuta 1961", FULL_DATE),
        ("born 1.4.61", FULL_DATE),
        ("2005-05-01", FULL_DATE),  # sixteen years before
        ("date of birth: 2019-05-01", FULL_DATE),
        ("2019-05-01 (fødselsdato)", FULL_DATE),
        ("geb. 1.5.2019", FULL_DATE),
        ("född 2019-05-01", FULL_DATE),
        ("BSN 111222333", "a Dutch BSN"),
        ("BSN123456782", "a Dutch BSN"),
        ("123.456.782", "a Dutch BSN"),
        ("1234 56 782", "a Dutch BSN"),
        ("cpr 230461-1234", "a Danish CPR number"),
        ("2304611234", "a Danish CPR number"),
        ("cpr010190-1234", "a Danish CPR number"),
        ("patient_010190-1234", "a Danish CPR number"),
        ("patient-010190-1234", "a Danish CPR number"),
        ("010190 1234", "a Danish CPR number"),
        ("01.01.90-1234", "a Danish CPR number"),
        ("site 9999 010190 1234", "a Danish CPR number"),  # 9999 01 0190 has the shape and no date
        ("610423-1234", "a Swedish personal number"),
        ("19610423-1234", "a Swedish personal number"),
        ("610483-1234", "a Swedish personal number"),
        ("19900101 1234", "a Swedish personal number"),
        ("fnr 230461 12345", "a Norwegian birth number"),
        ("63046112345", "a Norwegian birth number"),
        ("230461-123X", "a Finnish personal code"),
        ("230461A1234", "a Finnish personal code"),
        ("131052-308t", "a Finnish personal code"),
        (
            "opened 2005-05-01 for 131052-308T",
            "a Finnish personal code",
        ),  # a date is named last: some fields may hold one
    ],
)
def test_a_direct_identifier_is_named_by_its_kind(text: str, kind: str) -> None:
    assert identifier_in(text, year=YEAR) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BRAF p.Val600Glu",
        "NCT02925234",
        "2018-004623-36",
        "two-stage-8-24",
        "braf-v600-agnostic",
        "111222334",  # nine digits that fail the BSN's check
        "000000000",
        "born in 1961",
        "Q3 2016",
        "2021-11",
        "12 of 24 in 2021",
        "NM_004333.4:c.1799T>A",
        "150 mg twice daily, 28 days on, 7 days off",
        "991345-1234",  # no day 99 or 13th month
        "+31 20 512",
        "chr1:115256529",
        "chr1:115256529-115256530",
        "NC_000001.10:g.115256529T>C",
        "c.123456782",
        "rs123456782",
        "NCT02051961",
        "2022-501234-12-00",
        "lot 0101200012",
        "0.123456782",
        "as in event 19610423-1234-4000-8000-000000000001",
        "amended by protocol v3 of 2021-05-01",
        "consent of 1 May 2006",
        "synthetic gebruik of 2021-05-01",  # no words of birth
        "seen on 2021.11.16 here",
    ],
)
def test_what_trials_write_is_let_pass(text: str) -> None:
    assert identifier_in(text, year=YEAR) is None


@pytest.mark.parametrize(
    "shape",
    [
        "a",
        "a.",
        "a@",
        "1",
        "1 ",
        "1.",
        "12 34 56 ",
        "990000-1234 ",
        "2021-05-01 ",
        "31 jan ",
        "born ",
        "chr1:1_",
        "0a-",
    ],
)
def test_a_hostile_text_costs_no_more_than_a_long_one(shape: str) -> None:
    text = (shape * 200_000)[:200_000]

    began = time.thread_time()
    found = identifier_in(f"{text}@ 9999", year=YEAR)
    spent_s = time.thread_time() - began

    assert found is None
    assert spent_s < 2  # it would take minutes where a pattern began anew at each character of the text before it
