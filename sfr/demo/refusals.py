"""Knows the answers that are no report: pages, redirects and JSON sent in its place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from http.client import responses
from typing import ClassVar, Literal
from urllib.parse import quote

from sfr.demo import pages
from sfr.demo.exchange import JSON, Behaviour, Exchange

VERIFICATION_PATH = "/_ui/identity/verification/policy/VerificationStartUi"


@dataclass(frozen=True, slots=True)
class SessionExpired(Behaviour):
    """The session is not accepted.

    `script` is the real answer (200 and a page that redirects), `old-script` its older wording, `login-host` sends to
    login.salesforce.com, `redirect` is a 302 to the login form, `form` the login form at once.
    """

    how: Literal["script", "old-script", "login-host", "redirect", "form"] = "script"

    def answer(self, exchange: Exchange) -> None:
        login = exchange.origin + exchange.login_target
        if self.how == "redirect":
            exchange.redirect(login)
        elif self.how == "form":
            exchange.page(200, pages.login("/", exchange.request.target))
        elif self.how == "old-script":
            exchange.page(200, pages.old_script_redirect(login))
        else:
            host = "https://login.salesforce.com" if self.how == "login-host" else exchange.origin
            exchange.page(200, pages.script_redirect(host + exchange.login_target))


@dataclass(frozen=True, slots=True)
class SessionDies(Behaviour):
    """After `seconds` of work all sessions of the org die, and with them this answer."""

    seconds: float = 0.0

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(self.seconds)
        exchange.memory.expire()
        SessionExpired().answer(exchange)


@dataclass(frozen=True, slots=True)
class SsoBounce(Behaviour):
    """302 to the org's single sign-on path, from there 302 to `provider`, an origin that must never see the sid."""

    provider: str

    def answer(self, exchange: Exchange) -> None:
        start = quote(exchange.request.target, safe="")
        exchange.redirect(f"/services/auth/sso/demo?startURL={start}&provider={quote(self.provider, safe='')}")


@dataclass(frozen=True, slots=True)
class RedirectLoop(Behaviour):
    """302 for ever, to another path and back (`pair`) or to itself, each time with a cookie that changes nothing."""

    how: Literal["pair", "self"] = "pair"

    def answer(self, exchange: Exchange) -> None:
        here = exchange.request.target
        target = here if self.how == "self" else "/secur/contentDoor?startURL=" + quote(here, safe="")
        exchange.redirect(target, [("Set-Cookie", "clientSrc=127.0.0.1; path=/")])


@dataclass(frozen=True, slots=True)
class WrongHost(Behaviour):
    """302 to the same path at `origin`, as a Lightning host answers; `origin` is a scheme with a host."""

    origin: str

    def answer(self, exchange: Exchange) -> None:
        exchange.redirect(self.origin + exchange.request.target)


@dataclass(frozen=True, slots=True)
class IdentityVerification(Behaviour):
    """The org wants a code from the person's phone before it exports anything."""

    how: Literal["redirect", "script"] = "redirect"

    def answer(self, exchange: Exchange) -> None:
        target = f"{VERIFICATION_PATH}?retURL={quote(exchange.request.target, safe='')}"
        if self.how == "redirect":
            exchange.redirect(target)
        else:
            exchange.page(200, pages.script_redirect(exchange.origin + target))


@dataclass(frozen=True, slots=True)
class NotFound(Behaviour):
    """404: no such report."""

    def answer(self, exchange: Exchange) -> None:
        exchange.page(404, pages.not_found())


@dataclass(frozen=True, slots=True)
class DataNotAvailable(Behaviour):
    """Seen with 500, thinkable with 404 and 200."""

    status: int = 500

    def answer(self, exchange: Exchange) -> None:
        exchange.page(self.status, pages.data_not_available())


@dataclass(frozen=True, slots=True)
class NoPermission(Behaviour):
    """Insufficient Privileges, with 200 or 403."""

    status: int = 200

    def answer(self, exchange: Exchange) -> None:
        exchange.page(self.status, pages.insufficient_privileges())


@dataclass(frozen=True, slots=True)
class ReportTimeout(Behaviour):
    """Silence, then an error page: the report ran too long."""

    seconds: float = 0.1
    status: int = 500

    def answer(self, exchange: Exchange) -> None:
        exchange.wait(self.seconds)
        exchange.page(self.status, pages.unexpected_error())


@dataclass(frozen=True, slots=True)
class GatewayError(Behaviour):
    """502 or 504 from a load balancer in front of the org."""

    status: int = 502
    before_session: ClassVar[bool] = True

    def answer(self, exchange: Exchange) -> None:
        exchange.page(self.status, pages.gateway(self.status, responses[self.status]), edge=False)


@dataclass(frozen=True, slots=True)
class Maintenance(Behaviour):
    """503; `form` says how Retry-After is written, if at all."""

    seconds: int = 2
    form: Literal["seconds", "date", "none"] = "seconds"
    before_session: ClassVar[bool] = True

    def answer(self, exchange: Exchange) -> None:
        values = {"seconds": str(self.seconds), "date": formatdate(time.time() + self.seconds, usegmt=True)}
        headers = [("Retry-After", values[self.form])] if self.form != "none" else []
        exchange.page(503, pages.maintenance(), headers)


@dataclass(frozen=True, slots=True)
class ShortAnswer(Behaviour):
    """200 with the headers of a report and hardly a body, by default none at all."""

    content: bytes = b""

    def answer(self, exchange: Exchange) -> None:
        exchange.page(200, self.content, content_type="text/csv; charset=UTF-8")


@dataclass(frozen=True, slots=True)
class JsonError(Behaviour):
    """A REST-shaped error where a report should be."""

    status: int = 403
    code: str = "REQUEST_LIMIT_EXCEEDED"
    message: str = "TotalRequests Limit exceeded."

    def answer(self, exchange: Exchange) -> None:
        exchange.page(self.status, pages.rest_error(self.code, self.message), content_type=JSON)


@dataclass(frozen=True, slots=True)
class MiddleBox(Behaviour):
    """200 and a page of some other product: a captive portal or a company's cloud proxy."""

    how: Literal["portal", "cloud-proxy"] = "portal"
    before_session: ClassVar[bool] = True

    def answer(self, exchange: Exchange) -> None:
        page = pages.captive_portal() if self.how == "portal" else pages.cloud_proxy()
        exchange.page(200, page, content_type="text/html", edge=False)


@dataclass(frozen=True, slots=True)
class ProxyAuthentication(Behaviour):
    """407: a proxy wants a name and password first."""

    before_session: ClassVar[bool] = True

    def answer(self, exchange: Exchange) -> None:
        wanted = [("Proxy-Authenticate", 'Basic realm="company proxy"')]
        exchange.page(407, pages.gateway(407, responses[407]), wanted, edge=False)
