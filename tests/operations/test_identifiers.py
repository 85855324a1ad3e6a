"""What the posting gate takes for a direct identifier, and what it lets pass."""

import pytest

from ledger.operations.identifiers import identifier_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to anna.larsen@example.org", "an e-mail address"),
        ("born 1961-04-23", "a full date, as of birth"),
        ("born 23.04.1961", "a full date, as of birth"),
        ("born 3/4/1961", "a full date, as of birth"),
        ("seen on 2021.11.16 here", "a full date, as of birth"),
        ("BSN 111222333", "a Dutch BSN"),
        ("cpr 230461-1234", "a Danish CPR number"),
        ("2304611234", "a Danish CPR number"),
        ("610423-1234", "a Swedish personal number"),
        ("19610423-1234", "a Swedish personal number"),
        ("610483-1234", "a Swedish personal number"),
        ("fnr 230461 12345", "a Norwegian birth number"),
        ("63046112345", "a Norwegian birth number"),
        ("230461-123X", "a Finnish personal code"),
        ("230461A1234", "a Finnish personal code"),
    ],
)
def test_a_direct_identifier_is_named_by_its_kind(text: str, kind: str) -> None:
    assert identifier_in(text) == kind


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
    ],
)
def test_what_trials_write_is_let_pass(text: str) -> None:
    assert identifier_in(text) is None
