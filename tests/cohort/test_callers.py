"""Who somebody is, and what that lets it see: decided by the database, who proved to be there, and the time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from given import COHORT, DRUGS, DRUP, IMPRESS, PROTARGET, REGIMEN, Alliance, founded, opened, signing_key
from granting import grant
from resolved import agree, removal, replacement

from ledger.cohort.callers import ANYONE, NOBODY, ByKey, ByName, Caller, known
from ledger.operations.callers import _keys_in_force

ADA: dict[str, Any] = {
    "name": "Ada Example",
    "organisation": "Example",
    "issuer": "https://login.example",
    "subject": "a1b2c3",
}
AGREED: dict[str, Any] = {
    "key": dict(signing_key("auditor").public.jwk),
    "role": "auditor",
    "purpose": ["DUO:0000042"],
    "until": "2022-03-31",
    "organisation": "Example Institute",
}


def caller(alliance: Alliance, name: str, *, later: timedelta = timedelta()) -> Caller:
    """Who holds a key, by the key's name in tests."""
    found = known(alliance.database, dict(_keys_in_force(alliance.memorandum, alliance.database)))
    return found.caller(ByKey(signing_key(name).public.thumbprint), alliance.now + later)


def opens(found: Caller) -> set[str] | None:
    return None if found.opens is None else set(found.opens)


def grants(alliance: Alliance, node: str, holder: str, **terms: Any) -> str:
    return alliance.says(node, "access.granted", grant(holder, **terms)).event.event_id


def test_who_holds_a_nodes_key_in_force_is_that_member_and_opens_its_own() -> None:
    member = caller(founded(), DRUP)

    assert (member.kind, member.role, member.node, member.view) == ("member", "partner", DRUP, f"node:{DRUP}")
    assert member.may_open("auditor", node=DRUP, regimen=None)
    assert not member.may_open("auditor", node=PROTARGET, regimen=None)
    assert member.may_open("partner", node=PROTARGET, regimen=None)


def test_a_founder_is_known_before_its_first_event() -> None:
    assert caller(Alliance(), DRUP).node == DRUP


def test_who_holds_no_key_that_anything_names_is_nobody() -> None:
    assert caller(founded(), "stranger") == NOBODY


def test_an_auditor_opens_what_the_granter_contributed_and_nothing_else() -> None:
    alliance = founded()
    given = grants(alliance, DRUP, "partner", role="auditor")

    auditor = caller(alliance, "partner")

    assert (auditor.kind, auditor.role, auditor.view) == ("grantee", "auditor", f"grant:{given}")
    assert opens(auditor) == {DRUP}
    assert auditor.may_open("auditor", node=DRUP, regimen=None)
    assert not auditor.may_open("auditor", node=IMPRESS, regimen=REGIMEN)


def test_an_auditor_by_resolution_opens_everything() -> None:
    alliance = founded()
    alliance.adopts("auditor-of-2022", "access", AGREED)

    auditor = caller(alliance, "auditor")

    assert (auditor.view, auditor.opens) == ("full", None)
    assert all(auditor.may_open("auditor", node=node, regimen=None) for node in alliance.members)


def test_a_resolution_that_is_not_in_force_grants_nothing() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", {"resolution": "early", "subject": "access", "content": AGREED})

    assert caller(alliance, "auditor") == NOBODY


def test_an_industry_partner_opens_nothing_and_is_shown_its_own_regimens() -> None:
    alliance = founded()
    grants(alliance, DRUP, "company", role="industry", regimens=[DRUGS])

    company = caller(alliance, "company")

    assert (company.role, company.reads_log, company.view, company.opens) == ("industry", False, "clear", frozenset())
    assert company.regimens == frozenset({REGIMEN})
    assert not company.may_open("partner", node=DRUP, regimen=REGIMEN)
    assert not company.may_open("auditor", node=DRUP, regimen=REGIMEN)


def test_a_grant_for_a_regimen_opens_what_is_about_it_only() -> None:
    alliance = opened(DRUP)
    grants(alliance, DRUP, "investigator", role="investigator", regimens=[DRUGS])

    investigator = caller(alliance, "investigator")

    found = known(alliance.database, {})
    assert found.regimens_of == {COHORT: REGIMEN}
    assert investigator.may_open("auditor", node=DRUP, regimen=REGIMEN)
    assert not investigator.may_open("auditor", node=DRUP, regimen="olaparib")
    assert not investigator.may_open("auditor", node=DRUP, regimen=None)


def test_a_grantee_has_all_that_its_grants_give_together() -> None:
    alliance = founded()
    grants(alliance, DRUP, "partner", role="industry", regimens=[["olaparib"]])
    grants(alliance, IMPRESS, "partner", role="investigator")
    grants(alliance, PROTARGET, "partner", role="industry", regimens=[DRUGS])

    partner = caller(alliance, "partner")

    assert (partner.role, opens(partner), len(partner.grants)) == ("investigator", {IMPRESS}, 3)
    assert not partner.may_open("auditor", node=DRUP, regimen="olaparib")  # industry opens nothing
    assert partner.may_open("auditor", node=IMPRESS, regimen=None)


def test_industry_grants_by_two_nodes_add_up() -> None:
    alliance = founded()
    grants(alliance, DRUP, "company", role="industry", regimens=[["olaparib"]])
    grants(alliance, PROTARGET, "company", role="industry", regimens=[DRUGS])

    assert caller(alliance, "company").regimens == frozenset({"olaparib", REGIMEN})


def test_a_revoked_grant_gives_nothing() -> None:
    alliance = founded()
    given = grants(alliance, DRUP, "partner")
    other = grants(alliance, IMPRESS, "partner")

    alliance.says(DRUP, "access.revoked", {"grant": given, "reason_code": "mistake", "reason": None})

    assert [each.name for each in caller(alliance, "partner").grants] == [other]


def test_what_a_member_granted_that_was_removed_gives_nothing() -> None:
    alliance = founded()
    grants(alliance, DRUP, "second-key", role="investigator", until="2099")
    kept = grants(alliance, IMPRESS, "partner")
    grants(alliance, DRUP, "partner")

    agree(alliance, "farewell", "removal", removal(DRUP), without=[DRUP])

    assert caller(alliance, "second-key") == NOBODY
    assert [each.name for each in caller(alliance, "partner").grants] == [kept]


def test_a_member_that_was_removed_is_known_by_its_last_key_and_sees_what_the_public_sees() -> None:
    alliance = founded()
    alliance.rotates(DRUP)

    agree(alliance, "farewell", "removal", removal(DRUP), without=[DRUP])

    assert caller(alliance, DRUP) == NOBODY  # the key that it had before
    former = caller(alliance, f"{DRUP} 2")
    assert (former.kind, former.role, former.node, former.view) == ("former", "public", DRUP, "clear")
    assert not former.may_open("partner", node=DRUP, regimen=None)


def test_what_a_thief_may_have_granted_gives_nothing_unless_the_resolution_says_otherwise() -> None:
    terms: list[tuple[dict[str, Any], int]] = [({}, 1), ({"grants_void": False}, 2)]
    for said, expected in terms:
        alliance = founded()
        kept = grants(alliance, DRUP, "partner", until="2098")
        since = alliance.database.size
        stolen = grants(alliance, DRUP, "partner", until="2099")

        content: dict[str, Any] = {**replacement(alliance, compromised_since=since), **said}
        agree(alliance, "new-key", "key-replacement", content, without=[DRUP])

        assert [each.name for each in caller(alliance, "partner").grants] == [kept, stolen][:expected]


def test_a_grant_holds_to_the_end_of_its_last_day_and_no_longer() -> None:
    alliance = founded()
    grants(alliance, DRUP, "partner", until="2022-01")
    last = datetime(2022, 1, 31, 23, 59, 59, tzinfo=UTC)

    assert caller(alliance, "partner", later=last - alliance.now).role == "auditor"
    assert caller(alliance, "partner", later=last + timedelta(seconds=1) - alliance.now) == NOBODY


def test_a_person_is_known_by_the_issuer_and_subject_that_a_grant_names() -> None:
    alliance = founded()
    taken = alliance.says(DRUP, "access.granted", grant(None, role="investigator", grantee=ADA))
    names = {str(alliance.commitments(taken)["grantee"]): ADA}
    found = known(alliance.database, {})

    ada = found.caller(ByName("https://login.example", "a1b2c3"), alliance.now, names=names)

    assert (ada.role, opens(ada)) == ("investigator", {DRUP})
    for stranger in (ByName("https://login.example", "other"), ByName("https://other.example", "a1b2c3")):
        assert found.caller(stranger, alliance.now, names=names) == NOBODY
    assert found.caller(ByName("https://login.example", "a1b2c3"), alliance.now) == NOBODY  # where it was erased


def test_a_key_that_was_a_nodes_is_nobodys() -> None:
    alliance = founded()
    old = signing_key(DRUP).public
    in_force = dict(_keys_in_force(alliance.memorandum, alliance.database)) | {DRUP: signing_key("new").public}

    found = known(alliance.database, in_force)

    assert found.caller(ByKey(old.thumbprint), alliance.now) == NOBODY
    assert old.thumbprint in found.replaced
    assert found.caller(ByKey(signing_key("new").public.thumbprint), alliance.now).node == DRUP


def test_a_grant_to_a_key_that_became_a_nodes_and_was_replaced_gives_nothing() -> None:
    alliance = founded()
    grants(alliance, PROTARGET, f"{DRUP} 2")
    alliance.rotates(DRUP)
    second, third = signing_key(f"{DRUP} 2").public, signing_key("third").public
    in_force = dict(_keys_in_force(alliance.memorandum, alliance.database))

    found = known(alliance.database, in_force | {DRUP: third})

    assert caller(alliance, f"{DRUP} 2").node == DRUP
    assert found.caller(ByKey(second.thumbprint), alliance.now) == NOBODY


@pytest.mark.parametrize("tier", ["public", "partner", "auditor"])
def test_nobody_opens_nothing_and_a_server_for_development_shows_everything(tier: Any) -> None:
    assert not NOBODY.may_open(tier, node=DRUP, regimen=REGIMEN)
    assert ANYONE.may_open(tier, node=DRUP, regimen=None)
    assert ANYONE.view == "full"


def test_whoever_is_shown_something_else_has_another_shade() -> None:
    alliance = founded()
    grants(alliance, DRUP, "company", role="industry", regimens=[["olaparib"]])
    grants(alliance, DRUP, "other", role="industry", regimens=[DRUGS])
    everybody = [NOBODY, ANYONE, *(caller(alliance, name) for name in (DRUP, IMPRESS, "company", "other"))]

    assert len({each.shade for each in everybody}) == len(everybody)
