from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.demo import pages
from sfr.errors import SfrError
from sfr.sources.salesforce import classify

ORIGIN = "https://acme.my.salesforce.com"
ADDRESS = f"{ORIGIN}/00O5g000000abcD?export=1"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_location_is_an_error_of_ours(location: str) -> None:
    try:
        target = classify.redirect_target(ADDRESS, location)
    except SfrError:
        return
    assert target.startswith(ORIGIN)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/somewhere", ""),
        (f"{ORIGIN}:443/somewhere", ""),
        ("HTTPS://ACME.my.salesforce.com/x", ""),
        ("http://acme.my.salesforce.com/x", "redirect"),
        ("https://acme.my.salesforce.com:8443/x", "redirect"),
        ("https://x@acme.my.salesforce.com/x", "redirect"),
        ("https://acme.my.salesforce.com.evil.example/x", "redirect"),
        ("https://acme.lightning.force.com/x", "redirect"),
        ("/?ec=302&startURL=%2F00O", "session"),
        ("https://login.salesforce.com/?ec=302", "session"),
        ("/services/auth/sso/Azure?startURL=%2F00O", "session"),
        ("https://login.example.com/saml2?SAMLRequest=abc", "session"),
        ("/_ui/identity/verification/policy/VerificationStartUi?retURL=%2F", "verification"),
        ("https://acme.my.salesforce.com.mcas.ms/aad_login", "cloud-proxy"),
    ],
)
def test_a_redirect_is_judged_by_where_it_leads(location: str, reason: str) -> None:
    found = ""
    try:
        classify.redirect_target(ADDRESS, location)
    except SfrError as error:
        found = error.reason
    assert found == reason


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (pages.script_redirect(f"{ORIGIN}/?ec=302&startURL=%2F00O"), "session"),
        (pages.old_script_redirect("https://login.salesforce.com/?ec=302&startURL=%2F00O"), "session"),
        (pages.login("/", "/"), "session"),
        (pages.saml_form("/idp"), "session"),
        (pages.verification(), "verification"),
        (pages.insufficient_privileges(), "no-permission"),
        (pages.data_not_available(), "not-available"),
        (pages.not_found(), "not-found"),
        (pages.cloud_proxy(), "cloud-proxy"),
        (pages.captive_portal(), "web-page"),
        (pages.unexpected_error(), "web-page"),
        (pages.maintenance(), "web-page"),
        ("<html>", "web-page"),
    ],
)
def test_a_page_is_known_by_its_words(page: str, reason: str) -> None:
    assert classify.by_page(page.encode()).reason == reason


LOGIN_HOST = "https://login.salesforce.com/"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (f'<html><p>Down. See <a href="{LOGIN_HOST}">login.salesforce.com</a></p></html>', "web-page"),
        ('<html>Blocked: test.salesforce.com <form action="/accept"></form></html>', "web-page"),
        ('<html><script>var home = "https://login.salesforce.com";</script></html>', "web-page"),
        ('<html><a href="/services/auth/sso/Azure">by company</a></html>', "web-page"),
        (f'<html><script>window.location.replace("{LOGIN_HOST}")</script></html>', "session"),
        (f"<html><script>top.location='{LOGIN_HOST}'</script></html>", "session"),
        (f'<html><meta http-equiv="Refresh" content="0; URL={LOGIN_HOST}"></html>', "session"),
        ('<html><script>location.href = "/services/auth/sso/Azure"</script></html>', "session"),
        ('<html><script>location.href = "/secur/login_portal.jsp"</script></html>', "session"),
        (f'<html><form method="post" action="{LOGIN_HOST}"></form></html>', "session"),
    ],
)
def test_a_page_that_only_mentions_a_login_is_no_login(page: str, reason: str) -> None:
    assert classify.by_page(page.encode()).reason == reason


def test_a_large_page_is_searched_in_one_pass() -> None:
    """Ways to begin that never end: a careless pattern would take minutes here."""
    begun = (b"<form ", b'<meta http-equiv="refresh" ', b"location.href = ", b"handleRedirect(")
    for text in begun:
        assert classify.by_page(b"<html>" + text * (classify.PAGE_LIMIT_BYTES // len(text))).reason == "web-page"


def test_the_cloud_proxy_has_a_remedy_of_its_own() -> None:
    error = classify.by_page(pages.cloud_proxy().encode())
    assert "SFDC_DOMAIN" in error.remedy
    assert "administrators" in error.remedy


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, pages.two_credentials(), "http-400"),
        (401, "", "session"),
        (403, pages.login("/", "/"), "session"),
        (403, pages.rest_error("INVALID_SESSION_ID", "Session expired or invalid"), "session"),
        (403, pages.rest_error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), "throttled"),
        (403, "You can't run more than 500 reports synchronously every 60 minutes. Try again later.", "throttled"),
        (403, "<html>blocked</html>", "no-permission"),
        (404, pages.not_found(), "not-found"),
        (404, pages.data_not_available(), "not-available"),
        (407, "", "proxy"),
        (408, "", "http-408"),
        (410, "", "not-found"),
        (425, "", "http-425"),
        (429, "", "throttled"),
        (500, pages.unexpected_error(), "http-500"),
        (500, pages.data_not_available(), "not-available"),
        (500, pages.login("/", "/"), "http-500"),
        (503, pages.maintenance(), "throttled"),
        (503, pages.rest_error("SERVER_UNAVAILABLE", "Down"), "throttled"),
        (504, pages.gateway(504, "Gateway Timeout"), "http-504"),
        (204, "", "http-204"),
    ],
)
def test_a_status_is_judged_together_with_its_page(status: int, body: str, reason: str) -> None:
    assert classify.by_status(status, {}, body.encode()).reason == reason


@given(st.integers(100, 599), st.binary(max_size=60))
def test_every_answer_has_a_meaning(status: int, body: bytes) -> None:
    error = classify.by_status(status, {"Retry-After": "soon"}, body)
    assert error.reason
    assert error.message
    assert classify.by_page(body).reason
    assert classify.by_message(body).reason
