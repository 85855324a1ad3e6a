"""The search box: whatever has a name is found by it, and what was asked for is written nowhere."""

import logging

import given
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, REGIMEN, case, signing_key
from pages import BROWSER, PageText

from ledger.names import UUID_V7


def search(client: TestClient, text: str) -> tuple[int, str | None, PageText]:
    answer = client.get("/search", params={"q": text}, headers=BROWSER, follow_redirects=False)
    return answer.status_code, answer.headers.get("location"), PageText(answer.text)


def test_what_is_named_in_full_is_gone_to_at_once(reader: TestClient, told: given.Alliance) -> None:
    event = told.database.events[18]
    thumbprint = signing_key(DRUP).public.thumbprint
    assert UUID_V7.fullmatch(event.event_id)

    wanted = {
        "18": "/events/18",
        f" {event.event_id.upper()} ": f"/events/{event.event_id}",
        case(1): f"/cases/{DRUP}/{case(1)}",
        COHORT: f"/cohorts/{COHORT}",
        "braf v600, any tumour": f"/cohorts/{COHORT}",
        DRUP: f"/events?node={DRUP}",
        "small": "/design/small",
        thumbprint: f"/cells/keys/{DRUP}/{thumbprint}",
    }

    assert {text: search(reader, text)[:2] for text in wanted} == {
        text: (303, address) for text, address in wanted.items()
    }
    for address in wanted.values():
        assert reader.get(address, headers=BROWSER).status_code == 200


@pytest.mark.parametrize(
    ("text", "address"),
    [("BRAF", f"/cohorts/{COHORT}"), ("dabra", f"/cohorts/{COHORT}"), (REGIMEN, f"/cohorts/{COHORT}"),
     ("drup", f"/events?node={DRUP}"), (signing_key(DRUP).public.thumbprint[:8], f"/cells/keys/{DRUP}/")],
)  # fmt: skip
def test_what_is_named_in_part_is_listed(reader: TestClient, text: str, address: str) -> None:
    status, location, found = search(reader, text)

    assert status == 200 or (location or "").startswith(address)
    assert location or [link for link in found.links if link.startswith(address)]


def test_a_root_leads_to_the_last_entry_that_it_is_of(reader: TestClient) -> None:
    root = reader.get("/log/checkpoint").text.split("\n")[2]

    _, _, found = search(reader, root[:10])

    assert "/events/19?at=19" in found.links


@pytest.mark.parametrize(
    "text", ["", " ", "nothing-of-this-name", "999999", case(77), given.NO_EVENT, "1" * 120, "COAD"]
)
def test_what_is_not_there_is_said_to_be_not_there(reader: TestClient, text: str) -> None:
    status, location, found = search(reader, text)

    assert (status, location) == (200, None)
    assert ("Nothing has this name" in found.text) is bool(text.strip())


def test_what_is_too_long_or_no_text_is_refused(reader: TestClient) -> None:
    assert reader.get("/search", params={"q": "x" * 121}, headers=BROWSER).status_code == 400
    assert reader.get("/search?q=a&q=b", headers=BROWSER).status_code == 400
    assert reader.get("/search?q=%00", headers=BROWSER).status_code == 400


def test_what_was_searched_for_is_in_no_log(reader: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        search(reader, "a-patients-name")
        logged = [record for record in caplog.records if record.name != "httpx2"]  # the client's own

    assert logged
    assert "a-patients-name" not in "\n".join(str(vars(record)) for record in logged if "httpx" not in record.name)
