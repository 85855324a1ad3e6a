"""A member that joins later: admitted by a resolution, under the key that it named."""

from given import (
    DRUP,
    MEGALIT,
    NEWCOMER,
    PROTARGET,
    SMALL,
    Data,
    accession,
    founded,
    proven,
    resolution,
    set_by,
    signing_key,
    trial_of,
)

from ledger.errors import SignatureError
from ledger.signing.envelope import sign


def test_a_member_that_acceded_begins_with_the_memorandum_under_the_key_that_was_agreed_on() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())

    taken = alliance.signs(NEWCOMER)

    key = signing_key(NEWCOMER).public
    assert set_by(taken) == {
        ("nodes", (NEWCOMER,)): {
            "trial": "Newcomer",
            "country": "IS",
            "opens_in_parallel": False,
            "signed_on": "2021-11-16",
        },
        ("keys", (NEWCOMER, key.thumbprint)): {"jwk": dict(key.jwk)},
    }
    alliance.says(NEWCOMER, "trial.registered", trial_of(NEWCOMER))


def test_nobody_accedes_before_the_resolution_is_in_force() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("welcome", "accession", accession()))

    alliance.refuses(
        NEWCOMER,
        "memorandum.signed",
        {"memorandum": alliance.memorandum_content, "on": "2021-11-16"},
        because="trial-is has no key here",
        error=SignatureError,
    )


def test_a_member_that_acceded_says_nothing_before_it_has_signed() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())

    for type_, data in (
        ("trial.registered", trial_of(NEWCOMER)),
        ("resolution.proposed", resolution("small", "design", SMALL)),
    ):
        alliance.refuses(NEWCOMER, type_, data, because="the first event of trial-is must be memorandum.signed")


def test_a_member_that_acceded_uses_no_other_key() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())
    claims = alliance.claims(
        NEWCOMER, "memorandum.signed", {"memorandum": alliance.memorandum_content, "on": "2021-11-16"}
    )

    alliance.refuses_envelope(
        sign(claims, (), signing_key(DRUP)), because="that is no key of trial-is", error=SignatureError
    )


def test_a_member_that_acceded_later_has_no_vote_on_what_was_proposed_before() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("small", "design", SMALL))
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)

    alliance.refuses(
        NEWCOMER,
        "resolution.endorsed",
        {"resolution": "small"},
        because="trial-is was no member when small was proposed",
    )


def test_a_member_that_acceded_counts_in_the_quorum_of_what_is_proposed_later() -> None:
    alliance = founded()
    alliance.adopts("welcome", "accession", accession())
    alliance.signs(NEWCOMER)
    alliance.says(NEWCOMER, "resolution.proposed", resolution("small", "design", SMALL))

    for node in (DRUP, PROTARGET):
        alliance.says(node, "resolution.endorsed", {"resolution": "small"})
    before = alliance.row("resolutions", "small")
    alliance.says(MEGALIT, "resolution.endorsed", {"resolution": "small"})

    assert before is not None
    assert "in_force_at" not in before  # three of six are no majority
    assert "in_force_at" in (alliance.row("resolutions", "small") or {})


def test_until_it_has_signed_another_accession_gives_a_member_another_key() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("older", "accession", accession()))
    first = {**accession(), **proven(signing_key("lost"), NEWCOMER)}
    alliance.adopts("lost", "accession", first)
    alliance.refuses(
        PROTARGET, "resolution.endorsed", {"resolution": "older"}, because="lost has admitted trial-is since then"
    )

    alliance.adopts("found", "accession", {**accession(), **proven(signing_key("found"), NEWCOMER)})

    signing: Data = {"memorandum": alliance.memorandum_content, "on": "2021-11-16"}
    claims = alliance.claims(NEWCOMER, "memorandum.signed", signing)
    alliance.refuses_envelope(
        sign(claims, (), signing_key("lost")), because="that is no key of trial-is", error=SignatureError
    )
    assert alliance.takes(sign(claims, (), signing_key("found"))).versions
    alliance.refuses(
        DRUP,
        "resolution.proposed",
        resolution("again", "accession", {**accession(), **proven(signing_key("third"), NEWCOMER)}),
        because="trial-is is a member already",
    )
