"""The doctor: everything that a hub stores, held against everything else it stores.

The set-up first, then the audit over the store's own files with every disclosure, then what only the hub can check:
the derived columns, the head, and the stored tables (step 8 of the audit).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, SetupError, TamperedError, UnavailableError
from ledger.operations.audit import STEPS, audit
from ledger.operations.erase import check_finished
from ledger.operations.folding import Progress
from ledger.operations.hub import open_vault, signed_file
from ledger.operations.publish import check_extends
from ledger.operations.rebuild import check_tables
from ledger.operations.signed import SignedFile
from ledger.operations.watch import Policy, check_cosigned, stored_witnesses
from ledger.settings import Settings
from ledger.signing.encoding import to_base64
from ledger.signing.envelope import parse_jws
from ledger.store.access_log import check_chain
from ledger.store.engine import Connection, Engine, check_file, check_objects, check_schema, open_engine, reading
from ledger.store.entries import check_columns, find_entry
from ledger.store.head import read_head
from ledger.store.moving import moved_to
from ledger.store.source import StoreSource
from ledger.store.tiles import check_tiles, node_reader
from ledger.store.vault import Vault

Verdict = Literal["well", "set-up", "history", "tables"]
_OTHERS_MAY_NOT = 0o077
_STEP_OF_DISCLOSURES, _STEP_OF_TABLES = 7, 8


@dataclass(frozen=True, slots=True)
class Finding:
    """verdict: "well", or what is wrong: the set-up, the history, or only the stored tables."""

    what: str
    verdict: Verdict
    message: str


def examine(settings: Settings, *, progress: Progress = lambda _done, _of: None) -> Iterator[Finding]:
    """Check a hub, most basic things first; stops where what is next cannot be looked at any more."""
    yield from _files(settings)
    try:
        engine = open_engine(settings.database_url)
        check_schema(engine)
        with reading(engine) as connection:
            head = read_head(connection)
        memorandum = Memorandum.parse(head.memorandum)
        vault = open_vault(settings)
    except (SetupError, UnavailableError) as error:  # a server that is down says nothing of the history
        yield Finding("database", "set-up", str(error))
        return
    except LedgerError as error:
        yield Finding("head", "history", f"head: {error}")
        return
    try:
        yield from _examined(settings, engine, head.size, memorandum, vault, progress)
    finally:
        engine.dispose()


def _examined(
    settings: Settings, engine: Engine, size: int, memorandum: Memorandum, vault: Vault, progress: Progress
) -> Iterator[Finding]:
    yield Finding("database", "well", f"its schema is this version's; {size} entries")
    yield _judged("database file", "history", partial(_check_file, engine))
    yield _judged("database objects", "set-up", partial(_check_objects, engine))
    yield from _audited(engine, vault, progress)
    yield _judged("tiles and vault", "history", partial(_check_no_more, engine, vault))
    yield _judged("erasures", "set-up", partial(check_finished, engine, vault))
    yield _judged("last signature", "history", partial(_check_signed, engine, memorandum, signed_file(settings)))
    yield _judged("what was witnessed", "history", partial(_check_cosigned, engine, memorandum))
    yield _judged("witnesses", "set-up", partial(_check_witnesses, engine, Policy.of(settings)))
    yield _judged("head", "set-up", partial(_check_head, engine))
    yield _judged("derived columns", "history", partial(_check_columns, engine))
    yield _judged("access log", "history", partial(_check_access_log, engine))
    yield _tables(engine, memorandum)


def _files(settings: Settings) -> Iterator[Finding]:
    for what, file in (("vault keys", settings.vault_key_file), ("log key", settings.log_key_file)):
        yield _judged(what, "set-up", partial(_check_secret_file, file))


def _check_secret_file(file: Path) -> str:
    if not file.is_file():
        raise SetupError(f"there is no {file}")
    if file.stat().st_mode & _OTHERS_MAY_NOT:
        raise SetupError(f"others may read {file}: run chmod 600 on it")
    return f"{file}, for its owner alone"


def _audited(engine: Engine, vault: Vault, progress: Progress) -> Iterator[Finding]:
    """Every disclosure must be there, but for those that were never given: a ledger restored from a clear copy."""
    with reading(engine) as connection:
        try:
            absent = vault.never_given(connection)
            sealed = sum(len(parse_jws(_jws(connection, index)).commitments) for index in absent)
        except LedgerError as error:
            yield Finding("log and vault", "history", str(error))
            return
    try:
        found = audit(StoreSource(engine, vault, "full"), view="clear" if absent else "full", progress=progress)
    except UnavailableError as error:  # an erasure is stored that no checkpoint covers yet
        yield Finding("log and vault", "set-up", f"{error}: start the hub, which publishes it")
        return
    if found.failure is not None:
        where = "" if found.failure.index is None else f"entry {found.failure.index}: "
        yield Finding("log and vault", "history", f"{STEPS[found.failure.step]}: {where}{found.failure.message}")
    elif found.withheld != sealed:
        what = f"{found.withheld} disclosures are missing, of which {sealed} were never given to this hub"
        yield Finding("log and vault", "history", f"{STEPS[_STEP_OF_DISCLOSURES]}: {what}")
    else:
        yield Finding("log and vault", "well", found.passed[6])
    if absent:
        what = f"{len(absent)} entries' are not held: this ledger was restored without them; its full bundles lack them"
        yield Finding("disclosures", "set-up", what)


def _jws(connection: Connection, index: int) -> str:
    stored = find_entry(connection, index=index)
    if stored is None:
        raise TamperedError(f"entry {index} is missing", index=index)
    return stored.jws


def _check_file(engine: Engine) -> str:
    return check_file(engine)


def _check_objects(engine: Engine) -> str:
    check_objects(engine)
    return "are those of this version's migrations"


def _check_no_more(engine: Engine, vault: Vault) -> str:
    """What no reader of the log is shown, and the hub would stumble over."""
    with reading(engine) as connection:
        check_tiles(connection, read_head(connection).size)
        vault.check(connection)
    return "hold what the log needs and no more"


def _check_signed(engine: Engine, memorandum: Memorandum, signed: SignedFile) -> str:
    note = signed.read()
    if note is None:
        return "none is kept here: this hub has signed nothing itself yet"
    with reading(engine) as connection:
        head = read_head(connection)
        check_extends(head, note, memorandum, node_reader(connection, head.size))
    return "the stored log extends what was signed last"


def _check_cosigned(engine: Engine, memorandum: Memorandum) -> str:
    with reading(engine) as connection:
        kept = check_cosigned(connection, memorandum)
        witnessed = read_head(connection).witnessed_size
    return f"{witnessed} entries are under cosignatures that hold, and {kept} earlier checkpoints are kept"


def _check_witnesses(engine: Engine, policy: Policy) -> str:
    with reading(engine) as connection:
        count = len(stored_witnesses(connection, read_head(connection).size))
    warning = policy.warning(count)
    if warning is not None:
        raise SetupError(warning)
    if not count:
        return "none are named by resolutions: nothing shows that all are shown the same log"
    return f"{policy.needed(count)} of {count} must cosign a checkpoint"


def _check_head(engine: Engine) -> str:
    with reading(engine) as connection:
        head = read_head(connection)
        place = moved_to(connection)
    if place is not None:
        raise SetupError(f"head: this ledger was moved to {place} and goes on there: nothing is appended here")
    if head.checkpoint is None:
        raise TamperedError("head: its checkpoint was taken out")
    if head.published != head.size:
        raise SetupError(f"head: {head.size} entries are stored and {head.published} published: start the hub")
    return f"published to the last of {head.size} entries"


def _check_columns(engine: Engine) -> str:
    with reading(engine) as connection:
        check_columns(connection, read_head(connection).size)
    return "every column of every entry says what its envelope says"


def _check_access_log(engine: Engine) -> str:
    with reading(engine) as connection:
        return f"{check_chain(connection)} lines, each of which fits the one before"


def _tables(engine: Engine, memorandum: Memorandum) -> Finding:
    """The tables are to blame for what step 8 finds; what the replay beside them stumbles over is the log's."""
    try:
        digest = check_tables(engine, memorandum)
    except LedgerError as error:
        verdict: Verdict = "tables" if error.facts.get("step") == _STEP_OF_TABLES else "history"
        return Finding("stored tables", verdict, str(error))
    return Finding("stored tables", "well", f"give the digest of the log: {to_base64(digest)}")


def _judged(what: str, verdict: Verdict, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "well", check())
    except LedgerError as error:
        return Finding(what, verdict, str(error))
