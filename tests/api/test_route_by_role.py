"""Every route, asked by everybody: who is answered, who must say who it is, and who may not.

The table is written here and not taken from the code. A route that is not in it fails.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUGS, DRUP, FINPROVE, IMPRESS, PROTARGET, case, signing_key
from granting import grant, named
from walking import routes_of

from api.access import ROUTES
from api.app import create_app
from ledger.operations.hub import Hub
from ledger.signing.canonical import dump
from ledger.signing.encoding import to_base64url
from ledger.signing.token import TYP

URL = "http://localhost"
ENROLLED = 18  # the entry of DRUP's that seals a patient's baseline
AGREED: dict[str, Any] = {
    "key": dict(signing_key("auditor-of-all").public.jwk),
    "role": "auditor",
    "purpose": ["DUO:0000042"],
    "until": "2099",
    "organisation": "Example Institute",
}

# what is answered to these kinds of caller, in this order
KINDS = ("nobody", "member", "investigator", "auditor", "industry", "industry of another drug", "lapsed", "unproven")
OPEN = (200, 200, 200, 200, 200, 200, 200, 200)  # a token is not even looked at
PARTNERS = (401, 200, 200, 200, 403, 403, 403, 401)
REPORTS = (200, 200, 200, 200, 200, 200, 200, 401)  # whose grants have lapsed is the public
OF_ITS_DRUG = (200, 200, 200, 200, 200, 403, 200, 401)
NOT_OF_A_DRUG = (200, 200, 200, 200, 403, 403, 200, 401)

LOGGED = (401, 200, 403, 200, 403, 403, 403, 401)
NOT_THERE, NO_FORM = (404,) * 8, (400,) * 8  # whoever asks
NO_LINK = "A" * 43

TABLE: Mapping[str, tuple[int, ...]] = {
    "POST /events": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /version": OPEN,
    "GET /metrics": OPEN,
    "GET /openapi.json": OPEN,
    "GET /": REPORTS,
    "GET /verify": REPORTS,
    "GET /verify/offline.html": OPEN,
    "GET /numbers/started": PARTNERS,
    "GET /search": PARTNERS,
    "GET /static/ledger.css": OPEN,
    "GET /system": REPORTS,
    "GET /help": OPEN,
    "GET /help/glossary": OPEN,
    "GET /help/errors/rule": OPEN,
    "GET /help/trust": OPEN,
    "GET /help/what-this-proves": OPEN,
    "GET /help/threat-model": OPEN,
    "GET /help/regulations": OPEN,
    "GET /log/checkpoint": OPEN,
    "GET /log/checkpoints": OPEN,
    "GET /log/memorandum": OPEN,
    "GET /log/tile/0/000.p/20": OPEN,
    "GET /log/view": PARTNERS,
    "GET /log/tile/entries/000.p/20": PARTNERS,
    "GET /log/digest": PARTNERS,
    "GET /log/digests/000.p/20": PARTNERS,
    "GET /log/disclosures/000.p/20": PARTNERS,
    "GET /events": PARTNERS,
    "HEAD /events/live": PARTNERS,
    f"GET /events/{ENROLLED}": PARTNERS,
    f"GET /events/{ENROLLED}/receipt": PARTNERS,
    f"GET /nodes/{DRUP}/head": PARTNERS,
    f"GET /nodes/{DRUP}/key": OPEN,
    f"GET /grants/{DRUP}": PARTNERS,
    f"GET /cells/episodes/{COHORT}/{DRUP}/{case(1)}/{{episode}}": PARTNERS,
    f"GET /cases/{DRUP}/{case(1)}": PARTNERS,
    f"GET /cohorts/{COHORT}": PARTNERS,
    f"GET /cohorts/{COHORT}/decision": PARTNERS,
    "GET /contributions": NOT_OF_A_DRUG,
    "GET /contributions.csv": NOT_OF_A_DRUG,
    "GET /funnel": NOT_OF_A_DRUG,
    "GET /cite": PARTNERS,
    "GET /changes": PARTNERS,
    "GET /census": PARTNERS,
    "GET /census.csv": PARTNERS,
    "GET /findings": PARTNERS,
    "GET /cohorts": REPORTS,
    "GET /design/small": REPORTS,
    "GET /board": REPORTS,
    "GET /board.csv": REPORTS,
    f"GET /cohorts/{COHORT}/progress": OF_ITS_DRUG,
    f"GET /cohorts/{COHORT}/progress.csv": PARTNERS,
    "GET /access-log": LOGGED,
    "GET /access-log.csv": LOGGED,
    "GET /login": OPEN,
    "POST /login": (401, 201, 201, 201, 201, 201, 403, 401),
    f"GET /login/link/{NO_LINK}": NOT_THERE,
    f"POST /login/link/{NO_LINK}": NO_FORM,
    "GET /login/oidc": NOT_THERE,
    "GET /login/oidc/done": NOT_THERE,
    "GET /session": (401,) * 8,  # a token is no session
    "POST /logout": (400, 400, 400, 400, 400, 400, 400, 401),  # no form, as above
}


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """A patient of DRUP's is under treatment; access was granted, revoked, and has expired; FINPROVE has a new key."""
    alliance = given.treated()
    terms_of: dict[str, dict[str, Any]] = {
        "auditor": {},
        "investigator": {"role": "investigator", "regimens": [DRUGS]},
        "company": {"role": "industry", "regimens": [DRUGS]},
        "other-company": {"role": "industry", "regimens": [["olaparib"]]},
        "expired": {"until": "2022-12-31"},
    }
    for holder, terms in terms_of.items():
        alliance.says(DRUP, "access.granted", grant(holder, **{"until": "2099", **terms}))
    revoked = alliance.says(DRUP, "access.granted", grant("revoked", until="2099")).event.event_id
    alliance.says(DRUP, "access.revoked", {"grant": revoked, "reason_code": "mistake", "reason": "for Ada B."})
    alliance.says(PROTARGET, "access.granted", grant("thief", until="2099"))  # by whoever stole PROTARGET's key
    alliance.adopts("auditor-of-2022", "access", AGREED)
    alliance.rotates(FINPROVE)
    return alliance


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, public_url=URL), base_url=URL, raise_server_exceptions=False) as opened:
        yield opened


def forged(client: TestClient, **changes: Any) -> dict[str, str]:
    """A token of DRUP's as somebody without its key can put it together: with another header, and a signature."""
    sent = named(DRUP, URL).headers()["Authorization"].removeprefix("Bearer ")
    _, payload, signature = sent.split(".")
    kid = signing_key(DRUP).public.thumbprint
    plain = dump({"alg": "Ed25519", "kid": kid, "typ": TYP, **changes})
    assert client
    return {"Authorization": f"Bearer {to_base64url(plain)}.{payload}.{signature}"}


def replayed(client: TestClient) -> dict[str, str]:
    headers = named(DRUP, URL).headers()
    assert client.get("/funnel", headers=headers).status_code == 200
    return headers


# each with its kind, and the headers of one of its requests
ASKING: Mapping[str, tuple[str, Callable[[TestClient], dict[str, str]]]] = {
    "nobody": ("nobody", lambda _: {}),
    "member": ("member", lambda _: named(DRUP, URL).headers()),
    "another member": ("member", lambda _: named(IMPRESS, URL).headers()),
    "a member with its new key": ("member", lambda _: named(f"{FINPROVE} 2", URL).headers()),
    "an auditor of one node": ("auditor", lambda _: named("auditor", URL).headers()),
    "an auditor of all": ("auditor", lambda _: named("auditor-of-all", URL).headers()),
    "who was granted by a stolen key": ("auditor", lambda _: named("thief", URL).headers()),
    "an investigator": ("investigator", lambda _: named("investigator", URL).headers()),
    "the cohort's company": ("industry", lambda _: named("company", URL).headers()),
    "another company": ("industry of another drug", lambda _: named("other-company", URL).headers()),
    "whose grant expired": ("lapsed", lambda _: named("expired", URL).headers()),
    "whose grant was revoked": ("lapsed", lambda _: named("revoked", URL).headers()),
    "a member with a key that was replaced": ("unproven", lambda _: named(FINPROVE, URL).headers()),
    "a stranger": ("unproven", lambda _: named("stranger", URL).headers()),
    "a token that was used": ("unproven", replayed),
    "a token for another server": ("unproven", lambda _: named(DRUP, "https://other.example").headers()),
    "a token that has expired": ("unproven", lambda _: named(DRUP, URL).headers(lifetime_s=-1)),
    "a token that lasts too long": ("unproven", lambda _: named(DRUP, URL).headers(lifetime_s=3600)),
    "no algorithm": ("unproven", lambda client: forged(client, alg="none")),
    "another algorithm": ("unproven", lambda client: forged(client, alg="HS256")),
    "another key's algorithm": ("unproven", lambda client: forged(client, alg="ES256")),
    "another kind of statement": ("unproven", lambda client: forged(client, typ="cohort-event+sd-jwt")),
    "somebody else's name": ("unproven", lambda client: forged(client, kid=signing_key(IMPRESS).public.thumbprint)),
    "no bearer": ("unproven", lambda _: {"Authorization": "Basic ZHJ1cC1ubDpzZWNyZXQ="}),
}


@pytest.fixture(scope="module")
def episode(told: given.Alliance) -> str:
    (record,) = told.database.rows("episodes")
    return record.key[-1]


def ask(client: TestClient, row: str, headers: Mapping[str, str], told: given.Alliance, episode: str) -> Any:
    method, path = row.format(episode=episode).split()
    post = {"json": {"events": [told.heard[0].envelope.text]}} if method == "POST" else {}
    return client.request(method, path, headers=dict(headers), **post)  # type: ignore[arg-type]  # a body or none


@pytest.mark.parametrize("who", ASKING)
def test_everybody_is_answered_as_the_table_says(
    client: TestClient, told: given.Alliance, episode: str, who: str
) -> None:
    kind, headers = ASKING[who]

    found = {row: ask(client, row, headers(client), told, episode) for row in TABLE}

    assert {row: answer.status_code for row, answer in found.items()} == {
        row: statuses[KINDS.index(kind)] for row, statuses in TABLE.items()
    }
    for row, answer in found.items():
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer"), row
            assert row.startswith("HEAD") or answer.json()["type"] == "/help/errors/unauthenticated"
        if answer.status_code == 403 and not row.startswith("HEAD"):
            assert answer.json()["type"] == "/help/errors/forbidden"
        kept = answer.headers["cache-control"] not in {"no-store", "no-cache"}
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status_code == 200 and TABLE[row] is not OPEN and kept and not is_page:
            assert answer.headers["cache-control"].startswith("public" if who == "nobody" else "private"), row
            assert "Authorization" in answer.headers["vary"], row


@pytest.mark.parametrize("who", ASKING)
def test_whoever_may_not_have_data_is_not_shown_their_page_either(
    client: TestClient, told: given.Alliance, episode: str, who: str
) -> None:
    kind, headers = ASKING[who]

    found = {row: ask(client, row, {"Accept": "text/html"} | headers(client), told, episode) for row in TABLE}

    assert {row: answer.status_code for row, answer in found.items()} == {
        row: statuses[KINDS.index(kind)] for row, statuses in TABLE.items()
    }


def test_every_route_is_in_the_table_and_in_the_one_of_the_code(client: TestClient, episode: str) -> None:
    routes = list(routes_of(client.app.routes))  # type: ignore[attr-defined]  # TestClient forgets what kind of app it has
    rows = [row.format(episode=episode).replace("HEAD", "GET").split() for row in TABLE]

    every = {(method, route.path_format) for route in routes for method in route.methods or ()}
    asked = {
        (method, route.path_format)
        for route in routes
        for method, path in rows
        if method in (route.methods or ()) and route.path_regex.fullmatch(path)
    }

    assert len(every) > 20
    assert asked == every
    assert {*ROUTES} == every


def test_a_route_that_no_table_names_is_nobodys(hub: Hub) -> None:
    app = create_app(hub, public_url=URL)
    app.add_api_route("/secret", lambda: "told")

    with TestClient(app, base_url=URL) as client:
        statuses = [
            client.get("/secret", headers=headers(client)).status_code
            for who, (_, headers) in ASKING.items()
            if who in {"nobody", "member", "an auditor of all"}
        ]

    assert statuses == [401, 403, 403]


# ------------------------------------------------------------------ what is opened, and to whom

OPENS = {
    "member": True,
    "another member": False,
    "an auditor of one node": True,
    "an auditor of all": True,
    "an investigator": True,
    "who was granted by a stolen key": False,
}


@pytest.mark.parametrize(("who", "opens"), OPENS.items())
def test_a_patients_values_are_opened_for_who_may_see_them_everywhere_alike(
    client: TestClient, told: given.Alliance, who: str, opens: bool
) -> None:
    _, headers = ASKING[who]

    event = client.get(f"/events/{ENROLLED}", headers=headers(client))
    file = client.get(f"/cases/{DRUP}/{case(1)}", headers=headers(client))
    lines = client.get("/log/disclosures/000.p/20", headers=headers(client)).text.split("\n")

    opened = event.json()["opened"]
    assert opened == (given.ENROLMENT if opens else {})
    assert bool(file.json()["tables"]["episodes"][0]["opened"]) is opens
    sealed = "~".join(each.text for each in told.heard[ENROLLED].envelope.disclosures)
    assert lines[ENROLLED] == (sealed if opens else "")
    assert ("no-store" in event.headers["cache-control"]) is opens or not opens


def test_reasons_are_opened_for_partners_and_names_of_grantees_too(client: TestClient, told: given.Alliance) -> None:
    index = next(n for n, heard in enumerate(told.heard) if heard.envelope.claims.type == "access.revoked")

    said = {
        who: client.get(f"/events/{index}", headers=ASKING[who][1](client)).json()["opened"]
        for who in ("member", "another member", "who was granted by a stolen key")
    }

    assert [*said.values()] == 3 * [{"reason": "for Ada B."}]


@pytest.mark.parametrize(
    ("who", "view"),
    [
        ("member", f"node:{DRUP}"),
        ("another member", f"node:{IMPRESS}"),
        ("an auditor of all", "full"),
    ],
)
def test_the_log_says_which_disclosures_a_caller_is_shown(client: TestClient, who: str, view: str) -> None:
    answer = client.get("/log/view", headers=ASKING[who][1](client))

    assert answer.json() == {"view": view}


def test_callers_of_two_kinds_never_share_a_tag(client: TestClient) -> None:
    asking = [ASKING[who][1] for who in ("nobody", "member", "the cohort's company", "another company")]

    tags = [client.get("/cohorts", headers=headers(client)).headers["etag"] for headers in asking]
    asked = [
        client.get("/cohorts", headers={**headers(client), "If-None-Match": tag}).status_code
        for headers in asking
        for tag in tags
    ]

    assert asked == [304 if n == m else 200 for n in range(4) for m in range(4)]
