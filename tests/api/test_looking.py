"""Findings and decisions over HTTP: computed from values that are opened in the hub, and told without any."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from amended import corrects
from courses import NONE, follows, revealed
from fastapi.testclient import TestClient
from given import COHORT, DRUP, IMPRESS, PROTARGET, case
from granting import named
from stages import each_its_own, two_evaluable

from api.app import create_app
from api.serving import app_of
from ledger.operations import judging
from ledger.operations.hub import Hub
from ledger.reports.finding import Patience
from ledger.reports.findings import findings
from ledger.signing.envelope import seal, sign

URL = "http://localhost"


def test_a_claim_that_differs_is_found_until_what_it_rests_on_is_erased(client: TestClient, hub: Hub) -> None:
    alliance = given.treated()
    claim = follows(alliance, 1, course=NONE, claim="yes")
    assert claim is not None
    hubs.post(hub, alliance)
    index = claim.event.index

    found = client.get("/findings")
    then = client.get("/findings", params={"at": index})
    alliance.says(DRUP, "disclosures.erased", {"case": case(1), "basis": "mistake"})
    hubs.post(hub, alliance)

    assert [(each["kind"], each["index"], each["node"]) for each in found.json()] == [("claim-differs", index, DRUP)]
    assert then.json() == found.json()
    for answer in (found, then):  # nobody may keep what an erasure changes
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
    assert client.get("/findings").json() == []
    assert client.get("/findings", params={"at": index}).json() == []


def test_a_hub_knows_of_its_stored_corrections_whether_they_were_reviewed(client: TestClient, hub: Hub) -> None:
    alliance = given.treated()
    claim = follows(alliance, 1)
    assert claim is not None
    said = {**given.patient(case(1)), "benefit": "yes", "best_response": "PR", "basis": "read again"}
    correction = corrects(alliance, claim, **said)
    hubs.post(hub, alliance)

    found = client.get("/findings").json()

    assert [(each["kind"], each["index"]) for each in found] == [("unreviewed-correction", correction.event.index)]
    assert found == [asdict(each) for each in findings(revealed(alliance))]


def test_how_long_is_waited_is_a_setting_of_the_hub(hub: Hub) -> None:
    alliance = given.opened(DRUP)
    alliance.allocates(DRUP, case(1), on=(alliance.now - timedelta(days=20)).date().isoformat())
    hubs.post(hub, alliance)

    app = create_app(hub, dev=True)
    asked = TestClient(app, base_url=URL)
    found = {}
    for days in (10, 3_000):
        app.state.patience = Patience(stale_cohort_days=3_000, stale_allocation_days=days)
        found[days] = [each["kind"] for each in asked.get("/findings").json()]

    assert found[10] == ["stale-allocation"]
    assert found[3_000] == []


def test_the_days_that_are_waited_come_from_the_hubs_settings(hub: Hub, tmp_path: Path) -> None:
    settings = hubs.settings_in(tmp_path, not_opened_days=1, stale_cohort_days=2, stale_allocation_days=3)

    app = app_of(settings, hub, public_url=URL, dev=True)

    assert app.state.patience == Patience(1, 2, 3)


def test_members_are_told_the_decision_that_is_due(client: TestClient, hub: Hub) -> None:
    alliance = two_evaluable()
    follows(alliance, 1)
    follows(alliance, 2, node=PROTARGET, course=NONE, claim="no")
    hubs.post(hub, alliance)

    (told,) = client.get(f"/cohorts/{COHORT}/decision").json()

    assert (told["claimed"], told["computed"], told["as_claimed"], told["missing"]) == (1, 1, ["expand"], [])
    assert told["data_cut"] == alliance.database.size - 1
    assert client.get("/cohorts/nowhere/decision").status_code == 404


def test_a_trials_own_benefits_are_told_to_it_and_to_no_other(hub: Hub) -> None:
    alliance = each_its_own()
    for number in (2, 3):
        follows(alliance, number, node=PROTARGET)
    hubs.post(hub, alliance)

    with TestClient(create_app(hub, public_url=URL), base_url=URL) as client:
        told = {
            node: client.get(f"/cohorts/{COHORT}/decision", headers=named(node, URL).headers()).json()[1]
            for node in (PROTARGET, IMPRESS)
        }

    assert [told[node]["node"] for node in told] == [PROTARGET, PROTARGET]
    assert (told[PROTARGET]["claimed"], told[PROTARGET]["computed"]) == (2, 2)
    assert (told[IMPRESS]["claimed"], told[IMPRESS]["computed"]) == (None, None)


def test_values_of_no_schema_that_an_older_gate_let_in_are_shut_and_stop_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = given.treated()
    wrong: dict[str, tuple[Any, Any]] = {
        "response.assessed": (given.ASSESSMENT, {"day": "the day after"}),
        "outcome.determined": (given.CLAIM, {"benefit": ["yes"]}),
        "treatment.ended": ({"day": None, "reason": "choice"}, {"day": "later"}),
        "adverse_event.reported": (given.TOXICITY, {"ctcae_grade": "3", "term": 7}),
        "survival.updated": (given.DEATH, {"day": {}}),
    }
    for type_, (right, changes) in wrong.items():
        data, disclosures = seal(given.patient(case(1)), {**right, **changes}, alliance._salts())
        alliance.takes(sign(alliance.claims(DRUP, type_, data), disclosures, alliance.key(DRUP)))
    monkeypatch.setattr(judging, "check_post", lambda *_args, **_options: None)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    auditor = TestClient(create_app(hub, dev=True), base_url=URL, raise_server_exceptions=False)

    progress = auditor.get(f"/cohorts/{COHORT}/progress")

    assert progress.status_code == auditor.get("/findings").status_code == 200
    assert auditor.get(f"/cohorts/{COHORT}/decision").status_code == 200
    assert progress.json()["results"]["overall"]["shut"] == 1
    assert progress.json()["results"]["toxicity"]["shut_events"] == 1


def test_whose_claim_differs_is_told_its_own_node_and_auditors_alone(tmp_path: Path) -> None:
    alliance = given.treated()
    follows(alliance, 1, course=NONE, claim="yes")
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    with TestClient(create_app(hub, public_url=URL), base_url=URL) as client:
        told = {
            node: [each["kind"] for each in client.get("/findings", headers=named(node, URL).headers()).json()]
            for node in (DRUP, IMPRESS)
        }

    assert told == {DRUP: ["claim-differs"], IMPRESS: []}
