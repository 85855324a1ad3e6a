"""A witness's folder: nothing that it must remember is ever taken for never having been."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import witnesses
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from witnesses import COSIGNERS, KEYS, LOG, NAME, ORIGIN_HASH, OTHER_HISTORY, ask, size_of

from ledger.errors import SetupError
from ledger.operations.witness import Witness
from ledger.operations.witness_folder import WitnessFolder
from ledger.signing.cosignature import Cosigner
from ledger.signing.note import ED25519, NoteSigner, Verifier


def state_in(folder: Path) -> Path:
    return folder / "logs" / f"{ORIGIN_HASH}.json"


def check_refuses(folder: Path, running: Witness) -> None:
    """Neither a witness that is started nor one that runs cosigns or shows anything."""
    with pytest.raises(SetupError, match="not known any more"):
        witnesses.reopened(folder)
    for old in (0, 5):
        with pytest.raises(SetupError, match="not known any more"):
            ask(running, old, 9)
    with pytest.raises(SetupError, match="not known any more"):
        running.checkpoint(ORIGIN_HASH)


LOST: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "cut off": lambda state: state[:-1],
    "with a byte more": lambda state: state + b"\n",
    "at another size": lambda state: state.replace(b"\\n5\\n", b"\\n4\\n"),
    "for another log": lambda state: state.replace(b"log.example/one", b"log.example/two"),
    "without its member": lambda _: b'{"origin":"log.example/one"}',
    "with a member more": lambda state: state.replace(b"{", b'{"a":1,', 1),
    "of another shape": lambda _: b"[]",
    "with a note that is none": lambda _: b'{"cosigned":"","origin":"log.example/one"}',
    "without the log's signature": lambda state: state.replace(b"log.example/one ", b"log.example/two ", 1),
    "without one of its own": lambda state: state.replace(NAME.encode(), b"witness.example/w2", 1),
}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_a_witness_whose_state_is_damaged_serves_no_more(tmp_path: Path, lose: Callable[[bytes], bytes]) -> None:
    witness = witnesses.new_witness(tmp_path)
    ask(witness, 0, 5)
    state = state_in(tmp_path).read_bytes()

    state_in(tmp_path).write_bytes(lose(state))

    check_refuses(tmp_path, witness)
    state_in(tmp_path).write_bytes(state)  # the very file is put back
    assert ask(witnesses.reopened(tmp_path), 5, 9)


def test_a_flipped_bit_anywhere_in_its_state_is_noticed(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path, cosigners=COSIGNERS[:1])
    ask(witness, 0, 5)
    state = state_in(tmp_path).read_bytes()

    for place in range(len(state)):
        damaged = bytearray(state)
        damaged[place] ^= 1
        state_in(tmp_path).write_bytes(damaged)
        with pytest.raises(SetupError):
            ask(witness, 5, 9)

    state_in(tmp_path).write_bytes(state)
    assert ask(witness, 5, 9)


@pytest.mark.parametrize("cosigned_before", [False, True])
def test_a_witness_whose_state_is_missing_serves_no_more(tmp_path: Path, *, cosigned_before: bool) -> None:
    witness = witnesses.new_witness(tmp_path)
    if cosigned_before:
        ask(witness, 0, 5)

    state_in(tmp_path).unlink()

    check_refuses(tmp_path, witness)


def test_a_log_that_is_added_by_hand_is_not_taken_for_one_that_is_new(tmp_path: Path) -> None:
    witnesses.new_witness(tmp_path)
    said = json.loads((tmp_path / "witness.json").read_bytes())
    said["logs"].append(NoteSigner("log.example/two", LOG.key).verifier.text)
    (tmp_path / "witness.json").write_text(json.dumps(said))

    with pytest.raises(SetupError, match="not known any more"):
        witnesses.reopened(tmp_path)


def test_a_witness_is_not_made_over_another(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path)
    ask(witness, 0, 5)

    with pytest.raises(SetupError, match="never written over"):
        witnesses.new_witness(tmp_path)

    assert size_of(witnesses.reopened(tmp_path)) == 5


def test_a_witness_that_lost_its_name_and_state_is_not_made_again_with_its_keys(tmp_path: Path) -> None:
    ask(witnesses.new_witness(tmp_path, with_files=True), 0, 5)
    (tmp_path / "witness.json").unlink()
    state_in(tmp_path).unlink()

    with pytest.raises(SetupError, match="a fork's beginning"):
        witnesses.new_witness(tmp_path)

    assert not state_in(tmp_path).exists()


def test_a_witness_that_lost_its_name_alone_goes_on_from_what_it_cosigned(tmp_path: Path) -> None:
    ask(witnesses.new_witness(tmp_path, with_files=True), 0, 5)
    (tmp_path / "witness.json").unlink()

    again = witnesses.new_witness(tmp_path)

    assert size_of(again) == 5


def test_other_keys_do_not_go_on_from_what_a_witness_cosigned(tmp_path: Path) -> None:
    ask(witnesses.new_witness(tmp_path), 0, 5)
    (tmp_path / "witness.json").unlink()
    other = Cosigner(NAME, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))

    with pytest.raises(SetupError, match="not known any more"):
        witnesses.new_witness(tmp_path, cosigners=[other])


def test_a_witness_serves_with_the_keys_that_its_file_names_alone(tmp_path: Path) -> None:
    folder = witnesses.new_witness(tmp_path).folder

    for cosigners in ((), COSIGNERS[:1], COSIGNERS[::-1], (*COSIGNERS, COSIGNERS[0])):
        with pytest.raises(SetupError, match="not those that the witness's file names"):
            Witness(folder, cosigners)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{}",
        b'"witness"',
        b"\xff",
        b'{"name": "w", "keys": [], "logs": []}',
        b'{"name": "w", "keys": "w", "logs": "w"}',
        b'{"name": "w", "keys": [1], "logs": [2]}',
        b'{"name": "w", "keys": ["w+0+x"], "logs": ["w+0+x"]}',
    ],
)
def test_a_file_that_does_not_say_which_witness_it_is_makes_none(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "witness.json").write_bytes(said)

    with pytest.raises(SetupError, match=r"witness\.json|a witness "):
        WitnessFolder.open(tmp_path)


def test_where_there_is_no_witness_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="witness init"):
        WitnessFolder.open(tmp_path)


LONG = replace(LOG.verifier, name="l" * 256)


@pytest.mark.parametrize(
    ("name", "keys", "logs"),
    [
        (NAME, (), (LOG.verifier,)),
        (NAME, KEYS, ()),
        ("another.example", KEYS, (LOG.verifier,)),
        (NAME, (KEYS[0], KEYS[0]), (LOG.verifier,)),
        (NAME, (Verifier(NAME, ED25519, KEYS[0].public_key),), (LOG.verifier,)),
        (NAME, KEYS, (LONG,)),
    ],
    ids=["no keys", "no logs", "another name", "a key twice", "a log's key for its own", "a long origin"],
)
def test_keys_and_logs_that_no_witness_has_make_none(
    tmp_path: Path, name: str, keys: tuple[Verifier, ...], logs: tuple[Verifier, ...]
) -> None:
    with pytest.raises(SetupError):
        WitnessFolder.of(tmp_path, name=name, keys=keys, logs=logs)

    assert list(tmp_path.iterdir()) == []


def test_a_long_origin_is_watched_with_ed25519(tmp_path: Path) -> None:
    folder = witnesses.new_witness(tmp_path, LONG, cosigners=COSIGNERS[:1]).folder

    assert [log.origin for log in folder.logs.values()] == [LONG.name]


def test_what_a_witness_keeps_is_its_owners_alone(tmp_path: Path) -> None:
    witness = witnesses.new_witness(tmp_path / "w")
    ask(witness, 0, 9)
    with pytest.raises(Exception, match="two roots"):
        ask(witness, 9, 9, OTHER_HISTORY)

    for file in (tmp_path / "w", *(tmp_path / "w").rglob("*")):
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file
