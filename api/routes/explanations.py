"""Pages that explain: for everybody, as they say nothing of any patient or trial."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.help.pages import proof_page, regulations_page, threats_page, trust_page
from api.problems import documented

router = APIRouter(tags=["help"], prefix="/help", default_response_class=HTMLResponse, responses=documented(400))

_KEPT = {"Cache-Control": "public, max-age=3600"}


@router.get("/trust")
def explain_trust() -> HTMLResponse:
    """What this ledger does not prove."""
    return HTMLResponse(trust_page(), headers=_KEPT)


@router.get("/what-this-proves")
def explain_proofs() -> HTMLResponse:
    """What this ledger proves, and by what."""
    return HTMLResponse(proof_page(), headers=_KEPT)


@router.get("/threat-model")
def explain_threats() -> HTMLResponse:
    """Who might do harm, what stops or shows it, and what is left to them."""
    return HTMLResponse(threats_page(), headers=_KEPT)


@router.get("/regulations")
def explain_regulations() -> HTMLResponse:
    """Which rules for electronic records are met, by what, and the tests that show it."""
    return HTMLResponse(regulations_page(), headers=_KEPT)
