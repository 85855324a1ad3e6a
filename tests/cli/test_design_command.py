"""`cohort-ledger design ID`: the two-stage table of a design, as clinicians and statisticians read it."""

import json
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from click.testing import CliRunner, Result
from designs import DRUP_PLAN
from given import IMPRESS, resolution

from ledger.cli.main import program
from ledger.clinical.two_stage import Design
from ledger.errors import NotFoundError
from ledger.reports.design import computed

NAME = "two-stage-8-24"
CONTENT: given.Data = {"kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The design of DRUP's monitoring plan was adopted, and another one proposed."""
    folder = tmp_path_factory.mktemp("hub")
    alliance = given.agreed()
    alliance.adopts(NAME, "design", CONTENT)
    alliance.says(IMPRESS, "resolution.proposed", resolution("bolder", "design", {**CONTENT, "r": 5}))
    opened = hubs.founded_hub(folder, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()
    return folder / "hub"


def ask(hub: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(program, ["design", *arguments, "--data-dir", str(hub)])


def told(hub: Path, *arguments: str) -> Any:
    ran = ask(hub, *arguments, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def words_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_two_stage_table_of_drups_monitoring_plan(hub: Path) -> None:
    ran = ask(hub, NAME)

    lines = words_of(ran.stdout)
    text = " ".join(ran.stdout.split())
    assert ran.exit_code == 0, ran.output
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "If none of them benefits, the cohort closes; if 1 or more do, it goes on to 24 in all." in text
    assert "5 or more of 24 are a signal of activity; with 4 or fewer it closes. There is no early stop" in text
    assert ["p0,", "type", "I", "error", "10", "%", "0.0778", "0.4305", "17.11"] in lines
    assert ["p1,", "power", "30", "%", "0.8572", "0.0576", "23.08"] in lines
    assert "carried on to 30 has a type I error of 0.1487" in text
    assert [line for line in lines if line[1:2] == ["after"]] == [
        ["1,", "after", "8", "0", "close-futility"],
        ["1,", "after", "8", "1", "to", "8", "expand"],
        ["2,", "after", "24", "1", "to", "4", "close-no-activity"],
        ["2,", "after", "24", "5", "to", "24", "success", "or", "stage-3"],
    ]


def test_every_end_has_its_estimate_interval_p_value_and_what_to_compare_them_with(hub: Path) -> None:
    lines = words_of(ask(hub, NAME).stdout)

    ends = [line[1:] for line in lines if line[1:2] == ["of"] and line[2] in {"8", "24"} and line[0].isdecimal()]
    assert len(ends) == 2 * (1 + 24)
    first, second = [line[3:] for line in lines if line[:3] == ["5", "of", "24"]]
    assert first == ["0.2322", "0.0731–0.4375", "0.0881–0.4013", "0.0778", "success", "or", "stage-3"]
    assert second == ["0.2083", "0.0713–0.4215", "0.0859–0.3891", "0.0731–0.4053", "0.0881–0.3654"]
    stopped = [line[3:] for line in lines if line[:3] == ["0", "of", "8"]]
    assert stopped == [
        ["0.0000", "0.0000–0.3694", "0.0000–0.3123", "1.0000", "close-futility"],
        ["0.0000", "0.0000–0.3694", "0.0000–0.3123"],
    ]
    assert ["1", "of", "24", "0.1250"] in [line[:4] for line in lines]
    assert ["24", "of", "24", "1.0000", "0.8575–1.0000", "0.8827–1.0000", "<0.0001"] in [line[:7] for line in lines]


def test_programs_get_all_of_it_unrounded(hub: Path) -> None:
    found = told(hub, NAME)

    assert found["content"] == {name: value for name, value in CONTENT.items() if name != "kind"}
    assert found["computed"]["characteristics"]["type_i_error"] == computed(DRUP_PLAN).characteristics.type_i_error
    ends = found["computed"]["endings"]
    assert [(end["stage"], end["estimate"]["benefits"]) for end in ends] == [(1, 0), *((2, x) for x in range(1, 25))]
    assert ends[5]["estimate"]["p_value"] == found["computed"]["characteristics"]["type_i_error"]


def test_a_design_that_is_not_in_force_is_shown_and_said_to_be_none(hub: Path) -> None:
    text = ask(hub, "bolder").stdout

    assert "no: too few have endorsed it so far" in text
    assert "6 or more of 24" in " ".join(text.split())
    assert told(hub, "bolder")["in_force_at"] is None


def test_a_design_is_shown_as_it_stood_at_a_moment(hub: Path) -> None:
    now = told(hub, NAME)
    proposed = next(size for size in range(99) if ask(hub, NAME, "--at", str(size)).exit_code == 0)

    before, then = ask(hub, NAME, "--at", str(proposed - 1)), told(hub, NAME, "--at", str(proposed))

    assert isinstance(before.exception, NotFoundError)
    assert then["in_force_at"] is None
    assert then["proposer"] == now["proposer"]
    assert now["in_force_at"] is not None


@pytest.mark.parametrize(
    ("name", "because"),
    [("nowhere", "no design named nowhere was proposed"), ("week-16", "is no design: it is a resolution on endpoint")],
)
def test_what_is_no_design_is_not_found(hub: Path, name: str, because: str) -> None:
    ran = ask(hub, name)

    assert isinstance(ran.exception, NotFoundError)
    assert because in str(ran.exception)
    assert not ran.stdout


def test_looks_at_which_only_one_thing_can_be_found_have_one_line() -> None:
    every_first_patient = computed(Design(n1=3, r1=2, n=5, r=2, p0_percent=10, p1_percent=30))

    assert [(look.stage, look.least, look.most) for look in every_first_patient.looks] == [
        *((1, 0, 2), (1, 3, 3)),
        (2, 3, 5),
    ]
