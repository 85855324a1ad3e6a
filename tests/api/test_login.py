"""Logging in with a browser, by a link or at an issuer; and what a session is good for, and for how long."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import DRUP
from granting import grant, named
from issuer import CLIENT_ID, CLIENT_SECRET, IssuerAtWork, issuer

from api import tail
from api.app import create_app
from api.oidc import Client, Issuer
from ledger.clock import now
from ledger.operations.hub import Hub
from ledger.signing.canonical import Json

URL = "https://ledger.example"
SESSION, ATTEMPT = "__Host-cohort-ledger-session", "__Host-cohort-ledger-login"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def at_work() -> Iterator[IssuerAtWork]:
    with issuer(int(now().timestamp())) as running:
        yield running


@pytest.fixture(scope="module")
def alliance(at_work: IssuerAtWork) -> given.Alliance:
    """Access was granted to two people by name: to one for long, to one until last year; FINPROVE has a new key."""
    told = given.treated()
    for subject, until in (("anna-karin-4711", "2099"), ("was-here", "2022")):
        grantee: dict[str, Json] = {
            "name": "Anna Karin B.",
            "organisation": "Example",
            "issuer": at_work.url,
            "subject": subject,
        }
        told.says(DRUP, "access.granted", grant(None, grantee=grantee, until=until))
    return told


@pytest.fixture(scope="module")
def hub(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


def browser_of(hub: Hub, at_work: IssuerAtWork | None = None) -> TestClient:
    asked = Issuer(Client(at_work.url, CLIENT_ID, CLIENT_SECRET)) if at_work else None
    app = create_app(hub, public_url=URL, issuer=asked)
    return TestClient(app, base_url=URL, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def browser(hub: Hub) -> TestClient:
    return browser_of(hub)


def link_for(browser: TestClient, name: str = DRUP) -> str:
    answer = browser.post("/login", headers=named(name, URL).headers())
    assert answer.status_code == 201
    link: str = answer.json()["link"]
    assert link.startswith(f"{URL}/login/link/")
    return urlsplit(link).path


def logged_in(hub: Hub, name: str = DRUP) -> TestClient:
    browser = browser_of(hub)
    assert browser.post(link_for(browser, name), headers=FORM).status_code == 303
    return browser


def form_token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def later(hub: Hub, **more: float) -> Hub:
    """The same hub, some time later."""
    hub.appender.now = lambda: now() + timedelta(**more)  # its clock is handed in
    return hub


@pytest.fixture(autouse=True)
def on_time(hub: Hub) -> Iterator[None]:
    before = hub.appender.now
    yield
    hub.appender.now = before  # as above


def test_a_link_logs_in_who_signed_for_it_and_a_session_sees_what_its_member_may(browser: TestClient) -> None:
    link = link_for(browser)
    before = browser.get("/census")

    page = browser.get(link)
    logging_in = browser.post(link, headers=FORM)
    session = browser.get(logging_in.headers["location"])

    assert before.status_code == 401
    assert (page.status_code, "<form method" in page.text) == (200, True)
    assert (
        re.findall(r'<script(?! (?:type="module" )?src="/static/)', page.text) == []
    )  # nothing from elsewhere, nothing on the page
    assert page.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert logging_in.status_code == 303
    assert f"Logged in as {DRUP}, role partner." in session.text
    assert browser.get("/census").status_code == 200


def test_the_cookie_of_a_session_is_for_this_server_over_tls_and_for_no_script(browser: TestClient) -> None:
    answer = browser.post(link_for(browser), headers=FORM)

    cookie = SimpleCookie(answer.headers["set-cookie"])[SESSION]
    assert (cookie["path"], cookie["secure"], cookie["httponly"]) == ("/", True, True)
    assert (cookie["samesite"], cookie["domain"], cookie["max-age"]) == ("strict", "", str(8 * 3600))
    assert answer.headers["cache-control"] == "no-store"


def test_a_link_is_not_used_up_by_whoever_only_looks_at_it(browser: TestClient) -> None:
    link = link_for(browser)
    looked = [browser.get(link).status_code, browser.head(link).status_code, browser.get(link).status_code]

    used = [browser.post(link, headers=FORM).status_code for _ in range(2)]

    assert (looked, used) == ([200, 200, 200], [303, 404])
    assert browser.get(link).status_code == 404


@pytest.mark.parametrize("after_s", [301, 86_400])
def test_a_link_that_is_too_old_logs_nobody_in(hub: Hub, browser: TestClient, after_s: int) -> None:
    link = link_for(browser)
    later(hub, seconds=after_s)

    assert [browser.get(link).status_code, browser.post(link, headers=FORM).status_code] == [404, 404]


@pytest.mark.parametrize("secret", ["x", "A" * 43, "é", "A" * 44])
def test_what_is_no_link_logs_nobody_in(browser: TestClient, secret: str) -> None:
    answers = [browser.get(f"/login/link/{secret}"), browser.post(f"/login/link/{secret}", headers=FORM)]

    assert {answer.status_code for answer in answers} <= {400, 404}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_no_other_site_can_make_a_browser_log_in(browser: TestClient, site: str) -> None:
    link = link_for(browser)

    refused = browser.post(link, headers=FORM | {"Sec-Fetch-Site": site})
    taken = browser.post(link, headers=FORM | {"Sec-Fetch-Site": "same-origin"})

    assert (refused.status_code, taken.status_code) == (403, 303)


def test_a_link_is_made_for_whoever_signs_and_for_nobody_else(hub: Hub, browser: TestClient) -> None:
    headers = named(DRUP, URL).headers()
    asked = [
        browser.post("/login").status_code,
        browser.post("/login", headers=named("stranger", URL).headers()).status_code,
        browser.post("/login", headers=named(DRUP, "https://other.example").headers()).status_code,
        browser.post("/login", headers=headers).status_code,
        browser.post("/login", headers=headers).status_code,
        logged_in(hub).post("/login").status_code,
    ]

    assert asked == [401, 401, 401, 201, 401, 401]


def test_a_session_ends_by_logging_out_and_only_its_own_page_does_that(hub: Hub) -> None:
    browser = logged_in(hub)
    token = form_token(browser.get("/session").text)
    other = form_token(logged_in(hub).get("/session").text)

    forged = [browser.post("/logout", data=data).status_code for data in ({}, {"token": other}, {"token": "é"})]
    still = browser.get("/census").status_code
    kept = browser.cookies[SESSION]
    ended = browser.post("/logout", data={"token": token})

    assert (forged, still, ended.status_code) == ([400, 403, 403], 200, 303)
    assert SESSION not in browser.cookies
    browser.cookies.set(SESSION, kept)
    assert browser.get("/census").status_code == 401


def test_the_live_feed_of_a_session_ends_with_it(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(hub.listeners, "_closed", False)  # is put back: others use this hub
    browser, reader = logged_in(hub), browser_of(hub)
    reader.cookies = browser.cookies
    page = browser.get("/session").text
    token = re.findall(r'name="token" value="([\w-]+)"', page)[0]
    feed = threading.Thread(target=lambda: reader.get("/events/live"))
    feed.start()
    feed.join(0.5)
    went_on = feed.is_alive()

    browser.post("/logout", headers=FORM, content=f"token={token}")
    feed.join(5)
    goes_on = feed.is_alive()
    hub.listeners.close()

    assert (went_on, goes_on) == (True, False)


def test_a_session_ends_when_nobody_uses_it_and_when_it_is_old(hub: Hub) -> None:
    idle, busy = logged_in(hub), logged_in(hub)
    statuses = []
    for minutes in range(0, 8 * 60, 20):
        later(hub, minutes=minutes)
        statuses.append(busy.get("/census").status_code)

    assert set(statuses) == {200}
    assert idle.get("/census").status_code == 401
    later(hub, hours=8, minutes=1)
    assert busy.get("/census").status_code == 401


def test_a_session_ends_with_the_key_that_began_it(hub: Hub, alliance: given.Alliance) -> None:
    browser = logged_in(hub, given.FINPROVE)
    before = browser.get("/census").status_code

    alliance.rotates(given.FINPROVE)
    hubs.post(hub, alliance)

    assert (before, browser.get("/census").status_code) == (200, 403)
    assert "role nobody" in browser.get("/session").text


def test_logging_in_again_ends_the_session_before(hub: Hub) -> None:
    browser = logged_in(hub)
    before = browser.cookies[SESSION]

    browser.post(link_for(browser), headers=FORM)

    assert browser.cookies[SESSION] != before
    stolen = browser_of(hub)
    stolen.cookies.set(SESSION, before)
    assert stolen.get("/census").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, '"', "A" * 5_000])
def test_a_cookie_that_is_no_session_is_nobodys(browser: TestClient, cookie: str) -> None:
    assert browser.get("/census", headers={"Cookie": f"{SESSION}={cookie}"}).status_code == 401


def test_for_development_nobody_needs_to_log_in(hub: Hub) -> None:
    browser = TestClient(create_app(hub, public_url=URL, dev=True), base_url=URL)

    assert browser.post("/login", headers=named(DRUP, URL).headers()).status_code == 403


def at_issuer(hub: Hub, at_work: IssuerAtWork) -> tuple[TestClient, dict[str, str]]:
    """A browser that comes back from the issuer, and with what."""
    browser = browser_of(hub, at_work)
    sent = browser.get("/login/oidc")
    assert sent.status_code == 302
    return browser, at_work.log_in(sent.headers["location"])


def test_somebody_whom_the_issuer_vouches_for_sees_what_was_granted_to_them(hub: Hub, at_work: IssuerAtWork) -> None:
    browser, answer = at_issuer(hub, at_work)
    attempt = browser.cookies[ATTEMPT]

    back = browser.get("/login/oidc/done", params=answer | {"session_state": "an issuer's own"})

    assert back.status_code == 200
    assert at_work.url in browser.get("/login").text
    assert "role auditor" in browser.get("/session").text
    assert browser.get("/census").status_code == 200
    assert ATTEMPT not in browser.cookies
    assert attempt != browser.cookies[SESSION]


def test_an_answer_of_the_issuer_is_good_once(hub: Hub, at_work: IssuerAtWork) -> None:
    browser, answer = at_issuer(hub, at_work)
    attempt = browser.cookies[ATTEMPT]
    first = browser.get("/login/oidc/done", params=answer)
    exchanged = at_work.asked.count("/token")

    browser.cookies.set(ATTEMPT, attempt)
    again = browser.get("/login/oidc/done", params=answer)

    assert (first.status_code, again.status_code) == (200, 403)
    assert at_work.asked.count("/token") == exchanged


def test_an_answer_fits_no_other_browser(hub: Hub, at_work: IssuerAtWork) -> None:
    _, answer = at_issuer(hub, at_work)
    other, _ = at_issuer(hub, at_work)

    fresh = browser_of(hub, at_work).get("/login/oidc/done", params=answer)
    mixed = other.get("/login/oidc/done", params=answer)

    assert (fresh.status_code, mixed.status_code) == (403, 403)
    assert SESSION not in other.cookies


@pytest.mark.parametrize("subject", ["somebody-else", "was-here", "Anna-Karin-4711"])
def test_somebody_to_whom_nothing_is_granted_gets_no_session(hub: Hub, at_work: IssuerAtWork, subject: str) -> None:
    browser, answer = at_issuer(hub, at_work)

    at_work.subject, before = subject, at_work.subject
    back = browser.get("/login/oidc/done", params=answer)
    at_work.subject = before

    assert back.status_code == 403
    assert subject not in back.text
    assert SESSION not in browser.cookies


def test_an_issuers_parameter_stands_once(hub: Hub, at_work: IssuerAtWork) -> None:
    browser, answer = at_issuer(hub, at_work)

    back = browser.get("/login/oidc/done", params=[*answer.items(), ("state", answer["state"])])

    assert back.status_code == 403


def test_where_no_issuer_is_set_nobody_is_sent_to_one(browser: TestClient) -> None:
    assert [browser.get(path).status_code for path in ("/login", "/login/oidc", "/login/oidc/done")] == [200, 404, 404]


def test_an_issuer_that_cannot_be_reached_is_no_fault_of_ours(hub: Hub, at_work: IssuerAtWork) -> None:
    gone = replace(at_work, url="http://127.0.0.1:9")

    assert browser_of(hub, gone).get("/login/oidc").status_code == 503
