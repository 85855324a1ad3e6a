"""The digest chain of the cohort database (design: formats, "Digest of the database").

`D(0)` is 32 zero bytes and `D(i+1) = SHA-256(D(i) || lines of entry i)`. The lines are the row versions that entry i
made, in order of table and key; each is canonical JSON `[i, table, key, {field: [index, value]}]` and a newline. It
covers every version, attribution and sealed cell, and names the first entry at which two databases differ.
"""

import hashlib
from collections.abc import Iterable

from ledger.cohort.cells import Version
from ledger.signing import canonical

START = bytes(32)


def next_digest(digest: bytes, versions: Iterable[Version]) -> bytes:
    """D(i+1) from D(i), 32 bytes each, and the versions that entry i made, in any order."""
    chain = hashlib.sha256(digest)
    for version in sorted(versions, key=_order):
        chain.update(line(version))
    return chain.digest()


def line(version: Version) -> bytes:
    return canonical.dump_known([version.since, version.table, version.key, version.fields]) + b"\n"


def _order(version: Version) -> tuple[bytes, list[bytes]]:
    return version.table.encode(), [part.encode() for part in version.key]
