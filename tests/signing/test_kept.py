"""The file of kept checkpoints: what is printed is read, and nothing else is."""

import given as alliances
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.kept import encode_kept, parse_kept
from ledger.signing.note import Note, NoteSigner

LOG = NoteSigner(alliances.ORIGIN, alliances.signing_key("log"))
WITNESS = alliances.cosigner("w.example")


def note_of(size: int, witnesses: int) -> bytes:
    note = sign_checkpoint(Checkpoint(alliances.ORIGIN, size, bytes(32)), LOG)
    lines = [WITNESS.cosign(note.text, time_s=each + 1) for each in range(witnesses)]
    return Note(note.text, (*note.signatures, *lines)).encode()


NOTES = st.lists(st.builds(note_of, st.integers(0, 10**12), st.integers(0, 3)), max_size=4)


@given(NOTES)
def test_what_is_printed_is_read_again(notes: list[bytes]) -> None:
    assert parse_kept(encode_kept(notes)) == tuple(notes)


@given(NOTES, st.data())
def test_what_is_read_is_what_would_be_printed(notes: list[bytes], data: st.DataObject) -> None:
    text = bytearray(encode_kept(notes))
    if text:
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] ^= 1 << data.draw(st.integers(0, 7))
    altered = bytes(text)

    try:
        read = parse_kept(altered)
    except MalformedError:
        return

    assert encode_kept(read) == altered


def test_each_note_stands_behind_its_length_in_decimal() -> None:
    note = note_of(7, 1)

    assert encode_kept([note, note]) == b"%d\n%s" % (len(note), note) * 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"0" + text,
        lambda text: b"+" + text,
        lambda text: b"\n" + text,
        lambda text: text + b"\n",
        lambda text: text[:-1],
        lambda text: text + b"12",
        lambda text: text + b"0\n",
        lambda text: text + b"9" * 5000 + b"\n",
        lambda text: text + b"\xff\n",
        lambda text: text + b"5\nhello",
    ],
)
def test_bytes_that_are_no_kept_checkpoints_are_refused(spoil: object) -> None:
    assert callable(spoil)

    with pytest.raises(MalformedError):
        parse_kept(spoil(encode_kept([note_of(3, 1)])))


def test_what_is_no_note_is_not_printed() -> None:
    with pytest.raises(MalformedError):
        encode_kept([b"hello"])
