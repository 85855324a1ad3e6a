"""The offline page: one file, opened from disk, that checks a bundle and names what was tampered with."""

import json
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import checked_logs
import given
import hubs
import pytest
from browsers import Watched, page_of
from checked_logs import Files, flipped, leaves_of, resigned, size_of, with_leaf, zipped
from given import DRUP, PROTARGET
from mirrors import Held
from playwright.sync_api import Browser, Page
from resolved import log_key

from api.web.offline import offline_hash, offline_page
from ledger.cohort.witnesses import with_cosignatures
from ledger.merkle.tiles import entries_path, tile_path
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.envelope import Claims, Disclosure, sign
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note

README = Path(__file__).parents[2] / "README.md"


class Told(NamedTuple):
    files: Files
    alliance: given.Alliance

    @property
    def memorandum(self) -> str:
        return self.alliance.memorandum.hash.hex()


class Offline(NamedTuple):
    """The page, opened, and a folder for what is dropped on it."""

    page: Page
    folder: Path

    def checks(self, dropped: Path, *, pin: str = "", keys: str = "") -> dict[str, Any]:
        self.page.fill("#pin", pin)
        self.page.fill("#keys", keys)
        self.page.evaluate(
            "() => { window.found = new Promise((tell) => "
            "document.addEventListener('verified', (event) => tell(event.detail), { once: true })); }"
        )
        self.page.set_input_files("#folder" if dropped.is_dir() else "#file", dropped)
        found: dict[str, Any] = self.page.evaluate("() => window.found")
        return found

    def checks_files(self, files: Files, **settings: str) -> dict[str, Any]:
        return self.checks(zipped(files, self.folder / "dropped.zip"), **settings)

    @property
    def summary(self) -> str:
        return self.page.inner_text("#summary")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(*checked_logs.told_log(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Watched]]:
    file = tmp_path_factory.mktemp("page") / "offline.html"
    file.write_bytes(offline_page())
    with page_of(browser, host="nobody") as (page, watched):
        page.goto(file.as_uri())
        yield page, watched


@pytest.fixture
def offline(opened: tuple[Page, Watched], tmp_path: Path) -> Iterator[Offline]:
    page, watched = opened
    yield Offline(page, tmp_path)
    assert watched.clean, watched


# ---------------------------------------------------------------------- what holds


def test_the_readme_names_the_hash_of_the_page() -> None:
    stated = re.search(r"`([0-9a-f]{64})`", README.read_text(encoding="utf-8"))

    print(f"SHA-256 of /verify/offline.html: {offline_hash()}")  # noqa: T201 - for whoever changes the page

    assert stated is not None
    assert stated[1] == offline_hash(), f"write the new one into README.md: {offline_hash()}"


def test_the_page_is_the_same_bytes_each_time_and_loads_nothing() -> None:
    page = offline_page().decode()
    offline_page.cache_clear()

    assert offline_page().decode() == page
    assert sha256(page.encode()).hexdigest() == offline_hash()
    assert "connect-src 'none'" in page
    assert re.findall(r"<(?:link|img|iframe|script src)", page) == []


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bundle_of_every_kind_of_event_holds(offline: Offline, told: Told, compression: int) -> None:
    bundle = zipped(told.files, offline.folder / "bundle.zip", compression=compression)

    found = offline.checks(bundle, pin=told.memorandum, keys=given.cosigner(checked_logs.WITNESS).verifier.text)

    size = told.alliance.database.size
    assert found["failure"] is None
    assert (found["size"], found["memorandum"], found["pinned"]) == (size, told.memorandum, True)
    assert offline.summary == f"{size} of {size} verified · under the pinned memorandum"
    assert sum(sum(types.values()) for types in found["counts"].values()) == size
    assert {"step": "witnesses", "words": "cosigned by 1 of 1 witnesses: witness.example"} in found["passed"]
    sealed = sum(len(heard.envelope.commitments) for heard in told.alliance.heard)
    assert (found["sealed"], found["shown"]) == (sealed, sealed - 1)  # one is erased


def test_what_the_command_writes_holds_and_python_agrees_on_what_it_is(offline: Offline, told: Told) -> None:
    write_bundle(Held(told.files), offline.folder / "written.zip", view="clear")

    found = offline.checks(offline.folder / "written.zip")

    audited = audit(Held(told.files))
    assert audited.failure is None
    assert found["failure"] is None
    assert found["counts"][DRUP]["patient.enrolled"] == 1
    assert {node: sum(types.values()) for node, types in found["counts"].items()} == {
        each.node: each.events for each in audited.contributed if each.events
    }
    assert "self-consistent only" in offline.summary


def test_a_mirrors_folder_holds(offline: Offline, told: Told) -> None:
    for path, data in told.files.items():
        file = offline.folder / "mirror" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    assert offline.checks(offline.folder / "mirror")["failure"] is None


# ---------------------------------------------------------------------- what does not


def forged(told: Told, claims: Claims, key: SigningKey) -> Files:
    """A log that took one more event, as only a hub can that goes along with it."""
    leaves = leaves_of(told.files)
    received, _, _ = leaves[-1].partition(b"\n")
    return resigned(told.files, [*leaves, received + b"\n" + sign(claims, (), key).jws.text.encode()])


def next_claims(
    told: Told, node: str = DRUP, type_: str = "trial.registered", data: given.Data = MappingProxyType({})
) -> Claims:
    return told.alliance.claims(node, type_, data)


def with_bit_in(part: str, place: int) -> Callable[[Told], Files]:
    return lambda told: {**told.files, part: flipped(told.files[part], place)}


def tile_of(told: Told) -> str:
    return tile_path(0, 0, size_of(told.files))


def with_bit_in_event(told: Told) -> Files:
    return with_leaf(told.files, 17, flipped(leaves_of(told.files)[17], 300))


def with_entries(change: Callable[[bytes], bytes]) -> Callable[[Told], Files]:
    return lambda told: told.files | {entries_path(0, 48): change(told.files[entries_path(0, 48)])}


def left_out(told: Told) -> Files:
    leaves = leaves_of(told.files)
    return resigned(told.files, [*leaves[:9], *leaves[10:]])


def swapped(told: Told) -> Files:
    leaves = leaves_of(told.files)
    leaves[8], leaves[9] = leaves[9], leaves[8]
    return resigned(told.files, leaves)


def respelt(told: Told) -> Files:
    """A signature whose unused last bits are set: the same bytes to a reader who does not look."""
    leaves = leaves_of(told.files)
    last = leaves[4][-1:]
    leaves[4] = leaves[4][:-1] + chr(last[0] + 1).encode()
    return resigned(told.files, leaves)


def with_broken_signature(told: Told) -> Files:
    leaves = leaves_of(told.files)
    head, _, signature = leaves[4].rpartition(b".")
    leaves[4] = head + b"." + (b"B" if signature[:1] == b"A" else b"A") + signature[1:]
    return resigned(told.files, leaves)


def received_earlier(told: Told) -> Files:
    leaves = leaves_of(told.files)
    leaves[6] = b"2001-01-01T00:00:00.000Z" + leaves[6][24:]
    return resigned(told.files, leaves)


def disclosures_with(change: Callable[[list[str]], list[str]]) -> Callable[[Told], Files]:
    def changed(told: Told) -> Files:
        path = f"disclosures/000.p/{size_of(told.files)}"
        lines = told.files[path].decode().split("\n")
        return {**told.files, path: "\n".join(change(lines)).encode()}

    return changed


def another_value(lines: list[str]) -> list[str]:
    at = next(at for at, line in enumerate(lines) if line)
    return [*lines[:at], "~".join([Disclosure.make(bytes(16), 1).text, *lines[at].split("~")[1:]]), *lines[at + 1 :]]


def kept_of_another_history(told: Told) -> Files:
    note = sign_checkpoint(Checkpoint(given.ORIGIN, 5, bytes(32)), hubs.LOG).encode()
    return {**told.files, "checkpoints": b"%d\n%s" % (len(note), note)}


def with_spoilt_cosignature(told: Told) -> Files:
    note = Note.parse(told.files["checkpoint"])
    line = given.cosigner(checked_logs.WITNESS).cosign(note.text, checked_logs.TIME_S)
    spoilt = replace(line, signature=flipped(line.signature, 20))
    return {**told.files, "checkpoint": with_cosignatures(note, [spoilt]).encode()}


def founded_otherwise(told: Told) -> Files:
    """The same log under a document in which a founder has another key."""
    text = json.loads(told.files["memorandum"])
    text["members"][0]["key"] = dict(given.signing_key("thief").public.jwk)
    return {**told.files, "memorandum": json.dumps(text, sort_keys=True, separators=(",", ":")).encode()}


def rotated_elsewhere(told: Told) -> Files:
    """A rotation whose proof was given for another place in the stream."""
    rotation = given.proven(given.signing_key("new"), DRUP, bytes(32))
    return forged(told, next_claims(told, type_="key.rotated", data=rotation), told.alliance.key(DRUP))


def id_used_twice(told: Told) -> Files:
    taken = told.alliance.heard[3].envelope.claims.event_id
    return forged(told, replace(next_claims(told), event_id=taken), told.alliance.key(DRUP))


def after_another(told: Told) -> Files:
    """The right place in the stream, behind an envelope that nobody was shown."""
    return forged(told, replace(next_claims(told), prev=bytes(32)), told.alliance.key(DRUP))


def by_a_former_member(told: Told) -> Files:
    return forged(told, next_claims(told, PROTARGET), given.signing_key(f"{PROTARGET} 3"))


def by_a_replaced_key(told: Told) -> Files:
    """Of a type that even a former member may say, so that it is the key which is wrong."""
    withdrawn: given.Data = {"case": given.case(2), "on": "2021-12-09", "scope": "sharing"}
    return forged(told, next_claims(told, PROTARGET, "consent.withdrawn", withdrawn), given.signing_key(PROTARGET))


def by_a_thief(told: Told) -> Files:
    return forged(told, next_claims(told), given.signing_key("thief"))


def by_a_stranger(told: Told) -> Files:
    return forged(told, next_claims(told, "nobody-xx"), given.signing_key("nobody"))


def resolved_about_nothing(told: Told) -> Files:
    proposal: given.Data = {"resolution": "about-nothing", "subject": "accession", "content": None}
    return forged(told, next_claims(told, type_="resolution.proposed", data=proposal), told.alliance.key(DRUP))


def with_log_key_unused(told: Told) -> Files:
    """A later log key is in force, and the checkpoint has the founding key's signature alone."""
    proposal = given.resolution("a-log-key", "log-key", log_key("another"))
    return forged(told, next_claims(told, type_="resolution.proposed", data=proposal), told.alliance.key(DRUP))


TAMPERINGS: dict[str, tuple[Callable[[Told], Files], str, int | None, str]] = {
    "a bit of an event": (with_bit_in_event, "entries", 17, "tree"),
    "a bit of a tile": (lambda told: with_bit_in(tile_of(told), 70)(told), "entries", 2, "not the one that the tree"),
    "a bit of the root": (with_bit_in("checkpoint", 35), "checkpoint", None, ""),
    "a bit of the log's signature": (with_bit_in("checkpoint", -150), "checkpoint", None, ""),
    "a bit of a cosignature": (with_spoilt_cosignature, "witnesses", None, "the cosignature of witness.example"),
    "an event left out": (left_out, "streams", 9, "seq"),
    "two events swapped": (swapped, "streams", 8, "seq"),
    "a signature respelt": (respelt, "entries", 4, "one spelling"),
    "a signature broken, tree and all": (with_broken_signature, "signatures", 4, "does not hold"),
    "an event dated back": (received_earlier, "entries", 6, "received before"),
    "an event id used twice": (id_used_twice, "streams", 48, "is taken"),
    "an event behind another history": (after_another, "streams", 48, "prev is not the hash"),
    "a former member's event": (by_a_former_member, "streams", 48, "no member any more"),
    "an event by a key that was replaced": (by_a_replaced_key, "signatures", 48, "another key than the one in force"),
    "an event by a stolen name": (by_a_thief, "signatures", 48, "another key than the one in force"),
    "an event by nobody": (by_a_stranger, "streams", 48, "has no key here"),
    "a rotation with another's proof": (rotated_elsewhere, "streams", 48, "another node, log or place"),
    "a resolution about nothing": (resolved_about_nothing, "streams", 48, "a resolution is misshapen"),
    "a log key left unused": (with_log_key_unused, "checkpoint", None, "a resolution brought into force"),
    "a founder's key exchanged": (founded_otherwise, "streams", 0, "another memorandum"),
    "a sealed value exchanged": (disclosures_with(another_value), "disclosures", 12, "opens none"),
    "a line of disclosures left out": (disclosures_with(lambda lines: lines[1:]), "entries", 0, "a line an entry"),
    "a kept checkpoint of another history": (kept_of_another_history, "tree", None, "two histories"),
    "entries cut short": (with_entries(lambda data: data[:-1]), "entries", 0, "ends within"),
    "entries with more behind them": (with_entries(lambda data: data + b"x"), "entries", 0, "more than"),
    "a huge tile": (lambda told: {**told.files, tile_of(told): bytes(48 * 32 + 1)}, "entries", 0, "larger than"),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_named(offline: Offline, told: Told, tampering: str) -> None:
    tamper, step, index, words = TAMPERINGS[tampering]

    found = offline.checks_files(tamper(told))

    assert found["failure"] is not None, found
    assert (found["failure"]["step"], found["failure"].get("index")) == (step, index), found["failure"]
    assert words in found["failure"]["message"]
    assert offline.summary.startswith("1 failed")


def test_another_memorandum_than_the_pinned_one_is_refused_first(offline: Offline, told: Told) -> None:
    found = offline.checks_files(told.files, pin="0" * 64)

    assert found["failure"]["step"] == "memorandum"
    assert "another memorandum" in offline.summary


def test_another_key_of_a_witness_than_the_pinned_one_is_refused(offline: Offline, told: Told) -> None:
    other = given.cosigner(checked_logs.WITNESS, "another").verifier.text

    found = offline.checks_files(told.files, keys=other)

    assert found["failure"]["step"] == "witnesses"
    assert "another key of the witness" in found["failure"]["message"]


def test_a_bundle_with_a_name_twice_is_refused(offline: Offline, told: Told) -> None:
    file = zipped(told.files, offline.folder / "twice.zip")
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as bundle:
        warnings.simplefilter("ignore")
        bundle.writestr("checkpoint", b"")

    assert "in the bundle twice" in offline.checks(file)["failure"]["message"]


def test_a_file_that_inflates_to_more_than_it_states_is_refused(offline: Offline, told: Told) -> None:
    bomb = told.files | {"memorandum": bytes(1_000_000)}
    file = zipped(bomb, offline.folder / "bomb.zip", compression=zipfile.ZIP_DEFLATED)
    data = file.read_bytes().replace((1_000_000).to_bytes(4, "little"), (2000).to_bytes(4, "little"))
    file.write_bytes(data)

    assert "another length" in offline.checks(file)["failure"]["message"]


def test_what_is_no_bundle_and_what_lacks_a_file_is_said_so(offline: Offline, told: Told) -> None:
    (offline.folder / "no.zip").write_bytes(b"PK and nothing else")

    assert "not a readable zip" in offline.checks(offline.folder / "no.zip")["failure"]["message"]

    lacking = offline.checks_files({path: data for path, data in told.files.items() if path != tile_of(told)})

    assert lacking["failure"] is None
    assert "there is no tile/0/000" in lacking["unable"]
    assert offline.summary.startswith("not checked to the end")
