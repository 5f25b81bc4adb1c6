"""Knows every path of the org that is no report: login, front door, home, single sign-on, REST."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from sfr.demo import pages
from sfr.demo.exchange import JSON, Exchange
from sfr.demo.refusals import NotFound, SessionExpired

DEMO_USERNAME = "ada@example.com"
DEMO_PASSWORD = "opens-the-demo-org-only"  # noqa: S105 - the org listens on loopback and has nothing to protect
ORG_ID = "00DDEMO00000001"
DEMO_SID = f"{ORG_ID}!AQ.demo_session"

_HOME = "/home/home.jsp"
_VERSIONS = [{"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"}]


@dataclass(frozen=True, slots=True)
class Policy:
    """How this org treats visitors.

    `early_sid` is the value of a `sid` cookie that the login page sets before anybody has logged in; no report is
    given for it. `tokens` maps what `/secur/frontdoor.jsp` accepts to the session it opens. `rest` is whether a good
    session may use the REST API. `root` is how `/` sends visitors on: by 302 or by a page with a script.
    """

    username: str = DEMO_USERNAME
    password: str = field(default=DEMO_PASSWORD, repr=False)
    early_sid: str = field(default="", repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    rest: Literal["open", "closed", "quota", "maintenance"] = "open"
    root: Literal["redirect", "script"] = "redirect"


def open_door(exchange: Exchange, policy: Policy) -> None:
    """Answer a request whose path names no report."""
    path = exchange.request.path
    for pattern, door in _DOORS:
        if pattern.fullmatch(path):
            door(exchange, policy)
            return
    NotFound().answer(exchange)


def _root(exchange: Exchange, policy: Policy) -> None:
    if exchange.request.method == "POST" or exchange.value("ec"):
        _login(exchange, policy)
        return
    known = exchange.memory.knows(exchange.request.sid)
    target = "/lightning/page/home" if known else exchange.login_target
    if policy.root == "redirect":
        exchange.redirect(target)
    else:
        exchange.page(200, pages.script_redirect(exchange.origin + target))


def _login(exchange: Exchange, policy: Policy) -> None:
    start = exchange.value("startURL")
    if exchange.request.method != "POST":
        early = [("Set-Cookie", _sid_cookie(policy.early_sid))] if policy.early_sid else []
        exchange.page(200, pages.login("/", start), early)
    elif (exchange.value("username"), exchange.value("pw")) != (policy.username, policy.password):
        exchange.page(200, pages.login("/", start, "Please check your username and password."))
    else:
        _enter(exchange, f"{ORG_ID}!AQ.{secrets.token_hex(16)}", start)


def _enter(exchange: Exchange, sid: str, start: str) -> None:
    """Open the session `sid` and send the browser on, within this org only."""
    exchange.memory.admit(sid)
    inside = start.startswith("/") and not start.startswith("//")
    exchange.redirect(start if inside else _HOME, [("Set-Cookie", _sid_cookie(sid))])


def _sid_cookie(sid: str) -> str:
    # The real one is also `Secure`, which no browser would take from plain http.
    return f"sid={sid}; path=/; HttpOnly"


def _front_door(exchange: Exchange, policy: Policy) -> None:
    sid = policy.tokens.get(exchange.value("sid"))
    if sid is None:
        exchange.page(200, pages.login("/", exchange.value("retURL")))
    else:
        _enter(exchange, sid, exchange.value("retURL"))


def _home(exchange: Exchange, _: Policy) -> None:
    if exchange.memory.knows(exchange.request.sid):
        exchange.page(200, pages.home())
    else:
        SessionExpired().answer(exchange)


def _loop_back(exchange: Exchange, _: Policy) -> None:
    exchange.redirect(exchange.value("startURL") or "/", [("Set-Cookie", "clientSrc=127.0.0.1; path=/")])


def _leave_for_provider(exchange: Exchange, _: Policy) -> None:
    provider = exchange.value("provider")
    if urlsplit(provider).scheme not in ("http", "https"):
        NotFound().answer(exchange)
        return
    exchange.redirect(f"{provider}/idp/saml?RelayState=demo")


def _provider(exchange: Exchange, _: Policy) -> None:
    exchange.page(200, pages.saml_form("/idp/saml/post"))


def _verification(exchange: Exchange, _: Policy) -> None:
    exchange.page(200, pages.verification())


def _bearer(exchange: Exchange) -> str:
    scheme, _, token = exchange.request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _known_bearer(exchange: Exchange, policy: Policy) -> bool:
    token = _bearer(exchange)
    return exchange.memory.knows(token) or token in policy.tokens


def _rest_versions(exchange: Exchange, _: Policy) -> None:
    exchange.page(200, json.dumps(_VERSIONS), content_type=JSON)


_REST_REFUSALS = {
    "closed": (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
    "quota": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "maintenance": (503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
}


def _rest(exchange: Exchange, policy: Policy) -> None:
    """Limits, and the list of resources, for a bearer; the session itself is checked before the API's own rules."""
    refusal = _REST_REFUSALS.get(policy.rest)
    if not _known_bearer(exchange, policy):
        refusal = (401, "INVALID_SESSION_ID", "Session expired or invalid")
    if refusal:
        status, code, message = refusal
        exchange.page(status, pages.rest_error(code, message), content_type=JSON)
        return
    found = {"DailyApiRequests": {"Max": 15000, "Remaining": 14999}, "ConcurrentSyncReportRuns": {"Max": 20}}
    exchange.page(200, json.dumps(found), [("Sforce-Limit-Info", "api-usage=1/15000")], content_type=JSON)


def _user_info(exchange: Exchange, policy: Policy) -> None:
    if policy.rest == "open" and _known_bearer(exchange, policy):
        person = {"user_id": "005DEMO00000001", "organization_id": ORG_ID, "name": "Ada Example"}
        exchange.page(200, json.dumps(person), content_type=JSON)
    else:
        exchange.page(403, "Bad_OAuth_Token", content_type="text/html;charset=UTF-8")


_DOORS: list[tuple[re.Pattern[str], Callable[[Exchange, Policy], None]]] = [
    (re.compile(r"/"), _root),
    (re.compile(r"/login/?"), _login),
    (re.compile(r"/home/home\.jsp|/lightning/.*"), _home),
    (re.compile(r"/secur/frontdoor\.jsp"), _front_door),
    (re.compile(r"/secur/contentDoor"), _loop_back),
    (re.compile(r"/services/auth/sso/.+"), _leave_for_provider),
    (re.compile(r"/idp/.*"), _provider),
    (re.compile(r"/_ui/identity/verification/.*"), _verification),
    (re.compile(r"/services/data/?"), _rest_versions),
    (re.compile(r"/services/data/v\d+\.\d+(/|/limits/?)?"), _rest),
    (re.compile(r"/services/oauth2/userinfo"), _user_info),
]
