"""The open ledger that an app serves, and what gathers the posts to it, as dependencies of its routes."""

from typing import Annotated

from fastapi import Depends, Request

from api.sequencer import Sequencer
from ledger.operations.hub import Hub


def _hub(request: Request) -> Hub:
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


async def _sequencer(request: Request) -> Sequencer:
    sequencer = request.app.state.sequencer
    assert isinstance(sequencer, Sequencer)
    return sequencer


OpenHub = Annotated[Hub, Depends(_hub)]
OpenSequencer = Annotated[Sequencer, Depends(_sequencer)]
