"""Every class of tampering against the audit, under both settings of its step 5: never holds, names the place, exits 3.

Stored cells, versions and attributions are walked in test_tampered_store; forks in test_compare.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import given
import hubs
import pytest
from click.testing import CliRunner
from forged import SIZE, bundled, entries_of, files_of, flipped, read, rebuilt_by_the_hub, told

from ledger.cli.main import program
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.events.base import Recorded
from ledger.operations.bundle import write_bundle
from ledger.replay import step
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint
from ledger.signing.entry import Entry
from ledger.signing.envelope import Envelope, parse_jws, sign
from ledger.signing.jws import Jws
from ledger.signing.note import NoteSigner

ENTRIES = f"tile/entries/000.p/{SIZE}"
TILE = f"tile/0/000.p/{SIZE}"
DIGESTS = f"digests/000.p/{SIZE}"
DISCLOSURES = f"disclosures/000.p/{SIZE}"

Files = dict[str, bytes | None]  # None: left out


@dataclass(frozen=True)
class Tampering:
    """step, index: what the audit must name; node: also, where it is given. with_heads: step and index where only the
    last signatures are verified, if those differ.
    """

    does: Callable[[Path], Files]
    step: int
    index: int | None
    with_heads: tuple[int, int | None] | None = None
    node: str | None = None


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    alliance = told()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    hub.engine.dispose()
    return folder / "bundle.zip"


def changed(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], Files]:
    return lambda bundle: {path: change(read(bundle, path))}


def left_out(path: str) -> Callable[[Path], Files]:
    return lambda _bundle: {path: None}


def lines(change: Callable[[list[bytes]], None]) -> Callable[[bytes], bytes]:
    def change_lines(data: bytes) -> bytes:
        found = data.split(b"\n")
        change(found)
        return b"\n".join(found)

    return change_lines


def swap_disclosures(found: list[bytes]) -> None:
    found[SIZE - 1], found[SIZE - 2] = found[SIZE - 2], found[SIZE - 1]


def leave_a_disclosure_out(found: list[bytes]) -> None:
    found[SIZE - 2] = found[SIZE - 2].split(b"~", 1)[1]


def alter_a_disclosure(found: list[bytes]) -> None:
    found[SIZE - 2] = flipped(found[SIZE - 2], 40)


def by_the_hub(change: Callable[[list[bytes]], None]) -> Callable[[Path], Files]:
    """Entries are changed, and the hub builds the tree anew and signs it: it can, with its own key."""

    def rebuild(bundle: Path) -> Files:
        leaves = entries_of(bundle)
        change(leaves)
        files = rebuilt_by_the_hub(leaves)
        if len(leaves) != SIZE:
            digests, disclosures = read(bundle, DIGESTS), read(bundle, DISCLOSURES).split(b"\n")
            more = max(0, len(leaves) - SIZE)
            files[f"digests/000.p/{len(leaves)}"] = digests[: 32 * len(leaves)] + bytes(32 * more)
            files[f"disclosures/000.p/{len(leaves)}"] = b"\n".join(
                [*disclosures[: min(SIZE, len(leaves))], *[b""] * more, b""]
            )
            note = Checkpoint(database_origin(given.ORIGIN), 1, digests[:32])
            files["digest"] = sign_checkpoint(note, hubs.LOG).encode()
        return files

    return rebuild


def spoil_the_signature_of(index: int) -> Callable[[list[bytes]], None]:
    def spoil(leaves: list[bytes]) -> None:
        entry = Entry.parse(leaves[index])
        leaves[index] = Entry(entry.received, entry.jws[:-6] + "AAAAAA").leaf

    return spoil


def respell_a_payload(leaves: list[bytes]) -> None:
    """Say something else under the signature that is there."""
    entry = Entry.parse(leaves[-1])
    header, payload, signature = entry.jws.split(".")
    other = parse_jws(Entry.parse(leaves[-2]).jws).jws.signing_input.decode().split(".")[1]
    assert other != payload
    leaves[-1] = Entry(entry.received, f"{header}.{other}.{signature}").leaf


def go_back_in_time(leaves: list[bytes]) -> None:
    leaves[20] = Entry(given.START, Entry.parse(leaves[20]).jws).leaf


def swap_entries(leaves: list[bytes]) -> None:
    first, second = Entry.parse(leaves[20]), Entry.parse(leaves[21])
    leaves[20], leaves[21] = Entry(first.received, second.jws).leaf, Entry(second.received, first.jws).leaf


def drop_an_entry(leaves: list[bytes]) -> None:
    del leaves[SIZE - 3]


def drop_the_first_entry(leaves: list[bytes]) -> None:
    del leaves[0]


def insert_one_of_its_own(leaves: list[bytes]) -> None:
    """In a member's name, under the only key that the hub has."""
    claims = told().claims(given.DRUP, "case.submitted", {"case": given.case(5), "on": "2021-11-16"})
    leaves.append(Entry(Entry.parse(leaves[-1]).received, sign(claims, [], given.signing_key("log")).jws.text).leaf)


def forge_under_a_members_name(leaves: list[bytes]) -> None:
    """The header names the member's key, the signature is the hub's."""
    alliance = told()
    claims = alliance.claims(given.DRUP, "case.submitted", {"case": given.case(5), "on": "2021-11-16"})
    honest = sign(claims, [], alliance.key(given.DRUP)).jws
    leaves.append(Entry(Entry.parse(leaves[-1]).received, under_the_hubs_signature(honest)).leaf)


def claim_an_erasure(by: str, *, forged: bool) -> Callable[[Path], Files]:
    """A disclosure is left out, and an entry says that it was erased: another member's, or one of the hub's own."""

    def claim(bundle: Path) -> Files:
        alliance = told()
        left_out = parse_jws(Entry.parse(entries_of(bundle)[SIZE - 2]).jws).claims.event_id
        said = alliance.claims(by, "disclosures.erased", {"events": [left_out], "basis": "other"})
        jws = sign(said, [], alliance.key(by)).jws

        def append(leaves: list[bytes]) -> None:
            text = under_the_hubs_signature(jws) if forged else jws.text
            leaves.append(Entry(Entry.parse(leaves[-1]).received, text).leaf)

        files, path = by_the_hub(append)(bundle), f"disclosures/000.p/{SIZE + 1}"
        shown = files[path]
        assert shown is not None
        return {**files, path: lines(leave_a_disclosure_out)(shown)}

    return claim


def under_the_hubs_signature(jws: Jws) -> str:
    forged = sign(parse_jws(jws.text).claims, [], given.signing_key("log")).jws
    return f"{jws.signing_input.decode()}.{forged.text.rpartition('.')[2]}"


def with_more(*say: Callable[[given.Alliance], Envelope]) -> Callable[[Path], Files]:
    """The hub takes what no rule nor signature lets it, and goes on as if it did: with its digests, in its tree."""

    def go_on(bundle: Path) -> Files:
        alliance, leaves, digests = told(), entries_of(bundle), read(bundle, DIGESTS)
        alliance.database = folded(alliance.memorandum, leaves)
        received = Entry.parse(leaves[-1]).received
        for each in say:
            envelope = each(alliance)
            leaves.append(Entry(received, envelope.jws.text).leaf)
            entry = Recorded.of(envelope, index=alliance.database.size, received=received)
            claimed = replace(entry, kid=alliance.key(given.DRUP).public.thumbprint)
            digests += step(alliance.memorandum, alliance.database, claimed).digest
        note = Checkpoint(database_origin(given.ORIGIN), len(leaves), digests[-32:])
        return {
            **rebuilt_by_the_hub(leaves),
            f"digests/000.p/{len(leaves)}": digests,
            f"disclosures/000.p/{len(leaves)}": read(bundle, DISCLOSURES) + b"\n" * len(say),
            "digest": sign_checkpoint(note, hubs.LOG).encode(),
        }

    return go_on


def folded(memorandum: Memorandum, leaves: list[bytes]) -> Database:
    database = Database()
    for index, leaf in enumerate(leaves):
        entry = Entry.parse(leaf)
        step(memorandum, database, Recorded.of(parse_jws(entry.jws), index=index, received=entry.received))
    return database


def by_the_old_key(alliance: given.Alliance) -> Envelope:
    """A good signature, by the key that was in force when the hub checked it; the rotation came before the lock."""
    claims = alliance.claims(given.DRUP, "case.submitted", {"case": given.case(5), "on": "2021-11-16"})
    return sign(claims, [], given.signing_key(given.DRUP))


def a_rotation_that_no_node_signed(alliance: given.Alliance) -> Envelope:
    """To a key that the hub has: `given` derives it, as it does all of a node's."""
    rotation = alliance.rotation(given.DRUP)
    honest = sign(alliance.claims(given.DRUP, "key.rotated", rotation), [], alliance.key(given.DRUP)).jws
    return parse_jws(under_the_hubs_signature(honest))


def by_the_node(alliance: given.Alliance) -> Envelope:
    """By the key in force, whoever has that by now."""
    claims = alliance.claims(given.DRUP, "case.submitted", {"case": given.case(6), "on": "2021-11-16"})
    return sign(claims, [], alliance.key(given.DRUP))


def resigned(**fields: object) -> Callable[[Path], Files]:
    """A checkpoint that the log signs, and that its tiles do not bear out."""

    def sign_again(bundle: Path) -> Files:
        root = Checkpoint.parse(read(bundle, "checkpoint").decode().partition("\n\n")[0] + "\n").root
        stated = {"size": SIZE, "root": root} | fields
        note = Checkpoint(given.ORIGIN, stated["size"], stated["root"])  # type: ignore[arg-type]  # as the fields are named
        return {"checkpoint": sign_checkpoint(note, hubs.LOG).encode()}

    return sign_again


def signed_by_a_stranger(bundle: Path) -> Files:
    note = Checkpoint.parse(read(bundle, "checkpoint").decode().partition("\n\n")[0] + "\n")
    return {"checkpoint": sign_checkpoint(note, NoteSigner(given.ORIGIN, given.signing_key("stranger"))).encode()}


def founded_otherwise(bundle: Path) -> Files:
    content = json.loads(read(bundle, "memorandum"))
    return {"memorandum": Memorandum.of({**content, "commitments": ["something else"]}).text}


def digest_note(bundle: Path) -> Files:
    del bundle
    note = Checkpoint(database_origin(given.ORIGIN), SIZE, bytes(32))
    return {"digest": sign_checkpoint(note, hubs.LOG).encode()}


MATRIX = {
    "a byte of an entry": Tampering(changed(ENTRIES, lambda data: flipped(data, 5000)), 4, 2),
    "a signature, and the tree built anew": Tampering(by_the_hub(spoil_the_signature_of(20)), 5, 20, (5, 21)),
    "the last signature, and the tree built anew": Tampering(by_the_hub(spoil_the_signature_of(SIZE - 1)), 5, SIZE - 1),
    "a payload under an old signature": Tampering(by_the_hub(respell_a_payload), 5, SIZE - 1),
    "a disclosure changed": Tampering(changed(DISCLOSURES, lines(alter_a_disclosure)), 7, SIZE - 2),
    "disclosures swapped": Tampering(changed(DISCLOSURES, lines(swap_disclosures)), 7, SIZE - 2),
    "a disclosure left out": Tampering(changed(DISCLOSURES, lines(leave_a_disclosure_out)), 7, SIZE - 2),
    "a disclosure left out, and another member's claim that it was erased": Tampering(
        claim_an_erasure(given.PROTARGET, forged=False), 6, SIZE
    ),
    "a disclosure left out, and the hub's claim that it was erased": Tampering(
        claim_an_erasure(given.DRUP, forged=True), 5, SIZE, (6, SIZE)
    ),
    "disclosures truncated": Tampering(changed(DISCLOSURES, lambda data: data[:-1]), 7, 0),
    "no disclosures": Tampering(left_out(DISCLOSURES), 7, 0),
    "a byte of a tile": Tampering(changed(TILE, lambda data: flipped(data, 7 * 32)), 4, 7),
    "a tile truncated": Tampering(changed(TILE, lambda data: data[:-32]), 4, 0),
    "no tile": Tampering(left_out(TILE), 4, 0),
    "entries truncated": Tampering(changed(ENTRIES, lambda data: data[:-1]), 4, 0),
    "no entries": Tampering(left_out(ENTRIES), 4, 0),
    "a byte more after the entries": Tampering(changed(ENTRIES, lambda data: data + b"\0"), 4, 0),
    "no checkpoint": Tampering(left_out("checkpoint"), 2, None),
    "a checkpoint's size": Tampering(changed("checkpoint", lambda data: data.replace(b"\n30\n", b"\n29\n")), 2, None),
    "a checkpoint of another size, signed": Tampering(resigned(size=SIZE - 1), 6, None),
    "a checkpoint of another root, signed": Tampering(resigned(root=bytes(32)), 4, None),
    "a checkpoint by another key": Tampering(signed_by_a_stranger, 2, None),
    "received going back": Tampering(by_the_hub(go_back_in_time), 4, 20),
    "entries swapped, and the tree built anew": Tampering(by_the_hub(swap_entries), 5, 20),
    "an entry dropped, and the tree built anew": Tampering(by_the_hub(drop_an_entry), 5, SIZE - 3),
    "the first entry dropped, and the tree built anew": Tampering(by_the_hub(drop_the_first_entry), 6, 0),
    "an entry of the hub's own": Tampering(by_the_hub(insert_one_of_its_own), 5, SIZE),
    "an entry that the hub signs as a member": Tampering(by_the_hub(forge_under_a_members_name), 5, SIZE, (6, SIZE)),
    "an old key's entry, behind a rotation between check and lock": Tampering(
        with_more(by_the_old_key), 5, SIZE, node=given.DRUP
    ),
    "an old key's entry, and the node's own behind it": Tampering(
        with_more(by_the_old_key, by_the_node), 5, SIZE, node=given.DRUP
    ),
    "a rotation of the hub's own, and its key's entry": Tampering(
        with_more(a_rotation_that_no_node_signed, by_the_node), 5, SIZE, node=given.DRUP
    ),
    "a digest of the chain": Tampering(changed(DIGESTS, lambda data: flipped(data, 32 * 11 + 5)), 6, 11),
    "no digests": Tampering(left_out(DIGESTS), 6, 0),
    "the digest note, signed": Tampering(digest_note, 6, SIZE - 1),
    "the digest note's size": Tampering(changed("digest", lambda data: data.replace(b"\n30\n", b"\n29\n")), 2, None),
    "another memorandum": Tampering(founded_otherwise, 1, None),
    "a memorandum's byte": Tampering(changed("memorandum", lambda data: data + b" "), 1, None),
}


@pytest.mark.parametrize("signatures", ["every", "heads"])
@pytest.mark.parametrize("tampering", MATRIX)
def test_what_was_tampered_with_never_holds(bundle: Path, tmp_path: Path, tampering: str, signatures: str) -> None:
    # given
    done = MATRIX[tampering]
    named = done.with_heads if done.with_heads and signatures == "heads" else (done.step, done.index)
    spoilt = bundled({**files_of(bundle), **done.does(bundle)}, tmp_path / "spoilt.zip")

    # when
    pin = given.Alliance().memorandum.hash.hex()
    options = ["--pin", pin, "--signatures", signatures, "--state-dir", str(tmp_path / "state"), "--json"]
    ran = CliRunner().invoke(program, ["audit", str(spoilt), *options])

    # then
    found = json.loads(ran.stdout)
    assert (ran.exit_code, found["holds"]) == (3, False)
    assert (found["failure"]["step"], found["failure"]["index"]) == named, found["failure"]
    assert done.node in (None, found["failure"]["node"])


def test_the_untouched_bundle_holds_under_both_settings(bundle: Path, tmp_path: Path) -> None:
    for signatures in ("every", "heads"):
        options = ["--signatures", signatures, "--state-dir", str(tmp_path), "--json"]

        assert CliRunner().invoke(program, ["audit", str(bundle), *options]).exit_code == 0


def test_a_bad_signature_that_its_node_built_upon_holds_under_heads_and_not_under_every(
    bundle: Path, tmp_path: Path
) -> None:
    """The one case: whoever holds the key vouched for the bytes later, and the envelope alone proves nothing."""
    # given: the last but one envelope has no good signature, and the last, which names it, has
    leaves = entries_of(bundle)
    before, last = Entry.parse(leaves[-2]), Entry.parse(leaves[-1])
    spoilt = parse_jws(before.jws[:-6] + "AAAAAA")
    claims = parse_jws(last.jws).claims
    assert claims.node == spoilt.claims.node
    after = sign(replace(claims, prev=spoilt.hash), [], told().key(claims.node))
    leaves[-2:] = [Entry(before.received, spoilt.jws.text).leaf, Entry(last.received, after.jws.text).leaf]
    forged = bundled({**files_of(bundle), **rebuilt_by_the_hub(leaves)}, tmp_path / "forged.zip")

    # when
    audits = {
        signatures: CliRunner().invoke(
            program, ["audit", str(forged), "--signatures", signatures, "--state-dir", str(tmp_path), "--json"]
        )
        for signatures in ("every", "heads")
    }

    # then
    assert {signatures: ran.exit_code for signatures, ran in audits.items()} == {"every": 3, "heads": 0}
    assert json.loads(audits["every"].stdout)["failure"]["index"] == SIZE - 2
    assert "the last of each node and key" in json.loads(audits["heads"].stdout)["passed"]["5"]
