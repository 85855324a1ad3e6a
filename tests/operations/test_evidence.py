"""Evidence files: read as they are written and in no other way, and refusals kept as they came."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import given as alliance_given
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_log import LOG

from ledger.errors import MalformedError, NotFoundError, SignatureError
from ledger.operations.evidence import (
    EVIDENCE_MAX,
    Evidence,
    Fork,
    RefusedPost,
    Rollback,
    WitnessRequest,
    encode,
    keep_refusal,
    parse,
    read_evidence,
    write_evidence,
)
from ledger.signing import canonical
from ledger.signing.envelope import Envelope
from ledger.signing.note import NoteSigner
from ledger.signing.refusal import Refusal, sign_refusal

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
notes = texts.map(str.encode)
hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=5).map(tuple)
times = st.integers(0, 10**12).map(lambda ms: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
evidence = st.one_of(
    st.builds(Fork, st.just(LOG.verifier), notes, notes, hashes),
    st.builds(RefusedPost, st.just(LOG.verifier), texts, st.lists(texts, max_size=3).map(tuple)),
    st.builds(WitnessRequest, texts, st.just(LOG.verifier), notes | st.none(), notes, times),
    st.builds(Rollback, st.just(LOG.verifier), notes, notes),
)


@given(evidence)
def test_evidence_comes_back(told: Evidence) -> None:
    assert parse(encode(told)) == told


GOOD: dict[str, dict[str, Any]] = {
    "fork": {"older": "a", "newer": "b", "proof": []},
    "refusal": {"refusal": "a.b.c", "envelopes": ["d.e.f~"]},
    "request": {"witness": "w", "cosigned": None, "request": "old 0\n", "at": "2022-01-03T09:00:00.000Z"},
    "rollback": {"remembered": "a", "shown": "b"},
}
WRONG: dict[str, list[object]] = {
    "log": ["", "no key", 7, None],
    "proof": [None, ["AAAA"], [7], ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] * 65],
    "envelopes": [None, "d.e.f~", [7]],
    "at": ["2022-01-03T09:00:00Z", 7],
}


def file_of(kind: str, /, **changed: object) -> bytes:
    members = {"kind": kind, "log": LOG.verifier.text, **GOOD[kind], **changed}
    return canonical.dump({name: value for name, value in members.items() if value is not ...})


@pytest.mark.parametrize("kind", GOOD)
def test_what_has_a_member_too_few_too_many_or_wrong_is_no_evidence(kind: str) -> None:
    assert encode(parse(file_of(kind))) == file_of(kind)

    names = ["kind", "log", *GOOD[kind]]
    spoilt = [file_of(kind, **{name: ...}) for name in names]
    spoilt += [file_of(kind, **{name: wrong}) for name in names for wrong in WRONG.get(name, [7, ["x"]])]
    spoilt += [file_of(kind, more=1), file_of(kind) + b"\n", file_of(kind)[:-1], b"", b"[]", b"null"]
    for data in spoilt:
        with pytest.raises(MalformedError):
            parse(data)


def test_a_note_that_is_not_utf_8_is_no_evidence() -> None:
    with pytest.raises(MalformedError):
        encode(Rollback(LOG.verifier, b"\xff", b""))


def test_a_file_is_read_no_further_than_evidence_goes(tmp_path: Path) -> None:
    (tmp_path / "long.json").write_bytes(b"[" * (EVIDENCE_MAX + 1))

    with pytest.raises(MalformedError, match="at most"):
        read_evidence(tmp_path / "long.json")
    with pytest.raises(NotFoundError):
        read_evidence(tmp_path / "absent.json")
    with pytest.raises(MalformedError, match="cannot be read"):
        read_evidence(tmp_path)


def test_a_file_of_evidence_is_for_its_writers_eyes_and_comes_back(tmp_path: Path) -> None:
    told = Rollback(LOG.verifier, b"a", b"b")

    write_evidence(tmp_path / "new" / "folder" / "rollback.json", told)

    assert read_evidence(tmp_path / "new" / "folder" / "rollback.json") == told
    assert (tmp_path / "new" / "folder" / "rollback.json").stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------------- refusals that a client keeps


def posted() -> list[Envelope]:
    return [heard.envelope for heard in alliance_given.treated().heard]


def refusing(post: list[Envelope], *, by: NoteSigner = LOG) -> str:
    """A hub's refusal of the last of a post."""
    refusal = Refusal(
        LOG.name, 7, datetime(2022, 1, 3, tzinfo=UTC), post[-1].hash, tuple(each.hash for each in post[:-1]), "no"
    )
    return sign_refusal(refusal, by)


def test_a_refusal_is_kept_with_the_envelopes_that_it_names_and_nothing_sealed(tmp_path: Path) -> None:
    envelopes = posted()
    assert any(each.disclosures for each in envelopes)

    file = keep_refusal(tmp_path / "refusals", refusing(envelopes[-3:]), envelopes, LOG.verifier)

    kept = read_evidence(file)
    assert isinstance(kept, RefusedPost)
    assert list(kept.envelopes) == [f"{each.jws.text}~" for each in envelopes[-3:]]


def test_the_same_refusal_is_kept_once(tmp_path: Path) -> None:
    envelopes = posted()

    files = {keep_refusal(tmp_path, refusing(envelopes[-1:]), envelopes, LOG.verifier) for _ in range(2)}

    assert len(files) == 1
    assert list(tmp_path.iterdir()) == list(files)


def test_what_proves_nothing_is_not_kept(tmp_path: Path) -> None:
    envelopes = posted()
    stranger = NoteSigner(LOG.name, alliance_given.signing_key("stranger"))
    refusals: list[tuple[str, list[Envelope]]] = [
        ("no.refusal.at-all", envelopes),
        (refusing(envelopes, by=stranger), envelopes),
        (refusing(envelopes), envelopes[:-1]),
        (refusing(envelopes), envelopes[1:]),
    ]

    for refusal, sent in refusals:
        with pytest.raises((MalformedError, SignatureError)):
            keep_refusal(tmp_path, refusal, sent, LOG.verifier)

    assert list(tmp_path.iterdir()) == []
