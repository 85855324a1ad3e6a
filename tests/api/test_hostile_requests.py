"""A thousand requests that mean no good: none is too much for the hub, none makes it say what is sealed or store it."""

import asyncio
import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
import story
from given import DRUGS, DRUP
from granting import grant, named
from hostile import Enemy, Hostile, authorization
from issuer import CLIENT_ID, IssuerAtWork, issuer

from api.app import create_app
from api.oidc import Client, Issuer
from ledger.cohort.columns import Column
from ledger.cohort.rows import TABLES, columns_of

URL = "http://localhost"
COUNT, SEED = 1_000, 2026
_SLOW_S = 20.0

# of what the story seals for auditors alone, the values that are like nothing else in it
SEALED = ["p.Val600Glu", "COAD", "C18.9", "twice daily", "pyrexia", "partial response at"]


@pytest.fixture
def told() -> given.Alliance:
    """The story in which every kind of event happens, with a member, a company, and somebody whose grant expired."""
    alliance = given.Alliance(story.FOUNDERS)
    for sentence in story.STORY:
        alliance.says(*sentence)
    return alliance


@pytest.fixture
def at_work() -> Iterator[IssuerAtWork]:
    with issuer(0) as running:
        yield running


async def answer_of(app: Any, request: Hostile) -> tuple[int, bytes]:
    """Status and all bytes of the answer, headers among them; 599 for an error that got out of the app."""
    parts, said, status = [*request.body], bytearray(), 599

    async def receive() -> dict[str, Any]:
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
        if not request.body and status == 599:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            said.extend(b"".join(name + value for name, value in message["headers"]))
        else:
            said.extend(message.get("body", b""))

    try:
        async with asyncio.timeout(_SLOW_S):
            await app(request.scope(), receive, send)
    except Exception as error:  # noqa: BLE001 - whatever gets out is what is looked for
        return 599, repr(error).encode()
    return status, bytes(said)


def secrets_of(told: given.Alliance) -> list[bytes]:
    """What must not be said: the values plain and in base64 wherever they begin, and what opens them."""
    plain = [value.encode() for value in SEALED]
    columns: list[Column] = [column for table in TABLES for column in columns_of(table).values()]
    for_partners = {column.name for column in columns if column.sealed and column.tier == "partner"} | {"reason"}
    opening = [
        disclosure.text.encode()
        for heard in told.heard
        for name, digest in heard.envelope.commitments.items()
        for disclosure in heard.envelope.disclosures
        if disclosure.digest == digest and name not in for_partners
    ]
    encoded = [b64encode(b"x" * before + value)[4 if before else 0 : -4] for value in plain for before in range(3)]
    assert len(opening) > 30
    return [*plain, *opening, *(each for each in encoded if len(each) >= 8)]


async def test_a_thousand_hostile_requests_get_nothing_out_and_nothing_in(
    told: given.Alliance,
    at_work: IssuerAtWork,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # given
    caplog.set_level(logging.DEBUG)
    told.says(DRUP, "access.granted", grant("company", role="industry", regimens=[DRUGS], until="2099"))
    told.says(DRUP, "access.granted", grant("expired", until="2022"))
    hub = hubs.founded_hub(tmp_path, told)
    hubs.post(hub, told)
    app = create_app(hub, public_url=URL, issuer=Issuer(Client(at_work.url, CLIENT_ID, "secret")))
    secrets = secrets_of(told)

    # when
    requests = list(Enemy(SEED, told, URL).requests(COUNT))
    answers = [await answer_of(app, request) for request in requests]

    # then
    statuses = Counter(status for status, _ in answers)
    failed = [(request, said[:300]) for request, (status, said) in zip(requests, answers, strict=True) if status >= 500]
    assert failed == [], statuses
    leaks = [
        (request.method, request.target, secret)
        for request, (_, said) in zip(requests, answers, strict=True)
        for secret in secrets
        if secret in said
    ]
    assert leaks == []
    out, err = capfd.readouterr()
    logged = "\n".join([out, err, *(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)]).encode()
    assert [secret for secret in secrets if secret in logged] == []
    assert len(requests) == COUNT
    assert {200, 400, 401, 403, 404, 405, 413, 415}.issubset(statuses), statuses
    assert hub.appender.size() == len(told.heard)
    # and the hub works on, and shows to whom it may what was looked for
    told.says(DRUP, "case.submitted", {"case": given.case(9), "on": "2021-12-30"})
    assert len(hubs.post(hub, told)) == 1
    own = Hostile(target=b"/log/disclosures/000.p/30", headers=[authorization(named(DRUP, URL).headers())])
    _, said = await answer_of(app, own)
    assert sum(secret in said for secret in secrets) > 30
    hub.engine.dispose()
