"""The founding document: who the alliance is, which key its log has, and how many must agree.

Canonical JSON (design: events, "Alliance"). Its SHA-256 is what an auditor pins: log key, founders and their first
keys all follow from it, so a ledger founded with another memorandum is another ledger.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ledger.errors import LedgerError, MalformedError
from ledger.names import SLUG_MAX, When, is_slug
from ledger.signing import canonical
from ledger.signing.keys import PublicKey
from ledger.signing.note import Verifier

Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Member(_Part):
    """A founder. opens_in_parallel: bound by the memorandum to open shared cohorts when the others do."""

    node: Annotated[str, Field(max_length=SLUG_MAX)]
    trial: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    key: dict[str, str]
    opens_in_parallel: bool

    @field_validator("node")
    @classmethod
    def _slug(cls, node: str) -> str:
        if not is_slug(node):
            raise ValueError("a node's name is made of lower case letters, digits and single hyphens")
        return node

    @cached_property
    def public_key(self) -> PublicKey:
        return PublicKey.from_jwk(self.key)


class Quorum(_Part):
    """kind: "all", "majority", or a number of members above half."""

    kind: Literal["all", "majority"] | Annotated[int, Field(ge=1)]


class _Document(_Part):
    v: Annotated[int, Field(ge=1, le=1)]  # a Literal would take true for 1
    name: Text
    origin: Annotated[str, Field(pattern=r"^[!-*,-~]+$", max_length=200)]  # as note names: no space, no plus
    log_key: str
    signed: str
    members: Annotated[list[Member], Field(min_length=1, max_length=200)]
    quorum: Quorum
    commitments: list[Text]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        try:
            When.parse(self.signed)
            verifier = Verifier.parse(self.log_key)
            thumbprints = [member.public_key.thumbprint for member in self.members]
        except LedgerError as error:
            raise ValueError(str(error)) from None
        if verifier.name != self.origin:
            raise ValueError("log_key is another log's: its name must be the origin")
        if len({member.node for member in self.members}) < len(self.members) or len(set(thumbprints)) < len(
            thumbprints
        ):
            raise ValueError("every member needs a name and a key of its own")
        kind = self.quorum.kind
        if isinstance(kind, int) and not len(self.members) < 2 * kind <= 2 * len(self.members):
            raise ValueError("a quorum given as a number is more than half of the members, and not more than all")
        return self


@dataclass(frozen=True)
class Memorandum:
    """A founding document that was read and holds together. `text` is its canonical JSON."""

    text: bytes
    document: _Document

    @classmethod
    def parse(cls, text: bytes) -> "Memorandum":
        """Raises MalformedError where the text is not canonical JSON, or not a memorandum."""
        content = canonical.load(text)
        if not isinstance(content, dict):
            raise MalformedError("a memorandum is a JSON object")
        return cls.of(content)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Memorandum":
        try:
            document = _Document.model_validate(dict(content))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise MalformedError(f"not a memorandum: {where}: {first['msg']}") from None
        return cls(canonical.dump(dict(content)), document)

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of the canonical text, 32 bytes: the ledger's identity."""
        return hashlib.sha256(self.text).digest()

    @property
    def origin(self) -> str:
        return self.document.origin

    @cached_property
    def log_key(self) -> Verifier:
        return Verifier.parse(self.document.log_key)

    @property
    def members(self) -> list[Member]:
        return self.document.members

    def member(self, node: str) -> Member | None:
        return next((member for member in self.document.members if member.node == node), None)

    def votes_needed(self, members: int) -> int:
        """How many of so many members bring a resolution into force; always more than half of them."""
        majority = members // 2 + 1
        kind = self.document.quorum.kind
        if kind == "all":
            return members
        return majority if kind == "majority" else min(members, max(kind, majority))
