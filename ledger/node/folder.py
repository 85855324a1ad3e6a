"""A node's folder: its key, who it is, its own copy of the memorandum, and its receipts.

key.pem            its first key, PKCS#8, encrypted unless told otherwise
key.<kid>.pem      one that came later, by its thumbprint; the log says which of them is in force
*.hsm.json         in place of `*.pem`: where in a hardware token the key lies, see `ledger.node.hsm`
node.json          the node's name, and who speaks where a draft does not say
member.json        what the founding document says of it, its first key with it, for ever; no secret
memorandum.json    the document whose log key its receipts are checked under
outbox/            what it has yet to say, see `ledger.node.outbox`
receipts/          what was taken, see `ledger.node.receipts`
refusals/          what was not, see `ledger.operations.evidence`
imported           which patients of its sources are which cases, see `ledger.node.importing.subjects`
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger import clock
from ledger.cohort.database import Head
from ledger.cohort.memorandum import Member, Memorandum
from ledger.errors import MalformedError, SetupError
from ledger.node.drafts import Draft, nobodys_key, seal_draft
from ledger.node.hsm import PLACE_SUFFIX, Place
from ledger.node.keyring import write_key
from ledger.node.outbox import Outbox, is_sealed
from ledger.node.receipts import ReceiptFolder
from ledger.node.rotation import Keys, StreamEnd, brought_by, draft_of, with_proof
from ledger.operations.replacing import replacing
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import dump
from ledger.signing.envelope import Actor, Envelope
from ledger.signing.keys import SigningKey

_FIRST_KEY = "key"
_PEM_SUFFIX = ".pem"


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
        cls, path: Path, member: Member, actor: Actor, *, key: SigningKey, kept: "bytes | Place | None"
    ) -> "NodeFolder":
        """kept: as `keep_key` has it. Raises SetupError where there is a node already."""
        created = cls(path, member.node, actor)
        created._keep(_FIRST_KEY, key, kept)
        (path / "node.json").write_text(json.dumps({"node": member.node, "actor": asdict(actor)}, indent=2) + "\n")
        (path / "member.json").write_bytes(dump(member.model_dump()))
        return created

    def key_file(self, kid: str) -> Path:
        """Where a key of this thumbprint lies, if it is here: what is in the file is not looked at."""
        names = (f"{name}{suffix}" for name in (f"key.{kid}", _FIRST_KEY) for suffix in (_PEM_SUFFIX, PLACE_SUFFIX))
        return next((self.path / name for name in names if (self.path / name).exists()), self.path / "key.pem")

    @property
    def member(self) -> Member:
        """What a founding document says of it."""
        return Member.model_validate_json((self.path / "member.json").read_bytes())

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

    # ------------------------------------------------------------------ keys

    def keep_key(self, key: SigningKey, kept: bytes | Place | None) -> Path:
        """Keep another key, by its thumbprint; nothing is said of it anywhere. Returns the file.

        kept: the passphrase that its file is encrypted with, None for none, or its place in a token, which is all that
        is written then.
        """
        return self._keep(f"key.{key.public.thumbprint}", key, kept)

    def has_one_key(self) -> bool:
        """Whether no key but the node's first was ever kept here."""
        return not any(any(self.path.glob(f"{_FIRST_KEY}.*{suffix}")) for suffix in (_PEM_SUFFIX, PLACE_SUFFIX))

    def _keep(self, name: str, key: SigningKey, kept: bytes | Place | None) -> Path:
        file = self.path / f"{name}{PLACE_SUFFIX if isinstance(kept, Place) else _PEM_SUFFIX}"
        if isinstance(kept, Place):
            kept.write(file)
        else:
            write_key(file, key, kept)
        return file

    def begin_rotation(self, key: SigningKey, kept: bytes | Place | None) -> None:
        """Keep a new key, and let what brings it wait in the outbox: a flush does the rest.

        It is durable before it is said anywhere. A crash between the two leaves a key that nobody hears of.
        """
        self.keep_key(key, kept)
        self.outbox.add([draft_of(key.public)], ["node key rotate"])

    def rotation(self) -> str | None:
        """Thumbprint of the key that waits in the outbox to be brought, None where none does."""
        for waiting in self.outbox.waiting():
            said = envelopes.parse(waiting.text).claims if is_sealed(waiting.text) else Draft.parse(waiting.text)
            brought = brought_by(said.type, said.data)
            if brought is not None:
                return brought
        return None

    # ------------------------------------------------------------------ what it says

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

    def seal_line(self, text: str, keys: Keys, end: StreamEnd) -> Envelope:
        """Seal a draft as it stands in a file; what is an envelope already stays as it is, and asks for no key.

        Raises as `Draft.parse`, `seal_draft` and `keys` do, and MalformedError for what another node sealed.
        """
        if not is_sealed(text):
            draft = Draft.parse(text)
            if brought_by(draft.type, draft.data) is not None:
                draft = with_proof(draft, keys, node=self.name, origin=self._origin(), head=end.head)
            return self.seal(draft, keys(end.kid), end.head)
        envelope = envelopes.parse(text)
        if envelope.claims.node != self.name:
            raise MalformedError(f"sealed by {envelope.claims.node}: {self.name} posts what it sealed itself")
        return envelope

    def check_line(self, text: str) -> None:
        """Check that a line can be sealed, by doing so on no head, under a key of nobody's. Raises as `seal_line`."""
        self.seal_line(text, lambda _kid: nobodys_key(), StreamEnd(None, ""))

    def _origin(self) -> str:
        """The log's name, which a proof is for."""
        memorandum = self.memorandum
        if memorandum is None:
            raise SetupError(
                f"there is no memorandum in {self.path} yet: `cohort-ledger node head` asks the hub for it"
            )
        return memorandum.origin
