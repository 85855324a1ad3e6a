"""Who is asking, and what it may be shown: the one place where a request becomes a `Caller`, and tiers are applied.

Every route stands in `ROUTES` with who may ask for it; one that does not is nobody's. A route takes the caller as
`Asking`. A request says who sends it by

* a bearer token, which the caller signed itself (`ledger.signing.token`): an identity `ByKey` of that key; or
* whatever `create_app` was given as `session`: a function of the request that returns the identity behind it, or None.
  A session that began with a token's key is `ByKey(thumbprint)`; one that an OpenID issuer vouched for is
  `ByName(issuer, subject)`. It keeps that identity, never a Caller: what it amounts to is looked up in the database for
  each request (`Callers.caller`), so that a revoked grant or a replaced key counts at once.

`dev` makes every request `ANYONE`, who has every role. Values that are opened for a caller come from `opened_for`, and
the log's files from `Hub.source_for`: both leave out what `Caller.may_open` does not allow for the tier of the column.
What of a report is shown to whom: see `api.audience`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.caching import OPENED, VARY
from api.limits import Limits
from api.logged import log_opened, name_of
from ledger.cohort.callers import ANYONE, NOBODY, READERS, ByKey, Caller, Identity, Role
from ledger.errors import ForbiddenError, MalformedError, SignatureError, UnauthenticatedError
from ledger.operations.callers import values_shown_to
from ledger.operations.hub import Hub
from ledger.signing.canonical import Json
from ledger.signing.token import check_token, read_token
from ledger.store.engine import reading, writing
from ledger.store.sessions import use_token

_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may ask. roles: empty where everybody may. asks: whether it matters who it is; where it does not, a token is
    not looked at. of_files: the answer depends on the log's file, see `FILES`. of_own: a member that was removed may
    ask, too, about its own.
    """

    roles: frozenset[Role] = frozenset()
    asks: bool = True
    of_files: bool = False
    of_own: bool = False


OPEN = Rule(asks=False)
ANYBODY = Rule()
PARTNERS = Rule(READERS)
OWN_STREAM = Rule(READERS, of_own=True)  # for it may still withdraw consents, and erase
LOGGED = Rule(frozenset[Role]({"partner", "auditor"}))  # what it shows of whose data: see the route
BY_FILE = Rule(of_files=True)
NOBODYS = Rule(frozenset({"nobody"}))  # type: ignore[arg-type]  # no role is called so

ROUTES: Mapping[tuple[str, str], Rule] = {
    ("POST", "/events"): OPEN,  # the envelope's signature is the authority
    ("GET", "/events"): PARTNERS,
    ("GET", "/events/live"): PARTNERS,
    ("GET", "/events/{event}"): PARTNERS,
    ("GET", "/events/{event}/receipt"): PARTNERS,
    ("GET", "/nodes/{node}/head"): OWN_STREAM,
    ("GET", "/nodes/{node}/key"): OPEN,
    ("GET", "/log/{path}"): BY_FILE,
    ("GET", "/cells/{table}/{key}"): PARTNERS,
    ("GET", "/cases/{node}/{case}"): PARTNERS,
    ("GET", "/grants/{node}"): PARTNERS,
    ("GET", "/cohorts/{cohort}"): PARTNERS,  # its rows name cases
    ("GET", "/cohorts"): ANYBODY,  # these are shown to each as its tier is: see `api.audience`
    ("GET", "/cohorts/{cohort}/progress"): ANYBODY,
    ("GET", "/cohorts/{cohort}/progress.csv"): PARTNERS,
    ("GET", "/design/{design}"): ANYBODY,
    ("GET", "/cohorts/{cohort}/decision"): PARTNERS,
    ("GET", "/board"): ANYBODY,
    ("GET", "/board.csv"): ANYBODY,
    ("GET", "/contributions"): ANYBODY,
    ("GET", "/contributions.csv"): ANYBODY,
    ("GET", "/funnel"): ANYBODY,
    ("GET", "/cite"): PARTNERS,
    ("GET", "/changes"): PARTNERS,
    ("GET", "/census"): PARTNERS,
    ("GET", "/census.csv"): PARTNERS,
    ("GET", "/findings"): PARTNERS,
    ("GET", "/access-log"): LOGGED,
    ("GET", "/access-log.csv"): LOGGED,
    ("GET", "/login"): OPEN,
    ("POST", "/login"): ANYBODY,  # who has a token: see the route
    ("GET", "/login/link/{secret}"): OPEN,  # the secret is the authority
    ("POST", "/login/link/{secret}"): OPEN,
    ("GET", "/login/oidc"): OPEN,
    ("GET", "/login/oidc/done"): OPEN,
    ("GET", "/session"): ANYBODY,
    ("POST", "/logout"): ANYBODY,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/version"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/"): ANYBODY,
    ("GET", "/verify"): ANYBODY,
    ("GET", "/verify/offline.html"): OPEN,
    ("GET", "/numbers/{of}"): PARTNERS,  # what it lists are events, and rows that name cases
    ("GET", "/search"): PARTNERS,
    ("GET", "/static/{path}"): OPEN,
    ("GET", "/system"): ANYBODY,
    ("GET", "/help"): OPEN,
    ("GET", "/help/{topic}"): OPEN,
    ("GET", "/help/errors/{slug}"): OPEN,
    ("GET", "/help/trust"): OPEN,
    ("GET", "/help/what-this-proves"): OPEN,
    ("GET", "/help/threat-model"): OPEN,
    ("GET", "/help/regulations"): OPEN,
}

# what the path of a log's file begins with, and who may ask for it; the first that fits, and any other is for partners
FILES: tuple[tuple[str, Rule], ...] = (
    ("checkpoint", OPEN),  # and `checkpoints`
    ("memorandum", OPEN),
    ("tile/entries/", PARTNERS),
    ("tile/", OPEN),
)


def no_session(_request: Request) -> Identity | None:
    """Where there are no sessions."""
    return None


@dataclass(frozen=True, slots=True)
class Access:
    """How an app knows callers. public_url: what a token must be for. session: who a request without one is from."""

    hub: Hub
    public_url: str
    dev: bool = False
    session: Callable[[Request], Identity | None] = no_session

    def identify(self, request: Request) -> Identity | None:
        """Who proves to have sent a request, None where nobody does.

        Raises UnauthenticatedError for a token that does not hold. One that does is used up by this, whether or not
        its caller may do what it asks for. Writes to the database.
        """
        stated = request.headers.getlist("authorization")
        if not stated:
            return self.session(request)
        scheme, _, token = stated[0].partition(" ")
        if len(stated) > 1 or scheme.lower() != _SCHEME:
            raise _invalid("there is one Authorization header, and it holds `Bearer`, a space, and a token")
        return self._signer(token)

    def caller(self, who: Identity | None) -> Caller:
        """What somebody may see by now."""
        return self.callers([who])[who]

    def callers(self, whos: Collection[Identity | None]) -> Mapping[Identity | None, Caller]:
        """The same of several, by one look at the database."""
        if self.dev:
            return dict.fromkeys(whos, ANYONE)
        known = [who for who in whos if who is not None]
        return {None: NOBODY, **(self.hub.callers.each(known, self.hub.appender.now()) if known else {})}

    def _signer(self, text: str) -> ByKey:
        known, now_s = self.hub.callers.known(), int(self.hub.appender.now().timestamp())
        try:
            token = read_token(text)
            key = known.keys.get(token.kid)
            if key is None or token.kid in known.replaced:
                raise _invalid("the token is signed by a key that is nobody's here: sign with the one in force")
            uses = check_token(token, key, audience=self.public_url, now_s=now_s)
        except (MalformedError, SignatureError) as error:
            raise _invalid(str(error)) from None
        with writing(self.hub.engine) as connection:
            if not use_token(connection, uses.id, uses.expires, now_s=now_s):
                raise _invalid("the token was used before: sign one for each request")
        return ByKey(token.kid)


async def admit(request: Request, response: Response) -> None:
    """Find out who asks, where it matters, and refuse who may not: a dependency of every route.

    Raises UnauthenticatedError where nobody proves to ask for what not everybody may, ForbiddenError where somebody
    does and may not.
    """
    access: Access = request.app.state.access
    request.state.route = request.scope["route"].path_format
    rule = rule_of(request.method, request.state.route, request.path_params)
    if rule.asks:
        response.headers["Vary"] = VARY
    who = await run_in_threadpool(access.identify, request) if rule.asks and not access.dev else None
    if who is not None:
        limits: Limits = request.app.state.limits
        limits.check(name_of(who))
    caller = await run_in_threadpool(access.caller, who)
    request.state.identity, request.state.caller = who, caller
    if rule.of_own and caller.kind == "former" and caller.node == request.path_params["node"]:
        return
    check_role(rule, caller, is_known=who is not None)


def rule_of(method: str, template: str, parameters: Mapping[str, object]) -> Rule:
    """Who may ask a route; nobody may ask one that the table does not name."""
    rule = ROUTES.get((method, template), NOBODYS)
    if rule.of_files:
        path = str(parameters["path"])
        return next((each for start, each in FILES if path.startswith(start)), PARTNERS)
    return rule


def check_role(rule: Rule, caller: Caller, *, is_known: bool) -> None:
    """Raises UnauthenticatedError or ForbiddenError, as `admit`. is_known: whether the caller proved to be somebody."""
    if caller.kind == "anyone" or not rule.roles or caller.role in rule.roles:
        return
    if not is_known:
        raise UnauthenticatedError("this is not for everybody: send a token, as `cohort-ledger token` signs one")
    if caller.kind == "former":
        raise ForbiddenError(f"{caller.node} is no member any more: of itself it is shown where its stream stands")
    if caller.kind == "nobody":
        raise ForbiddenError("what was granted to you has expired or was revoked, or nothing ever was")
    raise ForbiddenError(f"not for {caller.role}: this takes {', '.join(sorted(rule.roles)) or 'nobody'}")


def opened_for(request: Request, indexes: Iterable[int], response: Response) -> dict[str, Json]:
    """Commitment -> value, of what these entries sealed and the caller may see. All that is opened goes through here,
    or through the log's files, and is written to the access log. response: what it is for, which nobody then keeps.

    Call it outside of any transaction. Raises UnavailableError where it cannot be written down.
    """
    hub: Hub = request.app.state.hub
    found = hub.callers.known()
    with reading(hub.engine) as connection:
        opened = values_shown_to(request.state.caller, found, hub.vault, connection, indexes)
    if opened.indexes:
        log_opened(request, opened.indexes)
        response.headers["Cache-Control"] = OPENED
        if "etag" in response.headers:
            del response.headers["etag"]
    return opened.values


def _invalid(message: str) -> UnauthenticatedError:
    return UnauthenticatedError(message, token="invalid")  # noqa: S106 - a word about it


def _asking(request: Request) -> Caller:
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


Asking = Annotated[Caller, Depends(_asking)]
