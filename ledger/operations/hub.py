"""A ledger that is open for work: its database, its vault, its key; founded once, opened ever after."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.clock import new_key, now
from ledger.cohort.memorandum import Memorandum
from ledger.errors import SetupError
from ledger.operations.append import Appender, Posted
from ledger.operations.listeners import Listeners
from ledger.operations.publish import publish, receipts
from ledger.operations.signed import SignedFile
from ledger.settings import Settings
from ledger.signing.note import NoteSigner
from ledger.signing.receipt import Receipt
from ledger.store.engine import Engine, check_schema, migrate, open_engine, reading, writing
from ledger.store.head import found, read_head
from ledger.store.source import StoreSource
from ledger.store.vault import Vault


@dataclass(frozen=True)
class Hub:
    """An open ledger. appender: its one way in. listeners: they are told when something may have been published."""

    engine: Engine
    memorandum: Memorandum
    vault: Vault
    signer: NoteSigner
    signed: SignedFile
    appender: Appender
    listeners: Listeners = field(default_factory=Listeners)

    def post(self, post: Sequence[str]) -> list[tuple[Posted, Receipt]]:
        """Append a post, publish it, and give a receipt for each envelope. Errors: see `Appender.append`."""
        places = self.appender.append(post)
        self.publish()
        given = receipts(self.engine, self.memorandum, [place.index for place in places])
        return list(zip(places, given, strict=True))

    def publish(self) -> None:
        publish(self.engine, self.memorandum, self.signer, self.signed)
        self.listeners.tell()

    def source(self, view: str) -> StoreSource:
        """The log's static files. view: "full", or "clear" to show no disclosure."""
        return StoreSource(self.engine, self.vault, view)


def found_ledger(settings: Settings, memorandum_text: bytes, signer: NoteSigner) -> Memorandum:
    """Make the database and the vault of a new ledger, founded with a memorandum.

    Raises SetupError where there is a ledger already, or the log's key is not the memorandum's.
    """
    memorandum = Memorandum.parse(memorandum_text)
    if signer.verifier != memorandum.log_key:
        raise SetupError(
            "the log key is not the one that the memorandum names: use that one, or draft another document"
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database_url)
    migrate(engine)
    with writing(engine) as connection:
        found(connection, memorandum.text)
        # the vault before the commit: a ledger without one could take nothing that is sealed, and a key file without a
        # ledger harms nobody: the next run takes it up
        Vault.take_up(settings.vault_key_file, wrap=settings.vault_wrap_key, draw=new_key)
    publish(engine, memorandum, signer, signed_file(settings))
    engine.dispose()
    return memorandum


def open_store(settings: Settings) -> tuple[Engine, Memorandum]:
    """The stored ledger, to be read. Raises SetupError where there is none, or its schema is not this version's."""
    engine = open_engine(settings.database_url)
    check_schema(engine)
    with reading(engine) as connection:
        return engine, Memorandum.parse(read_head(connection).memorandum)


def open_vault(settings: Settings) -> Vault:
    return Vault(settings.vault_key_file, wrap=settings.vault_wrap_key, draw=new_key)


def signed_file(settings: Settings) -> SignedFile:
    """Beside the log's key: whoever signs with it finds there what it signed last."""
    return SignedFile(settings.log_key_file.with_name("last-checkpoint"))


def open_hub(settings: Settings, signer: NoteSigner) -> Hub:
    """Open a ledger for posting: what a crash left stored is published before anything else."""
    engine, memorandum = open_store(settings)
    if signer.verifier != memorandum.log_key:
        raise SetupError("the log key is not the one that the ledger's memorandum names")
    vault = open_vault(settings)
    hub = Hub(
        engine,
        memorandum,
        vault,
        signer,
        signed_file(settings),
        Appender(engine, memorandum, vault, signer, now, new_key),
    )
    hub.publish()
    return hub
