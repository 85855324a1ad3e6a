"""A ledger that is open for work: its database, its vault, its key; founded once, opened ever after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from ledger.clock import new_key, now
from ledger.cohort.callers import Caller
from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, SetupError
from ledger.operations.append import Appender, Posted
from ledger.operations.asking import Asking
from ledger.operations.callers import Callers, shown_to
from ledger.operations.erase import finish_erasures
from ledger.operations.hearing import Hearing
from ledger.operations.judges import Judges
from ledger.operations.judging import Post
from ledger.operations.kept_database import KeptDatabase
from ledger.operations.listeners import Listeners
from ledger.operations.publish import check_publishable, publish, receipts_each
from ledger.operations.replica import Replica, open_replica
from ledger.operations.signed import SignedFile
from ledger.operations.standing import Standing
from ledger.operations.watch import Policy, stored_witnesses
from ledger.operations.witnessing import Witnessing
from ledger.settings import Settings
from ledger.signing.note import NoteSigner
from ledger.signing.receipt import Receipt
from ledger.store.engine import Engine, check_schema, migrate, open_engine, reading, writing
from ledger.store.head import found, read_head
from ledger.store.moving import check_not_moved
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
    standing: Standing
    witnessing: Witnessing
    reads: Replica
    listeners: Listeners = field(default_factory=Listeners)

    def post(self, post: Sequence[str]) -> list[tuple[Posted, Receipt]]:
        """Append a post, publish it, and give a receipt for each envelope.

        Raises UnavailableError while witnesses must answer first, TamperedError once one knew another log, and what
        `Appender.append` does.
        """
        (answer,) = self.post_each([post])
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def post_each(self, posts: Sequence[Post]) -> list[list[tuple[Posted, Receipt]] | LedgerError]:
        """Append posts in one transaction, each answered on its own, and publish them under one checkpoint.

        Returns for each its receipts, or the error that it is refused with. Raises what fails all of them.
        """
        self.standing.check()
        answers = self.appender.append_each(posts)
        taken = [answer for answer in answers if not isinstance(answer, LedgerError)]
        if not taken:
            return [answer for answer in answers if isinstance(answer, LedgerError)]
        self.publish()
        given = iter(receipts_each(self.engine, self.memorandum, [[place.index for place in each] for each in taken]))
        return [
            answer if isinstance(answer, LedgerError) else list(zip(answer, next(given), strict=True))
            for answer in answers
        ]

    def close(self) -> None:
        """Let go of what was opened, and end the processes that verify."""
        self.appender.judges.close()
        self.reads.close()
        self.engine.dispose()

    def publish(self) -> None:
        """Errors: as `post`."""
        self.standing.check()
        publish(self.engine, self.memorandum, self.signer, self.signed)
        self.witnessing.wake()
        self.listeners.tell()

    def source(self, view: str, *, read: Engine | None = None) -> StoreSource:
        """The log's static files. view: "full", or "clear" to show no disclosure. read: where, if not where it is
        written.
        """
        return StoreSource(read or self.engine, self.vault, view, newest=self.engine)

    def source_for(self, caller: Caller, *, read: Engine | None = None) -> StoreSource:
        """The log's static files, with the disclosures that a caller may see."""
        shown = None if caller.view == "full" else partial(shown_to, caller, self.callers.known())
        return StoreSource(read or self.engine, self.vault, caller.view, shown=shown, newest=self.engine)

    @cached_property
    def hearing(self) -> Hearing:
        """Of other processes on this ledger; its listeners are told of what they publish, too."""
        return Hearing(self.engine, self.listeners)

    @cached_property
    def callers(self) -> Callers:
        """Who may see what, as of the last entry that is stored."""
        return Callers(self.engine, self.vault, self.appender)


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


def kept_database(settings: Settings, memorandum: Memorandum, signer: NoteSigner) -> KeptDatabase:
    return KeptDatabase(settings.data_dir / "kept-database", memorandum.origin, signer)


def open_hub(
    settings: Settings, signer: NoteSigner, *, tell: Callable[[str], None] = lambda _line: None, processes: int = 0
) -> Hub:
    """Open a ledger for posting. tell: what its operator must know while it runs, in a line; called from any thread.
    processes: how many others verify, once there is much to verify.

    What a crash left stored is published before anything else: here, or, where there are witnesses, by `Witnessing`
    once enough of them have said what they cosigned last. Until then the hub is read-only.
    """
    engine, memorandum = open_store(settings)
    if signer.verifier != memorandum.log_key:
        raise SetupError("the log key is not the one that the ledger's memorandum names")
    vault, signed, policy = open_vault(settings), signed_file(settings), Policy.of(settings)
    with reading(engine) as connection:
        check_not_moved(connection)
    check_publishable(engine, memorandum, signer, signed)
    finish_erasures(engine, vault)
    standing, kept = _standing(engine, policy), kept_database(settings, memorandum, signer)
    hub = Hub(
        engine,
        memorandum,
        vault,
        signer,
        signed,
        Appender(engine, memorandum, vault, signer, now, new_key, kept, Judges(processes)),
        standing,
        Witnessing(
            engine,
            memorandum,
            policy,
            standing,
            asking=Asking(engine, memorandum, policy, now=now),
            publish=partial(publish, engine, memorandum, signer, signed),
            now=now,
            tell=tell,
        ),
        open_replica(engine, settings.read_url, memorandum),
    )
    if not standing.is_waiting:
        hub.publish()
    return hub


def _standing(engine: Engine, policy: Policy) -> Standing:
    with reading(engine) as connection:
        asked = policy.asked_at_start(stored_witnesses(connection, read_head(connection).size))
    return Standing(needed=policy.needed(len(asked)), of=len(asked))
