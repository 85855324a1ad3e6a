"""The witnesses that the alliance has named: who may vouch that everybody is shown one log, and under which keys."""

from collections.abc import Mapping

from ledger.cohort.database import Database
from ledger.cohort.view import resolutions_in_force
from ledger.signing.note import Verifier


def witnesses_in_force(database: Database) -> Mapping[str, tuple[Verifier, ...]]:
    """Name -> keys, oldest first. A witness with two keys is still one witness."""
    named: dict[str, tuple[Verifier, ...]] = {}
    for resolution in resolutions_in_force(database, "witness"):
        content = resolution.value("content")
        assert isinstance(content, dict)
        verifier = Verifier.parse(str(content["verifier"]))
        named[verifier.name] = (*named.get(verifier.name, ()), verifier)
    return named
