"""A flush to a hub that refuses what it took, or with a stale word: nothing is said twice, nothing is believed."""

import json
from datetime import UTC, datetime

import given
import httpx2 as httpx
import hubs
import pytest
from desks import added, again, all_hold_receipts, answering, cases_of, flushed, said, submitted

from ledger.errors import GateError, LedgerError, UnavailableError
from ledger.node.folder import NodeFolder
from ledger.node.outbox import UnderWay
from ledger.node.rotation import StreamEnd
from ledger.operations.evidence import RefusedPost, read_evidence
from ledger.operations.hub import Hub
from ledger.signing.envelope import parse
from ledger.signing.refusal import Refusal, sign_refusal

UNSIGNED = {"gate": 422, "malformed": 400, "signature": 403}


class Lying:
    """The hub's answers; so many posts are refused in words that nobody signs. takes: and are taken, all the same."""

    def __init__(self, hub: Hub, slug: str, *, takes: bool, place: int = 0, times: int = 1) -> None:
        self._answer, self._slug, self._takes, self._place, self._times = answering(hub), slug, takes, place, times
        self.posts: list[list[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posts.append(json.loads(request.content)["events"])
            if len(self.posts) <= self._times:
                if self._takes:
                    assert self._answer(request).is_success
                told = {"type": f"/help/errors/{self._slug}", "detail": "no", "place": self._place}
                return httpx.Response(UNSIGNED[self._slug], json=told)
        return self._answer(request)


@pytest.mark.parametrize("slug", UNSIGNED)
@pytest.mark.parametrize("place", [0, 1])
def test_what_was_refused_without_a_signature_and_taken_is_in_the_log_once(
    hub: Hub, folder: NodeFolder, slug: str, place: int
) -> None:
    lying = Lying(hub, slug, takes=True, place=place)
    before = len(said(hub))
    added(folder, submitted(1), submitted(2), submitted(3))

    with pytest.raises(LedgerError):
        flushed(folder, lying)
    flushed(again(folder), lying)

    assert cases_of(said(hub)) == [("case.submitted", number) for number in (1, 2, 3)]
    assert all_hold_receipts(hub, folder, since=before)
    assert folder.outbox.waiting() == []


@pytest.mark.parametrize("slug", UNSIGNED)
def test_what_nobody_signs_for_is_sent_as_the_same_bytes_for_as_long_as_it_is_refused(
    hub: Hub, folder: NodeFolder, slug: str
) -> None:
    refusing = Lying(hub, slug, takes=False, times=3)
    added(folder, submitted(1))

    for _ in range(3):
        with pytest.raises(LedgerError, match="no") as refusal:
            flushed(again(folder), refusing)
        assert refusal.value.facts["draft"] == 1
        standing = again(folder).outbox.refusal()
        assert standing is not None
        assert (standing.number, standing.error) == (1, slug)
    flushed(again(folder), refusing)

    assert len(refusing.posts) == 4
    assert len({tuple(post) for post in refusing.posts}) == 1
    assert cases_of(said(hub)) == [("case.submitted", 1)]


def test_what_was_refused_without_a_signature_may_be_dropped_and_what_follows_is_sealed_anew(
    hub: Hub, folder: NodeFolder
) -> None:
    added(folder, submitted(1), submitted(2), submitted(3))
    with pytest.raises(GateError):
        flushed(folder, Lying(hub, "gate", takes=False, place=1))

    folder.outbox.drop(2)
    flushed(again(folder), answering(hub))

    assert cases_of(said(hub)) == [("case.submitted", 1), ("case.submitted", 3)]


def test_what_is_held_back_and_delivered_later_is_in_the_log_once(hub: Hub, folder: NodeFolder) -> None:
    holding = Lying(hub, "gate", takes=False)
    added(folder, submitted(1))
    with pytest.raises(GateError):
        flushed(folder, holding)
    hub.post(holding.posts[0])

    (taken,) = flushed(again(folder), answering(hub))

    assert not taken.is_new
    assert cases_of(said(hub)) == [("case.submitted", 1)]


def test_what_was_refused_for_another_key_than_the_nodes_is_sealed_under_its_key(hub: Hub, folder: NodeFolder) -> None:
    added(folder, submitted(1))
    stolen = folder.seal_line(submitted(1), lambda _kid: given.signing_key("a thief"), StreamEnd(None, ""))
    folder.outbox.put_under_way([UnderWay(1, stolen)])
    folder.outbox.doubt(1)

    flushed(again(folder), answering(hub))

    assert cases_of(said(hub)) == [("case.submitted", 1)]


# ---------------------------------------------------------------------- a stale word, signed


@pytest.mark.parametrize("behind", [0, 1])
def test_a_refusal_for_a_log_with_less_than_there_are_receipts_for_is_kept_and_not_believed(
    hub: Hub, folder: NodeFolder, behind: int
) -> None:
    added(folder, submitted(1))
    flushed(folder, answering(hub))
    size = hub.appender.size()

    def excusing(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return answering(hub)(request)
        posted = parse(json.loads(request.content)["events"][0])
        stale = Refusal(given.ORIGIN, size - behind, datetime(2030, 1, 1, tzinfo=UTC), posted.hash, (), "no")
        told = {"detail": "no", "place": 0, "refusal": sign_refusal(stale, hubs.LOG)}
        return httpx.Response(422, json={"type": "/help/errors/rule", **told})

    added(folder, submitted(2))
    with pytest.raises(LedgerError) as error:
        flushed(folder, excusing)

    assert isinstance(error.value, UnavailableError) == bool(behind)
    assert len(folder.outbox.under_way()) == behind
    (file,) = folder.refusals.iterdir()
    evidence = read_evidence(file)
    assert isinstance(evidence, RefusedPost)
    if behind:
        assert str(file) in str(error.value)
        (taken,) = flushed(again(folder), answering(hub))
        assert taken.kept.envelope.hash == parse(evidence.envelopes[0]).hash


def test_what_receipts_prove_of_the_logs_size_is_their_largest_checkpoint(
    hub: Hub, folder: NodeFolder, alliance: given.Alliance
) -> None:
    log = alliance.memorandum.log_key
    assert folder.receipts.proved_size(log) == 0

    for number in (1, 2):
        added(folder, submitted(number))
        flushed(folder, answering(hub))

    assert folder.receipts.proved_size(log) == hub.appender.size()
