"""The alliance's founding, and its resolutions: memorandum.signed, resolution.proposed, resolution.endorsed."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from given import (
    DRUP,
    FINPROVE,
    FOUNDERS,
    IMPRESS,
    MEGALIT,
    NEWCOMER,
    ORIGIN,
    PROTARGET,
    SMALL,
    WEEK_16,
    Alliance,
    Data,
    accession,
    founded,
    memorandum_of,
    resolution,
    set_by,
    signing_key,
    trial_of,
    witness,
)

from ledger.cohort.view import resolutions_in_force
from ledger.errors import SignatureError
from ledger.signing.canonical import Json
from ledger.signing.cosignature import Cosigner
from ledger.signing.entry import format_time
from ledger.signing.envelope import sign
from ledger.signing.note import ED25519, Verifier
from ledger.signing.possession import prove_possession

# ---------------------------------------------------------------------- memorandum.signed


def test_a_founder_signs_the_memorandum_and_brings_its_key() -> None:
    alliance = Alliance()

    taken = alliance.signs(DRUP)

    key = signing_key(DRUP).public
    assert set_by(taken) == {
        ("nodes", (DRUP,)): {
            "trial": "DRUP",
            "country": "NL",
            "opens_in_parallel": False,
            "signed_on": "2021-11-16",
        },
        ("keys", (DRUP, key.thumbprint)): {"jwk": dict(key.jwk)},
    }
    assert alliance.stood_on(taken) == []


def test_the_memorandum_says_who_is_bound_to_open_in_parallel() -> None:
    alliance = founded()

    bound = {node for node in FOUNDERS if (alliance.row("nodes", node) or {})["opens_in_parallel"]}

    assert bound == {PROTARGET, MEGALIT, IMPRESS, FINPROVE}


def test_a_node_signs_the_memorandum_once() -> None:
    alliance = founded()

    again: Data = {"memorandum": alliance.memorandum_content, "on": "2021-11-16"}

    alliance.refuses(DRUP, "memorandum.signed", again, because="drup-nl has signed the memorandum already")


@pytest.mark.parametrize("other", [memorandum_of(DRUP), {"v": 1}, memorandum_of(*FOUNDERS) | {"name": "Another"}])
def test_another_memorandum_is_refused(other: dict[str, Any]) -> None:
    alliance = Alliance()

    alliance.refuses(
        DRUP,
        "memorandum.signed",
        {"memorandum": other, "on": "2021-11-16"},
        because="this is not the memorandum that the ledger was founded with",
    )


def test_a_node_that_is_neither_founder_nor_acceded_is_refused() -> None:
    alliance = founded()

    alliance.refuses(
        NEWCOMER,
        "memorandum.signed",
        {"memorandum": alliance.memorandum_content, "on": "2021-11-16"},
        because="trial-is has no key here",
        error=SignatureError,
    )


def test_a_founder_signs_with_the_key_that_the_memorandum_names() -> None:
    alliance = Alliance()
    claims = alliance.claims(DRUP, "memorandum.signed", {"memorandum": alliance.memorandum_content, "on": "2021-11-16"})

    alliance.refuses_envelope(
        sign(claims, (), signing_key("another")), because="that is no key of drup-nl", error=SignatureError
    )


# ---------------------------------------------------------------------- resolution.proposed


def test_a_proposal_holds_the_membership_of_its_moment_and_its_proposers_endorsement() -> None:
    alliance = founded()
    received = alliance.now

    taken = alliance.says(MEGALIT, "resolution.proposed", resolution("small", "design", SMALL))

    assert set_by(taken) == {
        ("resolutions", ("small",)): {
            "proposer": MEGALIT,
            "subject": "design",
            "content": SMALL,
            "membership": [*sorted(FOUNDERS)],
        },
        ("endorsements", ("small", MEGALIT)): {"endorsed_at": format_time(received)},
    }
    assert alliance.stood_on(taken) == []


def test_the_name_of_a_resolution_is_taken_once() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("small", "design", SMALL))

    alliance.refuses(
        MEGALIT,
        "resolution.proposed",
        resolution("small", "endpoint", WEEK_16),
        because="a resolution named small was proposed before",
    )


@pytest.mark.parametrize("subject", ["key replacement", "Removal", "", "lunch"], ids=lambda kind: kind)
def test_a_kind_of_resolution_that_nobody_knows_is_refused(subject: str) -> None:
    founded().refuses(
        DRUP, "resolution.proposed", resolution("r", subject, {}), because="resolution.proposed: subject: "
    )


def with_proof(*, by: str = NEWCOMER, **stated: Any) -> dict[str, Json]:
    statement = {"node": NEWCOMER, "origin": ORIGIN, "prev": None, **stated}
    return {**accession(), "proof": prove_possession(key=signing_key(by), **statement)}


BAD_CONTENT: dict[str, tuple[str, dict[str, Json]]] = {
    "a design without a member": ("design", {name: SMALL[name] for name in SMALL if name != "r"}),
    "a design with a member to spare": ("design", SMALL | {"stage": 3}),
    "a design of another kind": ("design", SMALL | {"kind": "three-stage"}),
    "a design whose stage 1 is all of it": ("design", SMALL | {"n1": 4}),
    "a design that cannot fail stage 1": ("design", SMALL | {"r1": 2}),
    "a design with a number in words": ("design", SMALL | {"n1": "2"}),
    "an endpoint in place of a design": ("design", WEEK_16),
    "an endpoint of an unknown scale": ("endpoint", WEEK_16 | {"criteria": ["recist-2"]}),
    "an endpoint without its window": ("endpoint", {name: WEEK_16[name] for name in WEEK_16 if name != "window_days"}),
    "a witness without a key": ("witness", {"name": "witness.example"}),
    "a witness under another's name": ("witness", witness() | {"name": "other.example"}),
    "a witness with a log's key": (
        "witness",
        {
            "name": "witness.example",
            "verifier": Verifier("witness.example", ED25519, signing_key("witness").public.raw).text,
        },
    ),
    "a witness with a key that is none": ("witness", {"name": "witness.example", "verifier": "witness.example+0+x"}),
    "an accession without a proof": ("accession", {k: v for k, v in accession().items() if k != "proof"}),
    "an accession with a member to spare": ("accession", accession() | {"opens_in_parallel": True}),
    "an accession of a node that is no slug": ("accession", accession() | {"node": "Trial IS"}),
    "an accession with a key that is none": ("accession", accession() | {"key": {"kty": "OKP"}}),
}


@pytest.mark.parametrize(("subject", "content"), BAD_CONTENT.values(), ids=BAD_CONTENT)
def test_content_that_is_not_valid_for_its_kind_is_refused(subject: str, content: dict[str, Json]) -> None:
    founded().refuses(
        DRUP,
        "resolution.proposed",
        resolution("r", subject, content),
        because=f"not valid as the content of {subject}",
    )


NO_PROOF: dict[str, dict[str, Json]] = {
    "for another node": with_proof(node=DRUP),
    "for another log": with_proof(origin="ledger.example/other"),
    "for another place in the stream": with_proof(prev=bytes(32)),
    "by another key": with_proof(by=DRUP),
    "that is no statement": accession() | {"proof": "x.y.z"},
}


@pytest.mark.parametrize("content", NO_PROOF.values(), ids=NO_PROOF)
def test_an_accession_whose_proof_does_not_hold_is_refused(content: dict[str, Json]) -> None:
    founded().refuses(
        DRUP,
        "resolution.proposed",
        resolution("welcome", "accession", content),
        because="the proof that trial-is holds its key does not hold",
    )


def test_a_member_does_not_accede() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)

    for node in (PROTARGET, NEWCOMER):
        alliance.refuses(
            DRUP,
            "resolution.proposed",
            resolution("again", "accession", accession(node)),
            because=f"{node} is a member already",
        )


def test_a_new_member_brings_a_key_that_nobody_has_brought() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("welcome", "accession", accession()))

    for owner in (PROTARGET, NEWCOMER):  # a member's, and one that another proposal names
        key = signing_key(owner)
        borrowed = accession("trial-ee") | {
            "key": dict(key.public.jwk),
            "proof": prove_possession(key=key, node="trial-ee", origin=ORIGIN, prev=None),
        }
        alliance.refuses(
            DRUP, "resolution.proposed", resolution("r", "accession", borrowed), because="that key is known already"
        )


@pytest.mark.parametrize(("subject", "because"), [("accession", "has admitted"), ("witness", "is a witness already")])
def test_of_two_resolutions_for_the_same_thing_one_comes_into_force(subject: str, because: str) -> None:
    alliance = founded()
    content = accession() if subject == "accession" else witness()
    if subject == "witness":
        alliance.says(DRUP, "resolution.proposed", resolution("second", subject, content))
    else:
        proof = prove_possession(key=signing_key("rival"), node=NEWCOMER, origin=ORIGIN, prev=None)
        rival: Data = {**accession(), "key": dict(signing_key("rival").public.jwk), "proof": proof}
        alliance.says(DRUP, "resolution.proposed", resolution("second", subject, rival))
    alliance.adopts("first", subject, content)

    alliance.refuses(PROTARGET, "resolution.endorsed", {"resolution": "second"}, because=because)


def test_a_witness_may_cosign_with_ml_dsa_44_besides() -> None:
    alliance = founded()
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    second = witness() | {"verifier": Cosigner("witness.example", key).verifier.text}

    alliance.adopts("first-key", "witness", witness())
    alliance.adopts("second-key", "witness", second)

    assert [each.value("content") for each in resolutions_in_force(alliance.database, "witness")] == [witness(), second]


def test_a_witness_is_adopted_once() -> None:
    alliance = founded()
    alliance.adopts("first-witness", "witness", witness())

    alliance.refuses(
        DRUP,
        "resolution.proposed",
        resolution("second", "witness", witness()),
        because="witness.example is a witness already",
    )


# ---------------------------------------------------------------------- resolution.endorsed


def proposed(*, quorum: str | int = "majority") -> Alliance:
    alliance = Alliance(quorum=quorum)
    for node in FOUNDERS:
        alliance.signs(node)
    alliance.says(DRUP, "resolution.proposed", resolution("small", "design", SMALL))
    return alliance


def test_an_endorsement_that_completes_the_quorum_brings_the_resolution_into_force() -> None:
    alliance = proposed()
    alliance.says(PROTARGET, "resolution.endorsed", {"resolution": "small"})
    received = format_time(alliance.now)

    taken = alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "small"})

    assert set_by(taken) == {
        ("endorsements", ("small", MEGALIT)): {"endorsed_at": received},
        ("resolutions", ("small",)): {"in_force_at": received},
    }
    assert alliance.stood_on(taken) == ["resolution.proposed"]


def test_an_endorsement_before_the_quorum_brings_nothing_into_force() -> None:
    alliance = proposed()
    received = format_time(alliance.now)

    taken = alliance.says(PROTARGET, "resolution.endorsed", {"resolution": "small"})

    assert set_by(taken) == {("endorsements", ("small", PROTARGET)): {"endorsed_at": received}}


@pytest.mark.parametrize(("quorum", "votes"), [("majority", 3), (3, 3), (4, 4), (5, 5), ("all", 5)])
def test_a_resolution_is_in_force_with_its_last_vote_and_not_before(quorum: str | int, votes: int) -> None:
    alliance = proposed(quorum=quorum)

    for vote, node in enumerate([*FOUNDERS][1:votes], start=2):
        assert "in_force_at" not in (alliance.row("resolutions", "small") or {}), f"in force with {vote - 1} votes"
        alliance.says(node, "resolution.endorsed", {"resolution": "small"})

    assert "in_force_at" in (alliance.row("resolutions", "small") or {})


def test_a_lone_founders_proposal_is_in_force_at_once() -> None:
    alliance = Alliance([DRUP])
    alliance.signs(DRUP)
    received = format_time(alliance.now)

    alliance.says(DRUP, "resolution.proposed", resolution("small", "design", SMALL))

    assert (alliance.row("resolutions", "small") or {})["in_force_at"] == received


def test_what_nobody_proposed_cannot_be_endorsed() -> None:
    founded().refuses(
        DRUP,
        "resolution.endorsed",
        {"resolution": "small"},
        because="resolution.endorsed needs a resolution small, and no such event stands",
    )


@pytest.mark.parametrize("node", [DRUP, PROTARGET])
def test_a_node_endorses_once_and_the_proposer_has_already(node: str) -> None:
    alliance = proposed()
    alliance.says(PROTARGET, "resolution.endorsed", {"resolution": "small"})

    alliance.refuses(node, "resolution.endorsed", {"resolution": "small"}, because=f"{node} has endorsed small already")


def test_what_is_in_force_is_not_endorsed_any_more() -> None:
    alliance = founded()
    alliance.adopts("small", "design", SMALL)

    alliance.refuses(FINPROVE, "resolution.endorsed", {"resolution": "small"}, because="small is in force already")


# ---------------------------------------------------------------------- in force


def test_founders_sign_in_any_order_and_the_alliance_is_in_force_with_the_last() -> None:
    alliance = Alliance()
    for node in (FINPROVE, IMPRESS, MEGALIT, PROTARGET):
        alliance.signs(node)
    alliance.refuses(
        FINPROVE,
        "trial.registered",
        trial_of(FINPROVE),
        because="the alliance is not in force: drup-nl must sign the memorandum first",
    )

    alliance.signs(DRUP)

    assert alliance.says(FINPROVE, "trial.registered", trial_of(FINPROVE)).event.index == 5


def test_a_stream_that_begins_with_anything_else_waits_for_the_signature() -> None:
    alliance = Alliance([DRUP])
    claims = alliance.claims(DRUP, "trial.registered", trial_of(DRUP))

    alliance.refuses_envelope(sign(claims, (), signing_key(DRUP)), because="the alliance is not in force")
