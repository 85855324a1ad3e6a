"""Logging in with a browser: by a link that whoever holds a key had made, or at an OpenID issuer.

A link is good once, and for five minutes. Looking at it does not use it up, for mail programs look at links: its page
has a button, and that logs in.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from api.access import Access, Asking
from api.drawing import draw
from api.hub import OpenHub
from api.logged import name_of
from api.oidc import RETURNED, Attempt, Issuer
from api.problems import documented
from api.sessions import Sessions, check_form, read_form
from ledger.clock import new_key
from ledger.cohort.callers import ByKey, ByName
from ledger.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from ledger.signing.encoding import to_base64url
from ledger.signing.entry import format_time
from ledger.store import sessions as stored
from ledger.store.engine import reading, writing

router = APIRouter(tags=["login"])

_UNKEPT = {"Cache-Control": "no-store"}  # a secret or a form's token is on it


@dataclass(frozen=True, slots=True)
class Link:
    """link: open it in a browser, once, before it expires. expires: RFC 3339."""

    link: str
    expires: str


def _sessions(request: Request) -> Sessions:
    found = request.app.state.sessions
    assert isinstance(found, Sessions)
    return found


def _issuer(request: Request) -> Issuer:
    found = request.app.state.issuer
    if found is None:
        raise NotFoundError("no OpenID issuer is set here: log in with a link, as `cohort-ledger login` has one made")
    assert isinstance(found, Issuer)
    return found


def _access(request: Request) -> Access:
    found = request.app.state.access
    assert isinstance(found, Access)
    return found


OpenSessions = Annotated[Sessions, Depends(_sessions)]
OpenIssuer = Annotated[Issuer, Depends(_issuer)]
OpenAccess = Annotated[Access, Depends(_access)]
Form = Annotated[dict[str, str], Depends(read_form)]
Secret = Annotated[str, Path(max_length=43)]


@router.post("/login", status_code=201, responses=documented(400, 401, 403, 503))
def make_link(request: Request, hub: OpenHub, access: OpenAccess, caller: Asking) -> Link:
    """A link that logs in whoever signed the request's token; the token is needed, a session makes no other."""
    who = request.state.identity
    if access.dev:
        raise ForbiddenError("this server was started for development: every caller has every role, so none logs in")
    if not isinstance(who, ByKey) or "authorization" not in request.headers:
        raise UnauthenticatedError("a link is made for who signs: send a token, as `cohort-ledger login` does")
    if caller.kind == "nobody":
        raise ForbiddenError("what was granted to you has expired or was revoked")
    secret, now = new_key(), hub.appender.now()
    now_s = int(now.timestamp())
    with writing(hub.engine) as connection:
        stored.new_link(connection, who, secret=secret, now_s=now_s)
    expires = now.fromtimestamp(now_s + stored.LINK_LASTS_S, now.tzinfo)
    return Link(f"{access.public_url}/login/link/{to_base64url(secret)}", format_time(expires))


@router.get("/login", include_in_schema=False)
def show_login(request: Request) -> Response:
    """How one logs in here."""
    issuer: Issuer | None = request.app.state.issuer
    return draw(request, "login.html", headers=_UNKEPT, issuer=issuer.name if issuer else None)


@router.get("/login/link/{secret}", include_in_schema=False)
def show_link(request: Request, hub: OpenHub, secret: Secret) -> Response:
    """Ask whether to log in; the link stays good."""
    known = stored.read_secret(secret)
    with reading(hub.engine) as connection:
        is_good = known is not None and stored.is_link(connection, known, now_s=int(hub.appender.now().timestamp()))
    if not is_good:
        raise NotFoundError("this link was used, or is more than five minutes old: run `cohort-ledger login` again")
    return draw(request, "login_link.html", headers=_UNKEPT, secret=secret)


@router.post("/login/link/{secret}", include_in_schema=False)
def use_link(request: Request, hub: OpenHub, open_sessions: OpenSessions, secret: Secret, _form: Form) -> Response:
    """Log in."""
    known = stored.read_secret(secret)
    who = None
    if known is not None:
        with writing(hub.engine) as connection:
            who = stored.use_link(connection, known, now_s=int(hub.appender.now().timestamp()))
    if who is None:
        raise NotFoundError("this link was used, or is more than five minutes old: run `cohort-ledger login` again")
    answer = RedirectResponse("/session", HTTPStatus.SEE_OTHER)
    open_sessions.begin(request, answer, who)
    return answer


@router.get("/login/oidc", include_in_schema=False)
def ask_issuer(access: OpenAccess, issuer: OpenIssuer, open_sessions: OpenSessions) -> Response:
    """Send the browser to the issuer."""
    answer = RedirectResponse("/login", HTTPStatus.FOUND)
    attempt = Attempt.of(open_sessions.begin_attempt(answer))
    answer.headers["Location"] = issuer.login_url(attempt, redirect_uri=access.public_url + RETURNED)
    return answer


@router.get(RETURNED, include_in_schema=False)
def return_from_issuer(
    request: Request, hub: OpenHub, access: OpenAccess, issuer: OpenIssuer, open_sessions: OpenSessions
) -> Response:
    """Log in whom the issuer vouches for, and a grant admits."""
    told = dict(request.query_params)
    if len(told) < len(request.query_params.multi_items()):
        raise ForbiddenError("a parameter stands twice in the issuer's answer: log in again")
    # a page, and no redirect: a browser that comes from elsewhere would not send the new cookie along with that
    answer = draw(request, "logged_in.html", headers=_UNKEPT)
    attempt = Attempt.of(open_sessions.end_attempt(request, answer))
    now_s = int(hub.appender.now().timestamp())
    subject = issuer.subject(told, attempt, redirect_uri=access.public_url + RETURNED, now_s=now_s)
    who = ByName(issuer.name, subject)
    if access.caller(who).kind == "nobody":
        raise ForbiddenError("the issuer knows you, and nobody has granted you anything here, or not any more")
    open_sessions.begin(request, answer, who)
    return answer


@router.get("/session", include_in_schema=False)
def show_session(request: Request, caller: Asking, open_sessions: OpenSessions) -> Response:
    """Who is logged in, and as what."""
    found = open_sessions.find(request)
    if found is None:
        raise UnauthenticatedError("nobody is logged in in this browser: see /login")
    role = "nobody: what was granted to you has ended" if caller.kind == "nobody" else caller.role
    name = caller.node or name_of(found.who)
    return draw(request, "session.html", headers=_UNKEPT, name=name, role=role, token=found.form_token)


@router.post("/logout", include_in_schema=False)
def log_out(request: Request, open_sessions: OpenSessions, form: Form) -> Response:
    """End the session."""
    found = open_sessions.find(request)
    if found is not None:
        check_form(form, found)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    open_sessions.end(request, answer)
    return answer
