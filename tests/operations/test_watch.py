"""How many witnesses must cosign and where each is reached: as the operator says, and warned of where it is no good."""

from pathlib import Path

import hubs
import pytest
import watched as kit
from watched import watched

from ledger.errors import SetupError
from ledger.operations.doctor import examine
from ledger.operations.watch import Policy


@pytest.mark.parametrize(
    ("asked_for", "count", "said"),
    [
        *[(None, 0, None), (None, 3, None), (2, 3, None), (0, 0, None)],
        *[(1, 2, "not more than half"), (0, 3, "not more than half"), (4, 3, "no checkpoint can ever be witnessed")],
    ],
)
def test_too_few_or_too_many_that_must_cosign_are_warned_of(
    asked_for: int | None, count: int, said: str | None
) -> None:
    warning = Policy({}, asked_for).warning(count)

    assert (warning or "").count(said or "") > 0 if said else warning is None


def test_the_doctor_says_where_half_of_the_witnesses_are_enough(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:2], witnesses_needed=1) as made:
        findings = {each.what: each for each in examine(made.settings)}

        assert findings["witnesses"].verdict == "set-up"
        assert "1 of 2" in findings["witnesses"].message
        assert "1 of 2" in (made.hub.witnessing.warning() or "")


def test_settings_name_where_each_witness_is_reached(tmp_path: Path) -> None:
    settings = hubs.settings_in(
        tmp_path, witness_urls="a.example=http://127.0.0.1:1 b/c=https://d", witnesses_needed="2"
    )

    policy = Policy.of(settings)

    assert [policy.url(name) for name in ("a.example", "b/c", "e.example")] == [
        "http://127.0.0.1:1", "https://d", "https://e.example",
    ]  # fmt: skip
    assert policy.needed(9) == 2


@pytest.mark.parametrize("urls", ["a", "a=ftp://b", "=https://b", "a=https://b a=https://c"])
def test_addresses_of_witnesses_that_cannot_be_read_are_refused(tmp_path: Path, urls: str) -> None:
    with pytest.raises(SetupError, match="witness_urls"):
        hubs.settings_in(tmp_path, witness_urls=urls)


@pytest.mark.parametrize("needed", ["-1", "100", "1.5", "9" * 5000])
def test_a_number_of_witnesses_that_is_none_is_refused(tmp_path: Path, needed: str) -> None:
    with pytest.raises(SetupError, match="witnesses_needed"):
        hubs.settings_in(tmp_path, witnesses_needed=needed)
