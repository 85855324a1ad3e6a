"""The log's key is changed by resolution: which keys may be proposed."""

import pytest
from given import DRUP, ORIGIN, PROTARGET, Data, founded, resolution, signing_key
from resolved import agree, log_key

from ledger.signing.note import COSIGNATURE, ED25519, Verifier


def verifier(name: str = ORIGIN, *, type_: int = ED25519, key: str = "log 2") -> dict[str, str]:
    return {"verifier": Verifier(name, type_, signing_key(key).public.raw).text}


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (verifier("ledger.example/other"), "a log key has the log's name"),
        (verifier(type_=COSIGNATURE), "is of type 0x01"),
        ({"verifier": "x+0+y"}, "not valid as the content of log-key"),
        ({}, "verifier"),
        (verifier() | {"name": ORIGIN}, "has a field too many"),
        (verifier(key="log"), "that log key was in force before"),
    ],
)
def test_what_is_no_key_for_this_log_is_refused(content: Data, because: str) -> None:
    founded().refuses(DRUP, "resolution.proposed", resolution("r", "log-key", content), because=because)


def test_a_log_key_comes_into_force_once() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("twice", "log-key", log_key()))
    agree(alliance, "once", "log-key", log_key())

    alliance.refuses(PROTARGET, "resolution.endorsed", {"resolution": "twice"}, because="was in force before")
    alliance.refuses(DRUP, "resolution.proposed", resolution("r", "log-key", log_key()), because="was in force before")


def test_a_proposal_that_another_log_key_has_overtaken_does_not_bring_an_older_key_back() -> None:
    alliance = founded()
    alliance.says(DRUP, "resolution.proposed", resolution("older", "log-key", log_key("log 2")))
    alliance.adopts("newer", "log-key", log_key("log 3"))

    alliance.refuses(
        PROTARGET,
        "resolution.endorsed",
        {"resolution": "older"},
        because="newer has brought another log key in since then: propose this one anew",
    )
