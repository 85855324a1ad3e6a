"""A member is removed: it says nothing more and is asked nothing more, and what it has said stays."""

import pytest
from given import (
    DRUP,
    FINPROVE,
    FOUNDERS,
    MEGALIT,
    NEWCOMER,
    PROTARGET,
    SMALL,
    Alliance,
    accession,
    case,
    founded,
    resolution,
    set_by,
    treated,
    trial_of,
)
from resolved import agree, others, removal, replacement

from ledger.cohort.erasing import erased_entries
from ledger.signing.entry import format_time


def removed(node: str = DRUP) -> Alliance:
    alliance = founded()
    agree(alliance, "farewell", "removal", removal(node), without=[node])
    return alliance


def test_the_vote_that_completes_the_quorum_removes_the_member() -> None:
    alliance = founded()
    first, second, third, _ = others()
    alliance.says(first, "resolution.proposed", resolution("farewell", "removal", removal()))
    alliance.says(second, "resolution.endorsed", {"resolution": "farewell"})
    received = format_time(alliance.now)

    taken = alliance.says(third, "resolution.endorsed", {"resolution": "farewell"})

    assert set_by(taken)["nodes", (DRUP,)] == {"removed_at": received}
    assert (alliance.row("nodes", DRUP) or {})["trial"] == "DRUP"


def test_a_member_that_was_removed_says_nothing_more_but_for_its_patients() -> None:
    alliance = removed()

    for type_, data in (
        ("trial.registered", trial_of(DRUP)),
        ("resolution.proposed", resolution("small", "design", SMALL)),
        ("key.rotated", alliance.rotation(DRUP)),
    ):
        alliance.refuses(DRUP, type_, data, because="drup-nl is no member any more: it may withdraw consents and erase")


def test_patients_of_a_member_that_was_removed_can_withdraw_and_be_erased() -> None:
    alliance = treated()
    agree(alliance, "farewell", "removal", removal(), without=[DRUP])

    alliance.says(DRUP, "consent.withdrawn", {"case": case(1), "on": "2022-01-01", "scope": "all"})
    alliance.says(DRUP, "disclosures.erased", {"case": case(1), "basis": "consent"})

    assert erased_entries(alliance.database)


def test_what_it_has_said_stays() -> None:
    alliance = treated()

    agree(alliance, "farewell", "removal", removal(), without=[DRUP])

    assert alliance.row("cases", DRUP, case(1)) is not None
    assert alliance.row("trials", DRUP) is not None


def test_it_is_not_asked_about_what_is_proposed_later() -> None:
    alliance = removed()

    alliance.says(PROTARGET, "resolution.proposed", resolution("small", "design", SMALL))

    assert (alliance.row("resolutions", "small") or {})["membership"] == sorted(others())


def test_its_endorsement_of_what_was_under_way_still_counts() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("small", "design", SMALL))
    agree(alliance, "farewell", "removal", removal(), without=[DRUP])

    for node in (PROTARGET, MEGALIT):
        assert "in_force_at" not in (alliance.row("resolutions", "small") or {})
        alliance.says(node, "resolution.endorsed", {"resolution": "small"})

    assert "in_force_at" in (alliance.row("resolutions", "small") or {})


def test_it_does_not_accede_again_under_its_name() -> None:
    alliance = removed(FINPROVE)
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)
    agree(alliance, "farewell-2", "removal", removal(NEWCOMER), without=[FINPROVE, NEWCOMER])

    for node in (FINPROVE, NEWCOMER):
        content = accession("trial-ee") | {"node": node}
        alliance.refuses(
            DRUP,
            "resolution.proposed",
            resolution("again", "accession", content),
            because=f"{node} was removed, and its stream has ended: accede under another name",
        )
    alliance.says(DRUP, "resolution.proposed", resolution("again", "accession", accession("trial-ee")))


@pytest.mark.parametrize("node", ["nobody", NEWCOMER])
def test_only_a_member_is_removed(node: str) -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())  # and has not signed yet

    alliance.refuses(
        DRUP, "resolution.proposed", resolution("r", "removal", removal(node)), because=f"{node} is no member"
    )


def test_what_was_proposed_of_it_before_is_overtaken() -> None:
    alliance = founded()
    alliance.says(PROTARGET, "resolution.proposed", resolution("twice", "removal", removal()))
    alliance.says(PROTARGET, "resolution.proposed", resolution("key", "key-replacement", replacement(alliance)))
    agree(alliance, "farewell", "removal", removal(), without=[DRUP])

    for slug in ("twice", "key"):
        alliance.refuses(MEGALIT, "resolution.endorsed", {"resolution": slug}, because="drup-nl is no member")


def test_of_two_members_one_removes_the_other_and_goes_on_alone() -> None:
    alliance = Alliance([DRUP, PROTARGET])
    for node in (DRUP, PROTARGET):
        alliance.signs(node)

    alliance.says(PROTARGET, "resolution.proposed", resolution("farewell", "removal", removal()))

    assert "removed_at" in (alliance.row("nodes", DRUP) or {})
    alliance.says(PROTARGET, "resolution.proposed", resolution("small", "design", SMALL))
    assert "in_force_at" in (alliance.row("resolutions", "small") or {})


def test_removing_one_leaves_the_others_what_they_are() -> None:
    alliance = removed()

    for node in FOUNDERS:
        if node != DRUP:
            assert alliance.says(node, "trial.registered", trial_of(node)).versions
