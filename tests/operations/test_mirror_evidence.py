"""What a mirror does not lose: cosigned checkpoints that it has; and how wrong digests that it took are healed."""

from collections.abc import Sequence
from pathlib import Path

import given
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mirrors import SINGLE, Counting, Held, States, busy_alliance, claimed, files_in, states_of

from ledger.cohort.witnesses import with_cosignatures
from ledger.errors import SetupError, TamperedError
from ledger.operations.audit import audit
from ledger.operations.mirror import mirror
from ledger.operations.mirror_folder import CONTRADICTS
from ledger.operations.source import FolderSource
from ledger.signing.cosignature import Cosigner
from ledger.signing.kept import encode_kept
from ledger.signing.note import NOTE_MAX, SIGNATURES_MAX, Note, NoteSignature

OLD, SIZE = 270, 300
WITNESSES = [Cosigner(f"w{n}.example", Ed25519PrivateKey.from_private_bytes(b"%d" % n * 32)) for n in range(3)]
AT_S = 1_641_168_000


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance(SIZE)


@pytest.fixture(scope="module")
def states(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> States:
    return states_of(tmp_path_factory.mktemp("states"), alliance, OLD, SIZE)


def bare(states: States, size: int = SIZE) -> bytes:
    return states["clear", size].read("checkpoint")


def cosigned(note: bytes, by: Sequence[int], at_s: int = AT_S) -> bytes:
    parsed = Note.parse(note)
    return with_cosignatures(parsed, [WITNESSES[n].cosign(parsed.text, time_s=at_s) for n in by]).encode()


def shown(states: States, **files: bytes | None) -> Held:
    return Held(states["clear", SIZE].files | files)


def kept_beside(folder: Path) -> set[bytes]:
    return {file.read_bytes() for file in (folder / CONTRADICTS).iterdir()}


# ---------------------------------------------------------------------- earlier checkpoints


@pytest.mark.parametrize("then", ["empty", "missing", "shorter", "another order", "bare"])
def test_earlier_checkpoints_that_a_source_takes_back_are_an_alarm_and_both_are_kept(
    states: States, tmp_path: Path, then: str
) -> None:
    # given
    old, new = cosigned(bare(states, OLD), [0, 1, 2]), cosigned(bare(states), [0, 1])
    had = encode_kept([old, new])
    mirror(shown(states, checkpoints=had), tmp_path)
    before = files_in(tmp_path)

    # when
    now = {
        "empty": b"",
        "missing": None,
        "shorter": encode_kept([old]),
        "another order": encode_kept([new, old]),
        "bare": encode_kept([bare(states, OLD), bare(states)]),
    }[then]
    with pytest.raises(TamperedError, match="the mirror has 2 of the log's earlier checkpoints") as refused:
        mirror(shown(states, checkpoints=now), tmp_path)

    # then
    assert files_in(tmp_path) == before
    assert kept_beside(tmp_path) == {had} | ({now} - {None})
    assert all(str(file) in str(refused.value) for file in (tmp_path / CONTRADICTS).iterdir())


def test_earlier_checkpoints_grow_and_a_source_without_any_takes_none_back(states: States, tmp_path: Path) -> None:
    first = encode_kept([cosigned(bare(states, OLD), [0, 1, 2])])
    second = encode_kept([cosigned(bare(states, OLD), [0, 1, 2]), cosigned(bare(states), [1])])

    for notes in (b"", None, first, second, second):
        mirror(shown(states, checkpoints=notes), tmp_path)

    assert (tmp_path / "checkpoints").read_bytes() == second


def test_what_anybody_can_make_up_is_refused_and_not_kept_as_evidence(states: States, tmp_path: Path) -> None:
    mirror(shown(states, checkpoints=encode_kept([cosigned(bare(states), [0])])), tmp_path)

    for made_up in (b"no notes at all", encode_kept([bare(states).replace(b"300", b"301")])):
        with pytest.raises(TamperedError, match="checkpoints of the source"):
            mirror(shown(states, checkpoints=made_up), tmp_path)

    assert not (tmp_path / CONTRADICTS).exists()


def test_a_mirrors_own_earlier_checkpoints_that_were_altered_are_not_held_against_a_source(
    states: States, tmp_path: Path
) -> None:
    honest = shown(states, checkpoints=encode_kept([cosigned(bare(states), [0])]))
    mirror(honest, tmp_path)
    (tmp_path / "checkpoints").write_bytes(b"x")

    with pytest.raises(SetupError, match="checkpoints was altered"):
        mirror(honest, tmp_path)


# ---------------------------------------------------------------------- cosignatures


def test_cosignatures_of_one_checkpoint_are_joined_and_none_is_dropped(states: States, tmp_path: Path) -> None:
    for by in ([0, 1], [], [2], [0]):
        mirror(shown(states, checkpoint=cosigned(bare(states), by)), tmp_path)

    assert (tmp_path / "checkpoint").read_bytes() == cosigned(bare(states), [0, 1, 2])
    assert claimed(tmp_path) == SIZE


def test_a_larger_checkpoint_is_taken_as_it_is_shown(states: States, tmp_path: Path) -> None:
    mirror(Held(states["clear", OLD].files | {"checkpoint": cosigned(bare(states, OLD), [0, 1, 2])}), tmp_path)

    mirror(states["clear", SIZE], tmp_path)

    assert (tmp_path / "checkpoint").read_bytes() == bare(states)


def test_a_line_by_a_key_that_has_one_takes_its_place_only_where_the_source_is_believed(
    states: States, tmp_path: Path
) -> None:
    mine, other = cosigned(bare(states), [0, 1]), cosigned(bare(states), [1], AT_S + 60)
    mirror(shown(states, checkpoint=mine), tmp_path)

    mirror(shown(states, checkpoint=other), tmp_path)
    assert (tmp_path / "checkpoint").read_bytes() == mine

    mirror(shown(states, checkpoint=other), tmp_path, recheck=True)
    assert (tmp_path / "checkpoint").read_bytes() == cosigned(mine, [1], AT_S + 60)


def test_lines_by_anybody_do_not_crowd_out_what_a_mirror_has(states: States, tmp_path: Path) -> None:
    # given: as many lines as a note can have, and one that no note has room for beside others
    mine = cosigned(bare(states), [0, 1, 2])
    logs, text = Note.parse(mine).signatures[0], Note.parse(mine).text
    many = [NoteSignature(f"a{n}", b"anyb", b"x") for n in range(SIGNATURES_MAX - 1)]
    large = [NoteSignature("b", b"anyb", bytes(NOTE_MAX * 3 // 4 - 300))]
    mirror(shown(states, checkpoint=mine), tmp_path)

    for lines in ([*many, logs], [*large, logs]):
        mirror(shown(states, checkpoint=Note(text, tuple(lines)).encode()), tmp_path)

    joined = Note.parse((tmp_path / "checkpoint").read_bytes())
    assert joined.signatures[0] == logs
    assert set(Note.parse(mine).signatures) <= set(joined.signatures)
    assert len(joined.signatures) == SIGNATURES_MAX


# ---------------------------------------------------------------------- digests


def with_wrong_digests(states: States) -> Held:
    """A source with a wrong digest in a full file and in a partial one; the one that is signed is right."""
    lying = shown(states)
    for path in ("digests/000", "digests/001.p/44"):
        data = lying.read(path)
        lying.files[path] = bytes([data[0] ^ 1]) + data[1:]
    return lying


def test_wrong_digests_are_healed_by_an_honest_source_when_that_is_asked_for(states: States, tmp_path: Path) -> None:
    # given
    mirror(with_wrong_digests(states), tmp_path)
    assert audit(FolderSource(tmp_path)).failure is not None

    # when
    again = mirror(states["clear", SIZE], tmp_path)
    healed = mirror(states["clear", SIZE], tmp_path, recheck=True)

    # then
    assert again.replaced == ()
    assert set(healed.replaced) == {"digests/000", "digests/001.p/44"}
    assert files_in(tmp_path) == states["clear", SIZE].files
    assert claimed(tmp_path) == SIZE
    assert mirror(states["clear", SIZE], tmp_path, recheck=True).replaced == ()


def test_to_recheck_is_to_read_every_file_of_the_source(states: States, tmp_path: Path) -> None:
    done = mirror(states["clear", SIZE], tmp_path)
    counting = Counting(states["clear", SIZE])

    mirror(counting, tmp_path, verified=done.checkpoint.size, recheck=True)

    in_tiles = {path for path in states["clear", SIZE].files if not path.startswith("disclosures/")}
    assert set(counting.asked) == in_tiles | set(SINGLE)


def test_a_source_that_is_rechecked_is_not_believed_against_the_tree(states: States, tmp_path: Path) -> None:
    mirror(states["clear", SIZE], tmp_path)
    before = files_in(tmp_path)

    for path in ("tile/0/000", "tile/entries/000", "tile/0/001.p/44"):
        lying = shown(states)
        lying.files[path] = lying.read(path)[:-1] + b"x"
        with pytest.raises(TamperedError):
            mirror(lying, tmp_path, recheck=True)

    assert files_in(tmp_path) == before


def test_a_file_that_was_damaged_since_and_is_replaced_is_told(states: States, tmp_path: Path) -> None:
    mirror(states["clear", SIZE], tmp_path)
    (tmp_path / "tile/entries/000").write_bytes(b"damaged")

    assert mirror(states["clear", SIZE], tmp_path).replaced == ("tile/entries/000",)
