"""The audit: from public evidence alone, every step, and what it says when one fails."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from forged import SIZE, Altered, entries_of, flipped, read, rebuilt_by_the_hub, told

from ledger.operations.audit import Audit, Before, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.source import FolderSource, ZipSource
from ledger.signing import canonical
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.entry import Entry
from ledger.signing.envelope import Claims, sign
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSigner


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full bundle of a small ledger in which a patient was treated and assessed."""
    folder = tmp_path_factory.mktemp("audited")
    alliance = told()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    return folder / "bundle.zip"


def audited(bundle: Path, files: dict[str, bytes | None] | None = None, **options: object) -> Audit:
    with ZipSource(bundle) as source:
        return audit(Altered(source, files or {}), **options)  # type: ignore[arg-type]  # options of audit, by name


# ---------------------------------------------------------------------- what holds


def test_a_bundle_of_an_honest_hub_holds_and_says_what_was_checked(bundle: Path) -> None:
    pin = given.treated().memorandum.hash

    found = audited(bundle, pin=pin)

    assert found.holds
    assert found.pinned
    assert sorted(found.passed) == [1, 2, 3, 4, 5, 6, 7, 9, 10]
    assert sum(each.events for each in found.contributed) == SIZE


def test_without_a_pin_the_audit_says_that_it_is_self_consistency_only(bundle: Path) -> None:
    found = audited(bundle)

    assert found.holds
    assert not found.pinned


def test_a_bundle_with_every_disclosure_left_out_holds_with_the_same_digest(bundle: Path, tmp_path: Path) -> None:
    with ZipSource(bundle) as source:
        write_bundle(source, tmp_path / "clear.zip", view="clear")

    clear, full = audited(tmp_path / "clear.zip"), audited(bundle)

    assert clear.holds
    assert clear.digest == full.digest
    assert (clear.shown, clear.withheld) == (0, full.shown)


def test_equal_history_gives_equal_bytes(bundle: Path, tmp_path: Path) -> None:
    with ZipSource(bundle) as source:
        write_bundle(source, tmp_path / "again.zip", view="full")

    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_a_folder_of_the_same_files_holds_too(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as files:
        files.extractall(tmp_path)

    assert audit(FolderSource(tmp_path)).holds


def test_what_an_earlier_audit_saw_is_found_again(bundle: Path) -> None:
    remembered = rebuilt_by_the_hub(entries_of(bundle)[:12])["checkpoint"]

    found = audited(bundle, before=Before(remembered))

    assert found.holds
    assert "12 entries seen before" in found.passed[3]


# ---------------------------------------------------------------------- what does not


def test_another_memorandum_than_the_pinned_one_fails_step_1(bundle: Path) -> None:
    found = audited(bundle, pin=bytes(32))

    assert found.failure is not None
    assert found.failure.step == 1


def test_a_checkpoint_by_another_key_fails_step_2(bundle: Path) -> None:
    note = Note.parse(read(bundle, "checkpoint"))
    stranger = NoteSigner(given.ORIGIN, given.signing_key("stranger"))
    forged = sign_checkpoint(Checkpoint.parse(note.text), stranger).encode()

    found = audited(bundle, {"checkpoint": forged})

    assert found.failure is not None
    assert found.failure.step == 2


def test_a_rollback_fails_step_3(bundle: Path) -> None:
    longer = sign_checkpoint(Checkpoint(given.ORIGIN, SIZE + 1, bytes(32)), hubs.LOG).encode()

    found = audited(bundle, before=Before(longer))

    assert found.failure is not None
    assert found.failure.step == 3
    assert "rolled back" in found.failure.message


def test_a_fork_fails_step_3(bundle: Path) -> None:
    other = sign_checkpoint(Checkpoint(given.ORIGIN, 12, bytes(32)), hubs.LOG).encode()

    found = audited(bundle, before=Before(other))

    assert found.failure is not None
    assert found.failure.step == 3
    assert "forked" in found.failure.message


@pytest.mark.parametrize("index", [0, 7, SIZE - 1])
def test_audit_names_the_first_altered_entry(bundle: Path, index: int) -> None:
    leaves = entries_of(bundle)
    place = sum(2 + len(leaf) for leaf in leaves[:index]) + 2 + 40
    path = f"tile/entries/000.p/{SIZE}"

    found = audited(bundle, {path: flipped(read(bundle, path), place)})

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (4, index)


def test_a_hub_that_alters_an_entry_and_rebuilds_the_tree_is_caught_by_the_signature(bundle: Path) -> None:
    leaves = entries_of(bundle)
    entry = Entry.parse(leaves[9])
    header, payload, signature = entry.jws.split(".")
    leaves[9] = Entry(entry.received, f"{header}.{payload}.{signature[:-6]}AAAAAA").leaf

    found = audited(bundle, rebuilt_by_the_hub(leaves))

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (5, 9)


def test_a_hub_that_drops_an_entry_and_rebuilds_the_tree_is_caught_by_the_stream(bundle: Path) -> None:
    leaves = entries_of(bundle)
    del leaves[SIZE - 3]

    files = rebuilt_by_the_hub(leaves)
    width = SIZE - 1
    files[f"digests/000.p/{width}"] = read(bundle, f"digests/000.p/{SIZE}")[: 32 * width]
    files[f"disclosures/000.p/{width}"] = b"\n" * width
    first = read(bundle, f"digests/000.p/{SIZE}")[:32]
    files["digest"] = sign_checkpoint(Checkpoint(f"{given.ORIGIN}/cohort-database", 1, first), hubs.LOG).encode()
    found = audited(bundle, files, view="clear")

    assert found.failure is not None
    assert (found.failure.step, found.failure.index, found.failure.node) == (5, SIZE - 3, given.DRUP)
    assert "seq" in found.failure.message


def test_two_entries_received_in_the_wrong_order_fail_step_4(bundle: Path) -> None:
    leaves = entries_of(bundle)
    entry = Entry.parse(leaves[20])
    leaves[20] = Entry(given.START, entry.jws).leaf

    found = audited(bundle, rebuilt_by_the_hub(leaves))

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (4, 20)


def digests(data: bytes) -> bytes:
    return flipped(data, 32 * 11 + 5)


def missing_disclosure(data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines[SIZE - 2] = b"~".join(lines[SIZE - 2].split(b"~")[1:])
    return b"\n".join(lines)


def swapped_disclosures(data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines[SIZE - 1], lines[SIZE - 2] = lines[SIZE - 2], lines[SIZE - 1]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("path", "alter", "step", "index"),
    [
        (f"digests/000.p/{SIZE}", digests, 6, 11),
        (f"digests/000.p/{SIZE}", lambda data: data[:-1], 6, 0),
        (f"disclosures/000.p/{SIZE}", missing_disclosure, 7, SIZE - 2),
        (f"disclosures/000.p/{SIZE}", swapped_disclosures, 7, SIZE - 2),
        (f"disclosures/000.p/{SIZE}", lambda data: data[:-1], 7, 0),
        (f"tile/0/000.p/{SIZE}", lambda data: flipped(data, 5), 4, 0),
        (f"tile/0/000.p/{SIZE}", lambda data: data[:-32], 4, 0),
        (f"tile/entries/000.p/{SIZE}", lambda data: data[:-1], 4, 0),
        (f"tile/entries/000.p/{SIZE}", lambda _: None, 4, 0),
        ("checkpoint", lambda data: data.replace(b"\n30\n", b"\n29\n"), 2, None),
        ("checkpoint", lambda _: None, 2, None),
        ("memorandum", lambda data: data.replace(b"DRUP", b"DROP"), 6, 0),
        ("memorandum", lambda data: data + b" ", 1, None),
        ("digest", lambda data: data.replace(b"\n30\n", b"\n29\n"), 2, None),
        ("view", lambda _: canonical.dump({"view": 1}), 7, None),
    ],
)
def test_a_file_that_was_changed_fails_its_step(
    bundle: Path, path: str, alter: Callable[[bytes], bytes | None], step: int, index: int | None
) -> None:
    found = audited(bundle, {path: alter(read(bundle, path))})

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (step, index)


def test_a_digest_that_the_hub_signed_wrongly_fails_step_6(bundle: Path) -> None:
    note = Checkpoint(f"{given.ORIGIN}/cohort-database", SIZE, bytes(32))

    found = audited(bundle, {"digest": sign_checkpoint(note, hubs.LOG).encode()})

    assert found.failure is not None
    assert found.failure.step == 6


def with_one_more(bundle: Path, claims: Claims, key: SigningKey) -> dict[str, bytes | None]:
    """An entry that the hub adds at the end, and all that it can forge around it."""
    leaves = entries_of(bundle)
    leaves.append(Entry(Entry.parse(leaves[-1]).received, sign(claims, [], key).jws.text).leaf)
    files = rebuilt_by_the_hub(leaves)
    files[f"digests/000.p/{SIZE + 1}"] = read(bundle, f"digests/000.p/{SIZE}") + bytes(32)
    files[f"disclosures/000.p/{SIZE + 1}"] = b"\n" * (SIZE + 1)
    return files


def test_an_event_that_the_hub_inserts_with_a_key_of_its_own_fails_step_5(bundle: Path) -> None:
    claims = told().claims(given.DRUP, "case.submitted", {"case": given.case(5), "on": "2021-11-16"})

    found = audited(bundle, with_one_more(bundle, claims, given.signing_key("log")), view="clear")

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (5, SIZE)


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        (lambda _: {"seq": 99}, "seq"),
        (lambda _: {"prev": bytes(32)}, "prev"),
        (lambda last: {"event_id": last.event_id}, "is taken"),
    ],
)
def test_an_event_that_a_node_signed_for_another_place_fails_step_5(
    bundle: Path, fields: Callable[[Claims], dict[str, Any]], because: str
) -> None:
    alliance = told()
    claims = alliance.claims(given.DRUP, "case.submitted", {"case": given.case(5), "on": "2021-11-16"})
    misplaced = replace(claims, **fields(alliance.heard[-1].envelope.claims))

    files = with_one_more(bundle, misplaced, alliance.key(given.DRUP))
    found = audited(bundle, files, view="clear")

    assert found.failure is not None
    assert (found.failure.step, found.failure.index, found.failure.node) == (5, SIZE, given.DRUP)
    assert because in found.failure.message


@pytest.mark.parametrize("view", ["", "banana", "Full", "node:", "node:Drup", "grant:x y"])
def test_a_view_that_the_audit_cannot_check_fails_step_7_whoever_names_it(bundle: Path, view: str) -> None:
    withheld: dict[str, bytes | None] = {f"disclosures/000.p/{SIZE}": b"\n" * SIZE}

    stated = audited(bundle, withheld | {"view": canonical.dump({"view": view})})
    expected = audited(bundle, withheld, view=view)

    for found in (stated, expected):
        assert found.failure is not None
        assert (found.failure.step, found.failure.index) == (7, None)
        assert "view" in found.failure.message


def test_a_view_of_one_caller_holds_what_that_caller_is_shown(bundle: Path) -> None:
    withheld: dict[str, bytes | None] = {f"disclosures/000.p/{SIZE}": b"\n" * SIZE}

    of_the_node, of_another, of_a_grant = (
        audited(bundle, withheld, view=view)
        for view in (f"node:{given.DRUP}", "node:nobody-xx", "grant:auditor-of-2022")
    )

    assert of_the_node.failure is not None
    assert of_the_node.failure.step == 7
    assert (of_another.holds, of_a_grant.holds) == (True, True)
    assert of_another.shown == 0
