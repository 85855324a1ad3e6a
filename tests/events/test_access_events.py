"""What a node, or the alliance, lets somebody see; and that it is taken back."""

from typing import Any

import pytest
from given import DRUGS, DRUP, IMPRESS, PROTARGET, Alliance, accession, founded, resolution, set_by, signing_key
from granting import grant

from ledger.errors import GateError

NAMED: dict[str, Any] = {
    "name": "Ada Example",
    "organisation": "Example Institute",
    "issuer": "https://login.example",
    "subject": "a1b2c3",
}
AGREED: dict[str, Any] = {
    "key": dict(signing_key("auditor").public.jwk),
    "role": "auditor",
    "purpose": ["DUO:0000042"],
    "until": "2030",
    "organisation": "Example Institute",
}


def granted(alliance: Alliance, **more: Any) -> str:
    """The id of a grant by DRUP."""
    return alliance.says(DRUP, "access.granted", grant("partner", **more)).event.event_id


def test_a_grant_keeps_its_terms_and_seals_who_it_is_given_to() -> None:
    alliance = founded()

    taken = alliance.says(
        DRUP, "access.granted", grant("partner", role="industry", regimens=[DRUGS], grantee=NAMED, until="2023-06")
    )

    assert set_by(taken) == {
        ("grants", (DRUP, taken.event.event_id)): {
            "jwk": dict(signing_key("partner").public.jwk),
            "grantee": alliance.commitments(taken)["grantee"],
            "role": "industry",
            "regimens": [DRUGS],
            "purpose": ["DUO:0000042"],
            "granted_until": "2023-06",
        }
    }
    assert "Ada" not in alliance.heard[-1].envelope.jws.text


def test_a_grant_may_be_to_a_person_whom_an_issuer_vouches_for() -> None:
    alliance = founded()

    taken = alliance.says(DRUP, "access.granted", grant(None, grantee=NAMED))

    assert set_by(taken)["grants", (DRUP, taken.event.event_id)]["jwk"] is None


@pytest.mark.parametrize("grantee", [None, {"name": "Ada Example", "organisation": "Example Institute"}])
def test_a_grant_that_nobody_could_use_does_not_pass_the_gate(grantee: Any) -> None:
    with pytest.raises(GateError, match="names a key, or a grantee with issuer and subject"):
        founded().says(DRUP, "access.granted", grant(None, grantee=grantee))


def test_a_grantee_has_issuer_and_subject_or_neither() -> None:
    half = {name: value for name, value in NAMED.items() if name != "subject"}

    with pytest.raises(GateError, match="issuer and subject are given together"):
        founded().says(DRUP, "access.granted", grant("partner", grantee=half))


@pytest.mark.parametrize(
    ("terms", "because"),
    [
        ({"role": "industry"}, "name them"),
        ({"role": "partner"}, "role"),
        ({"regimens": []}, "regimens"),
        ({"regimens": [["b"], ["a"]]}, "regimens stand sorted, each once"),
        ({"regimens": [["a"], ["a"]]}, "regimens stand sorted, each once"),
        ({"purpose": []}, "purpose"),
        ({"purpose": ["DUO:42"]}, "purpose"),
        ({"until": "for ever"}, "until"),
        ({"key": {"kty": "oct", "k": "c2VjcmV0"}}, "key"),
    ],
)
def test_a_grant_without_proper_terms_is_refused(terms: Any, because: str) -> None:
    founded().refuses(DRUP, "access.granted", grant("partner", **terms), because=because)


@pytest.mark.parametrize("node", [DRUP, PROTARGET])
def test_a_key_that_is_a_nodes_is_granted_nothing(node: str) -> None:
    founded().refuses(DRUP, "access.granted", grant(node), because="known as a node's")


def test_a_key_that_a_resolution_makes_a_nodes_is_granted_nothing() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("welcome", "accession", accession()))

    alliance.refuses(DRUP, "access.granted", grant("trial-is"), because="known as a node's")


def test_a_grant_is_revoked_by_who_gave_it_and_once() -> None:
    alliance = founded()
    given = granted(alliance)
    revocation = {"grant": given, "reason_code": "purpose-met", "reason": "it was published"}
    alliance.refuses(IMPRESS, "access.revoked", revocation, because="drup-nl has granted that")

    taken = alliance.says(DRUP, "access.revoked", revocation)

    assert alliance.stood_on(taken) == ["access.granted"]
    assert set_by(taken) == {
        ("grants", (DRUP, given)): {
            "revoked_at": "2022-01-03T09:06:00.000Z",
            "revocation_code": "purpose-met",
            "revocation_reason": alliance.commitments(taken)["reason"],
        }
    }
    alliance.refuses(DRUP, "access.revoked", revocation, because="revoked already")


def test_what_was_never_granted_is_not_revoked() -> None:
    unknown = {"grant": "017e1f4b-ac00-7000-8000-000000000999", "reason_code": "mistake", "reason": None}

    founded().refuses(DRUP, "access.revoked", unknown, because="no such event stands")


def test_the_alliance_grants_access_to_everyones_data_by_resolution() -> None:
    alliance = founded()

    alliance.adopts("auditor-of-2022", "access", AGREED)

    assert (alliance.row("resolutions", "auditor-of-2022") or {})["in_force_at"]


@pytest.mark.parametrize(
    ("terms", "because"),
    [
        ({"role": "industry"}, "name them"),
        ({"organisation": " "}, "organisation"),
        ({"key": None}, "key"),
        ({"until": "soon"}, "until"),
        ({"key": dict(signing_key(PROTARGET).public.jwk)}, "known as a node's"),
    ],
)
def test_a_resolution_on_access_has_proper_terms(terms: Any, because: str) -> None:
    proposed = resolution("auditor-of-2022", "access", {**AGREED, **terms})

    founded().refuses(DRUP, "resolution.proposed", proposed, because=because)
