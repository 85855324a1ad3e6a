"""The app is held against its own description by a tool that looks for what is taken, and should not be."""

from collections.abc import Iterator
from typing import Any

import given as alliances
import hubs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app

LOCAL = {"Host": "localhost"}
# a description can say what an envelope looks like, and not make one that is signed
UNSIGNED: dict[str, list[CheckFunction]] = {"POST /events": [positive_data_acceptance]}
# no parameter, or any text: what names no file of the log names one that is not there
NOTHING_TO_GET_WRONG = {
    *("GET /log/{path}", "GET /healthz", "GET /readyz", "GET /version", "GET /metrics"),
    *("POST /login", "GET /access-log.csv"),
}

# its answer has no end, and this tool reads answers to their ends: see test_live_feed
ENDLESS = {"GET /events/live"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    alliance = alliances.treated()
    hub = hubs.founded_hub(tmp_path_factory.mktemp("described"), alliance)
    hubs.post(hub, alliance)
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(hub, dev=True), headers=LOCAL)
    hub.engine.dispose()


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_is_answered_other_than_as_the_description_says(
    described: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    for result in described.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.label in ENDLESS:
            continue
        if mode is GenerationMode.NEGATIVE and operation.label in NOTHING_TO_GET_WRONG:
            continue

        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def is_answered_as_described(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=LOCAL, excluded_checks=UNSIGNED.get(case.operation.label, []))

        is_answered_as_described()
