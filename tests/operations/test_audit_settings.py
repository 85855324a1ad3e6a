"""An audit that shares its work out, or goes on from an earlier one, finds what one from the start finds."""

from collections import Counter
from pathlib import Path

import given
import hubs
import pytest
from forged import Altered, flipped

from ledger.errors import MalformedError
from ledger.operations.audit import Audit, Before, audit
from ledger.operations.hub import Hub
from ledger.operations.kept_audits import KeptAudits
from ledger.operations.processes import Processes
from ledger.operations.reached import Reached
from ledger.operations.source import Source
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint

EARLY, LATE = 300, 700  # the early audit ends within the second tile
ROTATIONS = (200, 290, 301, 320, 600)  # keys change within a tile, across tiles, and behind the early audit


class Counting:
    """A source that counts what is read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.read_paths: Counter[str] = Counter()

    def read(self, path: str) -> bytes:
        self.read_paths[path] += 1
        return self.source.read(path)


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    alliance = given.treated()
    while len(alliance.heard) < LATE:
        if len(alliance.heard) in ROTATIONS:
            alliance.rotates(given.DRUP)
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, alliance: given.Alliance) -> Hub:
    return hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)


@pytest.fixture(scope="module")
def early(hub: Hub, alliance: given.Alliance) -> dict[str, Audit]:
    """What audits found when the log was shorter, by setting; then it grew."""
    texts = [heard.envelope.text for heard in alliance.heard]
    for batch in hubs.batches(texts[:EARLY], 100):
        hub.post(batch)
    found = {setting: audit(hub.source("full"), signatures=setting) for setting in ("every", "heads")}
    for batch in hubs.batches(texts[EARLY:], 100):
        hub.post(batch)
    return found


def kept(found: Audit) -> Reached:
    """As it comes back from the auditor's own file."""
    assert found.reached is not None
    return Reached.load(found.reached.dump())


@pytest.mark.parametrize("signatures", ["every", "heads"])
def test_two_processes_find_what_one_finds(hub: Hub, early: dict[str, Audit], signatures: str) -> None:
    assert early[signatures].holds

    one = audit(hub.source("full"), signatures=signatures)  # type: ignore[arg-type]  # the two there are
    with Processes(2, few=0) as pool:
        two = audit(hub.source("full"), signatures=signatures, pool=pool)  # type: ignore[arg-type]  # as above

    assert one.holds
    assert (one.digest, one.passed, one.contributed) == (two.digest, two.passed, two.contributed)


def test_two_processes_name_the_first_thing_that_is_wrong_not_the_first_that_is_found(hub: Hub) -> None:
    entries, digests = "tile/entries/001", "digests/001"
    source = hub.source("full")
    spoilt = Altered(
        source,
        {
            entries: flipped(source.read(entries), 200_000),
            digests: flipped(source.read(digests), 32 * 3),
            "tile/0/002.p/188": None,
        },
    )

    with Processes(2, few=0) as pool:
        one, two = audit(spoilt), audit(spoilt, pool=pool)

    assert one.failure is not None
    assert (one.failure.step, one.failure.index) == (6, 256 + 3)
    assert two.failure == one.failure


@pytest.mark.parametrize("signatures", ["every", "heads"])
def test_an_audit_that_goes_on_finds_what_one_from_the_start_finds(
    hub: Hub, early: dict[str, Audit], signatures: str
) -> None:
    whole = audit(hub.source("full"), signatures=signatures)  # type: ignore[arg-type]  # the two there are
    source = Counting(hub.source("full"))

    on = audit(source, signatures=signatures, before=Before(reached=kept(early[signatures])))  # type: ignore[arg-type]  # as above

    assert (on.continued, whole.continued) == (EARLY, 0)
    assert (on.digest, on.shown, on.withheld, on.contributed) == (
        whole.digest,
        whole.shown,
        whole.withheld,
        whole.contributed,
    )
    assert on.passed[5] == whole.passed[5]
    assert "of which an earlier audit checked 300" in on.passed[4]
    read_again = {path for path in source.read_paths if path.endswith("/000")}
    assert read_again <= {"tile/1/000", "disclosures/000"}  # findings rest on values, and those are kept nowhere


def test_an_audit_of_what_did_not_change_reads_no_entry(hub: Hub, early: dict[str, Audit]) -> None:
    assert early["every"].holds
    first = audit(hub.source("full"))
    source = Counting(hub.source("full"))

    second = audit(source, before=Before(reached=kept(first)))

    assert second.holds
    assert (second.continued, second.digest, second.contributed) == (LATE, first.digest, first.contributed)
    assert set(source.read_paths) == {"memorandum", "digest", "checkpoint", "checkpoints", "view", "tile/1/000.p/2"}


def test_a_log_that_does_not_begin_with_what_was_audited_is_a_fork(
    tmp_path: Path, hub: Hub, early: dict[str, Audit], alliance: given.Alliance
) -> None:
    # given: the same hub's key over another history, as long as the first and longer
    del hub
    forked = hubs.founded_hub(tmp_path, alliance)
    texts = [heard.envelope.text for heard in alliance.heard]
    for batch in hubs.batches(texts[:LATE], 50):  # other times of receipt, so other leaves
        forked.post(batch)

    found = audit(forked.source("full"), before=Before(reached=kept(early["every"])))

    assert found.failure is not None
    assert found.failure.step == 3
    assert "forked" in found.failure.message


def test_what_was_audited_with_weaker_settings_is_looked_at_again(hub: Hub, early: dict[str, Audit]) -> None:
    by_heads = audit(hub.source("full"), before=Before(reached=kept(early["heads"])))
    other_view = audit(hub.source("clear"), before=Before(reached=kept(early["every"])))

    assert (by_heads.holds, by_heads.continued) == (True, 0)
    assert (other_view.holds, other_view.continued) == (True, 0)


def test_a_state_that_is_not_whole_is_not_gone_on_from(
    early: dict[str, Audit], alliance: given.Alliance, tmp_path: Path
) -> None:
    reached = early["every"].reached
    assert reached is not None
    data = reached.dump()
    line, _, database = data.partition(b"\n")
    kept_audits = KeptAudits(tmp_path)
    kept_audits.keep(alliance.memorandum, reached)
    (file,) = tmp_path.rglob("*.audit")

    for spoilt in (
        b"",
        data[:100],
        b"{}\n",
        line.replace(b'{"v":', b'{"v":1') + b"\n" + database,
        line + b"\n" + database[:-10],
        line + b"\n" + database.replace(b"week-16", b"week-61", 1),
    ):
        with pytest.raises(MalformedError):
            Reached.load(spoilt)
        file.write_bytes(spoilt)
        assert kept_audits.read(alliance.memorandum, view="full", signatures="every") is None
    kept_audits.keep(alliance.memorandum, reached)
    assert kept_audits.read(alliance.memorandum, view="full", signatures="every") is not None


def test_a_digest_note_of_before_what_was_audited_is_compared_all_the_same(hub: Hub, early: dict[str, Audit]) -> None:
    note = Checkpoint(database_origin(given.ORIGIN), 5, bytes(32))
    source = Altered(hub.source("full"), {"digest": sign_checkpoint(note, hubs.LOG).encode()})

    found = audit(source, before=Before(reached=kept(early["every"])))

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (6, 4)
