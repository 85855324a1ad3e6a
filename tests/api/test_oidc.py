"""Logging in with an OpenID issuer: what it vouches for is taken, and nothing that only looks like it."""

from collections.abc import Iterator

import pytest
from issuer import CLIENT_ID, CLIENT_SECRET, IssuerAtWork, changed, issuer, public_bytes
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from api.oidc import Attempt, Client, Issuer
from ledger.errors import ForbiddenError, SetupError, UnavailableError

NOW = 1_790_000_000
HERE = "https://ledger.example/login/oidc/done"
ATTEMPT, OTHER = Attempt.of(bytes(32)), Attempt.of(bytes([1]) * 32)


@pytest.fixture(scope="module")
def running() -> Iterator[IssuerAtWork]:
    with issuer(NOW) as at_work:
        yield at_work


@pytest.fixture
def told(running: IssuerAtWork) -> IssuerAtWork:
    """The issuer, telling the truth again."""
    running.signs, running.key, running.secret = "ES256", None, None
    for each in (running.claims, running.header, running.codes, running.discovery, running.asked):
        each.clear()
    return running


def client_of(told: IssuerAtWork) -> Issuer:
    return Issuer(Client(told.url, CLIENT_ID, CLIENT_SECRET))


def log_in(told: IssuerAtWork, **instead: str) -> str:
    """What comes of a login. instead: parameters that the browser comes back with."""
    asks = client_of(told)
    answer = told.log_in(asks.login_url(ATTEMPT, redirect_uri=HERE)) | instead
    return asks.subject(answer, ATTEMPT, redirect_uri=HERE, now_s=NOW)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_somebody_whom_the_issuer_vouches_for_is_known(told: IssuerAtWork, algorithm: str) -> None:
    told.signs = algorithm

    assert log_in(told) == "anna-karin-4711"


def test_an_audience_may_be_one_of_a_list_that_names_whom_it_is_for(told: IssuerAtWork) -> None:
    told.claims["aud"] = [CLIENT_ID, "another"]
    told.claims["azp"] = CLIENT_ID

    assert log_in(told) == "anna-karin-4711"


def test_nothing_secret_stands_in_the_address_that_the_browser_is_sent_to(told: IssuerAtWork) -> None:
    address = client_of(told).login_url(ATTEMPT, redirect_uri=HERE)

    assert ATTEMPT.verifier not in address
    assert CLIENT_SECRET not in address
    assert ATTEMPT.challenge in address


@pytest.mark.parametrize("instead", [{"state": OTHER.state}, {"state": ""}, {"iss": "https://other.example"}])
@pytest.mark.parametrize("more", [{}, {"error": "access_denied"}])
def test_an_answer_that_is_not_to_this_attempt_asks_the_issuer_for_nothing(
    told: IssuerAtWork, instead: dict[str, str], more: dict[str, str]
) -> None:
    with pytest.raises(ForbiddenError):
        log_in(told, **instead, **more)

    assert "/token" not in told.asked


def test_somebody_whom_the_issuer_did_not_let_in_is_nobody(told: IssuerAtWork) -> None:
    with pytest.raises(ForbiddenError, match="did not log you in"):
        log_in(told, error="access_denied")


def test_a_code_that_was_used_is_not_taken_again(told: IssuerAtWork) -> None:
    asks = client_of(told)
    answer = told.log_in(asks.login_url(ATTEMPT, redirect_uri=HERE))
    asks.subject(answer, ATTEMPT, redirect_uri=HERE, now_s=NOW)

    with pytest.raises(ForbiddenError, match="used before"):
        asks.subject(answer, ATTEMPT, redirect_uri=HERE, now_s=NOW)


def test_a_code_of_another_browser_is_not_taken(told: IssuerAtWork) -> None:
    asks = client_of(told)
    stolen = told.log_in(asks.login_url(OTHER, redirect_uri=HERE)) | {"state": ATTEMPT.state}

    with pytest.raises(ForbiddenError, match="did not take the code"):
        asks.subject(stolen, ATTEMPT, redirect_uri=HERE, now_s=NOW)


@pytest.mark.parametrize(
    "claims",
    [
        *({"nonce": OTHER.nonce}, {"nonce": None}, {"nonce": 7}),
        *({"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": {CLIENT_ID: 1}}),
        *({"azp": "another"}, {"iss": "https://other.example"}, {"iss": None}),
        *({"exp": NOW - 61}, {"exp": None}, {"exp": str(NOW + 300)}, {"iat": NOW + 61}, {"iat": None}),
        *({"sub": ""}, {"sub": 4711}, {"sub": None}, {"sub": "x" * 256}),
    ],
)
def test_an_id_token_for_others_of_others_or_of_another_time_is_refused(
    told: IssuerAtWork, claims: dict[str, object]
) -> None:
    told.claims |= claims

    if claims == {"aud": {CLIENT_ID: 1}}:
        told.claims["aud"] = {"another": 1}
    with pytest.raises(ForbiddenError, match="for another server, another login or another time"):
        log_in(told)


@pytest.mark.parametrize("published", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_no_secret_to_sign_with(told: IssuerAtWork, published: str) -> None:
    told.secret = public_bytes(told.keys[published])
    told.header |= {"alg": "HS256", "kid": published}

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


@pytest.mark.parametrize(
    "header",
    [
        *({"alg": "none"}, {"alg": "none", "kid": None}, {"kid": "another"}, {"alg": "PS256", "kid": "RS256"}),
        *({"kid": "RS256"}, {"kid": "EdDSA"}, {"kid": 7}),
    ],
)
def test_an_id_token_under_no_key_or_another_is_refused(told: IssuerAtWork, header: dict[str, object]) -> None:
    told.header |= header
    told.signs = "RS256" if header.get("alg") == "PS256" else "ES256"

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


def test_a_key_that_is_not_the_issuers_is_not_taken_for_it(told: IssuerAtWork) -> None:
    told.key = ECKey.generate_key("P-256", {"kid": "ES256"})

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


def test_a_key_of_few_bits_is_not_taken(told: IssuerAtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(SecurityWarning):
        monkeypatch.setitem(told.keys, "RS256", RSAKey.generate_key(1024, {"kid": "RS256"}))
    told.signs = "RS256"

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


def test_an_id_token_that_was_changed_on_its_way_is_refused(
    told: IssuerAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = IssuerAtWork.token
    monkeypatch.setattr(IssuerAtWork, "token", lambda self, nonce: changed(signed(self, nonce)))

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "eyJhbGciOiJFUzI1NiJ9.e30.", "é.é.é", "[" * 9_000])
def test_what_is_no_id_token_is_refused(told: IssuerAtWork, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setattr(IssuerAtWork, "token", lambda _self, _nonce: token)

    with pytest.raises(ForbiddenError, match="not signed"):
        log_in(told)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://other.example/token"},
        {"jwks_uri": "file:///etc/keys"},
        {"authorization_endpoint": None},
    ],
)
def test_a_discovery_document_that_leads_astray_is_not_followed(
    told: IssuerAtWork, discovery: dict[str, object]
) -> None:
    told.discovery |= discovery

    with pytest.raises(UnavailableError, match="discovery"):
        log_in(told)


def test_an_answer_without_end_is_not_read_to_its_end(told: IssuerAtWork) -> None:
    told.discovery["much"] = "x" * 1024 * 1024

    with pytest.raises(UnavailableError, match="too long"):
        log_in(told)


def test_an_issuer_that_is_not_there_is_said_to_be_so() -> None:
    asks = Issuer(Client("http://127.0.0.1:9", CLIENT_ID, None))

    with pytest.raises(UnavailableError, match="cannot be reached"):
        asks.login_url(ATTEMPT, redirect_uri=HERE)


@pytest.mark.parametrize(
    "url",
    ["", "login.example", "http://login.example", "https://a@login.example", "https://x?y", "https://x#y", "ftp:"],
)
def test_an_issuer_is_an_https_address(url: str) -> None:
    with pytest.raises(SetupError, match="oidc_issuer"):
        Issuer(Client(url, CLIENT_ID, None))
