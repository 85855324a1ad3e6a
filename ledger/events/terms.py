"""The terms on which somebody may see what others contributed: the same for a node's grant and for the alliance's."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ledger.cohort.view import View
from ledger.errors import MalformedError
from ledger.events.base import refuse
from ledger.events.fields import Date, Payload, Regimen
from ledger.signing.keys import PublicKey

Purpose = Annotated[str, Field(pattern=r"^DUO:[0-9]{7}$")]  # GA4GH Data Use Ontology


def _key(jwk: dict[str, str]) -> dict[str, str]:
    try:
        PublicKey.from_jwk(jwk)
    except MalformedError as error:
        raise ValueError(str(error)) from None
    return jwk


def _once(regimens: list[list[str]]) -> list[list[str]]:
    if regimens != sorted(regimens) or len({tuple(each) for each in regimens}) < len(regimens):
        raise ValueError("regimens stand sorted, each once")
    return regimens


Jwk = Annotated[dict[str, str], AfterValidator(_key)]
Regimens = Annotated[list[Regimen], Field(min_length=1, max_length=100), AfterValidator(_once)]


class Terms(Payload):
    """regimens: None for all. purpose: what the data may be used for. until: it holds to the end of that day."""

    role: Literal["auditor", "investigator", "industry"]
    regimens: Regimens | None = None
    purpose: Annotated[list[Purpose], Field(min_length=1, max_length=20)]
    until: Date

    @model_validator(mode="after")
    def _industry_has_regimens(self) -> Self:
        if self.role == "industry" and self.regimens is None:
            raise ValueError("an industry partner is granted the regimens that are its own: name them")
        return self


def check_foreign(view: View, jwk: dict[str, str] | None) -> None:
    """Raises RuleError where a key is, was or is to be a node's: what it may see must not depend on who asks for it."""
    if jwk is None:
        return
    key = PublicKey.from_jwk(jwk)
    brought = any(record.key[1] == key.thumbprint for record in view.database.rows("keys"))
    named = any(member.public_key == key for member in view.memorandum.members)
    if (
        brought
        or named
        or any(
            _is_to_be(record.value("subject"), record.value("content"), jwk)
            for record in view.database.rows("resolutions")
        )
    ):
        raise refuse("that key is known as a node's: a grantee brings one of its own")


def _is_to_be(subject: object, content: object, jwk: dict[str, str]) -> bool:
    """Whether a resolution, in force or not, makes the key a node's. A key has one spelling as JWK."""
    return subject != "access" and isinstance(content, dict) and content.get("key") == jwk
