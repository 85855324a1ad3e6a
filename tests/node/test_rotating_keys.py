"""A node changes its key at a real hub: whatever waits before, whatever fails when, one key at a time is in force."""

import itertools
import json
from pathlib import Path

import desks
import given
import httpx2 as httpx
import pytest
from desks import added, again, all_hold_receipts, answering, cases_of, flushed, profiled, refused, said, submitted
from faults import Fault, until_done

from ledger.errors import LedgerError, RuleError, SignatureError, UnavailableError
from ledger.node import flushing
from ledger.node.folder import NodeFolder
from ledger.operations.audit import audit
from ledger.operations.hub import Hub
from ledger.signing.keys import SigningKey


def key(number: int) -> SigningKey:
    return given.signing_key(f"key {number}")


def begin(folder: NodeFolder, number: int = 1) -> None:
    folder.begin_rotation(key(number), None)


def in_force(hub: Hub) -> str:
    return hub.appender.stream_of(given.DRUP)[1]


def signed_by(hub: Hub) -> list[str]:
    """The last key that signed each of the node's envelopes, by where it comes from, in order."""
    names = {key(number).public.thumbprint: f"key {number}" for number in range(100)}
    return [names.get(each.jws.kid, "first") for each in said(hub)]


def brought(hub: Hub) -> int:
    return sum(each.claims.type == "key.rotated" for each in said(hub))


def holds(hub: Hub) -> bool:
    return all(audit(hub.source("full"), signatures=setting).holds for setting in ("every", "heads"))


def test_what_waits_before_a_rotation_is_signed_by_the_old_key_and_what_waits_behind_it_by_the_new(
    hub: Hub, folder: NodeFolder
) -> None:
    before = len(said(hub))
    added(folder, submitted(1), profiled(1))
    begin(folder)
    added(folder, submitted(2))
    begin(folder, 2)
    added(folder, submitted(3))

    flushed(folder, answering(hub))

    assert signed_by(hub)[before:] == ["first", "first", "first", "key 1", "key 1", "key 2"]
    assert [number for _, number in cases_of(said(hub))] == [1, 1, 2, 3]
    assert in_force(hub) == key(2).public.thumbprint
    assert all_hold_receipts(hub, folder, since=before)
    assert holds(hub)


def test_the_key_is_kept_for_its_owner_alone_before_anything_else_and_the_old_one_stays(folder: NodeFolder) -> None:
    old = (folder.path / "key.pem").read_bytes()

    folder.begin_rotation(key(1), b"a passphrase")

    file = folder.key_file(key(1).public.thumbprint)
    assert file.name == f"key.{key(1).public.thumbprint}.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in file.read_bytes()
    assert (folder.path / "key.pem").read_bytes() == old
    assert folder.rotation() == key(1).public.thumbprint
    assert json.loads((folder.path / "member.json").read_bytes())["key"] == dict(
        given.signing_key(given.DRUP).public.jwk
    )


def test_without_a_hub_a_rotation_waits_and_the_old_key_is_in_force(hub: Hub, folder: NodeFolder) -> None:
    def gone(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    begin(folder)
    with pytest.raises(UnavailableError):
        flushed(folder, gone)

    assert folder.rotation() == key(1).public.thumbprint
    assert in_force(hub) == given.signing_key(given.DRUP).public.thumbprint
    flushed(again(folder), answering(hub))
    assert in_force(hub) == key(1).public.thumbprint
    assert folder.rotation() is None


@pytest.mark.parametrize("heard", [False, True])
def test_a_line_that_is_cut_leaves_one_rotation_and_one_key_in_force(hub: Hub, folder: NodeFolder, heard: bool) -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            if heard:
                answering(hub)(request)
            raise httpx.ReadError("cut off")
        return answering(hub)(request)

    begin(folder)
    added(folder, submitted(1))
    with pytest.raises(UnavailableError):
        flushed(folder, cut)
    flushed(again(folder), answering(hub))

    assert signed_by(hub)[-2:] == ["first", "key 1"]
    assert brought(hub) == 1
    assert holds(hub)


def test_where_another_device_was_faster_the_proof_is_given_anew(hub: Hub, folder: NodeFolder, tmp_path: Path) -> None:
    other = desks.desk(tmp_path / "other", given.founded())
    begin(folder)
    added(other, submitted(1))
    raced = False

    def racing(request: httpx.Request) -> httpx.Response:
        nonlocal raced
        if request.method == "POST" and not raced:
            raced = True
            flushed(other, answering(hub))
        return answering(hub)(request)

    flushed(folder, racing)

    assert raced
    assert [each.claims.type for each in said(hub)][-2:] == ["case.submitted", "key.rotated"]
    assert in_force(hub) == key(1).public.thumbprint


def test_a_device_without_the_key_in_force_says_which_is_missing_and_signs_nothing(
    hub: Hub, folder: NodeFolder, tmp_path: Path
) -> None:
    # given: this device sealed and sent under the old key, and another one rotated before the hub heard
    other = desks.desk(tmp_path / "other", given.founded())
    added(folder, submitted(1))
    begin(other)
    raced = False

    def racing(request: httpx.Request) -> httpx.Response:
        nonlocal raced
        if request.method == "POST" and not raced:
            raced = True
            flushed(other, answering(hub))
        return answering(hub)(request)

    # when
    refusals = []
    for answer in (racing, answering(hub), answering(hub)):
        with pytest.raises(SignatureError) as refusal:
            flushed(again(folder), answer)
        refusals.append(str(refusal.value))

    # then
    kid = key(1).public.thumbprint
    assert f"is not in force: sign with the one that is, {kid}" in refusals[0]
    assert f"in force is {kid}, and it is not in {folder.path}" in refusals[1] == refusals[2]
    assert cases_of(said(hub)) == []
    # and with the key it goes on
    (folder.path / f"key.{kid}.pem").touch(mode=0o600)
    (folder.path / f"key.{kid}.pem").write_bytes(other.key_file(kid).read_bytes())
    flushed(again(folder), answering(hub))
    assert cases_of(said(hub)) == [("case.submitted", 1)]
    assert signed_by(hub)[-2:] == ["first", "key 1"]


def test_a_rotation_waits_behind_a_draft_that_is_refused(hub: Hub, folder: NodeFolder) -> None:
    added(folder, refused())
    begin(folder)

    with pytest.raises(RuleError):
        flushed(folder, answering(hub))
    assert in_force(hub) == given.signing_key(given.DRUP).public.thumbprint
    folder.outbox.drop(1)
    flushed(folder, answering(hub))

    assert in_force(hub) == key(1).public.thumbprint


def test_a_refused_draft_behind_a_rotation_does_not_take_it_back(hub: Hub, folder: NodeFolder) -> None:
    begin(folder)
    added(folder, submitted(1), refused(), submitted(2))

    with pytest.raises(RuleError):
        flushed(folder, answering(hub))
    folder.outbox.drop(3)
    flushed(again(folder), answering(hub))

    assert signed_by(hub)[-3:] == ["first", "key 1", "key 1"]
    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.submitted", 2)]


def test_a_rotation_that_was_dropped_leaves_the_old_key_in_force(hub: Hub, folder: NodeFolder) -> None:
    begin(folder)
    added(folder, submitted(1))

    folder.outbox.drop(1)
    flushed(folder, answering(hub))

    assert folder.rotation() is None
    assert signed_by(hub)[-1] == "first"


def test_what_the_hub_took_and_denies_is_not_said_again_under_the_new_key(hub: Hub, folder: NodeFolder) -> None:
    # given: the hub takes all three, and says that it knows the key of none of them
    def lying(request: httpx.Request) -> httpx.Response:
        answer = answering(hub)(request)
        if request.method == "POST":
            return httpx.Response(403, json={"type": "/help/errors/signature", "detail": "no", "place": 0})
        return answer

    added(folder, submitted(1))
    begin(folder)
    added(folder, submitted(2))

    # when: it is asked twice, so that another key is in force than the one that signed
    for _ in range(2):
        with pytest.raises(LedgerError):
            flushed(again(folder), lying)
    flushed(again(folder), answering(hub))

    # then
    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.submitted", 2)]
    assert brought(hub) == 1


# ---------------------------------------------------------------------- killed


@pytest.mark.parametrize("how", ["before", "torn", "after"])
@pytest.mark.parametrize("batch", [1, 100])
def test_killed_at_any_step_a_rotation_is_there_once_with_all_that_waited(
    hub: Hub, folder: NodeFolder, fault: Fault, monkeypatch: pytest.MonkeyPatch, how: str, batch: int
) -> None:
    """A program that is started again goes on with the rotation that waits, and makes another only where none does."""
    monkeypatch.setattr(flushing, "BATCH_MAX", batch)
    answer = answering(hub)
    before = len(said(hub))
    made = itertools.count(1)
    expected: list[tuple[str, int]] = []

    def faulty(request: httpx.Request) -> httpx.Response:
        return fault.around(lambda: answer(request))

    def rotate() -> None:
        if again(folder).rotation() is None:
            begin(again(folder), next(made))

    for step in itertools.count():
        # given: a draft before it and one behind it
        number = 10 * step
        fault.arm(step, how)

        # when: one step of all is the last of its program
        killed = until_done(lambda: added(again(folder), submitted(number)))  # noqa: B023 - called at once
        killed += until_done(rotate)
        killed += until_done(lambda: added(again(folder), submitted(number + 1)))  # noqa: B023 - as above
        killed += until_done(lambda: flushed(again(folder), faulty))

        # then: each is in the log once, the rotation between them, and the newest key that was said is in force
        expected += [("case.submitted", number), ("case.submitted", number + 1)]
        assert cases_of(said(hub)) == expected, f"killed {how} step {step}"
        assert brought(hub) == step + 1, f"killed {how} step {step}"
        assert [each.claims.type for each in said(hub)][-3:] == ["case.submitted", "key.rotated", "case.submitted"]
        *_, old, old_again, new = (each.jws.kid for each in said(hub))
        assert old == old_again != new == in_force(hub), f"killed {how} step {step}"
        assert all_hold_receipts(hub, folder, since=before), f"killed {how} step {step}"
        assert again(folder).outbox.waiting() == []
        assert again(folder).key_file(new).name == f"key.{new}.pem"
        if not killed:
            break

    assert step >= 8
    assert holds(hub)
