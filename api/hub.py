"""The open ledger that an app serves, and what gathers the posts to it, as dependencies of its routes."""

from typing import Annotated

from fastapi import Depends, Header, Request

from api.digits import Index
from api.sequencer import Sequencer
from ledger.operations.hub import Hub
from ledger.store.engine import Engine


def _hub(request: Request) -> Hub:
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


async def _sequencer(request: Request) -> Sequencer:
    sequencer = request.app.state.sequencer
    assert isinstance(sequencer, Sequencer)
    return sequencer


OpenHub = Annotated[Hub, Depends(_hub)]


def _reads(hub: OpenHub, ledger_not_older_than: Annotated[Index | None, Header()] = None) -> Engine:
    """Where a request is answered from. The header names an index that the answer's log must have: of a replica that
    lags, it may not. It is a header so that a file keeps one address. Raises NotFoundError for one that is not there.
    """
    return hub.reads.not_older_than(ledger_not_older_than)


Reads = Annotated[Engine, Depends(_reads)]
OpenSequencer = Annotated[Sequencer, Depends(_sequencer)]
