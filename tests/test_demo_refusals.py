"""Checks the pages and redirects that the demo org sends instead of a report."""

from __future__ import annotations

import contextlib
import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from sfr.demo import behaviours as b
from sfr.demo.org import DEMO_SID, DemoOrg
from tests.demo_client import ID, TARGET, answer, get, raw, until


def test_single_sign_on_leads_through_the_org_to_a_page_of_the_provider() -> None:
    with DemoOrg({}) as provider, DemoOrg({ID: b.SsoBounce(provider.url)}) as org:
        first = get(org)[0].getheader("Location") or ""
        assert first.startswith(f"{org.url}/services/auth/sso/")
        second = get(org, first.removeprefix(org.url))[0].getheader("Location") or ""
        assert second.startswith(f"{provider.url}/idp/")
        assert b'name="SAMLRequest"' in get(provider, second.removeprefix(provider.url), sid=None)[1]
        assert [request.sid for request in provider.requests] == [""]


@pytest.mark.parametrize("how", ["pair", "self"])
def test_a_redirect_loop_sets_a_cookie_each_time_and_never_ends(how: str) -> None:
    with DemoOrg({ID: b.RedirectLoop(how)}) as org, requests.Session() as session:  # type: ignore[arg-type]
        session.max_redirects = 8
        with pytest.raises(requests.TooManyRedirects):
            session.get(org.url + TARGET, cookies={"sid": DEMO_SID}, timeout=10)
        assert session.cookies["clientSrc"] == "127.0.0.1"
        paths = {request.path for request in org.requests}
        assert paths == ({f"/{ID}"} if how == "self" else {f"/{ID}", "/secur/contentDoor"})


def test_the_wrong_host_sends_to_the_right_one_where_its_session_is_unknown() -> None:
    with DemoOrg({ID: b.Csv()}, sids=["right"]) as right, DemoOrg({ID: b.WrongHost(right.url)}, sids=["left"]) as left:
        assert get(left, sid="left")[0].getheader("Location") == right.url + TARGET
        assert b"ec=302" in get(right, sid="left")[1]


def test_identity_verification_comes_as_redirect_or_script() -> None:
    assert b"VerificationStartUi" in answer(b.IdentityVerification("script"))[1]
    with DemoOrg({ID: b.IdentityVerification()}) as org:
        location = get(org)[0].getheader("Location") or ""
        assert location.startswith(f"{org.url}/_ui/identity/verification/policy/VerificationStartUi?")
        assert b"Verify Your Identity" in get(org, location.removeprefix(org.url))[1]


@pytest.mark.parametrize(
    ("behaviour", "status", "marker"),
    [
        (b.NotFound(), 404, b"URL No Longer Exists</span></td></tr>"),
        (b.NotFound(), 404, b"You have attempted to reach a URL that no longer exists on salesforce.com."),
        (b.DataNotAvailable(), 500, b'<div id="errorTitle">Data Not Available</div>'),
        (b.DataNotAvailable(404), 404, b"The data you were trying to access could not be found."),
        (b.DataNotAvailable(200), 200, b'<div id="errorDesc">'),
        (b.NoPermission(), 200, b"Insufficient Privileges"),
        (b.NoPermission(403), 403, b"You do not have the level of access necessary"),
        (b.ReportTimeout(0.01), 500, b"An unexpected error occurred"),
        (b.GatewayError(502), 502, b"502 Bad Gateway"),
        (b.GatewayError(504), 504, b"504 Gateway Timeout"),
        (b.JsonError(), 403, b"REQUEST_LIMIT_EXCEEDED"),
        (b.JsonError(200, "SERVER_UNAVAILABLE", "busy"), 200, b'[{"message": "busy"'),
        (b.MiddleBox(), 200, b"Guest network"),
        (b.MiddleBox("cloud-proxy"), 200, b".mcas.ms"),
        (b.ProxyAuthentication(), 407, b"407"),
        (b.TwoCredentials(), 200, b'"Account ID"'),
    ],
)
def test_a_refusal_has_its_status_and_its_words(behaviour: b.Behaviour, status: int, marker: bytes) -> None:
    response, body = answer(behaviour)
    assert response.status == status
    assert marker in body


def test_an_unknown_report_is_not_found_with_a_page_of_two_kilobytes() -> None:
    with DemoOrg({}) as org:
        response, body = get(org)
    assert response.status == 404
    assert 1500 < len(body) < 2600


def test_what_stands_before_the_org_answers_without_a_session_and_without_its_headers() -> None:
    with DemoOrg({ID: b.MiddleBox()}) as org:
        response, body = get(org, sid=None)
    assert b"Guest network" in body
    assert response.getheader("Server") is None


def test_maintenance_says_when_to_come_back_in_seconds_as_a_date_or_not() -> None:
    assert answer(b.Maintenance(7))[0].getheader("Retry-After") == "7"
    assert answer(b.Maintenance(form="none"))[0].getheader("Retry-After") is None
    response = answer(b.Maintenance(100, "date"))[0]
    assert response.status == 503
    moment = parsedate_to_datetime(response.getheader("Retry-After") or "").timestamp()
    assert 60 < moment - time.time() <= 101


def test_short_answers_look_like_reports() -> None:
    for content in (b"", b'"A"\n'):
        response, body = answer(b.ShortAnswer(content))
        assert (response.status, body) == (200, content)
        assert response.getheader("Content-Type") == "text/csv; charset=UTF-8"


def test_two_credentials_in_one_request_are_a_bad_request() -> None:
    response, body = answer(b.TwoCredentials(), authorization="Bearer x")
    assert response.status == 400
    assert b"<html>" in body


def test_a_session_bound_to_an_address_looks_expired_elsewhere() -> None:
    lock = b.IpLock("10.0.0.1")
    assert answer(lock, x_forwarded_for="10.0.0.1")[1] == b.Csv().body()
    assert b"ec=302" in answer(lock, x_forwarded_for="10.0.0.2")[1]


def test_a_throttle_refuses_only_what_is_above_its_number() -> None:
    ids = [f"00O5g0000000{number:03d}" for number in range(4)]
    plan = dict.fromkeys(ids, b.Throttle(3, 429, 1, b.NoAnswer()))
    with DemoOrg(plan) as org, contextlib.ExitStack() as stack:
        for report_id in ids[:3]:
            stack.enter_context(raw(org, f"/{report_id}"))
        until(lambda: sum(org.count(report_id) for report_id in ids) == 3)
        response = get(org, f"/{ids[3]}")[0]
        assert (response.status, response.getheader("Retry-After")) == (429, "1")


def test_a_throttle_never_counts_an_answer_that_the_client_has_whole() -> None:
    with DemoOrg({ID: b.Throttle(1, then=b.Csv(rows=3))}) as org:
        responses = [get(org)[0] for _ in range(50)]
    assert {response.status for response in responses} == {200}
    response, _ = answer(b.Throttle(0))
    assert (response.status, response.getheader("Retry-After")) == (503, None)


def test_attempts_follow_the_plan_and_the_last_one_repeats() -> None:
    with DemoOrg({ID + "EAA": [b.Maintenance(), b.NoPermission(403), b.Csv()]}) as org:
        assert [get(org)[0].status for _ in range(4)] == [503, 403, 200, 200]
        assert org.count(ID) == org.count(ID + "EAA") == 4
