"""The vault: sealed values are in no file readable, open while their keys are there, and cannot be altered unseen."""

import json
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest
from altering import drop_triggers
from kept import Kept, append, drawing, keep, sealed
from sqlalchemy import text

from ledger.errors import SetupError, TamperedError
from ledger.signing.encoding import from_base64url
from ledger.store import tables
from ledger.store.engine import Engine, reading, writing
from ledger.store.vault import Vault

WRAP = bytes(range(32))


def drawn() -> bytes:
    return bytes(32)


def kept_disclosures(kept: Kept) -> dict[int, str]:
    return {each.index: each.disclosures for each in sealed(kept, 0, len(kept.taken))}


@pytest.mark.parametrize("wrap", [None, WRAP])
def test_what_was_sealed_opens_again(story: Kept, tmp_path: Path, wrap: bytes | None) -> None:
    kept = keep(story.alliance, tmp_path, wrap=wrap)

    with reading(kept.engine) as conn:
        assert kept.vault.open(conn, 0, len(kept.taken)) == kept_disclosures(kept)
        assert list(kept.vault.open(conn, 15, 20)) == [index for index in kept_disclosures(kept) if 15 <= index < 20]


def test_what_was_sealed_of_single_entries_opens_as_a_range_of_them_does(story: Kept) -> None:
    first, second, *_, last = kept_disclosures(story)
    among = [last, 0, first, second, last, 10**9]

    with reading(story.engine) as conn:
        opened = story.vault.open_each(conn, among)

    assert opened == {index: kept_disclosures(story)[index] for index in (first, second, last)}


def test_an_event_that_has_nothing_sealed_has_no_row(story: Kept) -> None:
    with reading(story.engine) as conn:
        rows = conn.execute(tables.vault.select()).all()

    assert {index for index, _ in rows} == set(kept_disclosures(story))
    assert len(rows) < len(story.taken)


@pytest.mark.sqlites_own("PostgreSQL's files are the server's")
def test_no_file_of_the_database_holds_a_sealed_value_plain_or_encoded(
    story: Kept,
    database: str,  # noqa: ARG001 - so that it is kept there
    tmp_path: Path,
) -> None:
    kept = keep(story.alliance, tmp_path)
    texts = [text for joined in kept_disclosures(kept).values() for text in joined.split("~")]
    salts_and_values = [json.loads(from_base64url(text)) for text in texts]
    telling = [value for _, value in salts_and_values if isinstance(value, str) and len(value) > 12]
    forbidden = [*texts, *(salt for salt, _ in salts_and_values), *telling]
    forbidden += [b64encode(value.encode()).decode().rstrip("=")[:-1] for value in telling]

    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    assert {"ledger.db", "ledger.db-wal", "vault-keys.db"} <= set(files)  # the write-ahead file among them
    assert len(telling) > 3
    assert [(name, each) for name, data in files.items() for each in forbidden if each.encode() in data] == []


def test_an_entry_whose_key_was_destroyed_is_absent(altered: Kept) -> None:
    disclosures = kept_disclosures(altered)
    gone = min(disclosures)
    with sqlite3.connect(altered.folder / "vault-keys.db") as file:
        file.execute("DELETE FROM keys WHERE event_id = ?", (altered.taken[gone].event.event_id,))

    with reading(altered.engine) as conn:
        opened = altered.vault.open(conn, 0, len(altered.taken))

    assert opened == {index: value for index, value in disclosures.items() if index != gone}


@pytest.mark.parametrize("place", [0, 11, 12, 40, -1])
def test_a_changed_ciphertext_is_named_with_its_entry(altered: Kept, place: int) -> None:
    index = min(kept_disclosures(altered))
    row = tables.vault.c.index == index
    with writing(altered.engine) as conn:
        ciphertext = bytearray(conn.execute(tables.vault.select().where(row)).one().ciphertext)
        ciphertext[place] ^= 1
        conn.execute(tables.vault.update().where(row).values(ciphertext=bytes(ciphertext)))

    with reading(altered.engine) as conn, pytest.raises(TamperedError, match="was altered") as found:
        altered.vault.open(conn, 0, len(altered.taken))

    assert found.value.facts["index"] == index


@pytest.mark.parametrize("ciphertext", [b"", b"x" * 11, b"x" * 12, b"x" * 27])
def test_a_ciphertext_too_short_to_be_one_is_named(altered: Kept, ciphertext: bytes) -> None:
    with writing(altered.engine) as conn:
        conn.execute(tables.vault.update().values(ciphertext=ciphertext))

    with reading(altered.engine) as conn, pytest.raises(TamperedError) as found:
        altered.vault.open(conn, 0, len(altered.taken))

    assert found.value.facts["index"] == min(kept_disclosures(altered))


def test_the_ciphertexts_of_two_entries_cannot_be_exchanged(altered: Kept) -> None:
    first, second = sorted(kept_disclosures(altered))[:2]
    with writing(altered.engine) as conn:
        row = tables.vault.c.index
        ciphertext = conn.execute(tables.vault.select().where(row == second)).one().ciphertext
        conn.execute(tables.vault.update().where(row == first).values(ciphertext=ciphertext))

    with reading(altered.engine) as conn, pytest.raises(TamperedError):
        altered.vault.open(conn, first, second)


def test_a_row_moved_to_another_entry_does_not_open_there(altered: Kept) -> None:
    disclosures = kept_disclosures(altered)
    moved = min(disclosures)
    free = next(index for index in range(len(altered.taken)) if index not in disclosures)
    with writing(altered.engine) as conn:
        conn.execute(tables.vault.update().where(tables.vault.c.index == moved).values(index=text(str(free))))

    with reading(altered.engine) as conn, pytest.raises(TamperedError) as found:
        altered.vault.open(conn, 0, len(altered.taken))

    assert found.value.facts["index"] == free


def test_disclosures_do_not_follow_their_event_id_to_another_entry(altered: Kept) -> None:
    moved, free = min(kept_disclosures(altered)), 0
    with writing(altered.engine) as conn:
        drop_triggers(conn)
        index, vault_index = tables.entries.c.index, tables.vault.c.index
        conn.execute(tables.entries.update().where(index == free).values(event_id=""))
        conn.execute(tables.entries.update().where(index == moved).values(event_id=altered.taken[free].event.event_id))
        conn.execute(tables.entries.update().where(index == free).values(event_id=altered.taken[moved].event.event_id))
        conn.execute(tables.vault.update().where(vault_index == moved).values(index=text(str(free))))

    with reading(altered.engine) as conn, pytest.raises(TamperedError) as found:
        altered.vault.open(conn, 0, len(altered.taken))

    assert found.value.facts["index"] == free


def test_a_key_that_is_there_is_never_written_over(story: Kept, tmp_path: Path) -> None:
    kept = keep(story.alliance, tmp_path)

    kept.vault.put_keys({taken.event.event_id: bytes(32) for taken in kept.taken})

    with reading(kept.engine) as conn:
        assert kept.vault.open(conn, 0, len(kept.taken)) == kept_disclosures(kept)


def test_a_key_left_by_a_transaction_that_failed_serves_the_next(story: Kept, empty: Engine, tmp_path: Path) -> None:
    draw = drawing()
    vault = Vault.create(tmp_path / "vault-keys.db", wrap=None, draw=lambda: next(draw))
    kept = Kept(story.alliance, story.taken, empty, vault, tmp_path)
    ids = [taken.event.event_id for taken in kept.taken]

    def store(*, fails: bool) -> None:
        vault.put_keys({event_id: next(draw) for event_id in ids})
        with writing(empty) as conn:
            append(conn, kept, 0, len(ids))
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store(fails=True)
    with reading(empty) as conn:
        assert vault.open(conn, 0, len(ids)) == {}

    store(fails=False)

    with reading(empty) as conn:
        assert vault.open(conn, 0, len(ids)) == kept_disclosures(kept)


def test_the_key_file_is_its_owners_alone_and_leaves_no_log_beside_it(story: Kept, tmp_path: Path) -> None:
    keep(story.alliance, tmp_path)

    assert (tmp_path / "vault-keys.db").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.glob("vault-keys*")] == ["vault-keys.db"]
    with sqlite3.connect(tmp_path / "vault-keys.db") as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_that_others_may_read_is_refused(altered: Kept, mode: int) -> None:
    file = altered.folder / "vault-keys.db"
    file.chmod(mode)

    with pytest.raises(SetupError, match="chmod 600"):
        Vault(file, wrap=None, draw=drawn)


def test_a_missing_key_file_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is missing"):
        Vault(tmp_path / "vault-keys.db", wrap=None, draw=drawn)

    assert list(tmp_path.iterdir()) == []


def test_a_key_file_is_never_made_over_another(altered: Kept) -> None:
    file = altered.folder / "vault-keys.db"
    before = file.read_bytes()

    with pytest.raises(SetupError, match="already"):
        Vault.create(file, wrap=None, draw=drawn)

    assert file.read_bytes() == before


def test_a_file_that_is_no_key_file_is_the_operators(tmp_path: Path) -> None:
    file = tmp_path / "vault-keys.db"
    file.write_bytes(b"no database " * 100)
    file.chmod(0o600)

    with pytest.raises(SetupError, match="cannot be used"):
        Vault(file, wrap=None, draw=drawn).put_keys({"x": bytes(32)})


def test_wrapped_keys_are_not_in_their_file_and_open_under_their_wrap_alone(story: Kept, tmp_path: Path) -> None:
    kept = keep(story.alliance, tmp_path, wrap=WRAP)
    file = tmp_path / "vault-keys.db"

    for wrap in (bytes(32), None):
        other = Vault(file, wrap=wrap, draw=drawn)
        with reading(kept.engine) as conn, pytest.raises(SetupError, match="vault_wrap_key"):
            other.open(conn, 0, len(kept.taken))
    draw = drawing()
    assert not any(next(draw) in file.read_bytes() for _ in range(200))
