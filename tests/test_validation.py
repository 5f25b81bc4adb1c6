from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from sfr.demo import pages
from sfr.demo.org import DEMO_SID, DemoOrg
from sfr.errors import TransientError
from sfr.sources.salesforce.session.values import Verdict
from sfr.sources.salesforce.validation import LIMITS_PATH, validate
from tests.wire import Wire, field, response

DEAD_SID = DEMO_SID + "_dead"
HTML = "Content-Type: text/html;charset=UTF-8"
LIMITS = response(json.dumps({"DailyApiRequests": {"Max": 15000}}).encode())
EXPIRED = response(pages.rest_error("INVALID_SESSION_ID", "Session expired or invalid").encode(), status="401 No")
CLOSED = response(
    pages.rest_error("INVALID_SESSION_ID", "This session is not valid for use with the REST API").encode(),
    status="401 Unauthorized",
)
UNKNOWN = response(pages.captive_portal().encode(), HTML)


def page(text: str, status: str = "200 OK") -> bytes:
    return response(text.encode(), HTML, status=status)


def redirect(target: str) -> bytes:
    return response(b"", f"Location: {target}", status="302 Found")


@pytest.mark.parametrize("rest", ["open", "closed", "quota", "maintenance"])
@pytest.mark.parametrize("root", ["redirect", "script"])
def test_a_good_session_is_valid_and_a_dead_one_is_not_whatever_the_api_says(
    rest: Literal["open", "closed", "quota", "maintenance"], root: Literal["redirect", "script"]
) -> None:
    with DemoOrg({}, rest=rest, root=root) as org:
        assert validate(org.url, DEMO_SID) is Verdict.VALID
        assert validate(org.url, DEAD_SID) is Verdict.INVALID
        assert not [request for request in org.requests if request.path != "/"]
        assert org.requests[0].sid == DEMO_SID


@pytest.mark.parametrize(
    "home",
    [
        redirect("/lightning/page/home"),
        redirect("https://acme.lightning.force.com/lightning/page/home"),
        redirect("/home/home.jsp?login=recent"),
        redirect("/one/one.app"),
        redirect("/_ui/identity/verification/policy/VerificationStartUi?retURL=%2F"),
        page(pages.script_redirect("https://acme.lightning.force.com/one/one.app")),
        page(pages.old_script_redirect("/lightning/page/home")),
    ],
)
def test_a_way_into_the_org_makes_a_session_valid_without_the_api(home: bytes) -> None:
    with Wire(home, EXPIRED) as wire:
        assert validate(wire.url, DEMO_SID) is Verdict.VALID
        assert len(wire.heads) == 1


@pytest.mark.parametrize(
    "home",
    [
        redirect("/?ec=302&startURL=%2F"),
        redirect("https://login.salesforce.com/"),
        redirect("/services/auth/sso/Azure?startURL=%2F"),
        redirect("https://login.microsoftonline.com/x/saml2?SAMLRequest=abc"),
        page(pages.script_redirect("https://acme.my.salesforce.com/?ec=302&startURL=%2F")),
        page(pages.old_script_redirect("https://login.salesforce.com/?ec=302")),
        page(pages.login("/", "/")),
        page(pages.saml_form("https://login.example.com/")),
        page(pages.rest_error("INVALID_SESSION_ID", "Session expired or invalid"), "401 Unauthorized"),
    ],
)
def test_a_way_to_the_login_makes_a_session_invalid_without_the_api(home: bytes) -> None:
    with Wire(home, LIMITS) as wire:
        assert validate(wire.url, DEMO_SID) is Verdict.INVALID
        assert len(wire.heads) == 1


UNCLEAR = [
    UNKNOWN,
    page(pages.home()),
    page('<a href="https://login.salesforce.com/">Log in to another org</a>'),
    page('<script>window.location.href="https://acme.my.salesforce.com.mcas.ms/aad_login";</script>'),
    page("blocked", "403 Forbidden"),
    page("<html>Who are you?</html>", "401 Unauthorized"),
    page(pages.not_found(), "404 Not Found"),
    page("", "200 OK"),
    redirect("http://portal.example/home/welcome"),
    redirect("https://portal.example/lightning/"),
    redirect("/a0B/o"),
    redirect("http://["),
    redirect("https://acme.my.salesforce.com.mcas.ms/"),
]


@pytest.mark.parametrize("home", UNCLEAR)
@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        (LIMITS, Verdict.VALID),
        (EXPIRED, Verdict.INVALID),
        (CLOSED, Verdict.UNSURE),
        (UNKNOWN, Verdict.UNSURE),
        (response(pages.rest_error("REQUEST_LIMIT_EXCEEDED", "Limit").encode(), status="403 No"), Verdict.UNSURE),
        (redirect("/?ec=302"), Verdict.UNSURE),
    ],
)
def test_where_the_home_page_tells_nothing_the_api_may_know(home: bytes, limits: bytes, verdict: Verdict) -> None:
    with Wire(home, limits) as wire:
        assert validate(wire.url, DEMO_SID) is verdict
    asked_home, asked_limits = wire.heads
    assert field(asked_home, "Cookie") == f"sid={DEMO_SID}"
    assert field(asked_home, "Authorization") == ""
    assert asked_limits.startswith(f"GET {LIMITS_PATH} ")
    assert field(asked_limits, "Cookie") == "", "a request with two credentials is refused"
    assert field(asked_limits, "Authorization") == f"Bearer {DEMO_SID}"


@pytest.mark.parametrize(
    "step",
    [
        page(pages.maintenance(), "503 Service Unavailable"),
        page("", "429 Too Many Requests"),
        page(pages.unexpected_error(), "500 Error"),
        page(pages.gateway(502, "Bad Gateway"), "502 Bad Gateway"),
        page("", "407 Proxy Authentication Required"),
        (b"", lambda connection: connection.close()),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", lambda connection: connection.close()),
    ],
    ids=["maintenance", "throttled", "error", "gateway", "proxy login", "no answer", "cut"],
)
def test_an_org_that_cannot_answer_says_nothing_about_the_session(step: Any) -> None:
    with Wire(step) as wire, pytest.raises(TransientError):
        validate(wire.url, DEMO_SID)


def test_an_org_that_cannot_be_reached_says_nothing_about_the_session() -> None:
    with DemoOrg({}) as org:
        url = org.url
    with pytest.raises(TransientError):
        validate(url, DEMO_SID)
