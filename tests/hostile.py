"""Requests that mean no good, drawn from a seed: as bytes of HTTP, past every client that would mend them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - drawn from a seed, so that a failure can be had again
from typing import Any
from urllib.parse import unquote

from given import COHORT, DRUP, PROTARGET, Alliance, case, signing_key
from granting import named

from ledger.signing.encoding import to_base64url
from ledger.signing.token import TYP

NAMES = [PROTARGET, "company", "expired", "stranger", DRUP]  # who signs tokens here; DRUP's are spoilt, each one
TEMPLATES = [
    *("/", "/events", "/events/{}", "/events/{}/receipt", "/nodes/{}/head", "/log/{}", "/cells/{}/{}", "/board"),
    *("/cases/{}/{}", "/cohorts", "/cohorts/{}", "/cohorts/{}/progress", "/contributions", "/census.csv", "/funnel"),
    *("/grants/{}", "/access-log", "/access-log.csv", "/login", "/login/link/{}", "/login/oidc", "/login/oidc/done"),
    *("/session", "/logout", "/openapi.json", "/metrics", "/readyz", "/help/errors/{}", "/events/live/{}"),
    *("/log/disclosures/{}", "/log/tile/entries/{}", "/log/tile/{}/{}", "/log/digests/{}", "/log/checkpoint{}"),
]
WORDS = [
    *(
        "0",
        "18",
        "-1",
        "+5",
        "1_0",
        "٣",
        "007",
        "9" * 400,
        "1e9",
        "0x10",
        "NaN",
        "",
        " ",
        "a" * 5_000,
        "%00",
        "%0d%0aX: y",
    ),
    *("..", "../../hub/vault-keys.db", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%c0%af..%c0%af", "%ff%fe", "%ed%a0%80", "é"),
    *(
        "{}",
        "{0.__class__}",
        "${jndi:ldap://x}",
        "'; DROP TABLE entries; --",
        "<script>alert(1)</script>",
        "%s%n",
        "\\",
    ),
    *(
        DRUP,
        PROTARGET,
        COHORT,
        case(1),
        "profiles",
        "access_log",
        "vault",
        "sqlite_master",
        "000.p/30",
        "x001/000",
        "rule",
    ),
    *(
        "000",
        "0/000.p/30",
        "A" * 43,
        "018f0000-0000-7000-8000-000000000000",
        "%25%32%65",
        "//",
        ";",
        "?",
        "#",
        "\u202e",
    ),
]
PARAMETERS = ["at", "on", "after", "limit", "node", "type", "cohort", "case", "state", "code", "iss", "x", "a[]", ""]
HEADERS = [
    *("authorization", "cookie", "host", "content-length", "content-type", "transfer-encoding", "if-none-match"),
    *("last-event-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "range", "origin"),
    *("sec-fetch-site", "x-http-method-override", "accept", "accept-encoding", "expect", "upgrade", "x-original-url"),
]
METHODS = [
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "G\x00T",
    "",
]


@dataclass
class Hostile:
    """One request. target: path and query as they are sent. body: in parts, as they come."""

    method: str = "GET"
    target: bytes = b"/events"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)

    def scope(self) -> dict[str, Any]:
        """As a server of ASGI makes it of the request."""
        raw_path, _, query = self.target.partition(b"?")
        named_hosts = any(name == b"host" for name, _ in self.headers)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "path": unquote(raw_path.decode("latin-1")),
            "raw_path": raw_path,
            "root_path": "",
            "query_string": query,
            "headers": self.headers if named_hosts else [(b"host", b"localhost"), *self.headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8700),
            "state": {},
        }


class Enemy:
    """Knows all that travelled: envelopes with their disclosures, and tokens that were used."""

    def __init__(self, seed: int, told: Alliance, url: str) -> None:
        self._chance = Random(seed)  # noqa: S311 - as above
        self._texts = [heard.envelope.text for heard in told.heard]
        self._url = url
        self._used = named(PROTARGET, url).headers()["Authorization"].encode()
        self._kinds: list[Callable[[], Hostile]] = [
            self._asks_for_what_is_not_there,
            self._sends_what_is_no_json,
            self._spoils_an_envelope,
            self._swaps_disclosures,
            self._spoils_a_token,
            self._lies_in_headers,
            self._asks_in_many_ways,
            self._meddles_with_logins,
            self._asks_by_other_methods,
            self._asks_as_who_may_not,
        ]

    def requests(self, count: int) -> Iterator[Hostile]:
        """So many, of all kinds alike; and, at the beginning, some that cost the most."""
        yield from self._huge()
        for number in range(count - 6):
            yield self._kinds[number % len(self._kinds)]()

    def _huge(self) -> Iterator[Hostile]:
        much = b"[" * 1_000_000
        yield _post(much * 9)
        yield _post(*[much] * 10)
        yield _post(b'{"events":["' + b"a" * 8_000_000 + b'"]}')
        yield _post(b'{"events":[' + b'"a~",' * 100_000 + b'"a~"]}')
        yield _post(b'{"events":' + b'{"a":' * 1_000_000)
        yield Hostile("POST", b"/login/link/" + b"A" * 43, [_FORM], [b"a=b&" * 2_000_000])

    def _word(self) -> str:
        word = self._chance.choice(WORDS)
        return word if self._chance.random() < 0.8 else f"{word}{self._chance.choice(WORDS)}"

    def _target(self) -> bytes:
        template = self._chance.choice(TEMPLATES)
        return template.format(*(self._word() for _ in range(template.count("{}")))).encode("utf-8", "replace")

    def _asks_for_what_is_not_there(self) -> Hostile:
        return Hostile(target=self._target())

    def _asks_in_many_ways(self) -> Hostile:
        pairs = [f"{self._chance.choice(PARAMETERS)}={self._word()}" for _ in range(self._chance.randint(1, 4))]
        return Hostile(target=self._target() + b"?" + "&".join(pairs).encode("utf-8", "replace"))

    def _asks_by_other_methods(self) -> Hostile:
        return Hostile(self._chance.choice(METHODS), self._target(), [_JSON], [b"{}"])

    def _asks_as_who_may_not(self) -> Hostile:
        signer = self._chance.choice(NAMES[:-1])
        target = self._chance.choice(
            [
                *("/events/18", f"/cases/{DRUP}/{case(1)}", "/log/disclosures/000.p/30", f"/cohorts/{COHORT}"),
                *(f"/cells/profiles/{DRUP}/{case(1)}", "/log/tile/entries/000.p/30", f"/grants/{DRUP}"),
                *("/access-log.csv", "/board.csv"),
            ]
        )
        return Hostile(target=target.encode(), headers=[authorization(named(signer, self._url).headers())])

    def _sends_what_is_no_json(self) -> Hostile:
        text = self._chance.choice(self._texts)
        body = self._chance.choice(
            [
                *(b"", b"null", b"[]", b'"x"', b"{}", b'{"events":[]}', b'{"events":null}', b'{"events":[null,1,{}]}'),
                *(b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"events":["\xc3\x28"]}', b'{"events":["\\ud800"]}'),
                *(b'{"events":["a~"],"events":["b~"]}', b'{"a":NaN}', b'{"a":1e999}', b'{"a":' + b"9" * 5_000 + b"}"),
                *(b"[" * self._chance.randint(10, 50_000), b'{"a":' * 2_000 + b"1" + b"}" * 2_000, b"{" * 3),
                json.dumps({"events": [text], "at": text}).encode(),
                json.dumps({"events": [[text]]}).encode(),
                json.dumps({"Events": [text]}).encode(),
                json.dumps({"events": [text]}).encode("utf-16"),
                json.dumps({"events": [text]}).encode()[: self._chance.randint(1, 500)],
            ]
        )
        return _post(body, kind=self._chance.choice([_JSON, _JSON, _FORM, (b"content-type", b"\xff")]))

    def _spoils_an_envelope(self) -> Hostile:
        text = self._chance.choice(self._texts)
        place = self._chance.randrange(len(text))
        spoilt = self._chance.choice(
            [
                text[:place] + self._chance.choice("~.A=\x00é\ud7ff ") + text[place + 1 :],
                text[:place] + text[place + 1 :],
                text[:place],
                text + text,
                text + "~" * self._chance.randint(1, 50),
                text.replace(".", "", 1),
                text.replace("~", "~~", 1),
                text.upper(),
                "~".join(reversed(text.split("~"))),
                text.split("~")[0] + "~" + "~".join(text.split("~")[1:-1] * 3) + "~",
            ]
        )
        return _posted([spoilt])

    def _swaps_disclosures(self) -> Hostile:
        one, other = (self._chance.choice(self._texts).split("~") for _ in range(2))
        mixed = [*one[:-1]]
        if len(mixed) > 1 and self._chance.random() < 0.5:
            mixed[self._chance.randrange(1, len(mixed))] = self._chance.choice(other[1:] or ["x"])
        else:
            mixed += other[1:-1]
        return _posted(["~".join(mixed) + "~", *self._chance.choices(self._texts, k=self._chance.randint(0, 2))])

    def _spoils_a_token(self) -> Hostile:
        key = signing_key(DRUP).public
        header, payload, signature = named(DRUP, self._url).headers()["Authorization"][7:].split(".")

        def told(**members: object) -> str:
            return to_base64url(json.dumps({"alg": "Ed25519", "kid": key.thumbprint, "typ": TYP, **members}).encode())

        spoilt = self._chance.choice(
            [
                f"{told(alg='none')}.{payload}.",
                f"{told(alg='HS256')}.{payload}.{signature}",
                f"{told(jwk=dict(signing_key('stranger').public.jwk))}.{payload}.{signature}",
                f"{told(kid=['x'])}.{payload}.{signature}",
                f"{told(typ='JWT')}.{payload}.{signature}",
                f"{header}.{to_base64url(b'[' * 40_000)}.{signature}",
                f"{to_base64url(b'{' + b'1' * 3_000)}.{payload}.{signature}",
                f"{header}.{payload}.{signature[:-1]}",
                f"{header}.{payload}.{signature}=",
                f"{header}.{payload}..{signature}",
                f"{header}.{to_base64url(b'null')}.{signature}",
                named(DRUP, "https://other.example").headers()["Authorization"][7:],
                named(DRUP, self._url).headers(lifetime_s=86_400)["Authorization"][7:],
                named(DRUP, self._url).headers(lifetime_s=-10)["Authorization"][7:],
                named("stranger", self._url).headers()["Authorization"][7:],
                "." * self._chance.randint(0, 9_000),
                self._word(),
            ]
        ).encode("utf-8", "replace")
        value = self._chance.choice([b"Bearer " + spoilt, b"bearer\t" + spoilt, b"Basic " + spoilt, spoilt, self._used])
        target = self._chance.choice([b"/events/18", b"/log/disclosures/000.p/30", b"/login", b"/access-log"])
        return Hostile("POST" if target == b"/login" else "GET", target, [(b"authorization", value)])

    def _lies_in_headers(self) -> Hostile:
        headers = [
            (self._chance.choice(HEADERS).encode(), self._word().encode("utf-8", "replace"))
            for _ in range(self._chance.randint(1, 5))
        ]
        if self._chance.random() < 0.2:
            headers += [(b"x-" + b"a" * 100, b"\xff\x00" * 2_000)] * 5
        return Hostile(self._chance.choice(["GET", "POST", "HEAD"]), self._target(), headers, [b"{}"])

    def _meddles_with_logins(self) -> Hostile:
        cookie = f"cohort-ledger-session={self._word()}; __Host-cohort-ledger-session={self._word()}; =;;".encode()
        target = self._chance.choice(
            [
                *(b"/logout", b"/session", b"/login/oidc", b"/login/link/" + b"A" * 43, b"/login/link/%00", b"/login"),
                *(
                    b"/login/oidc/done?code=x&state=y",
                    b"/login/oidc/done?state=" + b"x" * 9_000 + b"&state=y&error=%ff",
                ),
            ]
        )
        body = self._chance.choice(
            [b"", b"token=", b"token=%ff", b"a&b&&", b"\xff", b"token=x&token=y", b"a=b&" * 5_000]
        )
        return Hostile(self._chance.choice(["GET", "POST"]), target, [_FORM, (b"cookie", cookie)], [body])


_JSON = (b"content-type", b"application/json")
_FORM = (b"content-type", b"application/x-www-form-urlencoded")


def _post(*parts: bytes, kind: tuple[bytes, bytes] = _JSON) -> Hostile:
    return Hostile("POST", b"/events", [kind], [*parts])


def _posted(texts: list[str]) -> Hostile:
    return _post(json.dumps({"events": texts}).encode("utf-8", "replace"))


def authorization(headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    return b"authorization", headers["Authorization"].encode()
