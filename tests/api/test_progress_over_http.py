"""A cohort's progress over HTTP: to each what it may see, kept past no erasure, written down where it is exact."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from fates import erase, revealed, snapshot_of, to_the_end
from given import COHORT, DRUP, IMPRESS, PROTARGET, case
from granting import named

from api.app import create_app
from ledger.cohort.reveal import Revealed
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, snapshot_at, snapshot_of_cohort
from ledger.operations.revealing import reveal
from ledger.reports.cohort_progress import cohort_progress
from ledger.signing.canonical import dump
from ledger.store.engine import reading

URL = "http://localhost"
PATH = f"/cohorts/{COHORT}/progress"


@pytest.fixture
def told() -> given.Alliance:
    """Five patients of two nodes in both stages, two in stage 3."""
    return to_the_end()


@pytest.fixture
def hub(told: given.Alliance, tmp_path: Path) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, public_url=URL), base_url=URL, raise_server_exceptions=False)


@pytest.fixture
def auditor(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, dev=True), base_url=URL, raise_server_exceptions=False)


def as_node(client: TestClient, node: str, path: str = PATH, **headers: str) -> Any:
    return client.get(path, headers={**named(node, URL).headers(), **headers})


def now(answer: Any) -> Any:
    return next(each for each in answer.json()["looks"] if (each["of"], each["look"]) == ("cohort", "now"))


def test_whoever_may_see_all_of_it_is_shown_what_the_report_says(told: given.Alliance, auditor: TestClient) -> None:
    answer = auditor.get(PATH)

    found = cohort_progress(revealed(told), COHORT)
    look = now(answer)
    assert answer.status_code == 200
    assert (look["computed"]["yes"], look["claimed"]["yes"], look["evaluable"]) == (2, 2, 4)
    assert look["computed_rate"]["point"] == found.looks[2].computed_rate.point
    assert look["computed_rate"]["data_cut"]["index"] == told.database.size - 1
    assert answer.json()["characteristics"]["power"] == found.characteristics.power
    assert answer.json()["results"]["progression_free"]["patients"] == 5
    assert case(1) not in answer.text


def test_a_member_is_shown_its_own_exactly_and_of_too_few_others_nothing(client: TestClient) -> None:
    answers = {node: as_node(client, node) for node in (DRUP, PROTARGET, IMPRESS)}

    assert {node: now(each)["computed"]["yes"] for node, each in answers.items()} == dict.fromkeys(answers, "<5")
    own = {node: each.json()["own"] for node, each in answers.items()}
    assert own[IMPRESS] is None
    assert [own[node]["looks"][-1]["computed"]["yes"] for node in (DRUP, PROTARGET)] == [2, 0]
    assert own[DRUP]["results"]["treated"] == 3


def test_outsiders_are_shown_no_outcome(client: TestClient) -> None:
    answer = client.get(PATH)

    assert answer.status_code == 200
    assert not {"looks", "results", "own", "stage_3"} & set(answer.json())
    assert answer.json()["characteristics"]["power"] > 0
    assert client.get(f"{PATH}.csv").status_code == 401


def test_what_somebody_is_shown_exactly_nobody_keeps_and_it_is_written_down(
    client: TestClient, auditor: TestClient
) -> None:
    for answer in (as_node(client, DRUP), auditor.get(PATH), auditor.get(f"{PATH}?at=30")):
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
    lines = auditor.get("/access-log").json()["lines"]

    assert [(each["what"], each["nodes"], each["rows"]) for each in lines] == [
        (PATH, [DRUP], 4),
        (PATH, [DRUP, PROTARGET], 7),
        (PATH, [DRUP], 1),
    ]


def test_what_is_over_all_nodes_is_asked_for_again_and_is_another_once_the_log_has_grown(
    told: given.Alliance, hub: Hub, client: TestClient
) -> None:
    size = told.database.size
    first, past = as_node(client, IMPRESS), as_node(client, IMPRESS, f"{PATH}?at={size - 1}")
    tags = {path: answer.headers["etag"] for path, answer in ((PATH, first), (f"{PATH}?at={size - 1}", past))}
    unchanged = [as_node(client, IMPRESS, path, **{"If-None-Match": tag}).status_code for path, tag in tags.items()]
    erase(told, DRUP, 1)
    hubs.post(hub, told)
    changed = [as_node(client, IMPRESS, path, **{"If-None-Match": tag}) for path, tag in tags.items()]

    assert {answer.headers["cache-control"] for answer in (first, past, *changed)} == {
        "private, no-cache, no-transform"
    }
    assert unchanged == [304, 304]
    assert [answer.status_code for answer in changed] == [200, 200]
    assert [(now(answer)["computed"]["shut"]) for answer in (past, changed[1])] == [0, 1]  # of one moment


def test_the_past_is_shown_as_it_was_known_then(told: given.Alliance, auditor: TestClient) -> None:
    decided = next(each.index for each in told.database.events if each.type == "cohort.stage_decided")

    before, after = (auditor.get(f"{PATH}?at={index}").json() for index in (decided - 1, decided))

    assert [each["look"] for each in before["looks"] if each["of"] == "cohort"] == ["now"]
    assert [each["look"] for each in after["looks"] if each["of"] == "cohort"] == ["stage 1", "now"]
    assert after["looks"][0]["cases_as_of"]["index"] == decided - 1
    assert after["looks"][0]["computed_rate"]["data_cut"]["index"] == decided
    assert auditor.get(f"{PATH}?on=2021-12-02").json()["results"]["treated"] == 0


def test_looks_come_as_a_table_too_a_line_for_what_is_claimed_and_one_for_what_is_computed(
    client: TestClient, auditor: TestClient
) -> None:
    lines = list(csv.DictReader(StringIO(auditor.get(f"{PATH}.csv").text)))
    hidden = list(csv.DictReader(StringIO(as_node(client, IMPRESS, f"{PATH}.csv").text)))

    (line,) = (each for each in lines if (each["of"], each["look"], each["answers"]) == ("cohort", "now", "computed"))
    assert (line["numerator"], line["denominator"], line["population"], line["endpoint"]) == (
        "2",
        "4",
        "evaluable",
        "week-16",
    )
    assert len(lines) == len(hidden) == 2 * 9
    (same,) = (each for each in hidden if (each["of"], each["look"], each["answers"]) == ("cohort", "now", "computed"))
    assert (same["numerator"], same["point"], same["label"]) == ("<5", "", "not shown")
    taken = auditor.get("/access-log").json()["lines"]
    assert [(each["what"], each["nodes"]) for each in taken] == [(f"{PATH}.csv", [DRUP, PROTARGET])] * 2


def test_of_a_cohort_that_nobody_defined_there_is_nothing(auditor: TestClient) -> None:
    assert auditor.get("/cohorts/nothing/progress").status_code == 404


@pytest.mark.parametrize("on", [None, "2021-11-30", "2021-12-02", "2022-01-03"])
def test_what_is_read_for_one_cohort_gives_what_the_whole_database_gives(
    told: given.Alliance, hub: Hub, on: str | None
) -> None:
    defined = next(each.index for each in told.database.events if each.type == "cohort.defined")
    for index in [*range(defined, told.database.size, 7), told.database.size - 1]:
        moment = Moment.parse(str(index), on)
        found = []
        for snapshot in (snapshot_at(hub.engine, moment), snapshot_of_cohort(hub.engine, moment, COHORT)):
            with reading(hub.engine) as connection:
                opened = reveal(connection, hub.vault, snapshot, cohort=COHORT)
            found.append(cohort_progress(opened, COHORT))

        assert found[0] == found[1]


def test_a_case_that_is_treated_elsewhere_later_is_read_with_the_cohort(hub: Hub, told: given.Alliance) -> None:
    other: dict[str, Any] = {**given.DEFINITION, "cohort": "another"}
    told.says(DRUP, "cohort.defined", other)
    told.opens(DRUP, cohort="another")
    told.treats(DRUP, case(1), cohort="another")
    hubs.post(hub, told)

    found = snapshot_of_cohort(hub.engine, Moment(), COHORT)

    elsewhere = [row.key for row in snapshot_of(told).tables["episodes"] if row.key[0] == "another"]
    assert [row.key for row in found.tables["episodes"] if row.key[0] == "another"] == elsewhere
    assert len(found.events) < told.database.size


def test_of_an_episode_only_what_is_counted_is_opened(hub: Hub) -> None:
    snapshot = snapshot_of_cohort(hub.engine, Moment(), COHORT)
    with reading(hub.engine) as connection:
        opened = reveal(connection, hub.vault, snapshot, cohort=COHORT)

    values = dump([*opened.values.values()])
    assert b"PR" in values
    assert b"COAD" not in values
    assert b"p.Val600Glu" not in values


def test_when_the_entry_of_a_decisions_data_cut_was_received_is_read_with_it(
    told: given.Alliance, tmp_path: Path
) -> None:
    (tmp_path / "slowly").mkdir()
    hub = hubs.founded_hub(tmp_path / "slowly", told)
    hubs.post(hub, told, batch=1)  # at a time of its own each

    whole = cohort_progress(Revealed(snapshot_at(hub.engine, Moment())), COHORT).looks
    narrow = cohort_progress(Revealed(snapshot_of_cohort(hub.engine, Moment(), COHORT)), COHORT).looks

    assert [each.cases_as_of for each in narrow] == [each.cases_as_of for each in whole]
    hub.engine.dispose()
