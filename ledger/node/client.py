"""A node's line to its hub: what to sign next, and posts, each answered by receipts that are checked at once.

Only reposts make posting safe on a bad line: what was sent and not answered is sent again as the same bytes, and the
hub gives the first receipt for what it has. Nothing is ever signed anew here.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2 as httpx
from pydantic import TypeAdapter, ValidationError

from ledger.cohort.database import Head
from ledger.cohort.memorandum import Memorandum
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    GateError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    RuleError,
    SetupError,
    SignatureError,
    TamperedError,
    UnauthenticatedError,
    UnavailableError,
)
from ledger.node.receipts import Kept, ReceiptChecker
from ledger.node.rotation import StreamEnd
from ledger.operations.source import wait_of
from ledger.reports.decisions import Suggestion
from ledger.signing.encoding import from_base64url
from ledger.signing.envelope import Envelope
from ledger.signing.receipt import Receipt

BATCH_MAX = 1_000  # envelopes in a post
BATCH_BYTES_MAX = 8_000_000  # of their texts; the hub takes 8 MiB
_TIMEOUT_S = 120.0
_PAUSES_S = (0.5, 2.0, 5.0)  # before each further try

_KINDS: Mapping[str, type[LedgerError]] = {
    kind.slug: kind
    for kind in (
        MalformedError, RefusedError, SignatureError, GateError, ConflictError, RuleError, NotFoundError,
        ForbiddenError, UnauthenticatedError, SetupError, UnavailableError, TamperedError,
    )
}  # fmt: skip
_SUGGESTIONS = TypeAdapter(tuple[Suggestion, ...])
_STANDARD = frozenset({"type", "title", "status", "detail", "instance"})  # RFC 9457, 3.1


class Answered(NamedTuple):
    """What the hub said to an envelope that it has.

    state: sequenced, published or witnessed, in the hub's words. is_new: False where it had all of the post before.
    """

    kept: Kept
    state: str
    is_new: bool


def ask_key_in_force(url: str, node: str, *, connect: Callable[..., httpx.Client] = httpx.Client) -> str:
    """Thumbprint of the key that a hub takes of a node now: it says so to anybody.

    Raises what the hub refused with, and UnavailableError where it cannot be reached.
    """
    hub = url.rstrip("/")
    try:
        with connect(base_url=hub, timeout=_TIMEOUT_S) as client:
            content = content_of(client.get(f"/nodes/{node}/key"))
    except httpx.HTTPError as error:
        raise UnavailableError(f"the hub at {hub} cannot be reached ({type(error).__name__})") from None
    match content:
        case {"key": str(kid)}:
            from_base64url(kid, size=32)  # it will be part of a file's name
            return kid
    raise _strange("a node's key")


class NodeClient:
    """url: of the hub. memorandum: the node's own copy, whose log key receipts are checked under. bearer: gives the
    headers that say who asks, anew for each request, once the hub wants to know. seen: is given each checkpoint that
    the hub showed, as it came, once the log's signature on it was checked.

    Every call raises what the hub refused with, facts and all, and UnavailableError where no answer can be had.
    """

    def __init__(
        self,
        url: str,
        memorandum: Memorandum,
        *,
        bearer: Callable[[], Mapping[str, str]] | None = None,
        connect: Callable[..., httpx.Client] = httpx.Client,
        pause: Callable[[float], None] = time.sleep,
        seen: Callable[[bytes], None] = lambda _checkpoint: None,
    ) -> None:
        self._client = connect(base_url=url.rstrip("/"), timeout=_TIMEOUT_S)
        self._checker = ReceiptChecker(memorandum)
        self._bearer = bearer
        self._is_asked = False  # who we are: then it is said at once
        self._pause = pause
        self._seen = seen

    def end_of(self, node: str) -> StreamEnd:
        """Where the node's stream stands, and which key is in force, as the hub says."""
        _, content = self._ask("GET", f"/nodes/{node}/head")
        match content:
            case {"seq": None, "prev": None, "keys": [str(kid)]}:
                head = None
            case {"seq": int(seq), "prev": str(prev), "keys": [str(kid)]}:
                head = Head(seq, from_base64url(prev, size=32))
            case _:
                raise _strange("a stream's head")
        from_base64url(kid, size=32)  # it will be part of a file's name
        return StreamEnd(head, kid)

    def grants(self, node: str) -> list[dict[str, Any]]:
        """The grants that the node gave, as the hub tells them, oldest first."""
        _, content = self._ask("GET", f"/grants/{node}")
        match content:
            case {"grants": list(grants)}:
                return grants
        raise _strange("grants")

    def suggestions(self, cohort: str) -> tuple[Suggestion, ...]:
        """The decisions that are due in a cohort, as the hub counts, one a scope. That the cases are right the rules
        check when one is posted, and what their benefits are every audit.
        """
        _, content = self._ask("GET", f"/cohorts/{cohort}/decision")
        try:
            found = _SUGGESTIONS.validate_json(json.dumps(content), strict=True)
        except ValidationError:
            raise _strange("a decision") from None
        if _SUGGESTIONS.dump_python(found, mode="json") != content or any(each.cohort != cohort for each in found):
            raise _strange("a decision")
        return found

    def post(self, envelopes: Sequence[Envelope]) -> Iterator[list[Answered]]:
        """Post in order, as many at a time as the hub takes; yields what was taken after each, as `post_once` does.

        Raises what the hub refused with, `place` counted over all of `envelopes`.
        """
        done = 0
        for batch in batches(envelopes):
            try:
                yield self.post_once(batch)
            except LedgerError as error:
                place = error.facts.get("place")
                raise error.with_facts(place=done + place if isinstance(place, int) else None) from None
            done += len(batch)

    def post_once(self, batch: Sequence[Envelope]) -> list[Answered]:
        """Post what fits in one post. What is returned is in the log, and each receipt was checked.

        Raises what the hub refused with, nothing being stored then: `place` is the refused one's in the post, where the
        hub names it. TamperedError for a receipt that does not hold.
        """
        status, content = self._ask("POST", "/events", {"events": [each.text for each in batch]})
        is_new = status == HTTPStatus.CREATED
        match content:
            case {"events": list(answers)} if len(answers) == len(batch):
                taken = [_answered(each, answer, is_new) for each, answer in zip(batch, answers, strict=True)]
            case _:
                raise _strange("a post")
        for each in taken:
            self._checker.check(each.kept)
        for checkpoint in dict.fromkeys(each.kept.receipt.checkpoint for each in taken):
            self._seen(checkpoint)
        return taken

    def _ask(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        """Raises what the hub refused with. A post needs no token: the envelope's signature is the authority."""
        if self._bearer is not None and method == "GET" and not self._is_asked:
            try:
                return self._ask_as(dict, method, path, content)
            except UnauthenticatedError:
                self._is_asked = True
        who = self._bearer if self._bearer is not None and method == "GET" else dict
        return self._ask_as(who, method, path, content)

    def _ask_as(self, who: Callable[[], Mapping[str, str]], method: str, path: str, content: object) -> tuple[int, Any]:
        for pause_s in (*_PAUSES_S, None):
            try:
                answer = self._client.request(method, path, json=content, headers=dict(who()))
            except httpx.HTTPError as error:
                if pause_s is None:
                    raise UnavailableError(
                        f"the hub at {self._client.base_url} cannot be reached ({type(error).__name__}); what was "
                        "sent may be sent again"
                    ) from None
                self._pause(pause_s)
                continue
            if _is_to_come_again(answer) and pause_s is not None:
                self._pause(wait_of(answer))
                continue
            return answer.status_code, content_of(answer)
        raise AssertionError  # the last pause is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _is_to_come_again(answer: httpx.Response) -> bool:
    """Whether a hub has no answer now and says when it may: it is asked too often, has too much to do, or lost its
    database. Then nobody knows what it has of what was sent, until it is sent again.
    """
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return "Retry-After" in answer.headers
    return answer.status_code == httpx.codes.TOO_MANY_REQUESTS


def batches(envelopes: Iterable[Envelope]) -> Iterator[list[Envelope]]:
    """Cut into posts that a hub takes, in order."""
    batch: list[Envelope] = []
    size = 0
    for envelope in envelopes:
        length = len(envelope.text)
        if batch and (len(batch) == BATCH_MAX or size + length > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(envelope)
        size += length
    if batch:
        yield batch


def content_of(answer: httpx.Response) -> Any:
    """What a hub answered, as JSON. Raises what it refused with, and UnavailableError for what is no hub's answer."""
    try:
        content = answer.json()
    except ValueError:
        raise UnavailableError(f"what answers there is no hub: status {answer.status_code}, and no JSON") from None
    if answer.is_success:
        return content
    raise _problem(answer.status_code, content if isinstance(content, dict) else {})


def _problem(status: int, members: Mapping[str, Any]) -> LedgerError:
    """The error that the hub met, as it would have been raised here."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return UnavailableError("the hub has been asked too often, and goes on saying so: try again later")
    slug = str(members.get("type", "")).rpartition("/")[2]
    # what is not one of ours is the request's fault below 500: sending it again would help nobody
    kind = _KINDS.get(slug, MalformedError if status < HTTPStatus.INTERNAL_SERVER_ERROR else UnavailableError)
    facts = {name: value for name, value in members.items() if name not in _STANDARD}
    if kind is SetupError:  # the hub's set-up: nothing here is wrong, and what was sent may be sent again
        return UnavailableError(f"the hub needs its operator: {members.get('detail', 'it does not say why')}", **facts)
    return kind(str(members.get("detail", f"the hub answered with status {status}")), **facts)


def _answered(envelope: Envelope, answer: object, is_new: bool) -> Answered:
    match answer:
        case {
            "event_id": envelope.claims.event_id,
            "received": str(received),
            "state": str(state),
            "receipt": str(receipt),
        }:
            return Answered(Kept(envelope, received, Receipt.parse(receipt.encode())), state, is_new)
    raise _strange("a post")


def _strange(asked: str) -> UnavailableError:
    return UnavailableError(f"what answers there is no hub of this version: it answered {asked} in another form")
