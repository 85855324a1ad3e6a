"""What a node keeps: envelopes before they are posted, receipts afterwards, and nothing that it did not check."""

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


def test_an_envelope_that_a_crash_cut_off_is_left_out(tmp_path: Path, taken: list[Kept]) -> None:
    folder, mine = ReceiptFolder(tmp_path), of_drup(taken)
    folder.keep(mine[:3])
    with (tmp_path / "stream").open("a") as stream:
        stream.write(f"{mine[3].received} {mine[3].envelope.text[:40]}")

    assert folder.kept() == mine[:3]


def test_what_a_node_keeps_is_for_its_eyes_alone(tmp_path: Path, taken: list[Kept]) -> None:
    folder = ReceiptFolder(tmp_path / "receipts")

    folder.keep(of_drup(taken))
    folder.put_outbox("some.envelopes", [of_drup(taken)[0].envelope])

    files = [file for file in (tmp_path / "receipts").rglob("*") if file.is_file()]
    assert len(files) == len(of_drup(taken)) + 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "receipts").stat().st_mode) == 0o700


def test_a_receipt_that_was_changed_or_lost_is_not_passed_over(tmp_path: Path, taken: list[Kept]) -> None:
    folder = ReceiptFolder(tmp_path)
    folder.keep(of_drup(taken))
    proof = tmp_path / "2.proof"

    proof.write_bytes(proof.read_bytes().replace(b"tlog-proof", b"tlog-prooF"))
    with pytest.raises(MalformedError):
        folder.kept()
    proof.unlink()
    with pytest.raises(SetupError, match=r"no 2\.proof"):
        folder.kept()


def test_what_was_sealed_is_in_the_outbox_until_it_is_replaced(tmp_path: Path, taken: list[Kept]) -> None:
    folder = ReceiptFolder(tmp_path)
    envelopes = [each.envelope for each in of_drup(taken)]

    assert folder.outbox("a.envelopes") == []
    folder.put_outbox("a.envelopes", envelopes)
    folder.put_outbox("b.envelopes", envelopes[:1])
    assert folder.outbox("a.envelopes") == envelopes
    folder.put_outbox("a.envelopes", envelopes[:2])
    assert folder.outbox("a.envelopes") == envelopes[:2]
    assert folder.outbox("b.envelopes") == envelopes[:1]
