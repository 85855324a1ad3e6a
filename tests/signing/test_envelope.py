from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.signing import envelope, jws
from ledger.signing.canonical import INTEGER_MAX, Json, dump
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Actor, Claims, Disclosure, Envelope, commitment, read_commitment, seal
from ledger.signing.keys import SigningKey

KEY = SigningKey.from_seed(bytes(range(32)))
CLEAR: dict[str, Json] = {"case": "8b5bbd8c-7a6b-4a57-9b0e-2b4c7c7c2f11", "cohort": "msi-h-nivolumab"}
SEALED: dict[str, Json] = {"day": 57, "response": "pr", "new_lesions": None, "variants": [{"gene": "BRAF"}]}
SALTS = [bytes([number]) * 16 for number in range(40)]
DATA, DISCLOSURES = seal(CLEAR, SEALED, SALTS)
CLAIMS = Claims(
    node="impress-no",
    event_id="01890a5d-ac96-774b-bcce-b302099a8057",
    issued_at=1_637_055_000,
    seq=4,
    prev=bytes(range(32)),
    type="response.assessed",
    version=1,
    actor=Actor("u-17", "data-manager", "authored"),
    data=DATA,
)
SIGNED = envelope.sign(CLAIMS, DISCLOSURES, KEY)
PAYLOAD = cast("dict[str, Json]", SIGNED.jws.payload)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8).filter(
    lambda name: name not in {"_sd", "_sd_alg"}
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def _signed(payload: Mapping[str, Json]) -> str:
    """A JWS that holds, whatever it claims."""
    return jws.sign(dict(payload), typ=envelope.TYP, key=KEY).text


def _with_data(data: Json) -> str:
    return _signed({**PAYLOAD, "data": data})


@given(
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.dictionaries(NAMES.map("x_{}".format), VALUES, max_size=4),
    st.integers(0, INTEGER_MAX),
    st.data(),
)
def test_an_envelope_comes_back_with_any_of_its_disclosures(
    clear: dict[str, Json], sealed: dict[str, Json], seq: int, draw: st.DataObject
) -> None:
    clear.pop("replacement", None)
    data, disclosures = seal(clear, sealed, SALTS)
    claims = replace(CLAIMS, data=data, seq=seq, prev=bytes(32) if seq else None)
    signed = envelope.sign(claims, disclosures, KEY)
    shown = draw.draw(st.lists(st.sampled_from(disclosures), unique=True) if disclosures else st.just([]))

    parsed = envelope.parse(signed.with_disclosures(shown).text)
    envelope.verify(parsed, KEY.public)

    opened = {
        name: value for name, value, each in zip(sealed, sealed.values(), disclosures, strict=True) if each in shown
    }
    assert parsed.claims == claims
    assert parsed.opened() == opened
    assert set(parsed.missing) == sealed.keys() - opened.keys()
    assert parsed.hash == signed.hash
    assert parsed.commitments == dict(zip(sealed, (each.digest for each in disclosures), strict=True))
    assert envelope.parse_jws(parsed.jws.text) == signed.with_disclosures(())


def test_an_envelope_is_a_jws_and_its_disclosures_each_before_a_tilde() -> None:
    assert SIGNED.text == "~".join([SIGNED.jws.text, *(each.text for each in DISCLOSURES), ""])
    assert SIGNED.with_disclosures(()).text == SIGNED.jws.text + "~"
    assert envelope.parse_jws(SIGNED.jws.text).missing == tuple(sorted(SEALED))
    assert PAYLOAD["_sd_alg"] == "sha-256"
    assert PAYLOAD["prev"] == to_base64url(bytes(range(32)))


def test_the_first_envelope_of_a_stream_has_no_prev() -> None:
    first = envelope.sign(replace(CLAIMS, seq=0, prev=None), (), KEY)

    assert first.claims.prev is None
    assert "prev" not in cast("dict[str, Json]", first.jws.payload)


def test_an_envelope_holds_under_its_own_key_alone() -> None:
    with pytest.raises(SignatureError):
        envelope.verify(SIGNED, SigningKey.from_seed(bytes(32)).public)


def test_a_correction_seals_the_fields_of_its_replacement_too() -> None:
    replacement, inner = seal(CLEAR, {"day": 58, "response": "sd"}, SALTS[10:])
    data, outer = seal({"event": CLAIMS.event_id, "replacement": replacement}, {"reason": "typing error"}, SALTS)

    signed = envelope.sign(replace(CLAIMS, type="event.corrected", data=data), (*inner, *outer), KEY)

    assert signed.opened() == {"reason": "typing error", "replacement.day": 58, "replacement.response": "sd"}
    assert signed.with_disclosures(inner).missing == ("reason",)


def test_equal_values_are_sealed_apart_by_their_salts() -> None:
    one, other = (Disclosure.make(salt, "pr") for salt in SALTS[:2])

    assert one.digest != other.digest
    assert Disclosure.make(SALTS[0], "pr") == one


def test_nothing_sealed_shows_when_an_envelope_is_printed() -> None:
    secret = Disclosure.make(bytes(16), "a rare variant")
    sealed = envelope.sign(replace(CLAIMS, data={"label": commitment(secret.digest)}), [secret], KEY)

    for text in (repr(secret), repr(sealed)):
        assert "rare" not in text
        assert secret.text not in text


@pytest.mark.parametrize(
    "text",
    [
        SIGNED.jws.text,
        SIGNED.text[:-1],
        SIGNED.text + "~",
        SIGNED.text + SIGNED.jws.text,
        SIGNED.text + "\n",
        "~" + SIGNED.text,
        SIGNED.text.replace("~", "~~", 1),
        SIGNED.text + DISCLOSURES[0].text + "~",
        SIGNED.text + Disclosure.make(SALTS[9], "stray").text + "~",
        SIGNED.text + DISCLOSURES[0].text[:-1] + "~",
        "",
        "~",
    ],
)
def test_an_envelope_that_ends_otherwise_or_discloses_what_it_did_not_seal_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        envelope.parse(text)


def test_disclosures_are_taken_only_where_each_opens_a_commitment_once() -> None:
    for disclosures in ([DISCLOSURES[0]] * 2, [Disclosure.make(SALTS[9], "stray")]):
        with pytest.raises(MalformedError):
            SIGNED.with_disclosures(disclosures)
        with pytest.raises(MalformedError):
            envelope.sign(CLAIMS, disclosures, KEY)


def test_no_digest_stands_twice_among_the_commitments() -> None:
    digest = DISCLOSURES[0].digest

    for data in (
        {"a": commitment(digest), "b": commitment(digest)},
        {"a": commitment(digest), "replacement": {"b": commitment(digest)}},
    ):
        with pytest.raises(MalformedError):
            envelope.parse_jws(_with_data(cast("Json", data)))


DIGEST: Json = DISCLOSURES[0].digest
COMMITTED: Json = [{"...": DIGEST}]


@pytest.mark.parametrize(
    "data",
    [
        {"_sd": [DIGEST]},
        {"_sd": COMMITTED},
        {"_sd_alg": "sha-256"},
        {"...": COMMITTED},
        {"...": DIGEST},
        {"a": {"_sd": [DIGEST]}},
        {"a": {"_sd_alg": "sha-256"}},
        {"a": {"b": COMMITTED}},
        {"a": {"replacement": COMMITTED}},
        {"a": [COMMITTED]},
        {"a": {"...": DIGEST}},
        {"a": [{"...": DIGEST}, {"...": DISCLOSURES[1].digest}]},
        {"a": ["clear", {"...": DIGEST}]},
        {"a": [{"...": DIGEST, "b": 1}]},
        {"a": [{"...": 1}]},
        {"a": [{"...": "short"}]},
        {"a": [{"...": DISCLOSURES[0].digest[:-1] + "_"}]},
        {"a": [{"...": DISCLOSURES[0].digest + "="}]},
        {"replacement": {"a": {"b": COMMITTED}}},
        {"replacement": {"replacement": {"a": COMMITTED}}},
        {"replacement": {"_sd": [DIGEST]}},
        {"replacement.a": COMMITTED},
        [],
        None,
    ],
    ids=repr,
)
def test_a_commitment_stands_alone_as_a_field_of_data_or_its_replacement_and_nowhere_else(data: Json) -> None:
    with pytest.raises(MalformedError):
        envelope.parse_jws(_with_data(data))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "Impress-NO"},
        {"iss": ""},
        {"iss": 1},
        {"jti": "01890A5D-ac96-774b-bcce-b302099a8057"},
        {"jti": "8b5bbd8c-7a6b-4a57-9b0e-2b4c7c7c2f11"},
        {"iat": -1},
        {"iat": True},
        {"iat": "1637055000"},
        {"iat": 253_402_300_800},
        {"seq": -1},
        {"seq": True},
        {"seq": 0},
        {"seq": None},
        {"prev": None},
        {"prev": 1},
        {"prev": to_base64url(bytes(31))},
        {"prev": to_base64url(bytes(32)) + "="},
        {"type": "response"},
        {"type": "Response.assessed"},
        {"type": "response.assessed.twice"},
        {"type": "response.assessed\n"},
        {"v": 0},
        {"v": True},
        {"v": "1"},
        {"actor": {"user": "u", "role": "r"}},
        {"actor": {"user": "u", "role": "r", "meaning": "guessed"}},
        {"actor": {"user": "", "role": "r", "meaning": "authored"}},
        {"actor": {"user": "Kari Nordmann", "role": "r", "meaning": "authored"}},
        {"actor": {"user": "u" * 65, "role": "r", "meaning": "authored"}},
        {"actor": {"user": "u", "role": "é", "meaning": "authored"}},
        {"actor": {"user": "u", "role": "r", "meaning": "authored", "name": "n"}},
        {"actor": "u"},
        {"_sd_alg": "sha-512"},
        {"_sd_alg": None},
        {"_sd": []},
        {"exp": 1_637_055_000},
        {"cnf": {}},
    ],
    ids=repr,
)
def test_claims_of_another_shape_are_refused(change: dict[str, Json]) -> None:
    with pytest.raises(MalformedError):
        envelope.parse_jws(_signed({**PAYLOAD, **change}))


@pytest.mark.parametrize("name", sorted(PAYLOAD))
def test_no_claim_may_be_missing(name: str) -> None:
    with pytest.raises(MalformedError):
        envelope.parse_jws(_signed({other: PAYLOAD[other] for other in PAYLOAD.keys() - {name}}))


def test_prev_is_absent_exactly_where_seq_is_zero() -> None:
    for claims in (replace(CLAIMS, seq=0), replace(CLAIMS, prev=None)):
        with pytest.raises(MalformedError):
            envelope.sign(claims, DISCLOSURES, KEY)


def test_claims_that_are_no_object_or_of_another_typ_are_refused() -> None:
    for text in (
        jws.sign([], typ=envelope.TYP, key=KEY).text,
        jws.sign(None, typ=envelope.TYP, key=KEY).text,
        jws.sign(PAYLOAD, typ="cohort-refusal+jwt", key=KEY).text,
    ):
        with pytest.raises(MalformedError):
            envelope.parse_jws(text)


def _text(value: object) -> str:
    return to_base64url(dump(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        _text([to_base64url(bytes(15)), 1]),
        _text([to_base64url(bytes(17)), 1]),
        _text([to_base64url(bytes(16)) + "==", 1]),
        _text([to_base64url(bytes(16)), "name", 1]),
        _text([to_base64url(bytes(16))]),
        _text([1, 1]),
        _text({"salt": to_base64url(bytes(16)), "value": 1}),
        _text([to_base64url(bytes(16)), {"_sd": []}]),
        _text([to_base64url(bytes(16)), [{"a": {"...": "x"}}]]),
        _text([to_base64url(bytes(16)), {"_sd_alg": "sha-256"}]),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA", 1]'),
        to_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA",1.0]'),
        Disclosure.make(bytes(16), "pr").text + "=",
        Disclosure.make(bytes(16), "pr").text + "é",
    ],
)
def test_a_disclosure_is_a_salt_of_sixteen_bytes_and_a_value_in_canonical_json(text: str) -> None:
    with pytest.raises(MalformedError):
        Disclosure.parse(text)


@pytest.mark.parametrize("value", [1.5, {"_sd": 1}, [{"...": DIGEST}], {"a": [{"_sd_alg": 1}]}, "\ud800"])
def test_what_could_not_be_read_again_is_not_sealed(value: Any) -> None:
    with pytest.raises(MalformedError):
        Disclosure.make(bytes(16), value)


def test_each_sealed_field_takes_one_salt_and_no_more() -> None:
    salts = iter(SALTS)

    seal(CLEAR, SEALED, salts)

    assert next(salts) == SALTS[len(SEALED)]
    with pytest.raises(MalformedError):
        seal(CLEAR, SEALED, SALTS[:3])
    with pytest.raises(MalformedError):
        seal(CLEAR, SEALED, [b"short"] * 4)
    with pytest.raises(MalformedError):
        seal(CLEAR, {"case": "both clear and sealed"}, SALTS)


def test_a_commitment_is_read_and_a_clear_value_is_none() -> None:
    assert read_commitment(commitment(DISCLOSURES[0].digest)) == DISCLOSURES[0].digest
    clear: list[Json] = [None, 1, "...", [], [1], {}, [{}], [{"a": 1}], [[]]]
    assert [read_commitment(each) for each in clear] == [None] * len(clear)


def _of_size(size: int) -> Envelope:
    """An envelope whose JWS has so many bytes, or up to two fewer."""
    bare = envelope.sign(replace(CLAIMS, data={"label": ""}), (), KEY)
    return envelope.sign(replace(CLAIMS, data={"label": "x" * ((size - len(bare.jws.text)) * 3 // 4)}), (), KEY)


def test_a_jws_has_at_most_sixty_thousand_bytes() -> None:
    largest = _of_size(60_000)

    assert 59_998 <= len(largest.jws.text) <= 60_000
    with pytest.raises(MalformedError):
        _of_size(60_004)
    with pytest.raises(MalformedError):
        envelope.parse_jws(largest.jws.text + "AAAA")


def test_an_envelope_has_at_most_256_kib() -> None:
    def sealed(length: int) -> Envelope:
        data, disclosures = seal({}, {"label": "x" * length}, SALTS)
        return envelope.sign(replace(CLAIMS, data=data), disclosures, KEY)

    room = (256 * 1024 - len(sealed(0).text)) * 3 // 4

    assert len(envelope.parse(sealed(room - 3).text).text) > 256 * 1024 - 12
    with pytest.raises(MalformedError):
        sealed(room + 3)
