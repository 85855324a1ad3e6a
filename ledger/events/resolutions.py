"""Resolutions: what one member proposes and enough of the others endorse. What each is about: `resolution_contents`.

Who is asked is fixed when it is proposed, and with that the quorum. A node whom a resolution is about, because its key
is to be replaced or it is to be removed, is not asked, not counted, and does not propose it: whoever has stolen its key
would have its voice in the matter.
"""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import ValidationError

from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.view import View
from ledger.errors import MalformedError
from ledger.events.base import Event, Need, put, refuse
from ledger.events.fields import Slug, first_fault
from ledger.events.resolution_contents import SUBJECTS, Content
from ledger.signing.entry import format_time


class ResolutionProposed(Event):
    """A member proposes, and endorses with it. The membership that is asked is that of this moment."""

    TYPE = "resolution.proposed"
    resolution: Slug
    subject: Literal[
        "access", "accession", "decision", "design", "endpoint", "key-replacement", "log-key", "removal", "witness"
    ]
    content: dict[str, Any]

    def check(self, view: View) -> None:
        if view.resolution(self.resolution) is not None:
            raise refuse(f"a resolution named {self.resolution} was proposed before: choose another name")
        try:
            SUBJECTS[self.subject].check(self.content, view)
        except ValidationError as error:
            raise refuse(f"not valid as the content of {self.subject}: {first_fault(error)}") from None
        except MalformedError as error:
            raise refuse(f"not valid as the content of {self.subject}: {error}") from None
        if SUBJECTS[self.subject].concerned(self.content) == view.node:
            raise refuse(
                f"a {self.subject} of {view.node} is proposed by another member: {view.node} has no vote in it"
            )

    def sets(self, view: View) -> Iterable[Set]:
        concerned = SUBJECTS[self.subject].concerned(self.content)
        membership = [node for node in view.members() if node != concerned]
        yield from put(
            rows.Resolution,
            (self.resolution,),
            proposer=view.node,
            subject=self.subject,
            content=self.content,
            membership=[*membership],
        )
        yield from _endorse(view, self.resolution, self.subject, self.content, votes=1, members=len(membership))


class ResolutionEndorsed(Event):
    """A member that was asked agrees; the one that completes the quorum brings the resolution into force."""

    TYPE = "resolution.endorsed"
    resolution: Slug

    def needs(self, view: View) -> Iterable[Need]:
        proposed = view.resolution(self.resolution)
        yield Need(f"a resolution {self.resolution}", proposed.root("subject") if proposed else None)

    def check(self, view: View) -> None:
        proposed = _proposed(view, self.resolution)
        subject, content = _subject_of(proposed)
        membership = _membership(proposed)
        if view.node not in membership:
            if SUBJECTS[subject].concerned(content) == view.node:
                raise refuse(f"{view.node} has no vote in {self.resolution}, which is about itself")
            raise refuse(f"{view.node} was no member when {self.resolution} was proposed")
        if view.database.row("endorsements", (self.resolution, view.node)) is not None:
            raise refuse(f"{view.node} has endorsed {self.resolution} already")
        if proposed.root("in_force_at") is not None:
            raise refuse(f"{self.resolution} is in force already")
        SUBJECTS[subject].check_again(content, view, proposed)

    def sets(self, view: View) -> Iterable[Set]:
        votes = sum(1 for _ in view.database.under("endorsements", self.resolution)) + 1
        proposed = _proposed(view, self.resolution)
        subject, content = _subject_of(proposed)
        members = len(_membership(proposed))
        yield from _endorse(view, self.resolution, subject, content, votes=votes, members=members)


def _proposed(view: View, slug: str) -> Record:
    proposed = view.resolution(slug)
    assert proposed is not None
    return proposed


def _subject_of(proposed: Record) -> tuple[str, Content]:
    subject, content = proposed.value("subject"), proposed.value("content")
    assert isinstance(subject, str)
    assert isinstance(content, dict)
    return subject, content


def _membership(proposed: Record) -> list[str]:
    membership = proposed.value("membership")
    assert isinstance(membership, list)
    return [str(node) for node in membership]


def _endorse(view: View, slug: str, subject: str, content: Content, *, votes: int, members: int) -> Iterable[Set]:
    """Endorse; the vote that completes the quorum does what the resolution says, if its subject does anything."""
    now = format_time(view.received)
    yield from put(rows.Endorsement, (slug, view.node), endorsed_at=now)
    if votes >= view.memorandum.votes_needed(members):
        yield from put(rows.Resolution, (slug,), in_force_at=now)
        yield from SUBJECTS[subject].effects(content, view)


EVENTS: tuple[type[Event], ...] = (ResolutionProposed, ResolutionEndorsed)
