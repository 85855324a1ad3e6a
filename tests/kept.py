"""An alliance's history kept in real files: what a hub would have stored of it, and published."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

import databases
from given import Alliance, signing_key

from ledger.cohort.cells import Version
from ledger.cohort.database import Database, Taken
from ledger.cohort.digest import START, next_digest
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import extend_tiles
from ledger.merkle.tree import root_at
from ledger.replay import replay
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint
from ledger.signing.entry import format_time
from ledger.signing.note import NoteSigner
from ledger.store.cells import all_changes, write_versions
from ledger.store.engine import Connection, Engine, open_engine, writing
from ledger.store.entries import NewEntry, StoredEntry, append_entries
from ledger.store.head import advance, found, publish, read_head
from ledger.store.tiles import node_reader, read_tile, write_tiles
from ledger.store.vault import Sealed, Vault


def drawing() -> Iterator[bytes]:
    """32 bytes each that nobody could tell from random, the same every time."""
    return (sha256(b"drawn %d" % n).digest() for n in count())


def new_engine(folder: Path) -> Engine:
    """A database with all tables and nothing in them."""
    return open_engine(databases.migrated_in(folder))


@dataclass(frozen=True)
class Kept:
    """taken: what each entry did, as the replay tells it."""

    alliance: Alliance
    taken: list[Taken]
    engine: Engine
    vault: Vault
    folder: Path

    @property
    def versions(self) -> list[Version]:
        return [version for taken in self.taken for version in taken.versions]


def keep(alliance: Alliance, folder: Path, *, wrap: bytes | None = None, batch: int = 10) -> Kept:
    """Store all that an alliance heard, so many entries a transaction, and publish it."""
    engine = new_engine(folder)
    draw = drawing()
    vault = Vault.create(folder / "vault-keys.db", wrap=wrap, draw=lambda: next(draw))
    taken = list(replay(alliance.memorandum, alliance.recorded(), Database()))
    kept = Kept(alliance, taken, engine, vault, folder)
    with writing(engine) as conn:
        found(conn, alliance.memorandum.text)
    for start in range(0, len(taken), batch):
        vault.put_keys({each.event.event_id: next(draw) for each in taken[start : start + batch]})
        with writing(engine) as conn:
            append(conn, kept, start, start + batch)
    with writing(engine) as conn:
        sign(conn, kept, read_head(conn).size)
    return kept


def copied(kept: Kept, folder: Path) -> Kept:
    """The same in files of its own, to be changed."""
    kept.engine.dispose()  # the last connection to go empties the write-ahead file into the database
    url = databases.copied(kept.engine.url.render_as_string(hide_password=False), folder)
    shutil.copy2(kept.folder / "vault-keys.db", folder)
    vault = Vault(folder / "vault-keys.db", wrap=None, draw=lambda: bytes(32))
    return Kept(kept.alliance, kept.taken, open_engine(url), vault, folder)


def append(conn: Connection, kept: Kept, start: int, stop: int) -> None:
    taken = kept.taken[start:stop]
    heard = kept.alliance.heard[start:stop]
    new = [
        NewEntry(
            StoredEntry(each.event.index, format_time(said.received), said.envelope.jws.text, each.digest),
            said.envelope.claims,
            each.event,
        )
        for each, said in zip(taken, heard, strict=True)
    ]
    append_entries(conn, new)
    shut = list(sealed(kept, start, stop))
    kept.vault.seal(
        conn, shut, kept.vault.put_keys({each.event_id: bytes(32) for each in shut})
    )  # those that are there
    leaves = [leaf_hash(each.stored.leaf) for each in new]
    write_tiles(conn, extend_tiles(start, leaves, lambda level, n: read_tile(conn, level, n)))
    write_versions(conn, [version for each in taken for version in each.versions])
    advance(conn, start + len(taken))


def sealed(kept: Kept, start: int, stop: int) -> list[Sealed]:
    return [
        Sealed(each.event.index, each.event.event_id, "~".join(one.text for one in said.envelope.disclosures))
        for each, said in zip(kept.taken[start:stop], kept.alliance.heard[start:stop], strict=True)
        if said.envelope.disclosures
    ]


def sign(conn: Connection, kept: Kept, size: int) -> None:
    """Publish the first `size` entries."""
    origin = kept.alliance.memorandum.origin
    signer = NoteSigner(origin, signing_key("log"))
    root = root_at(size, node_reader(conn, size))
    publish(
        conn,
        checkpoint=sign_checkpoint(Checkpoint(origin, size, root), signer).encode(),
        digest_note=sign_checkpoint(
            Checkpoint(database_origin(origin), size, kept.taken[size - 1].digest), signer
        ).encode(),
    )


def digests(conn: Connection, size: int) -> Iterator[bytes]:
    """The chain, as the stored rows give it."""
    digest = START
    for _, versions in all_changes(conn, size):
        yield (digest := next_digest(digest, versions))
