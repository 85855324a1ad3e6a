"""A member's key is lost or stolen: the others agree on a new one, which is in force from then on."""

from typing import Any

import pytest
from given import (
    DRUP,
    FINPROVE,
    FOUNDERS,
    IMPRESS,
    MEGALIT,
    NEWCOMER,
    ORIGIN,
    PROTARGET,
    Alliance,
    Data,
    accession,
    founded,
    proven,
    resolution,
    set_by,
    signing_key,
    state_of,
    trial_of,
)
from resolved import agree, others, removal, replacement

from ledger.cohort.database import Database
from ledger.cohort.dump import dump_database, load_database
from ledger.errors import SignatureError
from ledger.replay import key_in_force, replay
from ledger.signing.entry import format_time
from ledger.signing.envelope import Envelope, sign
from ledger.signing.possession import prove_possession

NEW = signing_key(f"{DRUP} 2")


def proposed(alliance: Alliance, by: str = PROTARGET, **more: Any) -> None:
    alliance.says(by, "resolution.proposed", resolution("new-key", "key-replacement", replacement(alliance, **more)))


def registered(alliance: Alliance, key: str) -> Envelope:
    return sign(alliance.claims(DRUP, "trial.registered", trial_of(DRUP)), (), signing_key(key))


def test_the_vote_that_completes_the_quorum_brings_the_new_key() -> None:
    alliance = founded()
    proposed(alliance)
    alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "new-key"})
    received = format_time(alliance.now)

    taken = alliance.says(IMPRESS, "resolution.endorsed", {"resolution": "new-key"})

    assert set_by(taken) == {
        ("endorsements", ("new-key", IMPRESS)): {"endorsed_at": received},
        ("resolutions", ("new-key",)): {"in_force_at": received},
        ("keys", (DRUP, NEW.public.thumbprint)): {"jwk": dict(NEW.public.jwk)},
    }
    assert key_in_force(alliance.memorandum, alliance.database, DRUP) == NEW.public.thumbprint


def test_from_then_on_the_old_key_signs_nothing_and_the_new_one_all() -> None:
    alliance = founded()
    proposed(alliance)
    alliance.takes(registered(alliance, DRUP))  # until it is in force the old one still does
    for node in (MEGALIT, IMPRESS):
        alliance.says(node, "resolution.endorsed", {"resolution": "new-key"})

    opened = alliance.claims(DRUP, "trial.opened", {"on": "2021-01"})
    alliance.refuses_envelope(
        sign(opened, (), signing_key(DRUP)), because="that key of drup-nl is not in force", error=SignatureError
    )
    alliance.takes(sign(opened, (), NEW))


def test_a_thief_who_rotates_to_a_key_of_its_own_is_shut_out_all_the_same() -> None:
    alliance = founded()
    proposed(alliance)
    thiefs = signing_key("thief")
    alliance.says(DRUP, "key.rotated", proven(thiefs, DRUP, alliance.database.streams[DRUP].hash))
    for node in (MEGALIT, IMPRESS):
        alliance.says(node, "resolution.endorsed", {"resolution": "new-key"})

    alliance.refuses_envelope(registered(alliance, "thief"), because="is not in force", error=SignatureError)
    alliance.takes(registered(alliance, f"{DRUP} 2"))


def test_a_thief_does_not_bring_the_proposed_key_before_it_is_in_force() -> None:
    alliance = founded()
    proposed(alliance)

    stolen = proven(NEW, DRUP, alliance.database.streams[DRUP].hash)  # which only the new key's holder could make

    alliance.refuses(DRUP, "key.rotated", stolen, because="that key is known already")


def test_the_proof_for_a_replacement_is_none_for_a_rotation() -> None:
    founded().refuses(DRUP, "key.rotated", proven(NEW, DRUP), because="another node, log or place in the stream")


# ---------------------------------------------------------------------- who has a vote


def test_the_node_has_no_vote_and_is_not_counted() -> None:
    alliance = founded()

    proposed(alliance)

    assert (alliance.row("resolutions", "new-key") or {})["membership"] == sorted(others())
    alliance.refuses(
        DRUP,
        "resolution.endorsed",
        {"resolution": "new-key"},
        because="drup-nl has no vote in new-key, which is about itself",
    )


@pytest.mark.parametrize("subject", ["key-replacement", "removal"])
def test_the_node_proposes_nothing_about_itself(subject: str) -> None:
    alliance = founded()
    content = replacement(alliance) if subject == "key-replacement" else removal()

    alliance.refuses(
        DRUP,
        "resolution.proposed",
        resolution("r", subject, content),
        because=f"a {subject} of drup-nl is proposed by another member",
    )


@pytest.mark.parametrize(("quorum", "votes"), [("majority", 3), (3, 3), (4, 4), (5, 4), ("all", 4)])
def test_the_quorum_is_of_the_others(quorum: str | int, votes: int) -> None:
    alliance = Alliance(quorum=quorum)
    for node in FOUNDERS:
        alliance.signs(node)
    first, *rest = others()
    proposed(alliance, first)

    for vote, node in enumerate(rest[: votes - 1], start=2):
        assert "in_force_at" not in (alliance.row("resolutions", "new-key") or {}), f"in force with {vote - 1} votes"
        alliance.says(node, "resolution.endorsed", {"resolution": "new-key"})

    assert "in_force_at" in (alliance.row("resolutions", "new-key") or {})


def test_the_quorum_stays_as_it_was_when_it_was_proposed() -> None:
    # given: five members, of whom four are asked; then a sixth accedes, and one of the four is removed
    alliance = founded()
    proposed(alliance)
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)
    agree(alliance, "farewell", "removal", removal(FINPROVE), without=[FINPROVE])

    alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "new-key"})

    assert "in_force_at" not in (alliance.row("resolutions", "new-key") or {})  # two of four are no majority
    alliance.refuses(NEWCOMER, "resolution.endorsed", {"resolution": "new-key"}, because="was no member when")
    alliance.refuses(FINPROVE, "resolution.endorsed", {"resolution": "new-key"}, because="is no member any more")
    alliance.says(IMPRESS, "resolution.endorsed", {"resolution": "new-key"})
    assert "in_force_at" in (alliance.row("resolutions", "new-key") or {})


# ---------------------------------------------------------------------- what is refused


def stated(by: str = f"{DRUP} 2", **other: object) -> Data:
    statement = {"node": DRUP, "origin": ORIGIN, "prev": None} | other
    proof = prove_possession(key=signing_key(by), **statement)  # type: ignore[arg-type]  # as the statement has them
    return {"node": DRUP, "key": dict(NEW.public.jwk), "proof": proof}


NO_PROOF: dict[str, Data] = {
    "by another key": stated("another"),
    "by the old key": stated(DRUP),
    "for another node": stated(node=PROTARGET),
    "for another log": stated(origin="ledger.example/other"),
    "for a place in the stream": stated(prev=bytes(32)),
}


@pytest.mark.parametrize("content", NO_PROOF.values(), ids=NO_PROOF)
def test_a_replacement_whose_proof_does_not_hold_is_refused(content: Data) -> None:
    founded().refuses(
        PROTARGET,
        "resolution.proposed",
        resolution("r", "key-replacement", content),
        because="the proof that drup-nl holds its key does not hold",
    )


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"compromised_since": -1}, "compromised_since"),
        ({"compromised_since": 5}, "an entry that is not there yet"),
        ({"grants_void": True}, "say compromised_since, too"),
        ({"grants_void": 1}, "grants_void"),
        ({"key": {}}, "not valid as the content of key-replacement"),
        ({"why": "lost"}, "has a field too many"),
    ],
)
def test_a_replacement_that_is_not_whole_is_refused(more: Data, because: str) -> None:
    alliance = founded()
    content = {**replacement(alliance), **more}

    alliance.refuses(PROTARGET, "resolution.proposed", resolution("r", "key-replacement", content), because=because)


def test_the_one_that_the_others_show_to_be_wrong_is_right() -> None:
    proposed(founded(), compromised_since=4, grants_void=True)


def test_only_a_members_key_is_replaced() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())  # and has not signed yet
    agree(alliance, "farewell", "removal", removal(FINPROVE), without=[FINPROVE])

    for node in ("nobody", NEWCOMER, FINPROVE):
        content: Data = {"node": node, **proven(signing_key("new"), node)}
        alliance.refuses(
            DRUP, "resolution.proposed", resolution("r", "key-replacement", content), because=f"{node} is no member"
        )


def test_a_replacement_brings_a_key_that_nobody_has_brought() -> None:
    alliance = founded()

    for owner in (DRUP, PROTARGET):
        content: Data = {"node": DRUP, **proven(signing_key(owner), DRUP)}
        alliance.refuses(
            PROTARGET, "resolution.proposed", resolution("r", "key-replacement", content), because="known already"
        )


def test_an_older_proposal_does_not_take_the_place_of_a_newer_key() -> None:
    alliance = founded()
    old: Data = {"node": DRUP, **proven(signing_key("an older one"), DRUP)}
    alliance.says(PROTARGET, "resolution.proposed", resolution("old", "key-replacement", old))
    agree(alliance, "new-key", "key-replacement", replacement(alliance), without=[DRUP])

    alliance.refuses(
        MEGALIT,
        "resolution.endorsed",
        {"resolution": "old"},
        because="new-key has replaced the key of drup-nl since then",
    )


def test_a_key_is_replaced_again_by_a_later_proposal() -> None:
    alliance = founded()
    for slug in ("first", "second"):
        agree(alliance, slug, "key-replacement", replacement(alliance), without=[DRUP])

    assert key_in_force(alliance.memorandum, alliance.database, DRUP) == signing_key(f"{DRUP} 3").public.thumbprint
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))


# ---------------------------------------------------------------------- by whatever way one came there


def test_the_key_in_force_is_the_same_live_replayed_and_read_back_and_given_back() -> None:
    alliance = founded()
    for turn in range(3):
        alliance.rotates(DRUP)
        agree(alliance, f"turn-{turn}", "key-replacement", replacement(alliance), without=[DRUP])
    expected, state = alliance.key(DRUP).public.thumbprint, state_of(alliance.database)
    replayed = Database()
    for _ in replay(alliance.memorandum, alliance.recorded(), replayed):
        pass

    alliance.says(PROTARGET, "resolution.proposed", resolution("last", "key-replacement", replacement(alliance)))
    alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "last"})
    alliance.database.give_back(alliance.says(IMPRESS, "resolution.endorsed", {"resolution": "last"}))

    read_back = load_database(dump_database(replayed))
    for database in (alliance.database, replayed, read_back):
        assert key_in_force(alliance.memorandum, database, DRUP) == expected
    assert state_of(read_back) == state
