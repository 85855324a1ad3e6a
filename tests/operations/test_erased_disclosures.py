"""Step 7 of the audit where something was erased: missing is right then, shown is wrong, and a claim is no erasure."""

import zipfile
from pathlib import Path

import erased
import given
import hubs
import pytest
from forged import Altered
from given import DRUP, case

from ledger.errors import UnavailableError
from ledger.operations.audit import Audit, Before, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub
from ledger.operations.reached import Reached
from ledger.operations.source import Source, ZipSource

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alliance() -> given.Alliance:
    return erased.told()


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Hub:
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    return hub


def bundled(hub: Hub, file: Path) -> Path:
    write_bundle(hub.source("full"), file, view="full")
    return file


def audited(file: Path) -> Audit:
    with ZipSource(file) as source:
        return audit(source)


def lines_of(source: Source, size: int) -> list[bytes]:
    return source.read(f"disclosures/000.p/{size}").split(b"\n")


def with_lines(source: Source, size: int, lines: list[bytes]) -> Altered:
    return Altered(source, {f"disclosures/000.p/{size}": b"\n".join(lines)})


def commitments(alliance: given.Alliance) -> int:
    return sum(len(heard.envelope.commitments) for heard in alliance.heard)


def of(alliance: given.Alliance, indexes: list[int]) -> int:
    return sum(len(alliance.heard[index].envelope.commitments) for index in indexes)


def test_bundles_made_before_and_after_an_erasure_hold(tmp_path: Path, hub: Hub, alliance: given.Alliance) -> None:
    before = bundled(hub, tmp_path / "before.zip")
    hub.post([erased.erases(alliance).text])
    after = bundled(hub, tmp_path / "after.zip")

    first, second = audited(before), audited(after)

    assert (first.failure, second.failure) == (None, None)
    gone, everything = of(alliance, erased.erased(alliance)), commitments(alliance)
    assert (first.shown, first.withheld, first.erased) == (everything, 0, 0)
    assert (second.shown, second.withheld, second.erased) == (everything - gone, 0, gone)
    assert second.passed[7] == f"{everything - gone} shown, 0 withheld, {gone} erased"
    searched = list(erased.needles(alliance, erased.erased(alliance)))
    assert erased.found_in(tmp_path, searched) == {"before.zip"}


def test_a_nodes_own_view_must_show_all_of_its_own_and_nothing_of_others(hub: Hub, alliance: given.Alliance) -> None:
    source, size = hub.source("full"), len(alliance.heard)
    lines = lines_of(source, size)
    own = next(index for index, line in enumerate(lines) if line and alliance.heard[index].envelope.claims.node == DRUP)
    lines[own] = b""
    withheld = with_lines(source, size, lines)

    failure = audit(withheld, view=f"node:{DRUP}").failure

    assert failure is not None
    assert (failure.step, failure.index, failure.node) == (7, own, DRUP)
    assert audit(withheld, view=f"node:{given.PROTARGET}").holds


def test_in_a_clear_view_what_is_erased_is_told_from_what_is_withheld(hub: Hub, alliance: given.Alliance) -> None:
    hub.post([erased.erases(alliance).text])

    found = audit(hub.source("clear"))

    gone = of(alliance, erased.erased(alliance))
    assert (found.shown, found.withheld, found.erased) == (0, commitments(alliance) - gone, gone)


def test_what_is_missing_and_not_covered_by_the_erasure_fails(hub: Hub, alliance: given.Alliance) -> None:
    """A hub that erases one patient at the node's word hides another's outcome beside it."""
    hub.post([erased.erases(alliance).text])
    size = alliance.database.size
    lines = lines_of(hub.source("full"), size)
    hidden = next(index for index, line in enumerate(lines) if line)

    for left in (b"", lines[hidden].rpartition(b"~")[0]):
        lines[hidden] = left
        found = audit(with_lines(hub.source("full"), size, lines))

        assert found.failure is not None
        assert (found.failure.step, found.failure.index, found.failure.node) == (7, hidden, DRUP)
        assert "missing that was not erased" in found.failure.message


def test_what_was_said_of_the_case_after_the_erasure_must_be_there(hub: Hub, alliance: given.Alliance) -> None:
    hub.post([erased.erases(alliance).text])
    later = alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH).event.index
    hubs.post(hub, alliance)
    lines = lines_of(hub.source("full"), later + 1)
    lines[later] = b""

    found = audit(with_lines(hub.source("full"), later + 1, lines))

    assert found.failure is not None
    assert (found.failure.step, found.failure.index) == (7, later)


@pytest.mark.parametrize("view", ["full", "clear"])
def test_what_a_log_says_is_erased_must_not_be_shown_with_it(hub: Hub, alliance: given.Alliance, view: str) -> None:
    before = lines_of(hub.source("full"), alliance.database.size)
    hub.post([erased.erases(alliance).text])
    size, gone = alliance.database.size, erased.erased(alliance)
    lines = lines_of(hub.source(view), size)
    lines[gone[1]] = before[gone[1]]

    found = audit(with_lines(hub.source(view), size, lines))

    assert found.failure is not None
    assert (found.failure.step, found.failure.index, found.failure.node) == (7, gone[1], DRUP)
    assert "brings back what was erased" in found.failure.message


# ---------------------------------------------------------------------- an audit that goes on


def kept(found: Audit) -> Reached:
    assert found.reached is not None
    return Reached.load(found.reached.dump())


@pytest.mark.parametrize("view", ["full", "clear"])
def test_an_audit_that_goes_on_finds_what_was_erased_since(hub: Hub, alliance: given.Alliance, view: str) -> None:
    first = audit(hub.source(view))
    hub.post([erased.erases(alliance).text])
    alliance.says(DRUP, "survival.updated", given.patient(case(1)) | given.DEATH)
    hubs.post(hub, alliance)

    on = audit(hub.source(view), before=Before(reached=kept(first)))
    whole = audit(hub.source(view))

    assert (on.failure, whole.failure) == (None, None)
    assert on.continued == first.reached.size  # type: ignore[union-attr]  # it held
    assert (on.shown, on.withheld, on.erased) == (whole.shown, whole.withheld, whole.erased)
    assert on.passed[7] == whole.passed[7]
    assert kept(on).dump() == kept(on).dump()
    again = audit(hub.source(view), before=Before(reached=kept(on)))
    assert (again.nothing_new, again.passed[7]) == (True, whole.passed[7])


def test_an_audit_that_goes_on_looks_again_whether_what_it_was_shown_is_gone(
    hub: Hub, alliance: given.Alliance
) -> None:
    first = audit(hub.source("full"))
    lines = lines_of(hub.source("full"), alliance.database.size)
    hub.post([erased.erases(alliance).text])
    back = erased.erased(alliance)[2]

    source = with_lines(hub.source("full"), alliance.database.size, [*lines[:-1], b"", b""])
    found = audit(source, before=Before(reached=kept(first)))
    only = lines_of(hub.source("full"), alliance.database.size)
    only[back] = lines[back]
    another = audit(with_lines(hub.source("full"), alliance.database.size, only), before=Before(reached=kept(first)))

    assert found.failure is not None
    assert another.failure is not None
    assert (found.failure.step, found.failure.index) == (7, erased.erased(alliance)[0])
    assert (another.failure.step, another.failure.index) == (7, back)


# ---------------------------------------------------------------------- while it is erased


class Erasing:
    """A hub's files, whose reader has the checkpoint of before an erasure and the disclosures of after it."""

    def __init__(self, hub: Hub, alliance: given.Alliance) -> None:
        self.hub, self.alliance = hub, alliance
        self.is_done = False

    def read(self, path: str) -> bytes:
        if path.startswith("disclosures/") and not self.is_done:
            self.is_done = True
            self.hub.post([erased.erases(self.alliance).text])
        return self.hub.source("full").read(path)


def test_what_is_erased_while_an_audit_reads_the_log_is_no_alarm(hub: Hub, alliance: given.Alliance) -> None:
    source = Erasing(hub, alliance)

    with pytest.raises(UnavailableError, match="audit it again"):
        audit(source)
    assert audit(source).holds


def test_a_bundle_in_which_something_would_be_missing_that_it_knows_no_erasure_of_is_not_written(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    source, out = Erasing(hub, alliance), tmp_path / "bundle.zip"

    with pytest.raises(UnavailableError, match="run the same command again"):
        write_bundle(source, out, view="full")
    assert not out.exists()
    write_bundle(source, out, view="full")
    assert audited(out).holds


def test_a_bundle_of_a_source_that_brings_back_what_was_erased_does_not(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    before = lines_of(hub.source("full"), alliance.database.size)
    hub.post([erased.erases(alliance).text])
    source = with_lines(hub.source("full"), alliance.database.size, [*before[:-1], b"", b""])

    write_bundle(source, tmp_path / "bundle.zip", view="full")

    assert audited(tmp_path / "bundle.zip").holds
    assert erased.found_in(tmp_path, erased.needles(alliance, erased.erased(alliance))) == set()
    write_bundle(hub.source("full"), tmp_path / "other.zip", view="full")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as one, zipfile.ZipFile(tmp_path / "other.zip") as other:
        assert [one.read(name) for name in one.namelist()] == [other.read(name) for name in other.namelist()]
