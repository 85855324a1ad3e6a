"""Drafts are read strictly: what a node signs is what somebody meant."""

import pytest

from ledger.errors import MalformedError
from ledger.node.drafts import Draft


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "trial.opened", "data": {"on": "2021-11-16", "on": "2021-11-11"}}',
        '{"type": "trial.opened", "type": "trial.closed", "data": {}}',
    ],
)
def test_a_member_that_stands_twice_is_refused(line: str) -> None:
    with pytest.raises(MalformedError, match="stands twice"):
        Draft.parse(line)


def test_a_draft_is_read_with_what_it_leaves_out() -> None:
    draft = Draft.parse('{"type": "trial.opened", "data": {"on": "2021-11"}}')

    assert (draft.type, draft.version, draft.data, draft.actor) == ("trial.opened", 1, {"on": "2021-11"}, None)
