"""The open ledger that an app serves, as a dependency of its routes."""

from typing import Annotated

from fastapi import Depends, Request

from ledger.operations.hub import Hub


def _hub(request: Request) -> Hub:
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


OpenHub = Annotated[Hub, Depends(_hub)]
