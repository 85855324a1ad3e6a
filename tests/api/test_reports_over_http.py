"""The cohort database as reports: now, as of an entry, on a day; as JSON and as CSV; and cell by cell."""

import csv
from io import StringIO
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, IMPRESS, case
from resolved import agree, replacement

from ledger.cohort.cells import Version
from ledger.operations.hub import Hub
from ledger.store.cells import write_versions
from ledger.store.engine import writing

DEFINED_AT, ALLOCATED_AT = 14, 17  # places in what the hub has taken


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_the_board_shows_every_cohort_at_every_node(reader: TestClient, told: given.Alliance) -> None:
    board = reader.get("/board").json()

    (cohort,) = board["cohorts"]
    assert [node["node"] for node in board["nodes"]] == sorted(told.members)
    assert {node["node"]: node["state"] for node in cohort["nodes"]} == {
        node: "open" if node == DRUP else "not opened" for node in told.members
    }
    assert cohort["scopes"] == [
        {"node": None, "stage": 1, "evaluable": 0, "undecided": 1, "places_left": 1, "synthetic": 0}
    ]


def places_left(board: Any) -> list[int]:
    return [cohort["scopes"][0]["places_left"] for cohort in board["cohorts"]]


def test_a_report_is_of_the_moment_that_is_asked_for(reader: TestClient) -> None:
    before = reader.get(f"/board?at={ALLOCATED_AT - 1}").json()
    after = reader.get(f"/board?at={ALLOCATED_AT}").json()
    on_a_day = reader.get("/board?on=2021-11-30").json()
    long_ago = reader.get("/board?at=2021-11-30").json()

    assert list(map(places_left, (before, after, on_a_day, long_ago))) == [[2], [1], [2], []]


def test_cohorts_are_listed_described_and_followed(reader: TestClient) -> None:
    listed = reader.get("/cohorts").json()
    described = reader.get(f"/cohorts/{COHORT}").json()
    progress = reader.get(f"/cohorts/{COHORT}/progress").json()

    assert [each["cohort"] for each in listed] == [COHORT]
    (definition,) = described["tables"]["cohorts"]
    assert definition["fields"]["design"] == "small"
    assert definition["set_by"]["design"] == DEFINED_AT
    assert [row["key"][1] for row in described["tables"]["cohort_openings"]] == [DRUP]
    assert progress["standing"] == listed[0]
    assert progress["design_content"] == given.SMALL


def test_contributions_census_and_funnel_say_who_gave_what(client: TestClient, hub: Hub) -> None:
    alliance = given.treated()
    attested: given.Data = {
        "metric": "patients_enrolled", "kind": "count", "operator": "eq", "value": 3, "as_of": "2021-12", "by": "2022",
        "quote": "three patients",
    }  # fmt: skip
    alliance.says(DRUP, "census.attested", attested)
    hubs.post(hub, alliance)

    contributions = {each["node"]: each for each in client.get("/contributions").json()}
    (line,) = client.get("/census").json()
    funnel = client.get("/funnel").json()

    assert (contributions[DRUP]["openings"], contributions[DRUP]["enrolments"]) == (1, 1)
    assert contributions[IMPRESS]["by_type"] == {"memorandum.signed": 1}
    assert (line["attested"], line["derived"], line["verdict"]) == (3, 1, "short by 2")
    assert {each["node"]: each["patients_enrolled"] for each in funnel}[DRUP] == 1


def test_findings_name_what_was_signed_since_a_key_may_have_been_anothers(client: TestClient, hub: Hub) -> None:
    alliance = given.treated()
    since = alliance.database.size - 1  # DRUP's last word
    agree(alliance, "new-key", "key-replacement", replacement(alliance, compromised_since=since), without=[DRUP])
    hubs.post(hub, alliance)

    found = client.get("/findings").json()
    before = client.get("/findings", params={"at": since}).json()

    assert [(each["kind"], each["index"], each["node"]) for each in found] == [("compromised-key", since, DRUP)]
    assert before == []


@pytest.mark.parametrize("report", ["board", "census", "contributions"])
def test_a_report_comes_as_a_table_too(reader: TestClient, report: str) -> None:
    answer = reader.get(f"/{report}.csv?at=19")

    lines = table(answer.text)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == reader.get(f"/{report}?at=19").headers["cache-control"]
    assert lines[0]["node"] == DRUP


def test_the_boards_table_tells_each_node_the_places_of_its_own_scope(client: TestClient, hub: Hub) -> None:
    alliance = given.opened(DRUP, IMPRESS, accrual="per-trial")
    alliance.allocates(DRUP, case(1))
    hubs.post(hub, alliance)

    lines = {line["node"]: line for line in table(client.get("/board.csv").text)}

    assert (lines[DRUP]["places_left"], lines[IMPRESS]["places_left"], lines["finprove-fi"]["places_left"]) == (
        "1",
        "2",
        "",
    )


def test_a_cases_file_holds_all_its_rows_and_the_events_behind_them(reader: TestClient, told: given.Alliance) -> None:
    found = reader.get(f"/cases/{DRUP}/{case(1)}").json()

    assert sorted(found["tables"]) == ["cases", "episodes"]
    assert found["events"] == [16, 17, 18, 19]
    (episode,) = found["tables"]["episodes"]
    assert episode["fields"]["ecog"] == told.heard[18].envelope.commitments["ecog"]
    assert set(episode["sealed"]) == {*given.ENROLMENT, "doses"}


def test_a_cell_says_who_set_it(reader: TestClient, told: given.Alliance) -> None:
    enrolment = told.heard[ALLOCATED_AT + 1].envelope
    key = f"{COHORT}/{DRUP}/{case(1)}/{told.heard[ALLOCATED_AT].envelope.claims.event_id}"

    now, earlier = (reader.get(f"/cells/episodes/{key}{at}").json()["fields"] for at in ("", f"?at={ALLOCATED_AT}"))

    setter = {
        "index": ALLOCATED_AT + 1,
        "event_id": enrolment.claims.event_id,
        "node": DRUP,
        "type": "patient.enrolled",
        "received": reader.get(f"/events/{ALLOCATED_AT + 1}").json()["entry"]["received"],
        "actor": {"user": "u1", "role": "data-manager", "meaning": "authored"},
        "synthetic": False,
        "corrects": None,
        "reason_code": None,
    }
    assert now["enrolled_on"] == {"sealed": False, "value": "2021-12-02", "set_by": setter, "before": []}
    assert now["ecog"] == {"sealed": True, "value": enrolment.commitments["ecog"], "set_by": setter, "before": []}
    assert list(earlier) == ["allocated_on"]


def test_a_cell_says_what_it_was_before(client: TestClient, hub: Hub) -> None:
    hubs.post(hub, given.treated())
    with writing(hub.engine) as connection:  # as a correction will do
        write_versions(connection, [Version("cohorts", (COHORT,), 19, {"label": (19, "BRAF")})])

    fields = client.get(f"/cells/cohorts/{COHORT}").json()["fields"]

    label, design = fields["label"], fields["design"]
    assert (label["value"], label["set_by"]["index"]) == ("BRAF", 19)
    assert [(was["value"], was["set_by"]["index"], was["until"]) for was in label["before"]] == [
        (given.DEFINITION["label"], DEFINED_AT, 19)
    ]
    assert (design["value"], design["set_by"]) == (None, None)
    assert [was["value"] for was in design["before"]] == ["small"]


def test_what_is_made_up_says_so_wherever_it_is_shown(client: TestClient, hub: Hub) -> None:
    alliance = given.opened(DRUP)
    stated = alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-11-20"}).event.index
    made_up: given.Data = {"synthetic": True}
    invented = alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-11-20", **made_up}).event.index
    alliance.says(DRUP, "cohort.defined", {**given.DEFINITION, "cohort": "another", **made_up})
    alliance.says(DRUP, "case.allocated", {"case": case(2), "cohort": COHORT, "on": "2021-12-01", **made_up})
    hubs.post(hub, alliance)

    events = {each["index"]: each["synthetic"] for each in client.get("/events").json()["events"]}
    decoded = [client.get(f"/events/{index}").json()["entry"]["synthetic"] for index in (stated, invented)]
    files = [client.get(f"/cases/{DRUP}/{case(n)}").json()["tables"]["cases"] for n in (1, 2)]
    cohorts = [client.get(f"/cohorts/{name}").json()["tables"]["cohorts"] for name in (COHORT, "another")]
    cells = [client.get(f"/cells/cases/{DRUP}/{case(n)}").json() for n in (1, 2)]
    lines = table(client.get("/board.csv").text)
    board = {line["cohort"]: (line["cohort_synthetic"], line["scope_synthetic"]) for line in lines}

    assert [index for index, synthetic in events.items() if synthetic] == [invented, invented + 1, invented + 2]
    assert decoded == [False, True]
    assert [[row["synthetic"] for row in rows] for rows in (*files, *cohorts)] == [[False], [True], [False], [True]]
    assert [row["synthetic"] for row in cells] == [False, True]
    assert [row["fields"]["submitted_on"]["set_by"]["synthetic"] for row in cells] == [False, True]
    assert board == {COHORT: ("False", "1"), "another": ("True", "0")}


@pytest.mark.parametrize(
    "path",
    [
        "/cohorts/nothing",
        "/cohorts/nothing/progress",
        f"/cases/{DRUP}/{case(9)}",
        f"/cases/nobody/{case(1)}",
        "/cells/nothing/x",
        "/cells/cohorts/nothing",
        f"/cells/cohorts/{COHORT}/more",
        "/cells/entries/0",
        f"/cells/cohorts/{COHORT}?at=3",
        "/board?at=20",
    ],
)
def test_what_is_not_there_is_answered_404(reader: TestClient, path: str) -> None:
    answer = reader.get(path)

    assert (answer.status_code, answer.json()["type"]) == (404, "/help/errors/not-found")


@pytest.mark.parametrize(
    "query", ["at=-1", "at=x", "at=", "at=2021-02-30", "at=2021-11-16T09:30Z", "on=2021-11", "on=20211116", "att=3"]
)
def test_a_moment_is_read_strictly(reader: TestClient, query: str) -> None:
    assert reader.get(f"/board?{query}").status_code == 400


def test_an_answer_about_now_is_asked_for_again_and_one_about_an_entry_is_kept_for_ever(
    client: TestClient, hub: Hub
) -> None:
    alliance = given.treated()
    hubs.post(hub, alliance)
    now, then = client.get("/board"), client.get("/board?at=19")
    tag = {"If-None-Match": now.headers["etag"]}
    unchanged = client.get("/board", headers=tag)
    alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-11-20"})
    hubs.post(hub, alliance)
    changed = client.get("/board", headers=tag)

    assert now.headers["cache-control"] == "private, no-cache"
    assert then.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (changed.status_code, changed.headers["etag"] != now.headers["etag"]) == (200, True)
