"""HGVS protein changes in the short form of mutation tables."""

import pytest

from ledger.exports.protein import protein_change


@pytest.mark.parametrize(
    ("hgvs", "short", "kind"),
    [
        ("p.Val600Glu", "p.V600E", "Missense_Mutation"),
        ("p.(Gly12Asp)", "p.G12D", "Missense_Mutation"),
        ("NP_004324.2:p.Val600Glu", "p.V600E", "Missense_Mutation"),
        ("p.Arg1450Ter", "p.R1450*", "Nonsense_Mutation"),
        ("p.Arg1450*", "p.R1450*", "Nonsense_Mutation"),
        ("p.Leu747_Ala750del", "p.L747_A750del", "In_Frame_Del"),
        ("p.Ala767_Val769dup", "p.A767_V769dup", "In_Frame_Ins"),
        ("p.Ser1982ArgfsTer22", "p.S1982Rfs*22", "Unknown"),  # it does not say whether something was added or lost
        ("p.Pro12=", "p.P12=", "Silent"),
        ("p.Met1Val", "p.M1V", "Translation_Start_Site"),
        ("p.Ter330GlnextTer5", "p.*330Qext*5", "Nonstop_Mutation"),
        ("p.V600E", "p.V600E", "Missense_Mutation"),
    ],
)
def test_a_change_has_one_letter_an_amino_acid_and_its_kind(hgvs: str, short: str, kind: str) -> None:
    assert protein_change(hgvs) == (short, kind)


@pytest.mark.parametrize("hgvs", [None, "", "c.3028+1G>T", "p.?", "p.Val600Glu\tx", "amplified", "p.=HYPERLINK(1)"])
def test_what_is_no_change_of_a_protein_is_none(hgvs: str | None) -> None:
    assert protein_change(hgvs) is None
