"""Step 9 of the audit, with the values that it reads again: what it finds, what it cannot, and that it keeps none."""

from collections import Counter
from pathlib import Path

import erased
import given
import hubs
import pytest
from courses import NONE, follows
from given import DRUP, case

from ledger.operations import judging
from ledger.operations.audit import Audit, Before, audit
from ledger.operations.hub import Hub
from ledger.operations.reached import Reached
from ledger.operations.source import Source
from ledger.signing.envelope import seal, sign


class Noting:
    """A source that notes what is read, and from a moment on shows no disclosures any more."""

    def __init__(self, source: Source, *, shows: int = 1_000) -> None:
        self.source, self.shows = source, shows
        self.read_paths: Counter[str] = Counter()

    def read(self, path: str) -> bytes:
        self.read_paths[path] += 1
        data = self.source.read(path)
        if path.startswith("disclosures/") and self.read_paths[path] > self.shows:
            return b"\n" * data.count(b"\n")
        return data


@pytest.fixture
def alliance() -> given.Alliance:
    """Of two patients, what is claimed of the second is not what its assessments give; the basis is a secret."""
    alliance = given.opened(DRUP)
    for number, claim in ((1, "yes"), (2, "yes")):
        alliance.treats(DRUP, case(number))
        follows(alliance, number, course=NONE if number == 2 else ((57, "PR"), (113, "PR")), claim=None)
        said = {"benefit": claim, "best_response": None, "basis": f"{erased.SECRET} ({number})"}
        alliance.says(DRUP, "outcome.determined", given.patient(case(number)) | said)
    return alliance


@pytest.fixture
def hub(alliance: given.Alliance, tmp_path: Path) -> Hub:
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    return opened


def found(audited: Audit) -> list[tuple[str, int]]:
    assert audited.holds, audited.failure
    return [(each.kind, each.index) for each in audited.findings]


def kept(audited: Audit) -> Reached:
    assert audited.reached is not None
    return Reached.load(audited.reached.dump())


def test_a_full_audit_holds_every_claim_against_the_assessments(hub: Hub, alliance: given.Alliance) -> None:
    audited = audit(hub.source("full"))

    assert found(audited) == [("claim-differs", alliance.database.size - 1)]
    assert audited.passed[9] == "claim-differs 1; 2 of 2 claims of benefit held against the assessments"


def test_without_the_values_it_says_how_much_it_could_not_compare(hub: Hub) -> None:
    audited = audit(hub.source("clear"))

    assert found(audited) == []
    assert audited.passed[9] == (
        "none; 0 of 2 claims of benefit held against the assessments; of the others a value is erased or not shown"
    )


def test_what_is_erased_is_compared_no_more(hub: Hub, alliance: given.Alliance) -> None:
    before = audit(hub.source("full"))
    erased.erases(alliance, 2)
    hubs.post(hub, alliance)

    from_start = audit(hub.source("full"))
    going_on = audit(hub.source("full"), before=Before(reached=kept(before)))

    assert found(from_start) == found(going_on) == []
    assert from_start.passed[9] == going_on.passed[9]
    assert from_start.passed[9].startswith("none; 1 of 2 claims of benefit held")


def test_one_that_goes_on_finds_what_one_from_the_start_finds_and_nothing_new_reads_no_value(
    hub: Hub, alliance: given.Alliance
) -> None:
    before = audit(hub.source("full"))
    follows(alliance, 2, course=((57, "PR"), (113, "PR")), claim=None)  # after a progression: it changes nothing
    follows(alliance, 1, course=NONE, claim=None)
    hubs.post(hub, alliance)
    source = Noting(hub.source("full"))

    from_start = audit(hub.source("full"))
    going_on = audit(hub.source("full"), before=Before(reached=kept(before)))
    again = audit(source, before=Before(reached=kept(going_on)))

    assert found(going_on) == found(from_start) == found(again)
    assert going_on.passed[9] == from_start.passed[9] == again.passed[9]
    assert again.nothing_new
    assert not [path for path in source.read_paths if path.startswith("disclosures/")]


def test_no_patients_value_is_in_what_an_audit_keeps_or_says(hub: Hub, alliance: given.Alliance) -> None:
    audited = audit(hub.source("full"))
    indexes = [index for index, heard in enumerate(alliance.heard) if heard.envelope.disclosures]

    told = kept(audited).dump() + repr(audited).encode() + "".join(each.message for each in audited.findings).encode()

    assert indexes
    assert not [needle for needle in erased.needles(alliance, indexes) if needle in told]
    assert b"best_response" in told  # the field is there, and what stands in it is a commitment
    assert b'"PR"' not in told


def test_what_the_source_shows_no_more_when_it_is_read_again_is_shut_and_no_failure(hub: Hub) -> None:
    audited = audit(Noting(hub.source("full"), shows=1))

    assert found(audited) == []
    assert "0 of 2 claims of benefit held" in audited.passed[9]


def test_a_value_that_is_another_when_it_is_read_again_is_not_taken_for_the_nodes(
    hub: Hub, alliance: given.Alliance
) -> None:
    forged = [each.text for each in alliance.heard[-2].envelope.disclosures]

    class Forging(Noting):
        def read(self, path: str) -> bytes:
            data = super().read(path)
            if path.startswith("disclosures/") and self.read_paths[path] > 1:
                lines = data.split(b"\n")
                lines[alliance.database.size - 1] = "~".join(forged).encode()
                return b"\n".join(lines)
            return data

    audited = audit(Forging(hub.source("full")))

    assert found(audited) == []
    assert "1 of 2 claims of benefit held" in audited.passed[9]


def test_a_value_of_no_schema_that_a_hub_and_a_node_got_past_the_gate_is_computed_from_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = given.treated()
    follows(alliance, 1)
    sealed: given.Data = {**given.ASSESSMENT, "day": "the day after", "response": ["PR"]}
    data, disclosures = seal(given.patient(case(1)), sealed, alliance._salts())
    alliance.takes(sign(alliance.claims(DRUP, "response.assessed", data), disclosures, alliance.key(DRUP)))
    monkeypatch.setattr(judging, "check_post", lambda *_args, **_options: None)  # the hub looks away
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    audited = audit(hub.source("full"))

    assert found(audited) == []
    assert "0 of 1 claims of benefit held" in audited.passed[9]


def test_nor_where_the_rest_of_what_it_was_said_with_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = given.treated()
    follows(alliance, 1)
    sealed: given.Data = {**given.ASSESSMENT, "day": "the day after", "response": ["PR"]}
    data, disclosures = seal(given.patient(case(1)), sealed, alliance._salts())
    shown = [each for name, each in zip(sealed, disclosures, strict=True) if name != "target_sum_mm"]
    alliance.takes(sign(alliance.claims(DRUP, "response.assessed", data), shown, alliance.key(DRUP)))
    monkeypatch.setattr(judging, "check_post", lambda *_args, **_options: None)  # the hub looks away
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    audited = audit(hub.source("full"), view="clear")

    assert found(audited) == []
    assert "0 of 1 claims of benefit held" in audited.passed[9]
