"""What a witness cosigns and what it refuses, in what order, and what it keeps of each."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import witnesses
from hypothesis import given
from hypothesis import strategies as st
from naive_tree import LEAVES
from witnesses import COSIGNERS, KEYS, LOG, NAME, ORIGIN, ORIGIN_HASH, OTHER_HISTORY, TIME_S, ask, request, size_of

from ledger.errors import ConflictError, LedgerError, MalformedError, NotFoundError, RefusedError, SignatureError
from ledger.operations import witness_folder
from ledger.operations.witness import Witness
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.canonical import load
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.cosignature import check_cosignature
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSignature, NoteSigner, verified

Change = Callable[[AddCheckpoint], AddCheckpoint]

STRANGER = NoteSigner(ORIGIN, SigningKey.from_seed(bytes(32)))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """One that has cosigned the log at size 5."""
    made = witnesses.new_witness(tmp_path)
    ask(made, 0, 5)
    return made


def cosignatures(lines: bytes) -> tuple[NoteSignature, ...]:
    return tuple(map(NoteSignature.parse, lines.decode().splitlines()))


def test_each_of_its_keys_cosigns_what_extends_what_it_knew(witness: Witness) -> None:
    lines = ask(witness, 5, 12, time_s=TIME_S + 1)

    assert lines.endswith(b"\n")
    for signature, key in zip(cosignatures(lines), KEYS, strict=True):
        told = check_cosignature(signature, checkpoint_text=witnesses.head(12).text, verifier=key)
        assert told == TIME_S + 1
    assert size_of(witness) == 12


def test_every_size_is_cosigned_after_every_smaller_one(tmp_path: Path) -> None:
    for old in range(18):
        for size in range(old, 18):
            witness = witnesses.new_witness(tmp_path / f"{old}-{size}", cosigners=COSIGNERS[:1])
            ask(witness, 0, old)
            ask(witness, old, size)

            assert size_of(witness) == size


def test_the_same_checkpoint_is_cosigned_again_at_its_own_time(witness: Witness) -> None:
    again = ask(witness, 5, 5, time_s=TIME_S + 60)

    note = Note.parse(witness.checkpoint(ORIGIN_HASH))
    assert note.signatures[1:] == cosignatures(again)
    assert check_cosignature(note.signatures[1], checkpoint_text=note.text, verifier=KEYS[0]) == TIME_S + 60


def test_an_empty_log_is_cosigned_and_then_grows(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path)

    ask(witness, 0, 0)
    assert size_of(witness) == 0
    ask(witness, 0, 0)
    ask(witness, 0, 3)

    assert size_of(witness) == 3


def test_what_it_shows_is_what_it_answered_with_the_logs_signature_and_no_other(witness: Witness) -> None:
    asked = request(5, 9)
    of_others = (NoteSignature("other.example", b"\1\2\3\4", b"x"), *witnesses.signed(9).signatures)
    lines = witness.add_checkpoint(replace(asked, note=Note(asked.note.text, of_others * 2)).encode(), time_s=TIME_S)

    note = Note.parse(witness.checkpoint(ORIGIN_HASH))

    assert note == Note(asked.note.text, (*witnesses.signed(9).signatures, *cosignatures(lines)))
    assert verified(note, [LOG.verifier, *KEYS]) == (LOG.verifier, *KEYS)


def test_of_a_log_with_two_keys_either_speaks_for_it_and_a_false_one_for_none(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path, LOG.verifier, STRANGER.verifier)
    text = witnesses.head(5).text
    by_one, by_other = (sign_checkpoint(Checkpoint.parse(text), signer).signatures for signer in (LOG, STRANGER))
    spoilt = replace(by_other[0], signature=bytes(64))

    with pytest.raises(SignatureError):
        witness.add_checkpoint(AddCheckpoint(0, (), Note(text, (*by_one, spoilt))).encode(), time_s=TIME_S)
    for signatures in (by_other, by_one, (*by_other, *by_one)):
        old = size_of(witness) or 0
        witness.add_checkpoint(AddCheckpoint(old, (), Note(text, signatures)).encode(), time_s=TIME_S)

    assert len(Note.parse(witness.checkpoint(ORIGIN_HASH)).signatures) == 4


def test_logs_are_kept_apart(tmp_path: Path) -> None:
    other = NoteSigner("log.example/two", LOG.key)
    witness = witnesses.new_witness(tmp_path, LOG.verifier, other.verifier)
    ask(witness, 0, 5)
    theirs = AddCheckpoint(0, (), sign_checkpoint(witnesses.head(3, OTHER_HISTORY, other.name), other))

    witness.add_checkpoint(theirs.encode(), time_s=TIME_S)

    assert size_of(witness) == 5
    assert b"log.example/two\n3\n" in witness.checkpoint(sha256(b"log.example/two").hexdigest())


def with_note(asked: AddCheckpoint, note: Note) -> AddCheckpoint:
    return replace(asked, note=note)


def resigned(asked: AddCheckpoint, signer: NoteSigner, **changes: object) -> AddCheckpoint:
    return with_note(asked, sign_checkpoint(replace(asked.checkpoint, **changes), signer))  # type: ignore[arg-type]  # of a test's own choice


# what a witness at size 5 is asked, and with what error it refuses
REFUSED: dict[str, tuple[AddCheckpoint, type[LedgerError]]] = {
    "another origin": (
        resigned(request(5, 9), NoteSigner("log.example/nobodys", LOG.key), origin="log.example/nobodys"),
        NotFoundError,
    ),
    "another origin under the known key": (resigned(request(5, 9), LOG, origin="log.example/nobodys"), NotFoundError),
    "no signature of the log's": (
        with_note(request(5, 9), Note(witnesses.head(9).text, (NoteSignature("a", b"\0\0\0\0", b"x"),))),
        SignatureError,
    ),
    "a key of the log's name that is not known": (resigned(request(5, 9), STRANGER), SignatureError),
    "a known key whose signature is another's": (
        with_note(request(5, 9), Note(witnesses.head(9).text, witnesses.signed(8).signatures)),
        SignatureError,
    ),
    "a known key, whose signature holds once and once not": (
        with_note(
            request(5, 9),
            Note(witnesses.head(9).text, (*witnesses.signed(9).signatures, *witnesses.signed(8).signatures)),
        ),
        SignatureError,
    ),
    "an old size above the checkpoint's": (replace(request(0, 9), old_size=10), MalformedError),
    "an old size above the checkpoint's, which was cosigned": (replace(request(0, 3), old_size=5), MalformedError),
    "an old size below what was cosigned": (request(4, 9), ConflictError),
    "an old size above what was cosigned": (request(6, 9), ConflictError),
    "no old size, as if it were the first": (request(0, 9), ConflictError),
    "a step back": (request(0, 3), ConflictError),
    "a step back, proven": (request(2, 3), ConflictError),
    "no proof": (replace(request(5, 9), proof=()), RefusedError),
    "a hash to spare": (replace(request(5, 9), proof=(*request(5, 9).proof, bytes(32))), RefusedError),
    "a hash too few": (replace(request(5, 9), proof=request(5, 9).proof[:-1]), RefusedError),
    "a proof for another size": (replace(request(5, 9), proof=request(4, 9).proof), RefusedError),
    "another history": (request(5, 9, (b"new", *LEAVES[1:])), RefusedError),
    "another root at the same size": (request(5, 5, (b"new", *LEAVES[1:])), RefusedError),
    "a proof where there is nothing to prove": (replace(request(5, 5), proof=(bytes(32),)), RefusedError),
}


@pytest.mark.parametrize(("asked", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_to_be_cosigned_is_refused_and_changes_nothing(
    witness: Witness, asked: AddCheckpoint, error: type[LedgerError]
) -> None:
    before = witness.checkpoint(ORIGIN_HASH)

    with pytest.raises(error) as refused:
        witness.add_checkpoint(asked.encode(), time_s=TIME_S)

    assert refused.type is error
    assert witness.checkpoint(ORIGIN_HASH) == before
    if error is ConflictError:
        assert refused.value.facts["size"] == 5


NOT_THE_FIRST: dict[str, tuple[AddCheckpoint, type[LedgerError]]] = {
    "a proof from size 0": (replace(request(0, 9), proof=(bytes(32),)), RefusedError),
    "an empty tree with another root": (resigned(request(0, 0), LOG, root=bytes(32)), RefusedError),
    "an empty tree with a proof": (replace(request(0, 0), proof=(bytes(32),)), RefusedError),
    "an old size where nothing was cosigned": (request(5, 9), ConflictError),
}


@pytest.mark.parametrize(("asked", "error"), NOT_THE_FIRST.values(), ids=NOT_THE_FIRST)
def test_what_is_not_to_be_cosigned_first_is_refused(
    tmp_path: Path, asked: AddCheckpoint, error: type[LedgerError]
) -> None:
    witness = witnesses.new_witness(tmp_path)

    with pytest.raises(error) as refused:
        witness.add_checkpoint(asked.encode(), time_s=TIME_S)

    assert refused.type is error
    with pytest.raises(NotFoundError):
        witness.checkpoint(ORIGIN_HASH)
    if error is ConflictError:
        assert refused.value.facts["size"] == 0


@given(st.data())
def test_a_request_with_a_flipped_bit_is_never_cosigned(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, 30))
    size = data.draw(st.integers(old + 1, 31))
    witness = witnesses.new_witness(tmp_path_factory.mktemp("flipped"), cosigners=COSIGNERS[:1])
    ask(witness, 0, old)
    good = bytearray(request(old, size).encode())
    end_of_signed = good.index("— ".encode())
    place = data.draw(st.integers(0, end_of_signed - 1))
    good[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises((MalformedError, RefusedError, NotFoundError)):
        witness.add_checkpoint(bytes(good), time_s=TIME_S)

    assert size_of(witness) == old


@pytest.mark.parametrize("asked_for", ["", ORIGIN, ORIGIN_HASH.upper(), ORIGIN_HASH[:-1], "0" * 64, "../witness"])
def test_only_the_hash_of_a_known_origin_finds_a_checkpoint(witness: Witness, asked_for: str) -> None:
    with pytest.raises(NotFoundError):
        witness.checkpoint(asked_for)


# ---------------------------------------------------------------------- evidence


def kept(witness: Witness) -> list[dict[str, object]]:
    return [json.loads(file.read_bytes()) for file in witness.folder.evidence]


@pytest.mark.parametrize(("asked", "error"), REFUSED.values(), ids=REFUSED)
def test_what_a_log_signed_and_no_history_explains_is_kept_and_nothing_else(
    witness: Witness, asked: AddCheckpoint, error: type[LedgerError]
) -> None:
    with pytest.raises(error):
        witness.add_checkpoint(asked.encode(), time_s=TIME_S)

    assert len(kept(witness)) == (error is RefusedError)


def test_evidence_says_who_kept_it_when_of_whom_and_what_was_cosigned(witness: Witness) -> None:
    held = witness.checkpoint(ORIGIN_HASH)
    fork = request(5, 5, (b"new", *LEAVES[1:]))

    with pytest.raises(RefusedError):
        witness.add_checkpoint(fork.encode(), time_s=TIME_S)

    [file] = witness.folder.evidence
    assert file.name.startswith("fork-")
    assert load(file.read_bytes()) == {
        "kind": "request",
        "witness": NAME,
        "log": LOG.verifier.text,
        "cosigned": held.decode(),
        "request": fork.encode().decode(),
        "at": "2023-11-14T22:13:20.000Z",
    }


def test_another_root_at_the_known_size_is_kept_whatever_old_size_comes_with_it(witness: Witness) -> None:
    with pytest.raises(ConflictError):
        ask(witness, 2, 5, (b"new", *LEAVES[1:]))

    assert [file.name[:5] for file in witness.folder.evidence] == ["fork-"]


def test_before_anything_is_cosigned_evidence_says_so(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path)

    with pytest.raises(RefusedError):
        witness.add_checkpoint(NOT_THE_FIRST["a proof from size 0"][0].encode(), time_s=TIME_S)

    assert [each["cosigned"] for each in kept(witness)] == [None]


def test_wrong_proofs_that_anyone_can_send_do_not_crowd_out_what_the_log_signed(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_folder, "EVIDENCE_MAX", 2)

    # given: a signed checkpoint with one wrong proof after another, and then others
    for size, wrong in ((9, 1), (9, 2), (9, 3), (10, 1), (11, 1), (12, 1)):
        with pytest.raises(RefusedError):
            witness.add_checkpoint(replace(request(5, size), proof=(bytes([wrong] * 32),)).encode(), time_s=TIME_S)
    assert len(kept(witness)) == 2

    # when
    for place in range(3):
        with pytest.raises(RefusedError):
            ask(witness, 5, 5, (b"new %d" % place, *LEAVES[1:]))

    # then: forks are kept beside them, up to as many
    assert [file.name.startswith("fork-") for file in witness.folder.evidence].count(True) == 2
    assert len(kept(witness)) == 4
