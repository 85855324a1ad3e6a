"""The error tree, by who must act.

    LedgerError
    ├── MalformedError        the sender's bytes are not what the format says: send others
    ├── RefusedError          well formed, and not admitted
    │   ├── SignatureError    unknown key, or a signature that does not hold
    │   ├── GateError         the posting gate: a slip that should not be stored at all
    │   ├── ConflictError     the stream has moved on: sign again on the current head
    │   └── RuleError         a rule of the alliance, a schema, or something needed that does not stand
    ├── NotFoundError         no such thing here
    ├── ForbiddenError        the caller may not
    │   └── UnauthenticatedError  nobody knows who the caller is: a token is missing, or does not hold
    ├── SetupError            this installation is not as it should be: the operator acts
    ├── UnavailableError      a server could not be reached or could not answer: try again
    └── TamperedError         history does not hold: alarm
        └── ProofError        a Merkle proof leads elsewhere

Facts are attributes, messages are for people: lower case, they name the thing and say what to do, and never carry a
payload or a patient's value. An error is raised where it is known and translated once, at the edge: to an HTTP status
by `api`, to an exit code by `ledger.cli`.
"""

from typing import ClassVar


class LedgerError(Exception):
    """What every error of the ledger is. `slug` names its help page; `facts` are its machine-readable members."""

    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "The ledger could not do this."

    def __init__(self, message: str, **facts: str | int | None) -> None:
        super().__init__(message)
        self.facts = {name: value for name, value in facts.items() if value is not None}

    def with_facts(self, **facts: str | int | None) -> "LedgerError":
        """The same error, with what only the caller knows (an index, a place in a post) added."""
        # not in place: a copy of this, for somebody else, has facts of its own
        self.facts = self.facts | {name: value for name, value in facts.items() if value is not None}
        return self


class MalformedError(LedgerError):
    """The bytes are not what the format says. Nothing was stored; correct them and send them again."""

    slug = "malformed"
    title = "The bytes are not what the format says."


class RefusedError(LedgerError):
    """Well formed and not admitted. Nothing was stored."""

    slug = "refused"
    title = "The ledger did not admit this."


class SignatureError(RefusedError):
    """The key is unknown or no longer in force, or the signature does not hold under it."""

    slug = "signature"
    title = "The signature or its key is not good."


class GateError(RefusedError):
    """The posting gate found what should not be stored: a missing disclosure, a blank reason, a direct identifier."""

    slug = "gate"
    title = "The posting gate refused this."


class ConflictError(RefusedError):
    """The envelope's place in its stream is taken, or its `prev` is stale. `seq` and `prev` name the current head."""

    slug = "conflict"
    title = "The stream has moved on."


class RuleError(RefusedError):
    """A rule of the alliance refuses the event, in its present state."""

    slug = "rule"
    title = "A rule of the alliance refuses this."


class NotFoundError(LedgerError):
    """There is no such thing in this ledger."""

    slug = "not-found"
    title = "There is no such thing here."


class ForbiddenError(LedgerError):
    """The caller may not do or see this."""

    slug = "forbidden"
    title = "You may not do or see this."


class UnauthenticatedError(ForbiddenError):
    """Who asks is not known: there is no token, or it does not hold, was used before, or is of a key that is nobody's.
    Sign a new one, `cohort-ledger token`, with a node's key in force or one that somebody was granted access under.
    """

    slug = "unauthenticated"
    title = "Say who you are."


class SetupError(LedgerError):
    """The installation is not as it should be: a missing file, a key with open permissions, an old schema."""

    slug = "setup"
    title = "This installation needs its operator."


class UnavailableError(LedgerError):
    """A server could not be reached, or could not answer. What was sent may be sent again: reposts are recognised."""

    slug = "unavailable"
    title = "The server could not answer."


class TamperedError(LedgerError):
    """History does not hold. `step` says which check failed, `index` the first entry that it failed at."""

    slug = "tampered"
    title = "The history does not hold."


class ProofError(TamperedError):
    """A Merkle proof leads to another root, or is not of the shape that its sizes ask for."""

    slug = "proof"
    title = "A Merkle proof does not hold."
