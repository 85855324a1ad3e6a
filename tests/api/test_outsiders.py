"""What the public and industry are shown over HTTP: released reports, pooled and suppressed, and nothing else."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import given
import httpx2 as httpx
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DEFINITION, DRUGS, DRUP, IMPRESS, REGIMEN, case, signing_key
from granting import grant
from walking import OTHER, paths

from api.app import create_app
from api.audience import Outside
from ledger.clinical.suppression import Thresholds
from ledger.clock import now
from ledger.node.bearer import Bearer
from ledger.operations.hub import Hub
from ledger.signing.canonical import Json

URL = "http://localhost"
OTHERS_DRUG = "olaparib"
EIGHT: given.Data = {"kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30}
RELEASE = timedelta(days=28)

OF_ITS_REGIMENS = {"/cohorts", f"/cohorts/{COHORT}/progress", "/board", "/board.csv", "/"}
OF_NO_REGIMEN = {"/contributions", "/contributions.csv", "/funnel"}
FOR_EVERYBODY = {
    *("/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/login"),
    *("/help", "/help/glossary", "/help/events", "/help/errors/rule", "/help/trust", "/help/regulations"),
    *("/help/what-this-proves", "/help/threat-model", "/system"),
    *(f"/nodes/{DRUP}/key", f"/nodes/{IMPRESS}/key"),
    *("/log/checkpoint", "/log/checkpoints", "/log/memorandum", "/log/tile/0/000.p/1"),
    *("/static/ledger.css", "/verify", "/verify/offline.html"),
    "/design/small",
}
# numbers that count no patients: what was agreed on, and how many cohorts somebody opened
DEFINED = {"tumour", "biomarker", "ages", "design_content", "characteristics", "endpoint_content"}
NO_PATIENTS = {"stage", "openings"}


def accruing(*patients: str) -> given.Alliance:
    """Two cohorts of two regimens at two nodes, a company with a grant for one; patients: the node of each."""
    alliance = given.opened(DRUP, IMPRESS, design=EIGHT)
    alliance.says(DRUP, "supply.available", {"regimen": [OTHERS_DRUG], "on": "2021-01"})
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "cohort": OTHER, "regimen": [OTHERS_DRUG]})
    alliance.opens(DRUP, cohort=OTHER)
    alliance.says(DRUP, "access.granted", grant("company", role="industry", regimens=[DRUGS], until="2099"))
    for number, node in enumerate(patients):
        alliance.treats(node, case(number + 1))
    return alliance


def served(folder: Path, alliance: given.Alliance) -> Hub:
    hub = hubs.founded_hub(folder, alliance)
    hubs.post_long_ago(hub, alliance)
    return hub


def client_of(hub: Hub, outside: Outside | None = None) -> TestClient:
    return TestClient(create_app(hub, public_url=URL, outside=outside), base_url=URL, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """Six patients at two nodes, one with an outcome."""
    alliance = accruing(*[DRUP] * 4, *[IMPRESS] * 2)
    alliance.finds(DRUP, case(1))
    return alliance


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = served(tmp_path_factory.mktemp("hub"), told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> TestClient:
    return client_of(hub)


def headers(who: str, *, at: timedelta = timedelta(0)) -> dict[str, str]:
    return {} if who == "public" else Bearer(URL, lambda: signing_key(who), now=lambda: now() + at)()


def walk(
    client: TestClient, who: str, *, at: timedelta = timedelta(0), accept: str = "*/*"
) -> dict[str, httpx.Response]:
    """The answer to everything that somebody may ask for; of a feed without end, the head. at: the hub's clock, less
    the true one.
    """
    return {
        path: (client.head if path == "/events/live" else client.get)(
            path, headers={"Accept": accept} | headers(who, at=at)
        )
        for path in paths(client.app)
    }


def is_shown(answer: httpx.Response) -> bool:
    return answer.status_code < 400


# ------------------------------------------------------------------ industry


def test_a_company_sees_its_own_regimens_cohorts_and_is_refused_everything_else_on_every_route(
    client: TestClient,
) -> None:
    answers = walk(client, "company")

    assert len(answers) > 50
    assert {path for path, answer in answers.items() if is_shown(answer)} == {*OF_ITS_REGIMENS, *FOR_EVERYBODY}
    shown = "\n".join(answers[path].text for path in OF_ITS_REGIMENS)
    assert COHORT in shown
    assert REGIMEN in shown
    assert OTHER not in shown
    assert OTHERS_DRUG not in shown
    refused = {answer.status_code for answer in answers.values() if not is_shown(answer)}
    assert refused <= {401, 403, 404}
    assert answers[f"/cohorts/{OTHER}/progress"].status_code == 403


@pytest.mark.parametrize("who", ["company", "public"])
def test_whom_data_are_refused_is_refused_their_page_too(client: TestClient, who: str) -> None:
    data, pages = walk(client, who), walk(client, who, accept="text/html")

    assert {path for path, page in pages.items() if is_shown(page)} == {
        path for path, answer in data.items() if is_shown(answer)
    }
    drawn = [page.text for page in pages.values() if page.headers["content-type"].startswith("text/html")]
    assert len(drawn) > 5
    assert [text for text in drawn if case(1) in text or (who == "company" and OTHERS_DRUG in text)] == []


def test_a_company_sees_its_cohorts_over_all_nodes(client: TestClient) -> None:
    (cohort,) = client.get("/cohorts", headers=headers("company")).json()
    board = client.get("/board", headers=headers("company")).json()
    progress = client.get(f"/cohorts/{COHORT}/progress", headers=headers("company")).json()
    (line,) = csv.DictReader(StringIO(client.get("/board.csv", headers=headers("company")).text))

    assert (cohort["cohort"], cohort["treated"], cohort["countries"]) == (COHORT, 6, ["NL", "NO"])
    assert cohort["scopes"] == [{"node": None, "stage": 1, "places": "few"}]
    assert "nodes" not in cohort
    assert board["cohorts"] == [cohort]
    assert progress["standing"] == cohort
    assert (line["cohort"], line["countries"], line["treated"]) == (COHORT, "NL NO", "6")


def test_a_company_is_told_that_a_count_is_small_and_not_which(tmp_path: Path) -> None:
    client = client_of(served(tmp_path, accruing(*[DRUP] * 2, *[IMPRESS] * 2)))

    (cohort,) = client.get("/cohorts", headers=headers("company")).json()

    assert cohort["treated"] == "<5"


# ------------------------------------------------------------------ the public


def test_the_public_sees_which_cohorts_there_are_and_is_refused_everything_else_on_every_route(
    client: TestClient,
) -> None:
    answers = walk(client, "public")

    assert {path for path, answer in answers.items() if is_shown(answer)} == {
        *(*OF_ITS_REGIMENS, f"/cohorts/{OTHER}/progress"),
        *(*OF_NO_REGIMEN, *FOR_EVERYBODY),
    }
    shown = {each["cohort"]: each for each in answers["/cohorts"].json()}
    assert {name: each["treated"] for name, each in shown.items()} == {COHORT: "<10", OTHER: "<10"}
    assert answers["/board"].json()["cohorts"] == [shown[COHORT], shown[OTHER]]
    assert {each["cases_submitted"] for each in answers["/funnel"].json()} == {"<10"}
    assert {each["node"]: each["openings"] for each in answers["/contributions"].json()}[DRUP] == 2


def test_members_see_all_of_it_exactly(client: TestClient) -> None:
    cohort = client.get("/cohorts", headers=headers(DRUP)).json()[0]
    lines = {each["node"]: each for each in client.get("/funnel", headers=headers(DRUP)).json()}
    contributed = {each["node"]: each for each in client.get("/contributions", headers=headers(DRUP)).json()}

    assert {each["node"]: each["started"] for each in cohort["nodes"] if each["started"]} == {DRUP: 4, IMPRESS: 2}
    assert (lines[DRUP]["treatments_started"], contributed[DRUP]["enrolments"]) == (4, 4)
    assert set(contributed[DRUP]["by_type"]) >= {"case.submitted", "cohort.opened"}


def test_thresholds_and_the_cadence_are_settings(hub: Hub) -> None:
    told = client_of(hub, Outside(Thresholds(partner=7, public=6)))
    rarely = client_of(hub, Outside(cadence=timedelta(days=40_000)))

    (for_the_company,) = told.get("/cohorts", headers=headers("company")).json()

    assert for_the_company["treated"] == "<7"
    assert [each["treated"] for each in told.get("/cohorts").json()] == ["6 to 11", "<6"]
    assert rarely.get("/cohorts").json() == []
    assert client_of(hub).get("/cohorts").headers["etag"] != told.get("/cohorts").headers["etag"]


def test_what_everybody_is_shown_may_be_kept_for_everybody_and_what_somebody_is_shown_may_not(
    client: TestClient,
) -> None:
    kept = {who: client.get("/board", headers=headers(who)).headers for who in ("public", "company", DRUP)}

    assert {who: each["cache-control"].partition(",")[0] for who, each in kept.items()} == {
        "public": "public",
        "company": "private",
        DRUP: "private",
    }
    assert {each["vary"] for each in kept.values()} == {"Accept, HX-Request, Authorization, Cookie, Accept-Encoding"}
    assert len({each["etag"] for each in kept.values()}) == 3


def test_what_the_public_takes_is_not_written_down_and_what_a_company_takes_is(client: TestClient) -> None:
    before = len(lines_of(client))

    for who in ("public", "company"):
        assert client.get("/board.csv", headers=headers(who)).status_code == 200

    (line,) = lines_of(client)[before:]
    assert (line["who"], line["role"], line["what"]) == (
        signing_key("company").public.thumbprint,
        "industry",
        "/board.csv",
    )
    assert line["nodes"] == [DRUP]


def lines_of(client: TestClient) -> list[Any]:
    """The access log, as the node sees it whose data it is."""
    found: list[Any] = client.get("/access-log?limit=1000", headers=headers(DRUP)).json()["lines"]
    return found


# ------------------------------------------------------------------ releases


@pytest.mark.parametrize("who", ["public", "company"])
@pytest.mark.parametrize("moment", ["at=20", "at=2022-01-03", "on=2022-01-03", "at=20&on=2022-01-03"])
def test_outsiders_choose_no_moment_for_two_of_them_subtract_to_one_patient(
    client: TestClient, who: str, moment: str
) -> None:
    paths = OF_ITS_REGIMENS | OF_NO_REGIMEN

    refused = {client.get(f"{path}?{moment}", headers=headers(who)).status_code for path in paths}

    assert refused == {403}
    assert client.get(f"/cohorts?{moment}", headers=headers(DRUP)).status_code == 200


def test_outsiders_are_shown_the_designs_in_force_and_told_nothing_of_other_resolutions(tmp_path: Path) -> None:
    alliance = accruing()
    alliance.says(IMPRESS, "resolution.proposed", given.resolution("bolder", "design", {**EIGHT, "r": 5}))
    client = client_of(served(tmp_path, alliance))

    for who in ("public", "company"):
        answers = {
            name: client.get(f"/design/{name}", headers=headers(who))
            for name in ("small", "bolder", "week-16", "nowhere", "small?at=20")
        }
        assert [answer.status_code for answer in answers.values()] == [200, 404, 404, 404, 403]
        said = {answers[name].json()["detail"].replace(name, "") for name in ("bolder", "week-16", "nowhere")}
        assert len(said) == 1
    assert client.get("/design/bolder", headers=headers(DRUP)).json()["in_force_at"] is None


def test_between_two_releases_nothing_new_is_shown_to_outsiders(tmp_path: Path) -> None:
    alliance = accruing(*[DRUP] * 4)
    hub = served(tmp_path, alliance)
    client = client_of(hub)
    before = {who: client.get("/board", headers=headers(who)) for who in ("public", "company")}

    alliance.treats(IMPRESS, case(5))
    hubs.post(hub, alliance)
    after = {who: client.get("/board", headers=headers(who)) for who in ("public", "company")}
    next_one = RELEASE + timedelta(hours=1)
    hub.appender.now = lambda: now() + next_one
    later = client.get("/board", headers=headers("company", at=next_one))

    for who, answer in after.items():
        assert (answer.text, answer.headers["etag"]) == (before[who].text, before[who].headers["etag"])
    assert [answer.json()["cohorts"][0]["treated"] for answer in (after["company"], later)] == ["<5", 5]


def test_before_the_first_release_the_reports_are_empty(tmp_path: Path) -> None:
    alliance = accruing(DRUP)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    client = client_of(hub)

    answers = [client.get(path) for path in ("/cohorts", "/board", "/contributions", "/funnel")]

    assert [answer.json() for answer in answers] == [[], {"nodes": [], "cohorts": []}, [], []]
    assert client.get(f"/cohorts/{COHORT}/progress").status_code == 404


# ------------------------------------------------------------------ an attack


def numbers(found: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Whatever in an answer may count patients, with the name of its field."""
    if isinstance(found, dict):
        for each, value in found.items():
            if each not in DEFINED:
                yield from numbers(value, each)
    elif isinstance(found, list):
        for value in found:
            yield from numbers(value, name)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield name, int(found)


def told_in(answer: httpx.Response) -> list[tuple[str, int]]:
    """The counts in a report, JSON or CSV."""
    if answer.headers["content-type"].startswith("text/csv"):
        lines: list[Json] = [
            {name: int(text) if text.isdigit() else text for name, text in line.items()}
            for line in csv.DictReader(StringIO(answer.text))
        ]
        return [each for each in numbers(lines) if each[0] not in NO_PATIENTS]
    return [each for each in numbers(answer.json()) if each[0] not in NO_PATIENTS]


@pytest.mark.parametrize(("who", "least"), [("public", None), ("company", 5)])
def test_over_all_releases_and_routes_no_outsider_gets_a_small_count_a_patient_or_what_is_sealed(
    tmp_path: Path, who: str, least: int | None
) -> None:
    # given: a patient a release, from none to eight
    alliance = accruing()
    hub = hubs.founded_hub(tmp_path, alliance)
    client = client_of(hub)
    reports: list[httpx.Response] = []

    # when
    for number in range(10):
        past = (number - 10) * RELEASE
        hub.appender.now = lambda past=past: now() + past  # type: ignore[misc]  # bound now
        if 0 < number < 9:
            alliance.treats((DRUP, IMPRESS)[number % 2], case(number))
        hubs.post(hub, alliance)
        reports += [
            client.get(path, headers=headers(who, at=past))
            for path in sorted((OF_ITS_REGIMENS - {"/"}) | (OF_NO_REGIMEN if who == "public" else set()))
        ]
    others = [each for accept in ("*/*", "text/html") for each in walk(client, who, at=past, accept=accept).values()]

    # then: there is something to see, and of patients no number that is small
    shown = [answer for answer in reports if answer.status_code == 200]
    assert len(shown) > 30
    counts = {count for answer in shown for _, count in told_in(answer)}
    assert all(least is not None and count >= least for count in counts), counts
    assert bool(counts) is (least is not None)
    # and nothing of a patient
    said = "\n".join(f"{each.headers} {each.text.replace(each.url.path, '')}" for each in (*reports, *others))
    hidden = [each.text for heard in alliance.heard for each in heard.envelope.disclosures]
    hidden += [digest for heard in alliance.heard for digest in heard.envelope.commitments.values()]
    hidden += [case(number) for number in range(1, 9)]
    hidden += ["p.Val600Glu", "COAD", "C18.9", "twice daily", "WGS"]
    assert len(hidden) > 100
    assert [each for each in hidden if each in said] == []
