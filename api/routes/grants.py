"""Who was let see what a node contributed: each grant with its terms, whether it was revoked, and why."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.access import opened_for
from api.caching import NOT_MODIFIED
from api.problems import documented
from api.queries import Seen
from api.routes.cohorts import Line, NodeName, line_of
from ledger.cohort import rows

router = APIRouter(tags=["grants"], responses={**NOT_MODIFIED, **documented(400, 401, 403)})


@dataclass(frozen=True, slots=True)
class Grants:
    """grants: oldest first; the second part of a key is the id of the event that granted."""

    node: str
    grants: list[Line]


@router.get("/grants/{node}")
def list_grants(request: Request, seen: Seen, response: Response, node: NodeName) -> Grants:
    """The grants that a node gave, those that have expired or were revoked among them."""
    found = sorted((row for row in seen.of(rows.Grant) if row.node == node), key=lambda row: min(row.set_by.values()))
    indexes = {index for row in found for index in row.set_by.values()}
    opened = opened_for(request, indexes, response)
    return Grants(node, [line_of(row, opened) for row in found])
