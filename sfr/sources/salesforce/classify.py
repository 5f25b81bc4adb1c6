"""Knows what an answer of a Salesforce org means, whatever its status code claims.

Facts: pages and texts as seen in public sources; where their status is unknown, every status is accepted. A session
that ended is usually answered with status 200 and a page that leads to the login.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

from sfr.errors import AuthError, InvalidReport, ReportError, SfrError, TransientError
from sfr.http_errors import asked_to_pause

PAGE_LIMIT_BYTES = 1 << 18
REDIRECT_LIMIT = 5

_VERIFICATION = re.compile(
    rb"VerificationStartUi|/_ui/identity/verification/|Challenge User|Verify Your Identity", re.I
)
_LOGIN_TARGET = re.compile(
    rb"[?&]ec=30[0-9]|SAMLRequest|/services/auth/sso/|login\.salesforce\.com|test\.salesforce\.com", re.I
)
_LOGIN_PAGE = re.compile(
    rb"""[?&]ec=30[0-9]|SAMLRequest|id=["']?username|name=["']?pw["' >]|id=["']?Login["' >]|<title>\s*Login""", re.I
)
# Where a page sends its reader by itself or by a form: a script, a refresh, a form's action. A mere link is none.
_LEADS_TO = re.compile(
    rb"""(?:location(?:\.href)?\s*=|location\.(?:replace|assign)\(|handleRedirect\("""
    rb"""|http-equiv=["']?refresh\b[^>]{0,200}?url=|<form\b[^>]{0,300}?action=)\s*["']?([^"'<>\s)]{1,2000})""",
    re.I,
)
_PERMISSION = re.compile(rb"Insufficient Privileges|You do not have (the level of )?access", re.I)
_NOT_AVAILABLE = re.compile(rb"Data Not Available|data you were trying to access could not be found", re.I)
_NOT_FOUND = re.compile(rb"URL No Longer Exists|URL that no longer exists|record you're trying to access", re.I)
_CLOUD_PROXY = re.compile(rb"\.mcas\.ms\b", re.I)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.I | re.S)

_LOGIN_PATHS_IN_PAGES = (b"/secur/login", b"/services/auth/sso")  # other sites have a /login too
_LOGIN_PATHS = ("/login", "/services/auth/sso", "/secur/login", "/saml/", "/idp/", "/sso")


def not_found() -> ReportError:
    """The report is gone, or never was."""
    return ReportError(
        "this report does not exist", reason="not-found", remedy="check the id in the list; was the report deleted?"
    )


def no_permission() -> ReportError:
    """The user may not see or not export this report."""
    return ReportError(
        "no permission for this report",
        reason="no-permission",
        remedy="ask its owner to share the folder, or an administrator for the Export Reports permission",
    )


def session_ended() -> AuthError:
    """The cookie no longer opens the org."""
    return AuthError("the session has ended", remedy="run `sfr login`")


def verification_wanted() -> ReportError:
    """A policy of the org wants a person to confirm who they are."""
    return ReportError(
        "the org wants your identity verified before it exports this report",
        reason="verification",
        remedy="open the report in the browser, confirm who you are, then run again with --failed",
    )


def not_available() -> TransientError:
    """Ambiguous by nature: the report was deleted, or the org is busy. Three tries tell them apart well enough."""
    return TransientError(
        "Data Not Available: deleted, no access, or the org is busy",
        reason="not-available",
        max_attempts=3,
        remedy="open the report in the browser to see whether it still exists",
    )


def cloud_proxy() -> InvalidReport:
    """Microsoft Defender for Cloud Apps stands in between: it sends a browser to the org's twin under .mcas.ms."""
    return InvalidReport(
        "the company's cloud proxy (….mcas.ms) answered instead of the org",
        reason="cloud-proxy",
        max_attempts=2,
        remedy="SFDC_DOMAIN must be the My Domain host without .mcas.ms; if it is, ask the administrators of Microsoft "
        "Defender for Cloud Apps to let this computer reach that host directly",
    )


def by_status(status: int, headers: Mapping[str, str], body: bytes) -> SfrError:
    """What an answer with a status other than 200 and 3xx means; `body` is its beginning."""
    page = by_page(body) if body.lstrip()[:1] == b"<" else None
    if page is not None and page.reason not in ("web-page", "session"):
        return page
    if status in (429, 503):
        return asked_to_pause(f"the server asked for a pause ({status})", headers)
    if status in (404, 410):
        return not_found()
    if status in (401, 403):
        return _refused(status, body, page)
    if status == 407:
        return TransientError("the proxy wants a login (407)", reason="proxy", max_attempts=3)
    if status in (408, 425) or status >= 500:
        return TransientError(f"the server failed ({status})", reason=f"http-{status}")
    return ReportError(f"the server refused the request ({status})", reason=f"http-{status}")


def _refused(status: int, body: bytes, page: SfrError | None) -> SfrError:
    if b"LIMIT_EXCEEDED" in body or b"reports synchronously every" in body or b"requests at a time" in body:
        return TransientError(f"a limit of the org is reached ({status})", reason="throttled", slow_down=True)
    if status == 401 or b"INVALID_SESSION_ID" in body or (page is not None and page.reason == "session"):
        return session_ended()
    return no_permission()


def by_page(body: bytes) -> SfrError:
    """What a web page means that came where a report should be; `body` is its beginning."""
    if _VERIFICATION.search(body):
        return verification_wanted()
    if _PERMISSION.search(body):
        return no_permission()
    if _NOT_AVAILABLE.search(body):
        return not_available()
    if _NOT_FOUND.search(body):
        return not_found()
    if _LOGIN_PAGE.search(body) or any(_leads_to_login(found.group(1)) for found in _LEADS_TO.finditer(body)):
        return session_ended()
    if _CLOUD_PROXY.search(body):
        return cloud_proxy()
    found = _TITLE.search(body)
    title = " ".join(found.group(1).decode("utf-8", "replace").split())[:80] if found else "without a title"
    return InvalidReport(
        f"a web page came instead of the report ({title})",
        reason="web-page",
        max_attempts=2,
        remedy="open the report in the browser; a company network may want a login of its own",
    )


def _leads_to_login(target: bytes) -> bool:
    try:
        path = urlsplit(target).path
    except ValueError:
        return False
    return _LOGIN_TARGET.search(target) is not None or path.lower().startswith(_LOGIN_PATHS_IN_PAGES)


def by_message(body: bytes) -> SfrError:
    """What a JSON message means that came with status 200 where a report should be."""
    if b"INVALID_SESSION_ID" in body:
        return session_ended()
    if b"LIMIT_EXCEEDED" in body or b"SERVER_UNAVAILABLE" in body:
        return TransientError("a limit of the org is reached", reason="throttled", slow_down=True)
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return InvalidReport(f"a message came instead of the report: {text}", reason="json", max_attempts=2)


def redirect_target(here: str, location: str) -> str:
    """Where a redirect leads, if it may be followed: the same host only, since no other may see the cookie.

    Raises AuthError for a way to a login, ReportError for an identity verification or a cloud proxy, TransientError
    for another host.
    """
    try:
        target = urljoin(here, location)
        there, now = urlsplit(target), urlsplit(here)
    except ValueError:
        raise TransientError("the server sent us to no address", reason="no-address", max_attempts=3) from None
    if _VERIFICATION.search(target.encode()):
        raise verification_wanted()
    if _LOGIN_TARGET.search(target.encode()) or there.path.lower().startswith(_LOGIN_PATHS):
        raise session_ended()
    if _origin(there) == _origin(now):
        return target
    if _CLOUD_PROXY.search(there.netloc.encode()):
        raise cloud_proxy()
    raise TransientError(
        f"the server sent us to another host: {there.netloc}",
        reason="redirect",
        max_attempts=3,
        remedy="SFDC_DOMAIN must be the org's My Domain host (….my.salesforce.com)",
    )


def _origin(address: SplitResult) -> tuple[str, str]:
    """Scheme and host with its port. An address with a user name has an origin of its own."""
    default = {"https": ":443", "http": ":80"}.get(address.scheme, "")
    return address.scheme, address.netloc.lower().removesuffix(default)
