"""An alliance with something to erase: what its nodes said of a patient, and the bytes that must be nowhere then."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

import given
from given import DRUP, case

from ledger.cohort.erasing import erased_entries
from ledger.signing.envelope import Envelope

SECRET = "progressed after the third cycle, known to nobody else"


def told() -> given.Alliance:
    """Two patients are treated at one node; of both something is assessed and claimed."""
    alliance = given.opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
        alliance.says(DRUP, "response.assessed", given.patient(case(number)) | given.ASSESSMENT)
        claim = {**given.CLAIM, "basis": f"{SECRET} ({number})"}
        alliance.says(DRUP, "outcome.determined", given.patient(case(number)) | claim)
    return alliance


def erases(alliance: given.Alliance, number: int = 1) -> Envelope:
    """The node has all that it said of a case erased."""
    taken = alliance.says(DRUP, "disclosures.erased", {"case": case(number), "basis": "consent"})
    return alliance.heard[taken.event.index].envelope


def erased(alliance: given.Alliance) -> list[int]:
    """The entries that had something sealed, and are erased."""
    return [index for index in sorted(erased_entries(alliance.database)) if alliance.heard[index].envelope.disclosures]


def needles(alliance: given.Alliance, indexes: Iterable[int]) -> Iterator[bytes]:
    """The disclosures of entries, their salts and telling values: plain, and in both base64 as they may lie in one."""
    for index in indexes:
        for each in alliance.heard[index].envelope.disclosures:
            plain = [each.text.encode(), each.salt.encode()]
            if isinstance(each.value, str) and len(each.value) > 12:
                plain.append(each.value.encode())
            for found in plain:
                yield found
                for skip in range(3):
                    for encode in (b64encode, urlsafe_b64encode):
                        yield encode(found[skip:]).rstrip(b"=")[:-1]


def found_in(folder: Path, searched: Iterable[bytes]) -> set[str]:
    """The files below a folder that hold any of these bytes."""
    wanted = list(searched)
    found = set()
    for file in folder.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        if any(each in data for each in wanted):
            found.add(file.name)
    return found
