"""key.rotated: a node brings a new key, and signs with it from its next event on."""

import pytest
from given import (
    DRUP,
    NEWCOMER,
    ORIGIN,
    PROTARGET,
    Alliance,
    accession,
    founded,
    proven,
    resolution,
    set_by,
    signing_key,
    state_of,
    trial_of,
)

from ledger.cohort.database import Database
from ledger.cohort.dump import dump_database, load_database
from ledger.errors import SignatureError
from ledger.node.keyring import new_key
from ledger.replay import key_in_force, key_of, replay
from ledger.signing.canonical import Json
from ledger.signing.envelope import Envelope, sign
from ledger.signing.keys import Algorithm
from ledger.signing.possession import prove_possession


def last_of(alliance: Alliance, node: str = DRUP) -> bytes:
    return alliance.database.streams[node].hash


def registered(alliance: Alliance, key: str) -> Envelope:
    """DRUP's next envelope, signed by somebody's key."""
    return sign(alliance.claims(DRUP, "trial.registered", trial_of(DRUP)), (), signing_key(key))


def test_the_old_key_signs_the_rotation_and_the_new_one_all_that_follows() -> None:
    alliance = founded()
    new = alliance.key(DRUP, later=1)

    taken = alliance.rotates(DRUP)

    assert set_by(taken) == {("keys", (DRUP, new.public.thumbprint)): {"jwk": dict(new.public.jwk)}}
    assert alliance.heard[-1].envelope.jws.kid == signing_key(DRUP).public.thumbprint
    assert key_in_force(alliance.memorandum, alliance.database, DRUP) == new.public.thumbprint
    alliance.refuses_envelope(
        registered(alliance, DRUP),
        because=f"that key of drup-nl is not in force: sign with the one that is, {new.public.thumbprint}",
        error=SignatureError,
    )
    alliance.takes(sign(alliance.claims(DRUP, "trial.registered", trial_of(DRUP)), (), new))


def test_the_new_key_does_not_bring_itself() -> None:
    alliance = founded()
    claims = alliance.claims(DRUP, "key.rotated", alliance.rotation(DRUP))

    alliance.refuses_envelope(
        sign(claims, (), alliance.key(DRUP, later=1)), because="that is no key of drup-nl", error=SignatureError
    )


def test_a_rotation_changes_no_other_nodes_key() -> None:
    alliance = founded()

    alliance.rotates(DRUP)

    own = signing_key(PROTARGET).public.thumbprint
    assert key_in_force(alliance.memorandum, alliance.database, PROTARGET) == own
    alliance.says(PROTARGET, "trial.registered", trial_of(PROTARGET))


def test_a_member_that_acceded_rotates_like_any_other() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)

    alliance.rotates(NEWCOMER)

    assert alliance.says(NEWCOMER, "trial.registered", trial_of(NEWCOMER)).versions


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256", "ML-DSA-65"])
def test_a_new_key_may_be_of_another_algorithm(algorithm: Algorithm) -> None:
    alliance, new = founded(), new_key(algorithm)

    alliance.says(DRUP, "key.rotated", proven(new, DRUP, last_of(alliance)))

    alliance.takes(sign(alliance.claims(DRUP, "trial.registered", trial_of(DRUP)), (), new))


# ---------------------------------------------------------------------- refused


def stated(by: str, **other: object) -> dict[str, Json]:
    """A rotation whose proof is by somebody's key, and may state something else. The rest of it is as it should be."""
    alliance = founded()
    statement = {"node": DRUP, "origin": ORIGIN, "prev": last_of(alliance)} | other
    proof = prove_possession(key=signing_key(by), **statement)  # type: ignore[arg-type]  # as the statement has them
    return {"key": dict(signing_key("new").public.jwk), "proof": proof}


NO_PROOF: dict[str, dict[str, Json]] = {
    "by another key": stated("another"),
    "by the old key": stated(DRUP),
    "for another node": stated("new", node=PROTARGET),
    "for another log": stated("new", origin="ledger.example/other"),
    "for another place in the stream": stated("new", prev=bytes(32)),
    "for the beginning of the stream": stated("new", prev=None),
    "that is no statement": {**stated("new"), "proof": "x.y.z"},
    "that is empty": {**stated("new"), "proof": ""},
}


@pytest.mark.parametrize("data", NO_PROOF.values(), ids=NO_PROOF)
def test_a_rotation_whose_proof_does_not_hold_is_refused(data: dict[str, Json]) -> None:
    founded().refuses(DRUP, "key.rotated", data, because="the proof that drup-nl holds its key does not hold")


def test_the_proof_that_the_others_show_to_be_wrong_is_right() -> None:
    assert founded().says(DRUP, "key.rotated", stated("new")).versions


def test_a_proof_is_of_no_use_once_the_node_has_said_something_else() -> None:
    alliance = founded()
    early = alliance.rotation(DRUP)
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))

    alliance.refuses(DRUP, "key.rotated", early, because="another node, log or place in the stream")


def test_a_key_that_was_ever_known_is_no_new_one() -> None:
    # given: keys in force and out of it, one that acceded, one that a proposal only names
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)
    alliance.says(DRUP, "resolution.proposed", resolution("more", "accession", accession("trial-ee")))
    alliance.rotates(PROTARGET)
    alliance.rotates(DRUP)

    for owner in (DRUP, f"{DRUP} 2", PROTARGET, f"{PROTARGET} 2", NEWCOMER, "trial-ee"):
        data = proven(signing_key(owner), DRUP, last_of(alliance))
        alliance.refuses(DRUP, "key.rotated", data, because="that key is known already")


def test_a_key_that_was_rotated_in_is_not_what_a_new_member_brings() -> None:
    alliance = founded()
    alliance.rotates(PROTARGET)
    borrowed = {**accession(), **proven(alliance.key(PROTARGET), NEWCOMER)}

    alliance.refuses(
        DRUP, "resolution.proposed", resolution("r", "accession", borrowed), because="that key is known already"
    )


@pytest.mark.parametrize(
    "key", [{}, {"kty": "OKP"}, {"kty": "oct", "k": "AA"}, {**signing_key("new").public.jwk, "use": "sig"}]
)
def test_a_key_that_is_none_is_refused(key: dict[str, Json]) -> None:
    founded().refuses(DRUP, "key.rotated", {**stated("new"), "key": key}, because="no key to sign with")


def test_nobody_rotates_before_it_has_signed_the_memorandum() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())

    alliance.refuses(NEWCOMER, "key.rotated", proven(signing_key("new"), NEWCOMER), because="must be memorandum.signed")


# ---------------------------------------------------------------------- in force, by whatever way one came there


def rotated_often() -> Alliance:
    """Nine keys for each of two nodes, in turns: in no order that a name or a hash has by chance."""
    alliance = founded()
    for _ in range(8):
        for node in (PROTARGET, DRUP):
            alliance.rotates(node)
    return alliance


def in_force(alliance: Alliance, database: Database) -> list[str]:
    return [key_in_force(alliance.memorandum, database, node) for node in (DRUP, PROTARGET)]


def test_the_key_in_force_is_the_one_that_was_brought_last_live_replayed_and_read_back() -> None:
    alliance = rotated_often()
    expected = [alliance.key(node).public.thumbprint for node in (DRUP, PROTARGET)]
    replayed = Database()
    for _ in replay(alliance.memorandum, alliance.recorded(), replayed):
        pass

    read_back = load_database(dump_database(alliance.database))

    assert in_force(alliance, alliance.database) == expected
    assert in_force(alliance, replayed) == expected
    assert in_force(alliance, read_back) == expected
    assert state_of(read_back) == state_of(alliance.database)


def test_an_older_key_is_found_for_what_it_signed() -> None:
    alliance = rotated_often()

    for heard in alliance.heard:
        kid = heard.envelope.jws.kid
        node = heard.envelope.claims.node
        assert key_of(alliance.memorandum, alliance.database, node, kid).thumbprint == kid


def test_a_rotation_that_is_given_back_leaves_the_key_before_it_in_force() -> None:
    alliance = rotated_often()
    before, state = in_force(alliance, alliance.database), state_of(alliance.database)

    taken = alliance.rotates(DRUP)
    alliance.database.give_back(taken)

    assert in_force(alliance, alliance.database) == before
    assert state_of(alliance.database) == state
