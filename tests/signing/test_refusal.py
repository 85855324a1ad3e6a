"""Refusals: read as they are signed, in no other way, and under the log's own key only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.signing import jws as statements
from ledger.signing.keys import SigningKey
from ledger.signing.note import NoteSigner
from ledger.signing.refusal import TYP, Refusal, read_refusal, sign_refusal

LOG = NoteSigner("ledger.example/alliance", SigningKey.from_seed(bytes(32)))
TOLD = Refusal(LOG.name, 7, datetime(2022, 1, 3, 9, tzinfo=UTC), b"e" * 32, (b"a" * 32, b"b" * 32), "no place is left")

hashes = st.binary(min_size=32, max_size=32)
times = st.integers(0, 10**12).map(lambda ms: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
texts = st.text(st.characters(exclude_categories=["Cs"]))
refusals = st.builds(
    Refusal,
    origin=st.just(LOG.name),
    size=st.integers(0, 2**53 - 1),
    received=times,
    envelope=hashes,
    before=st.lists(hashes, max_size=5).map(tuple),
    reason=texts,
)


@given(refusals)
def test_a_refusal_comes_back(refusal: Refusal) -> None:
    assert read_refusal(sign_refusal(refusal, LOG), LOG.verifier) == refusal


def payload(**changed: Any) -> dict[str, Any]:
    good: dict[str, Any] = {
        "origin": LOG.name,
        "size": 7,
        "received": "2022-01-03T09:00:00.000Z",
        "envelope": "ZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWU",
        "before": [],
        "reason": "no",
    }
    return {name: value for name, value in (good | changed).items() if value is not ...}


def test_what_the_tests_below_spoil_is_a_good_one() -> None:
    text = statements.sign(payload(), typ=TYP, key=LOG.key).text

    assert sign_refusal(read_refusal(text, LOG.verifier), LOG) == text


@pytest.mark.parametrize(
    "spoilt",
    [
        *({name: ...} for name in payload()),
        {"more": 1},
        {"size": -1},
        {"size": True},
        {"size": "7"},
        {"received": "2022-01-03T09:00:00Z"},
        {"received": 1641200400},
        {"envelope": "ZWVl"},
        {"envelope": "ZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWV"},
        {"before": None},
        {"before": [7]},
        {"before": ["ZWVl"]},
        {"before": ["ZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWU"] * 1000},
        {"reason": None},
    ],
    ids=str,
)
def test_a_refusal_of_another_shape_is_malformed(spoilt: dict[str, Any]) -> None:
    text = statements.sign(payload(**spoilt), typ=TYP, key=LOG.key).text

    with pytest.raises(MalformedError):
        read_refusal(text, LOG.verifier)


def test_a_refusal_of_another_kind_of_statement_is_malformed() -> None:
    with pytest.raises(MalformedError, match="of typ cohort-refusal"):
        read_refusal(statements.sign(payload(), typ="cohort-event+sd-jwt", key=LOG.key).text, LOG.verifier)


def test_a_refusal_that_the_log_did_not_sign_or_by_another_log_is_none() -> None:
    stranger = NoteSigner(LOG.name, SigningKey.from_seed(b"s" * 32))
    elsewhere = statements.sign(payload(origin="another.example"), typ=TYP, key=LOG.key).text

    with pytest.raises(SignatureError):
        read_refusal(sign_refusal(TOLD, stranger), LOG.verifier)
    with pytest.raises(SignatureError, match="another log"):
        read_refusal(elsewhere, LOG.verifier)


def test_a_changed_character_is_noticed() -> None:
    text = sign_refusal(TOLD, LOG)

    for place, character in enumerate(text):
        altered = f"{text[:place]}{'A' if character != 'A' else 'B'}{text[place + 1 :]}"
        with pytest.raises((MalformedError, SignatureError)):
            read_refusal(altered, LOG.verifier)


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("another.example", 7, TOLD.received, b"e" * 32, (), ""),
        Refusal(LOG.name, -1, TOLD.received, b"e" * 32, (), ""),
        Refusal(LOG.name, 7, TOLD.received, b"e" * 31, (), ""),
        Refusal(LOG.name, 7, TOLD.received, b"e" * 32, (b"a" * 32,) * 1000, ""),
        Refusal(LOG.name, 7, TOLD.received.replace(tzinfo=None), b"e" * 32, (), ""),
        Refusal(LOG.name, 7, TOLD.received, b"e" * 32, (), "\ud800"),
    ],
)
def test_what_could_not_be_read_is_not_signed(refusal: Refusal) -> None:
    with pytest.raises(MalformedError):
        sign_refusal(refusal, LOG)
