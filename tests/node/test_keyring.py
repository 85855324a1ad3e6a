"""Keys at rest: for their owner alone, encrypted, and never written over."""

import stat
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ledger.errors import MalformedError, SetupError
from ledger.node.keyring import is_encrypted, new_key, read_key, write_key
from ledger.signing.keys import Algorithm

PASSPHRASE = b"correct horse"


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_a_key_that_is_written_is_read_back_and_signs_alike(tmp_path: Path, algorithm: Algorithm) -> None:
    key = new_key(algorithm)

    write_key(tmp_path / "node" / "key.pem", key, PASSPHRASE)
    again = read_key(tmp_path / "node" / "key.pem", PASSPHRASE)

    assert again.public == key.public
    assert again.public.algorithm == algorithm
    key.public.verify(again.sign(b"said"), b"said")


def test_no_two_keys_are_alike() -> None:
    assert new_key().public != new_key().public


def test_a_key_file_is_for_its_owner_alone_and_shows_nothing_without_the_passphrase(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"

    write_key(file, new_key(), PASSPHRASE)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert is_encrypted(file)
    with pytest.raises(ValueError, match="password"):
        load_pem_private_key(file.read_bytes(), b"another")


def test_a_key_may_be_left_unencrypted_where_that_is_asked_for(tmp_path: Path) -> None:
    key = new_key()

    write_key(tmp_path / "key.pem", key, None)

    assert not is_encrypted(tmp_path / "key.pem")
    assert read_key(tmp_path / "key.pem", None).public == key.public


@pytest.mark.parametrize("passphrase", [b"another", None])
def test_another_passphrase_or_none_opens_nothing(tmp_path: Path, passphrase: bytes | None) -> None:
    write_key(tmp_path / "key.pem", new_key(), PASSPHRASE)

    with pytest.raises(MalformedError, match="passphrase"):
        read_key(tmp_path / "key.pem", passphrase)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key.pem"
    write_key(file, new_key(), None)
    file.chmod(mode)

    with pytest.raises(SetupError, match="chmod 600"):
        read_key(file, None)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    first = new_key()
    write_key(file, first, None)

    with pytest.raises(SetupError, match="never written over"):
        write_key(file, new_key(), None)

    assert read_key(file, None).public == first.public


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"absent\.pem cannot be read"):
        read_key(tmp_path / "absent.pem", None)
