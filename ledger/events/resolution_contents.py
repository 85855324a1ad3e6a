"""What a resolution may be about: for each subject what its content must be, whom it concerns, and what it does.

Most subjects do nothing by themselves: rules look for the resolution in force. What changes the rows of a node (its
key, its membership) is set by the vote that completes the quorum, so that there is one place to ask.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field

from ledger.clinical.benefit import Endpoint
from ledger.clinical.two_stage import Design
from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.view import View, resolutions_in_force
from ledger.errors import MalformedError
from ledger.events.base import put, refuse
from ledger.events.fields import Label, Payload, PlannedStage, Reason, Slug
from ledger.events.membership import Accession, brought, check_new_key
from ledger.events.terms import Jwk, Terms, check_foreign
from ledger.names import is_slug
from ledger.signing.entry import format_time
from ledger.signing.keys import PublicKey
from ledger.signing.note import COSIGNATURES, ED25519, Verifier

Content: TypeAlias = Mapping[str, Any]


def _sorted_once(names: list[str]) -> list[str]:
    if names != sorted(set(names)):
        raise ValueError("sorted, each once")
    return names


class Witness(Payload):
    name: Label
    verifier: str


class KeyReplacement(Payload):
    """A key for a member whose own is lost or stolen.

    proof: by the new key, as for a stream that is yet empty (`prev` null). Its holder makes it outside the stream,
    which whoever has the old key may go on writing: a proof for a place in it could be made void with every event.
    That it is used once is certain all the same, for no key comes twice.

    compromised_since: index of the first entry that somebody else may have signed; the node's entries from there on
    until the replacement are findings. grants_void: whether what it granted since then grants nothing, as it does where
    this is not said.
    """

    node: Slug
    key: dict[str, str]
    proof: str
    compromised_since: Annotated[int, Field(ge=0)] | None = None
    grants_void: bool | None = None


class Removal(Payload):
    node: Slug


class LogKey(Payload):
    verifier: str


class Decision(Payload):
    """A stage of a cohort is decided otherwise than by its design.

    off_design: what the design is not followed in: `cases`, which are fewer or more than it asks for, or `decision`.
    """

    cohort: Slug
    stage: PlannedStage
    off_design: Annotated[
        list[Literal["cases", "decision"]], Field(min_length=1, max_length=2), AfterValidator(_sorted_once)
    ]
    why: Reason


class Access(Terms):
    """A grant over what everybody contributed."""

    organisation: Label
    key: Jwk


# ---------------------------------------------------------------------- checks


def _check_access(content: Content, view: View) -> None:
    check_foreign(view, Access.model_validate(content).key)


def _check_accession(content: Content, view: View) -> None:
    accession = Accession.model_validate(content)
    if view.memorandum.member(accession.node) is not None or accession.node in view.database.streams:
        if view.was_removed(accession.node):
            raise refuse(f"{accession.node} was removed, and its stream has ended: accede under another name")
        raise refuse(f"{accession.node} is a member already")
    check_new_key(view, accession.key, accession.proof, node=accession.node, prev=None)


def _check_admitted_once(content: Content, view: View, proposed: Record) -> None:
    node = str(content["node"])
    if node in view.database.streams:
        raise refuse(f"another resolution has admitted {node} already")
    overtaken_by = _overtaken_by(view, proposed, "accession", node)
    if overtaken_by is not None:
        raise refuse(f"{overtaken_by} has admitted {node} since then: propose this one anew, if it must be")


def _check_design(content: Content, _view: View) -> None:
    Design.parse(content)


def _check_endpoint(content: Content, _view: View) -> None:
    Endpoint.parse(content)


def _check_witness(content: Content, view: View) -> None:
    witness = Witness.model_validate(content)
    verifier = Verifier.parse(witness.verifier)
    if not is_slug(witness.name.replace("/", "-").replace(".", "-")) or verifier.name != witness.name:
        raise MalformedError("a witness's name is that of its verifier key")
    if verifier.type not in COSIGNATURES:
        raise MalformedError("a witness's verifier key is of a type for cosignatures (0x04, 0x06)")
    _check_witness_once(content, view)


def _check_witness_once(content: Content, view: View, _proposed: Record | None = None) -> None:
    verifier = str(content["verifier"])
    if _is_named(view, "witness", verifier):
        raise refuse(f"{Verifier.parse(verifier).name} is a witness already")


def _check_key_replacement(content: Content, view: View) -> None:
    replacement = KeyReplacement.model_validate(content)
    _check_member(view, replacement.node)
    if replacement.compromised_since is None and replacement.grants_void:
        raise MalformedError("grants are void since an entry: say compromised_since, too")
    if replacement.compromised_since is not None and replacement.compromised_since >= view.index:
        raise refuse("compromised_since names an entry that is not there yet")
    check_new_key(view, replacement.key, replacement.proof, node=replacement.node, prev=None)


def _check_replaced_since(content: Content, view: View, proposed: Record) -> None:
    node = str(content["node"])
    _check_member(view, node)
    overtaken_by = _overtaken_by(view, proposed, "key-replacement", node)
    if overtaken_by is not None:
        raise refuse(f"{overtaken_by} has replaced the key of {node} since then: propose this one anew, if it must be")


def _overtaken_by(view: View, proposed: Record, subject: str, node: str | None = None) -> str | None:
    """Another resolution on the same that came into force since this one was proposed. What lay there meanwhile would
    put an older key in the place of a newer.
    """
    since = proposed.root("subject")
    assert since is not None
    for other in resolutions_in_force(view.database, subject):
        content, came = other.value("content"), other.root("in_force_at")
        if isinstance(content, dict) and content.get("node") == node and came is not None and came > since:
            return other.key[0]
    return None


def _check_removal(content: Content, view: View) -> None:
    _check_member(view, Removal.model_validate(content).node)


def _check_still_member(content: Content, view: View, _proposed: Record) -> None:
    _check_member(view, str(content["node"]))


def _check_log_key(content: Content, view: View) -> None:
    verifier = Verifier.parse(LogKey.model_validate(content).verifier)
    if verifier.name != view.memorandum.origin or verifier.type != ED25519:
        raise MalformedError(f"a log key has the log's name, {view.memorandum.origin}, and is of type 0x01")
    _check_log_key_once(content, view)


def _check_log_key_since(content: Content, view: View, proposed: Record) -> None:
    _check_log_key_once(content, view)
    overtaken_by = _overtaken_by(view, proposed, "log-key")
    if overtaken_by is not None:
        raise refuse(f"{overtaken_by} has brought another log key in since then: propose this one anew, if it must be")


def _check_log_key_once(content: Content, view: View) -> None:
    verifier = str(content["verifier"])
    if verifier == view.memorandum.log_key.text or _is_named(view, "log-key", verifier):
        raise refuse("that log key was in force before: make a new one")


def _check_decision(content: Content, view: View) -> None:
    decision = Decision.model_validate(content)
    if view.cohort(decision.cohort) is None:
        raise refuse(f"no cohort named {decision.cohort} is defined")


def _check_member(view: View, node: str) -> None:
    if node not in view.members():
        raise refuse(f"{node} is no member")


def _is_named(view: View, subject: str, verifier: str) -> bool:
    contents = [each.value("content") for each in resolutions_in_force(view.database, subject)]
    return any(isinstance(each, dict) and each.get("verifier") == verifier for each in contents)


# ---------------------------------------------------------------------- effects


def _bring_key(content: Content, _view: View) -> Iterable[Set]:
    return brought(str(content["node"]), PublicKey.from_jwk(content["key"]))


def _remove(content: Content, view: View) -> Iterable[Set]:
    return put(rows.Node, (str(content["node"]),), removed_at=format_time(view.received))


def _nothing(_content: Content, _view: View) -> Iterable[Set]:
    return ()


def _as_proposed(_content: Content, _view: View, _proposed: Record) -> None:
    """What was valid when it was proposed is so still."""


def _nobody(_content: Content) -> str | None:
    return None


def _its_node(content: Content) -> str | None:
    return str(content["node"])


class Subject(NamedTuple):
    """check: of the content, when it is proposed; raises ValidationError, MalformedError or RuleError. check_again: at
    every endorsement, where something may have overtaken the proposal. effects: the cells that are set with it in
    force. concerned: the node that it is about, which has no vote in it.
    """

    check: Callable[[Content, View], None]
    check_again: Callable[[Content, View, Record], None] = _as_proposed
    effects: Callable[[Content, View], Iterable[Set]] = _nothing
    concerned: Callable[[Content], str | None] = _nobody


SUBJECTS: Mapping[str, Subject] = {
    "access": Subject(_check_access),
    "accession": Subject(_check_accession, _check_admitted_once),
    "decision": Subject(_check_decision),
    "design": Subject(_check_design),
    "endpoint": Subject(_check_endpoint),
    "key-replacement": Subject(_check_key_replacement, _check_replaced_since, _bring_key, _its_node),
    "log-key": Subject(_check_log_key, _check_log_key_since),
    "removal": Subject(_check_removal, _check_still_member, _remove, _its_node),
    "witness": Subject(_check_witness, _check_witness_once),
}
