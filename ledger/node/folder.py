"""A node's folder: its key, who it is, its own copy of the memorandum, and its receipts.

key.pem            PKCS#8, encrypted unless told otherwise
node.json          the node's name, and who speaks where a draft does not say
member.json        what the founding document says of it; no secret
memorandum.json    the document whose log key its receipts are checked under
outbox/            what it has yet to say, see `ledger.node.outbox`
receipts/          what was taken, see `ledger.node.receipts`
refusals/          what was not, see `ledger.operations.evidence`
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger import clock
from ledger.cohort.database import Head
from ledger.cohort.memorandum import Member, Memorandum
from ledger.errors import MalformedError, SetupError
from ledger.node.drafts import Draft, nobodys_key, seal_draft
from ledger.node.keyring import write_key
from ledger.node.outbox import Outbox, is_sealed
from ledger.node.receipts import ReceiptFolder
from ledger.operations.replacing import replacing
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import dump
from ledger.signing.envelope import Actor, Envelope
from ledger.signing.keys import SigningKey


@dataclass(frozen=True)
class NodeFolder:
    """name: the node's. actor: its usual one."""

    path: Path
    name: str
    actor: Actor

    @classmethod
    def open(cls, path: Path) -> "NodeFolder":
        """Raises SetupError where there is no node, or its file does not say which."""
        try:
            told = json.loads((path / "node.json").read_bytes())
            return cls(path, told["node"], Actor(**told["actor"]))
        except FileNotFoundError:
            raise SetupError(f"there is no node in {path}: make one with `cohort-ledger node init`") from None
        except (ValueError, KeyError, TypeError):
            raise SetupError(f"{path / 'node.json'} does not say which node and actor this is") from None

    @classmethod
    def create(
        cls, path: Path, member: Member, actor: Actor, key: SigningKey, passphrase: bytes | None
    ) -> "NodeFolder":
        """Raises SetupError where there is a node already."""
        created = cls(path, member.node, actor)
        write_key(created.key_file, key, passphrase)
        (path / "node.json").write_text(json.dumps({"node": member.node, "actor": asdict(actor)}, indent=2) + "\n")
        (path / "member.json").write_bytes(dump(member.model_dump()))
        return created

    @property
    def key_file(self) -> Path:
        return self.path / "key.pem"

    @property
    def receipts(self) -> ReceiptFolder:
        return ReceiptFolder(self.path / "receipts")

    @property
    def refusals(self) -> Path:
        """What the log refused and signed so, as evidence."""
        return self.path / "refusals"

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.path / "outbox")

    @property
    def memorandum(self) -> Memorandum | None:
        """The node's own copy, None where it has none yet."""
        try:
            return Memorandum.parse((self.path / "memorandum.json").read_bytes())
        except FileNotFoundError:
            return None

    def keep_memorandum(self, memorandum: Memorandum) -> None:
        with replacing(self.path / "memorandum.json") as opened:
            opened.write(memorandum.text)

    def seal(self, draft: Draft, key: SigningKey, head: Head | None) -> Envelope:
        """Seal and sign a draft as what follows `head`, now. Raises as `seal_draft` does."""
        return seal_draft(
            draft,
            node=self.name,
            head=head,
            key=key,
            actor=self.actor,
            event_id=clock.new_event_id(),
            issued_at=clock.now(),
            salts=clock.new_salts(),
        )

    def seal_line(self, text: str, key: Callable[[], SigningKey], head: Head | None) -> Envelope:
        """Seal a draft as it stands in a file; what is an envelope already stays as it is, and asks for no key.

        Raises as `Draft.parse` and `seal_draft` do, and MalformedError for what another node sealed.
        """
        if not is_sealed(text):
            return self.seal(Draft.parse(text), key(), head)
        envelope = envelopes.parse(text)
        if envelope.claims.node != self.name:
            raise MalformedError(f"sealed by {envelope.claims.node}: {self.name} posts what it sealed itself")
        return envelope

    def check_line(self, text: str) -> None:
        """Check that a line can be sealed, by doing so on no head, under a key of nobody's. Raises as `seal_line`."""
        self.seal_line(text, nobodys_key, None)
