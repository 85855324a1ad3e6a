"""The outbox of a node, flushed to a real hub: whatever fails where, each draft is in the log once, in order."""

import json
from pathlib import Path

import desks
import given
import httpx2 as httpx
import pytest
from desks import added, again, all_hold_receipts, answering, cases_of, flushed, profiled, refused, said, submitted

from ledger.errors import ConflictError, LedgerError, RuleError, TamperedError, UnavailableError
from ledger.node import flushing, outbox
from ledger.node.flushing import repost
from ledger.node.folder import NodeFolder
from ledger.node.rotation import StreamEnd
from ledger.operations.evidence import RefusedPost, read_evidence
from ledger.operations.hub import Hub
from ledger.signing import jws as statements
from ledger.signing.canonical import Json
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Envelope, parse
from ledger.signing.refusal import read_refusal


def gone(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route")


def test_what_waits_is_sealed_posted_in_order_and_proved(hub: Hub, folder: NodeFolder) -> None:
    before = len(said(hub))
    added(folder, submitted(1), profiled(1), submitted(2))

    taken = flushed(folder, answering(hub))

    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.profiled", 1), ("case.submitted", 2)]
    assert [(each.is_new, each.state) for each in taken] == [(True, "published")] * 3
    assert folder.outbox.waiting() == []
    assert all_hold_receipts(hub, folder, since=before)
    assert flushed(folder, gone) == []  # nothing waits, so nobody is asked


def test_without_a_hub_drafts_wait_and_nothing_is_sealed(hub: Hub, folder: NodeFolder) -> None:
    added(folder, submitted(1))

    with pytest.raises(UnavailableError):
        flushed(folder, gone)

    assert folder.outbox.under_way() == []
    assert [each.number for each in folder.outbox.waiting()] == [1]
    flushed(folder, answering(hub))
    assert cases_of(said(hub)) == [("case.submitted", 1)]


def test_a_long_queue_goes_in_posts_that_the_hub_takes(
    hub: Hub, folder: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing, "BATCH_MAX", 3)
    sizes: list[int] = []

    def counting(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sizes.append(len(json.loads(request.content)["events"]))
        return answering(hub)(request)

    added(folder, *(submitted(number) for number in range(8)))
    flushed(folder, counting)
    longest = max(len(each.envelope.text) for each in folder.receipts.kept())
    monkeypatch.setattr(flushing, "BATCH_BYTES_MAX", 2 * longest + 1)
    added(folder, *(submitted(number) for number in range(8, 13)))
    flushed(folder, counting)

    assert sizes == [3, 3, 2, 2, 2, 1]
    assert cases_of(said(hub)) == [("case.submitted", number) for number in range(13)]


# ---------------------------------------------------------------------- refusals


def test_a_refused_draft_stops_the_queue_and_what_was_before_it_is_taken(hub: Hub, folder: NodeFolder) -> None:
    added(folder, submitted(1), refused(), submitted(2))

    with pytest.raises(RuleError, match="needs a definition of cohort nowhere") as refusal:
        flushed(folder, answering(hub))

    assert refusal.value.facts["draft"] == 2
    assert cases_of(said(hub)) == [("case.submitted", 1)]
    stopped = again(folder).outbox
    assert [each.number for each in stopped.waiting()] == [2, 3]
    standing = stopped.refusal()
    assert standing is not None
    assert (standing.number, standing.error) == (2, "rule")
    assert "needs a definition" in standing.reason


def test_once_the_refused_draft_is_dropped_the_others_go_and_it_is_kept_aside(hub: Hub, folder: NodeFolder) -> None:
    added(folder, submitted(1), refused(), submitted(2))
    with pytest.raises(RuleError):
        flushed(folder, answering(hub))

    (dropped,) = folder.outbox.drop(2)
    flushed(again(folder), answering(hub))

    assert dropped.text == refused()
    assert (folder.path / "outbox" / "dropped" / "2.jsonl").read_text() == f"{refused()}\n"
    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.submitted", 2)]


def test_a_refused_draft_is_taken_once_what_it_needs_is_there(
    hub: Hub, folder: NodeFolder, alliance: given.Alliance
) -> None:
    enrolled = json.dumps({"type": "supply.available", "data": {"regimen": given.DRUGS, "on": "2021-01"}})
    unknown = json.dumps({"type": "resolution.endorsed", "data": {"resolution": "small"}})
    added(folder, enrolled, unknown)
    with pytest.raises(RuleError):
        flushed(folder, answering(hub))

    others = desks.desk(folder.path.parent / "other", alliance, given.PROTARGET)
    proposed = given.resolution("small", "design", given.SMALL)
    added(others, json.dumps({"type": "resolution.proposed", "data": proposed}))
    flushed(others, answering(hub))
    (taken,) = flushed(again(folder), answering(hub))

    assert taken.kept.envelope.claims.type == "resolution.endorsed"
    assert folder.outbox.refusal() is None


def test_the_signed_refusal_is_kept_with_the_envelopes_of_its_post(
    hub: Hub, folder: NodeFolder, alliance: given.Alliance
) -> None:
    added(folder, profiled(1), refused(), submitted(2))
    with pytest.raises(RuleError):
        flushed(folder, answering(hub))

    (file,) = (folder.path / "refusals").iterdir()
    evidence = read_evidence(file)

    assert isinstance(evidence, RefusedPost)
    posted = [parse(text) for text in evidence.envelopes]
    assert [each.claims.type for each in posted] == ["case.profiled", "cohort.opened"]
    assert [each.disclosures for each in posted] == [(), ()]
    stated = read_refusal(evidence.refusal, alliance.memorandum.log_key)
    assert [*stated.before, stated.envelope] == [each.hash for each in posted]


def refusal_by(signer: str, envelope: Envelope) -> str:
    """A refusal of one envelope as the log signs them, by whoever holds this key."""
    statement: dict[str, Json] = {
        "origin": given.ORIGIN,
        "size": 9,
        "received": "2021-11-16T09:30:00.123Z",
        "envelope": to_base64url(envelope.hash),
        "before": [],
        "reason": "no",
    }
    return statements.sign(statement, typ="cohort-refusal+jwt", key=given.signing_key(signer)).text


@pytest.mark.parametrize("refusal", ["none", "not a JWS", "by a thief", "of another envelope"])
def test_who_refuses_without_the_logs_signature_is_not_believed(
    hub: Hub, folder: NodeFolder, alliance: given.Alliance, refusal: str
) -> None:
    def forging(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return answering(hub)(request)
        told = {"type": "/help/errors/conflict", "detail": "no", "place": 0}
        if refusal == "none":
            return httpx.Response(409, json=told)
        posted = parse(json.loads(request.content)["events"][0])
        signed = {
            "not a JWS": "not.a.jws",
            "by a thief": refusal_by("a thief", posted),
            "of another envelope": refusal_by("log", alliance.heard[0].envelope),
        }[refusal]
        return httpx.Response(409, json={**told, "refusal": signed})

    added(folder, submitted(1))
    with pytest.raises(UnavailableError, match="refuses"):
        flushed(folder, forging)

    (sealed,) = folder.outbox.under_way()  # may be in the log: it is sent again as it is
    flushed(again(folder), answering(hub))
    assert said(hub)[-1].jws.text == sealed.envelope.jws.text


def test_a_place_that_no_post_has_is_no_refusal(hub: Hub, folder: NodeFolder) -> None:
    def strange(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return answering(hub)(request)
        return httpx.Response(400, json={"type": "/help/errors/malformed", "detail": "no", "place": 5})

    added(folder, submitted(1))
    with pytest.raises(LedgerError):
        flushed(folder, strange)

    assert len(folder.outbox.under_way()) == 1


def test_a_receipt_that_does_not_hold_is_an_alarm_and_the_draft_is_not_called_taken(
    hub: Hub, folder: NodeFolder
) -> None:
    def lying(request: httpx.Request) -> httpx.Response:
        answer = answering(hub)(request)
        if request.method == "POST":
            events = answer.json()["events"]
            events[0]["received"] = "2021-11-16T09:30:00.123Z"
            return httpx.Response(201, json={"events": events})
        return answer

    added(folder, submitted(1))
    with pytest.raises(TamperedError):
        flushed(folder, lying)

    assert len(folder.outbox.under_way()) == 1
    assert folder.receipts.kept() == []


# ---------------------------------------------------------------------- a hub with another history


def test_nothing_is_signed_for_a_hub_that_lost_what_the_node_holds_receipts_for(
    hub: Hub, restored: Hub, folder: NodeFolder
) -> None:
    added(folder, submitted(1))
    flushed(folder, answering(hub))
    added(folder, submitted(2))

    with pytest.raises(TamperedError, match="rolled back"):
        flushed(folder, answering(restored))

    assert folder.outbox.under_way() == []
    assert cases_of(said(restored)) == []
    assert len(folder.outbox.waiting()) == 1


def test_nothing_is_signed_for_a_hub_that_has_another_end_of_the_nodes_stream(
    hub: Hub, restored: Hub, folder: NodeFolder, tmp_path: Path, alliance: given.Alliance
) -> None:
    added(folder, submitted(1))
    flushed(folder, answering(hub))
    misled = desks.desk(tmp_path / "misled", alliance)
    added(misled, submitted(2))
    flushed(misled, answering(restored))
    added(folder, submitted(3))

    with pytest.raises(TamperedError, match="forked"):
        flushed(folder, answering(restored))

    assert folder.outbox.under_way() == []


def test_a_hub_that_takes_anew_what_it_took_convicts_itself(hub: Hub, restored: Hub, folder: NodeFolder) -> None:
    added(folder, submitted(1), submitted(2))
    flushed(folder, answering(hub))
    seqs = folder.outbox.taken()

    with desks.client_of(folder, answering(hub)) as client:
        assert [each.is_new for each in repost(client, folder.receipts, seqs)] == [False, False]
    with desks.client_of(folder, answering(restored)) as client, pytest.raises(TamperedError, match="convict"):
        repost(client, folder.receipts, seqs)

    assert len(folder.receipts.kept()) == 4


# ---------------------------------------------------------------------- another device of the same node


class Racing:
    """The hub's answers; before each of so many posts, another device of the node posts what is in its outbox."""

    def __init__(self, hub: Hub, other: NodeFolder, times: int = 1) -> None:
        self._answer, self._other, self._times = answering(hub), other, times

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and self._times:
            self._times -= 1
            added(self._other, submitted(900 + self._times))
            flushed(self._other, self._answer)
        return self._answer(request)


@pytest.fixture
def other(tmp_path: Path, alliance: given.Alliance) -> NodeFolder:
    """The folder of another device of the same node."""
    return desks.desk(tmp_path / "other", alliance)


def test_where_another_device_was_faster_drafts_are_sealed_anew_on_its_head(
    hub: Hub, folder: NodeFolder, other: NodeFolder
) -> None:
    added(folder, submitted(1), submitted(2))

    taken = flushed(folder, Racing(hub, other, times=3))

    assert [each.kept.envelope.claims.seq for each in taken] == [said(hub)[-2].claims.seq, said(hub)[-1].claims.seq]
    assert [number for _, number in cases_of(said(hub))] == [902, 901, 900, 1, 2]
    assert folder.outbox.refusal() is None


def test_where_another_device_is_always_faster_that_is_said_and_the_drafts_wait(
    hub: Hub, folder: NodeFolder, other: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing, "_RACES_MAX", 2)
    added(folder, submitted(1))

    with pytest.raises(ConflictError):
        flushed(folder, Racing(hub, other, times=9))

    flushed(again(folder), answering(hub))
    assert cases_of(said(hub))[-1] == ("case.submitted", 1)


@pytest.mark.parametrize("heard", [False, True])
def test_after_a_cut_line_and_another_devices_post_each_is_there_once(
    hub: Hub, folder: NodeFolder, other: NodeFolder, heard: bool
) -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            if heard:
                answering(hub)(request)
            raise httpx.ReadError("cut off")
        return answering(hub)(request)

    added(folder, submitted(1), submitted(2))
    with pytest.raises(UnavailableError):
        flushed(folder, cut)
    added(other, submitted(3))
    flushed(other, answering(hub))
    taken = flushed(again(folder), answering(hub))

    ours = [("case.submitted", 1), ("case.submitted", 2)]
    theirs = [("case.submitted", 3)]
    assert cases_of(said(hub)) == (ours + theirs if heard else theirs + ours)
    assert [each.is_new for each in taken] == [not heard] * 2
    assert len(folder.receipts.kept()) == 2


class Counting:
    """The hub's answers; counts the posts."""

    def __init__(self, hub: Hub) -> None:
        self._answer, self.posts = answering(hub), 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.posts += request.method == "POST"
        return self._answer(request)


def test_what_was_sealed_elsewhere_for_another_head_is_refused_and_never_sealed_anew(
    hub: Hub, folder: NodeFolder
) -> None:
    counting = Counting(hub)
    key = given.signing_key(given.DRUP)
    stale = folder.seal_line(submitted(2), lambda _kid: key, StreamEnd(None, ""))
    added(folder, submitted(1), stale.text, submitted(3))

    with pytest.raises(ConflictError) as refusal:
        flushed(folder, counting)
    folder.outbox.drop(2)
    flushed(folder, answering(hub))

    assert refusal.value.facts["draft"] == 2
    assert counting.posts == 2  # both, and then what was before the refused one
    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.submitted", 3)]


def test_what_the_log_has_already_may_be_posted_among_new_drafts(
    hub: Hub, folder: NodeFolder, other: NodeFolder
) -> None:
    added(other, submitted(1), submitted(2))
    flushed(other, answering(hub))
    counting = Counting(hub)
    added(folder, other.receipts.kept()[0].envelope.text, submitted(3))

    flushed(folder, counting)

    assert counting.posts == 1
    assert cases_of(said(hub)) == [("case.submitted", number) for number in (1, 2, 3)]
    assert len(folder.receipts.kept()) == 2


def test_what_was_sealed_under_a_key_that_is_no_more_in_force_is_sealed_under_the_new_one(
    hub: Hub, folder: NodeFolder
) -> None:
    stolen = folder.seal_line(submitted(1), lambda _kid: given.signing_key("a thief"), StreamEnd(None, ""))
    added(folder, submitted(1))
    folder.outbox.put_under_way([outbox.UnderWay(1, stolen)])

    flushed(folder, answering(hub))

    assert cases_of(said(hub)) == [("case.submitted", 1)]
