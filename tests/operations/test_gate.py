"""The posting gate: what stands before every rule, and is no part of replay."""

from collections.abc import Mapping
from types import MappingProxyType

import given
import pytest

from ledger.errors import GateError, MalformedError
from ledger.operations.gate import Kind, check_post
from ledger.signing.canonical import Json
from ledger.signing.envelope import Actor, Claims, Envelope, seal, sign


def signed(kind: str, clear: Mapping[str, Json], sealed: Mapping[str, Json], *, actor: Actor = given.ACTOR) -> Envelope:
    """An envelope by a node that did not hold its draft against the schema itself."""
    data, disclosures = seal(clear, sealed, (bytes([number]) * 16 for number in range(100)))
    claims = Claims(
        node=given.DRUP,
        event_id="01a205c4-6676-7a9c-a234-c07827252c09",
        issued_at=1_640_000_000,
        seq=3,
        prev=bytes(32),
        type=kind,
        version=1,
        actor=actor,
        data=data,
    )
    return sign(claims, disclosures, given.signing_key(given.DRUP))


RELEASE = {"case": given.case(1), "cohort": given.COHORT, "on": "2021-11-16", "reason_code": "withdrew"}
CLOSING = {"cohort": given.COHORT, "on": "2021-11-16", "reason_code": "safety", "scope": "here"}


def test_a_post_with_every_disclosure_passes() -> None:
    envelope = signed("case.released", RELEASE, {"reason": "moved away"})

    check_post(envelope)


def test_a_disclosure_that_is_missing_is_named_by_its_field() -> None:
    envelope = signed("case.released", RELEASE, {"reason": "moved away"}).with_disclosures([])

    with pytest.raises(GateError, match="reason"):
        check_post(envelope)


@pytest.mark.parametrize("reason", ["", "   ", "\n\t", "\u200b", "\u2060\ufeff", "\u00ad \u0000", "\u3164", "\u2800"])
def test_a_blank_reason_is_refused(reason: str) -> None:
    envelope = signed("case.released", RELEASE, {"reason": reason})

    with pytest.raises(GateError, match="reason"):
        check_post(envelope)


def test_closing_takes_a_reason_in_words() -> None:
    envelope = signed("cohort.closed", CLOSING, {"reason": None})

    with pytest.raises(GateError, match="reason"):
        check_post(envelope)


def test_a_sealed_value_of_the_wrong_kind_is_refused_and_never_repeated() -> None:
    envelope = signed(
        "response.assessed",
        {"case": given.case(1), "cohort": given.COHORT},
        {**given.ASSESSMENT, "response": "SECRET-RESPONSE"},
    )

    with pytest.raises(GateError) as refused:
        check_post(envelope)

    assert "SECRET" not in str(refused.value)
    assert "criteria" in str(refused.value)


def test_an_identifier_in_a_sealed_text_is_refused_by_field_and_kind_without_its_value() -> None:
    envelope = signed("case.released", RELEASE, {"reason": "mail anna@example.org"})

    with pytest.raises(GateError, match="reason seems to hold an e-mail address") as refused:
        check_post(envelope)

    assert "anna" not in str(refused.value)


def test_an_identifier_deep_in_a_clear_field_is_refused() -> None:
    envelope = signed(
        "trial.registered", {"name": "T", "country": "NL", "registries": {}, "aliases": ["610423-1234"]}, {}
    )

    with pytest.raises(GateError, match="aliases seems to hold a Swedish personal number"):
        check_post(envelope)


def test_an_identifier_in_a_slug_is_refused() -> None:
    found: dict[str, Json] = {"case": given.case(1), "cohort": given.COHORT, "evaluable": True}

    with pytest.raises(GateError, match="rule seems to hold a Danish CPR number"):
        check_post(signed("evaluability.determined", {**found, "rule": "patient-010190-1234"}, {}))


@pytest.mark.parametrize(
    ("actor", "field"),
    [
        (Actor("010190-1234", "data-manager", "authored"), "actor.user"),
        (Actor("u1", "nurse-of-010190-1234", "authored"), "actor.role"),
    ],
)
def test_an_identifier_in_the_name_of_who_says_it_is_refused(actor: Actor, field: str) -> None:
    with pytest.raises(GateError, match=f"{field} seems to hold a Danish CPR number"):
        check_post(signed("case.released", RELEASE, {"reason": "moved away"}, actor=actor))


def test_a_date_in_a_reason_may_be_a_protocols_and_not_a_birth() -> None:
    check_post(signed("case.released", RELEASE, {"reason": "amended by protocol v3 of 2021-05-01"}))

    with pytest.raises(GateError, match="reason seems to hold a full date"):
        check_post(signed("case.released", RELEASE, {"reason": "the patient of 1961-04-23"}))


def test_a_citation_may_hold_a_date_and_nothing_else() -> None:
    opening: dict[str, Json] = {"on": "2004-09-01"}
    check_post(signed("trial.opened", {**opening, "source": "annual report, 1.9.2004"}, {}))

    with pytest.raises(GateError, match="source seems to hold a Danish CPR number"):
        check_post(signed("trial.opened", {**opening, "source": "report of 1.9.2004 on 010190-1234"}, {}))


def test_dates_handles_and_published_words_are_exempt() -> None:
    census: dict[str, Json] = {
        "metric": "cohorts_opened",
        "kind": "count",
        "operator": "eq",
        "value": 1,
        "as_of": "2021-11-16",
        "quote": "opened for inclusion 01.09.2020",
    }
    opening: dict[str, Json] = {"on": "2020-09-01", "source": "Opened for inclusion 01.09.2020"}
    handle: dict[str, Json] = {"case": "19610423-1234-4000-8000-000000000001", "on": "2021-11-16"}

    for kind, clear in (("census.attested", census), ("trial.opened", opening), ("case.submitted", handle)):
        check_post(signed(kind, clear, {}))


def test_the_same_disclosure_twice_never_gets_as_far_as_the_gate() -> None:
    envelope = signed("case.released", RELEASE, {"reason": "moved away"})

    with pytest.raises(MalformedError):
        envelope.with_disclosures([*envelope.disclosures, *envelope.disclosures])


ASSESSED = Kind("response.assessed", 1)


def corrected(
    *, reason: Json = "read again", clear: Mapping[str, Json] = MappingProxyType({}), **anew: Json
) -> Envelope:
    """A correction of an assessment; anew: what its sealed fields hold instead."""
    alliance = given.treated()
    told: dict[str, Json] = {**given.patient(given.case(1)), **given.ASSESSMENT, **anew}
    replaced, more = alliance._sealed({**told, **clear}, frozenset(given.ASSESSMENT))
    about: dict[str, Json] = {"event": given.NO_EVENT, "reason_code": "typing-error", "reason": reason}
    data, disclosures = alliance._sealed({**about, "replacement": replaced}, {"reason"})
    claims = alliance.claims(given.DRUP, "event.corrected", data)
    return sign(claims, (*disclosures, *more), given.signing_key(given.DRUP))


def test_a_correction_passes_with_every_disclosure_of_its_replacement() -> None:
    envelope = corrected()
    check_post(envelope, ASSESSED)

    for digest in envelope.disclosures:
        with pytest.raises(GateError, match="a post brings every disclosure"):
            check_post(envelope.with_disclosures([each for each in envelope.disclosures if each != digest]), ASSESSED)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_takes_a_reason_in_words(reason: Json) -> None:
    with pytest.raises(GateError, match="reason"):
        check_post(corrected(reason=reason), ASSESSED)


def test_what_a_replacement_seals_is_held_against_the_type_that_it_corrects() -> None:
    with pytest.raises(GateError, match=r"response\.assessed: "):
        check_post(corrected(response="GREAT"), ASSESSED)
    with pytest.raises(GateError, match=r"response\.assessed: evaluator"):
        check_post(corrected(evaluator="neighbour"), ASSESSED)


def test_identifiers_are_found_in_a_replacement_clear_and_sealed() -> None:
    with pytest.raises(GateError, match="replacement: remark seems to hold an e-mail address"):
        check_post(corrected(clear={"remark": "jane.doe@example.org"}), ASSESSED)
    with pytest.raises(GateError, match="replacement: basis seems to hold an e-mail address"):
        check_post(of_a_claim("jane.doe@example.org"), Kind("outcome.determined", 1))


def of_a_claim(basis: str) -> Envelope:
    alliance = given.treated()
    told: dict[str, Json] = {**given.patient(given.case(1)), **given.CLAIM, "basis": basis}
    replaced, more = alliance._sealed(told, frozenset(given.CLAIM))
    about: dict[str, Json] = {"event": given.NO_EVENT, "reason_code": "typing-error", "reason": "x"}
    data, disclosures = alliance._sealed({**about, "replacement": replaced}, {"reason"})
    claims = alliance.claims(given.DRUP, "event.corrected", data)
    return sign(claims, (*disclosures, *more), given.signing_key(given.DRUP))


def test_the_day_of_a_replacement_is_no_birth_date() -> None:
    alliance = given.founded()
    about: dict[str, Json] = {"event": given.NO_EVENT, "reason_code": "typing-error", "reason": "x"}
    data, disclosures = alliance._sealed({**about, "replacement": {"on": "1990-04-03"}}, {"reason"})
    claims = alliance.claims(given.DRUP, "event.corrected", data)

    check_post(sign(claims, disclosures, given.signing_key(given.DRUP)), Kind("trial.opened", 1))
