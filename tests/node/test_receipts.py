"""What a node keeps of what was taken: its envelopes and their receipts, and nothing that it did not check."""

import stat
from dataclasses import replace
from pathlib import Path

import given
import hubs
import pytest

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, ProofError, SetupError, SignatureError
from ledger.node.receipts import Kept, ReceiptChecker, ReceiptFolder
from ledger.signing.note import ED25519, Verifier
from ledger.store.engine import reading
from ledger.store.entries import read_entries


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return given.treated()


@pytest.fixture(scope="module")
def taken(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    """What a hub answered to everything that the alliance said."""
    hub = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    answers = hubs.post(hub, alliance)
    with reading(hub.engine) as connection:
        entries = list(read_entries(connection, 0, len(answers)))
    hub.engine.dispose()
    return [
        Kept(heard.envelope, entry.received, receipt)
        for heard, entry, (_, receipt) in zip(alliance.heard, entries, answers, strict=True)
    ]


def of_drup(taken: list[Kept]) -> list[Kept]:
    return [each for each in taken if each.envelope.claims.node == given.DRUP]


def test_every_receipt_of_a_hub_holds(alliance: given.Alliance, taken: list[Kept]) -> None:
    checker = ReceiptChecker(alliance.memorandum)

    for each in taken:
        checker.check(each)


def test_a_receipt_holds_for_its_own_envelope_at_its_own_time_and_place_only(
    alliance: given.Alliance, taken: list[Kept]
) -> None:
    checker = ReceiptChecker(alliance.memorandum)
    good, other = taken[3], taken[4]
    forged = [
        good._replace(envelope=other.envelope),
        good._replace(received="2021-11-16T09:30:00.123Z"),
        good._replace(receipt=other.receipt),
        good._replace(receipt=replace(good.receipt, index=4)),
        good._replace(receipt=replace(good.receipt, proof=good.receipt.proof[:-1])),
    ]

    for each in forged:
        with pytest.raises(ProofError) as refusal:
            checker.check(each)
        assert refusal.value.facts["seq"] == each.envelope.claims.seq


def test_a_receipt_under_another_logs_key_is_refused(taken: list[Kept]) -> None:
    content = given.memorandum_of(*given.FOUNDERS)
    others = Verifier(given.ORIGIN, ED25519, given.signing_key("another").public.raw).text
    checker = ReceiptChecker(Memorandum.of({**content, "log_key": others}))

    with pytest.raises(SignatureError):
        checker.check(taken[0])


def test_what_was_kept_is_read_back_in_the_order_of_the_stream(tmp_path: Path, taken: list[Kept]) -> None:
    folder, mine = ReceiptFolder(tmp_path / "receipts"), of_drup(taken)

    folder.keep(mine[2:])
    folder.keep(mine[:2])
    folder.keep(mine[1:3])  # a repost, after a crash

    assert folder.kept() == mine


def test_a_line_that_a_crash_cut_off_is_left_out_and_written_over(tmp_path: Path, taken: list[Kept]) -> None:
    folder, mine = ReceiptFolder(tmp_path), of_drup(taken)
    folder.keep(mine[:3])
    with (tmp_path / "stream").open("a") as stream:
        stream.write(f"3 {mine[3].received} {mine[3].envelope.text[:40]}")

    assert folder.kept() == mine[:3]
    folder.keep(mine[3:])
    assert folder.kept() == mine


def test_what_a_node_keeps_is_for_its_eyes_alone(tmp_path: Path, taken: list[Kept]) -> None:
    folder = ReceiptFolder(tmp_path / "receipts")

    folder.keep(of_drup(taken))

    assert stat.S_IMODE((tmp_path / "receipts" / "stream").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "receipts").stat().st_mode) == 0o700


def test_a_receipt_that_was_changed_is_not_passed_over(tmp_path: Path, taken: list[Kept]) -> None:
    ReceiptFolder(tmp_path).keep(of_drup(taken))
    good = (tmp_path / "stream").read_bytes().split(b"\n")

    for line, altered in ((1, b"7" + good[1][1:]), (2, good[2][:-1]), (3, good[3].replace(b" ", b"  ", 1)), (0, b"")):
        (tmp_path / "stream").write_bytes(b"\n".join([*good[:line], altered, *good[line + 1 :]]))
        with pytest.raises(MalformedError, match="was altered") as refusal:
            ReceiptFolder(tmp_path).kept()
        assert refusal.value.facts["line"] == line + 1


def test_a_receipt_that_was_lost_is_missed_by_its_seq(tmp_path: Path, taken: list[Kept]) -> None:
    folder, mine = ReceiptFolder(tmp_path), of_drup(taken)
    folder.keep([*mine[:2], mine[3]])

    assert folder.of([3, 0]) == [mine[0], mine[3]]
    with pytest.raises(SetupError, match="with seq 2"):
        folder.of([1, 2, 3])


def test_what_contradicts_a_receipt_is_kept_beside_it(tmp_path: Path, taken: list[Kept]) -> None:
    folder, mine = ReceiptFolder(tmp_path), of_drup(taken)
    elsewhere = mine[1]._replace(receipt=replace(mine[1].receipt, index=99))

    folder.keep([mine[0], mine[1], elsewhere])

    assert folder.kept() == [mine[0], mine[1], elsewhere]
