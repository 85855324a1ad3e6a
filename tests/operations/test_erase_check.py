"""The search for what was erased: finds it wherever it lies in whatever form, shows no value, says what it cannot."""

import re
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import erased
import given
import hubs
import pytest
from given import DRUP, PROTARGET, case
from hypothesis import given as for_all
from hypothesis import strategies as st

from ledger.errors import NotFoundError, RefusedError, SetupError
from ledger.operations.erase_check import Checked, check_erased
from ledger.operations.hub import Hub
from ledger.operations.needles import Needles

SECRET = f"{erased.SECRET} (1)"


@pytest.fixture
def alliance() -> given.Alliance:
    return erased.told()


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Hub:
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    return hub


def checked(
    tmp_path: Path, *values: str, number: int = 1, node: str | None = None, also: Path | None = None
) -> Checked:
    settings = hubs.settings_in(tmp_path)
    return check_erased(settings, case(number), node=node, values=values, also=[also] if also else [])


def test_before_the_erasure_each_ciphertext_and_key_is_named(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    found = checked(tmp_path)

    assert (found.node, found.entries, found.erased) == (DRUP, 6, 0)
    assert {each.where for each in found.found} == {"the vault's ciphertexts", "the vault's keys"}
    assert len(found.found) == 2 * 4
    assert found.notes[0] == "no erasure of this case is in the log"


def test_after_it_nothing_is_found_of_this_case_and_the_other_is_as_it_was(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    hub.post([erased.erases(alliance).text])

    found, other = checked(tmp_path, SECRET), checked(tmp_path, number=2)

    assert (found.entries, found.erased, found.found) == (6, 6, ())
    assert found.searched >= 4
    assert len(other.found) == 2 * 4
    assert any("key file" in each for each in found.out_of_reach)


def test_what_was_said_after_the_erasure_is_found(tmp_path: Path, hub: Hub, alliance: given.Alliance) -> None:
    erased.erases(alliance)
    later = alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH).event.index
    hubs.post(hub, alliance)

    found = checked(tmp_path)

    assert [each.what for each in found.found] == [f"that of entry {later}, which no erasure covers"] * 2


def test_a_value_is_found_in_any_file_in_any_form_and_is_not_shown(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    hub.post([erased.erases(alliance).text])
    hub.engine.dispose()
    forms = {
        "plain": SECRET.encode(),
        "in base64": b64encode(b"??" + SECRET.encode() + b"??"),
        "in base64 ": urlsafe_b64encode(b"?" + SECRET.encode()),
    }
    for name in ("left.tmp", "ledger.db-old", "deep/er/hub.log", "vault-keys.db.bak"):
        for form, spelt in forms.items():
            file = tmp_path / "hub" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"." * ((1 << 20) - 7) + spelt)  # over the edge of what is read at once

            found = checked(tmp_path, SECRET)

            (place,) = found.found
            assert place.where == str(file)
            assert re.fullmatch(rf"value 1 {form.strip()}, at byte 10485\d\d", place.what)
            assert SECRET not in repr(found)
            file.unlink()


def test_a_value_is_found_in_what_is_named_beside_the_hubs_own_files(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    hub.post([erased.erases(alliance).text])
    (tmp_path / "service.log").write_text(SECRET)

    assert checked(tmp_path, SECRET).found == ()
    assert len(checked(tmp_path, SECRET, also=tmp_path / "service.log").found) == 1


def test_what_is_named_and_is_not_there_was_not_searched(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    with pytest.raises(NotFoundError, match=r"there is no .*service\.log"):
        checked(tmp_path, SECRET, also=tmp_path / "service.log")


def test_a_file_that_cannot_be_read_was_not_searched(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.engine.dispose()
    log = tmp_path / "service.log"
    log.write_text(SECRET)
    opened = Path.open

    def refused(file: Path, *how: Any, **more: Any) -> Any:
        if file == log:
            raise PermissionError(13, "Permission denied")
        return opened(file, *how, **more)

    monkeypatch.setattr(Path, "open", refused)

    with pytest.raises(SetupError, match=r"service\.log cannot be searched: Permission denied"):
        checked(tmp_path, SECRET, also=log)


def test_an_envelope_that_the_node_kept_is_searched_for_by_all_that_it_discloses(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    hub.post([erased.erases(alliance).text])
    envelope = next(heard.envelope for heard in alliance.heard if SECRET in _texts(heard))
    basis = next(each for each in envelope.disclosures if each.value == SECRET)
    (tmp_path / "hub" / "a.tmp").write_text(basis.text)
    (tmp_path / "hub" / "b.tmp").write_bytes(b64encode(SECRET.encode()))

    found = checked(tmp_path, envelope.text)
    by_disclosure = checked(tmp_path, basis.text)

    assert {Path(each.where).name for each in found.found} == {"a.tmp", "b.tmp"}
    assert {Path(each.where).name for each in by_disclosure.found} == {"a.tmp", "b.tmp"}
    assert found.values > by_disclosure.values > 1


def _texts(heard: given.Heard) -> list[object]:
    return [each.value for each in heard.envelope.disclosures]


def test_what_is_too_short_to_tell_is_counted_and_not_searched_for(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    found = checked(tmp_path, "57", "PR", "", "   ")

    assert (found.values, found.skipped) == (0, 2)


def test_what_the_log_says_in_the_clear_is_counted_and_not_searched_for(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    found = checked(tmp_path, "dabrafenib", "known to nobody")

    assert (found.values, found.clear) == (1, 1)
    assert all(each.where.startswith("the vault") for each in found.found)


def test_a_case_that_nobody_told_of_is_not_looked_for(tmp_path: Path, hub: Hub) -> None:
    hub.engine.dispose()

    with pytest.raises(NotFoundError, match="nobody has told"):
        checked(tmp_path, number=9)
    with pytest.raises(NotFoundError, match="protarget-dk has told"):
        checked(tmp_path, node=PROTARGET)


def test_of_a_handle_that_two_nodes_have_it_must_be_said_whose(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    alliance.runs_trial(PROTARGET)
    alliance.says(PROTARGET, "case.submitted", {"case": case(1), "on": "2021-11"})
    hubs.post(hub, alliance)

    with pytest.raises(RefusedError, match="drup-nl and protarget-dk have a case"):
        checked(tmp_path)
    assert checked(tmp_path, node=PROTARGET).entries == 1


@for_all(st.binary(min_size=6, max_size=40), st.binary(max_size=4), st.binary(max_size=4))
def test_every_value_is_found_within_base64_of_anything_around_it(value: bytes, before: bytes, after: bytes) -> None:
    text = value.hex()
    needles = Needles.of([text]).needles

    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(before + text.encode() + after)
        assert any(each.data in encoded for each in needles)
    assert all(len(each.data) >= len(text) for each in needles)
    assert text not in repr(needles)
