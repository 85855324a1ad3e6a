"""How long the server takes for each page of the demonstration's ledger, whichever pages there are."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

import running
from fastapi.testclient import TestClient
from figures import Figure, quantile, show
from walking import routes_of

from api.app import create_app
from api.negotiating import HTML, Page
from ledger.operations.hub import Hub, open_hub, open_store
from ledger.settings import Settings
from ledger.signing.envelope import parse_jws
from ledger.signing.keys import SigningKey
from ledger.signing.note import NoteSigner

URL = "http://localhost"
_MIDDLE = "7000"  # an entry, and a day on which much had happened
_MOMENTS = ("", f"?at={_MIDDLE}", "?on=2021-11-16")
_ENOUGH = 300  # statuses from here on are no pages


def page_figures(folder: Path, *, looks: int) -> list[Figure]:
    """folder: where the ledger is made, or was. A figure for each page now, and at other moments where it takes them:
    its bytes, and how long it took when it was asked again. What the first look took stands beside, for that reads the
    database.
    """
    home = folder / "cohort-ledger-demo"
    if not home.exists():
        made = subprocess.run([*running.PROGRAM, "demo"], cwd=folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
    hub = _hub(home)
    with TestClient(create_app(hub, dev=True), base_url=URL) as client:
        return [*_figures(client, looks)]


def _hub(home: Path) -> Hub:
    settings = Settings.load({}, {}, cwd=home, home=home)
    engine, memorandum = open_store(settings)
    engine.dispose()
    key = SigningKey.from_pem(settings.log_key_file.read_bytes(), None)
    return open_hub(settings, NoteSigner(memorandum.origin, key))


def _figures(client: TestClient, looks: int) -> Iterator[Figure]:
    named = _named(client)
    seen: set[str] = set()
    for route in routes_of(client.app.routes):  # type: ignore[attr-defined]  # TestClient forgets what kind of app it has
        if not isinstance(route, Page) or "GET" not in (route.methods or ()):
            continue
        try:
            path = route.path_format.format(**named)
        except KeyError as missing:
            print(f"{route.path_format}: nothing is known to ask for as {missing}", file=sys.stderr)  # noqa: T201 - it is a program
            continue
        takes = {str(each["name"]) for each in route.parameters()}
        for moment in _MOMENTS:
            if path + moment in seen or (moment and not {"at", "on"} <= takes):
                continue
            seen.add(path + moment)
            yield from _timed(client, path + moment, looks)


def _timed(client: TestClient, address: str, looks: int) -> Iterator[Figure]:
    took = []
    for _ in range(looks + 1):
        start = perf_counter()
        answer = client.get(address, headers={"Accept": HTML})
        took.append(perf_counter() - start)
        if answer.status_code >= _ENOUGH or not answer.headers["content-type"].startswith(HTML):
            print(f"{address}: {answer.status_code}, and no page", file=sys.stderr)  # noqa: T201 - as above
            return
    first, *again = took
    yield Figure(
        f"{address} (first: {first * 1000:.0f} ms)",
        len(answer.content),
        unit="bytes",
        p50_ms=quantile(again, 0.5),
        p99_ms=quantile(again, 0.99),
    )


def _named(client: TestClient) -> Mapping[str, str]:
    """What paths are asked for: the cohort with most patients, and a patient."""
    cohorts = client.get("/cohorts").json()
    cohort = max(cohorts, key=lambda each: sum(at["started"] for at in each["nodes"]))
    events = client.get("/events?type=treatment.started&limit=1").json()["events"]
    claims = parse_jws(events[0]["jws"]).claims
    return {
        "cohort": cohort["cohort"],
        "design": str(client.get(f"/cohorts/{cohort['cohort']}/progress").json()["design"]),
        "node": claims.node,
        "case": str(claims.data["case"]),
        "event": str(events[0]["index"]),
        "table": "cohorts",
        "key": cohort["cohort"],
        "of": "events",
        "slug": "rule",
    }


if __name__ == "__main__":
    show("Pages of the demonstration's ledger", page_figures(Path(sys.argv[1]), looks=20))
