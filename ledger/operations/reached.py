"""What an audit has reached: where a later one of the same ledger goes on, instead of from the first entry.

It lies in a file of the auditor's own, read back by the auditor alone: whoever can write to it can make the auditor
believe anything. Two lines: what is known without the database, and the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import orjson

from ledger.cohort import snapshot
from ledger.cohort.database import Database
from ledger.cohort.digest import START
from ledger.cohort.dump import dump_database, load_database
from ledger.cohort.log_keys import LogKey, log_keys_of
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import Witness, witnesses_named, witnesses_of
from ledger.errors import MalformedError
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.operations.bracketing import NOTHING_COSIGNED, Brackets
from ledger.operations.reopening import reopened
from ledger.operations.source import Source
from ledger.reports.contributions import Contribution, InTable, contributions
from ledger.reports.finding import Finding, Looked
from ledger.reports.findings import findings
from ledger.reports.findings_of_outcomes import NOTHING_CLAIMED, Compared, compared
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import format_time, parse_time
from ledger.signing.note import Verifier

Signatures = Literal["every", "heads"]

_VERSION = 6


@dataclass
class Reached:
    """memorandum: SHA-256 of it. view, signatures: the settings. size, root: of the tree so far; edge: its partial tile
    at each level. digest: of the database. received: of the last entry. heads: with the setting "heads", index and JWS
    of the last envelope of each node and key. sealed, shown_of: for each entry how many commitments it has, and how
    many disclosures of them were shown, none where it is erased. shown, withheld, erased: counts of disclosures over
    all. witnesses: whom the database names; log_keys: what it says that the log signs with besides its founding key.
    brackets: what was checked of what the witnesses cosigned. findings: what step 9 found; compared: how many claims of
    benefit could be held against the assessments there; contributed: what step 10 counted. No patient's value is kept.
    """

    memorandum: bytes
    view: str
    signatures: Signatures
    size: int = 0
    root: bytes = EMPTY_ROOT
    digest: bytes = START
    received: datetime | None = None
    edge: dict[int, bytes] = field(default_factory=dict)
    heads: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    sealed: bytearray = field(default_factory=bytearray, repr=False)
    shown_of: bytearray = field(default_factory=bytearray, repr=False)
    shown: int = 0
    withheld: int = 0
    erased: int = 0
    witnesses: tuple[Witness, ...] = ()
    log_keys: tuple[LogKey, ...] = ()
    brackets: Brackets = NOTHING_COSIGNED
    findings: tuple[Finding, ...] = ()
    compared: Compared = NOTHING_CLAIMED
    contributed: tuple[Contribution, ...] = ()
    _dumped: bytes | None = field(default=None, repr=False)

    @classmethod
    def nothing(cls, memorandum: Memorandum, *, view: str, signatures: Signatures) -> "Reached":
        return cls(memorandum.hash, view, signatures)

    @cached_property
    def database(self) -> Database:
        return Database() if self._dumped is None else load_database(self._dumped)

    def received_at(self, index: int) -> datetime:
        """When the hub says that it received an entry. The last one's is known without the database."""
        if index == self.size - 1 and self.received is not None:
            return self.received
        return self.database.events[index].received

    def serves(self, memorandum: Memorandum, *, view: str, signatures: Signatures) -> bool:
        """Whether an audit with these settings can go on from here: it asks for what was checked."""
        return (self.memorandum, self.view, self.signatures) == (memorandum.hash, view, signatures)

    def conclude(self, root: bytes, source: Source) -> None:
        """Take out of the database what a later audit may want to know without it, and look at what it comes to.

        source: gives the values again that findings are computed from. Raises UnavailableError where it cannot.
        """
        self.root = root
        self.witnesses, self.log_keys = witnesses_of(self.database), log_keys_of(self.database)
        seen = snapshot.of_versions(snapshot.current(self.database), self.database.events, size=self.size)
        looked = Looked(reopened(source, seen, self.shown_of))
        self.findings, self.compared, self.contributed = findings(looked), compared(looked), contributions(seen)

    def dump(self) -> bytes:
        untouched = self._dumped is not None and "database" not in self.__dict__
        dumped = self._dumped if untouched else dump_database(self.database)
        assert dumped is not None
        told = {
            "v": _VERSION,
            "memorandum": to_base64url(self.memorandum),
            "view": self.view,
            "signatures": self.signatures,
            "size": self.size,
            "root": to_base64url(self.root),
            "digest": to_base64url(self.digest),
            "received": None if self.received is None else format_time(self.received),
            "edge": [[level, to_base64url(tile)] for level, tile in self.edge.items()],
            "heads": [[node, kid, index, jws] for (node, kid), (index, jws) in self.heads.items()],
            "sealed": to_base64url(bytes(self.sealed)),
            "shown_of": to_base64url(bytes(self.shown_of)),
            "shown": self.shown,
            "withheld": self.withheld,
            "erased": self.erased,
            "witnesses": [
                {"name": witness.name, "verifier": each.text}
                for witness in self.witnesses
                for each in witness.verifiers
            ],
            "log_keys": [[key.verifier.text, key.since] for key in self.log_keys],
            "brackets": [
                self.brackets.size,
                to_base64url(self.brackets.hash),
                self.brackets.open_from,
                self.brackets.cosigned,
                self.brackets.head.decode(),
            ],
            "findings": self.findings,
            "compared": self.compared,
            "contributed": self.contributed,
            "database": to_base64url(sha256(dumped).digest()),
        }
        return orjson.dumps(told) + b"\n" + dumped

    @classmethod
    def load(cls, data: bytes) -> "Reached":
        """Raises MalformedError for bytes that `dump` did not write, or another version of this program did."""
        line, _, dumped = data.partition(b"\n")
        try:
            told: Mapping[str, Any] = orjson.loads(line)
            if sha256(dumped).digest() != from_base64url(told["database"], size=32):
                raise MalformedError("the state of an earlier audit is not whole")  # torn: who forges one forges both
            if told["v"] != _VERSION:
                raise MalformedError("the state of an earlier audit is of another version of this program")
            return cls(
                memorandum=from_base64url(told["memorandum"], size=32),
                view=told["view"],
                signatures=told["signatures"],
                size=told["size"],
                root=from_base64url(told["root"], size=32),
                digest=from_base64url(told["digest"], size=32),
                received=None if told["received"] is None else parse_time(told["received"]),
                edge={level: from_base64url(tile) for level, tile in told["edge"]},
                heads={(node, kid): (index, jws) for node, kid, index, jws in told["heads"]},
                sealed=bytearray(from_base64url(told["sealed"], size=told["size"])),
                shown_of=bytearray(from_base64url(told["shown_of"], size=told["size"])),
                shown=told["shown"],
                withheld=told["withheld"],
                erased=told["erased"],
                witnesses=witnesses_named(told["witnesses"]),
                log_keys=tuple(LogKey(Verifier.parse(text), since) for text, since in told["log_keys"]),
                brackets=_brackets(*told["brackets"]),
                findings=tuple(Finding(**each) for each in told["findings"]),
                compared=Compared(**told["compared"]),
                contributed=tuple(_contribution(each) for each in told["contributed"]),
                _dumped=dumped,
            )
        except (ValueError, KeyError, TypeError):
            raise MalformedError("not the state of an earlier audit") from None


def _brackets(size: int, hashed: str, open_from: int, cosigned: int, head: str) -> Brackets:
    return Brackets(size, from_base64url(hashed, size=32), open_from, cosigned, head.encode())


def _contribution(told: Mapping[str, Any]) -> Contribution:
    tables = {table: InTable(**counts) for table, counts in told["tables"].items()}
    return Contribution(**{**told, "tables": tables})
