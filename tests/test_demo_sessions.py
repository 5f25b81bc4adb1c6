"""Checks how the demo org opens, refuses and ends sessions."""

from __future__ import annotations

import re

import pytest
import requests

from sfr.demo import behaviours as b
from sfr.demo.login import log_in
from sfr.demo.org import DEMO_SID, DemoOrg
from tests.demo_client import ID, OTHER, TARGET, answer, get


@pytest.mark.parametrize("sid", [None, "", "00DOTHER0000001!AQ.other"])
def test_without_a_good_cookie_a_report_is_a_200_page_that_redirects_by_script(sid: str | None) -> None:
    with DemoOrg({ID: b.Csv()}) as org:
        response, body = get(org, sid=sid, authorization=f"Bearer {DEMO_SID}")
        assert org.count(ID) == 0
    assert response.status == 200
    assert response.getheader("Content-Type") == "text/html;charset=UTF-8"
    assert response.getheader("Cache-Control") == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert response.getheader("Content-Disposition") is None
    assert body.startswith(b"<!DOCTYPE HTML")
    assert f"handleRedirect('{org.url}/?ec=302&startURL=%2F{ID}%3Fisdtp%3Dp1%26export%3D1".encode() in body


def test_every_form_of_an_expired_session_leads_to_the_login_page() -> None:
    assert b"https://login.salesforce.com/?ec=302" in answer(b.SessionExpired("login-host"))[1]
    assert b"redirectOnLoad" not in answer(b.SessionExpired("old-script"))[1]
    assert b'id="Login"' in answer(b.SessionExpired("form"))[1]
    with DemoOrg({ID: b.SessionExpired("redirect")}) as org:
        response, body = get(org)
        assert (response.status, body) == (302, b"")
        location = response.getheader("Location") or ""
        assert location.startswith(f"{org.url}/?ec=302&startURL=%2F{ID}")
        page = get(org, location.removeprefix(org.url))[1].decode()
    for marker in ('id="username"', 'id="password"', 'name="pw"', 'id="Login"', "<title>Login | Salesforce</title>"):
        assert marker in page


def test_expire_refuses_the_old_session_and_admit_accepts_a_new_one() -> None:
    report = b.Csv(rows=2)
    with DemoOrg({ID: report}) as org:
        assert get(org)[1] == report.body()
        org.expire()
        assert b"ec=302" in get(org)[1]
        org.admit("new")
        assert b"ec=302" in get(org)[1]
        assert get(org, sid="new")[1] == report.body()
        assert org.count(ID) == 2


def test_all_sessions_die_after_the_agreed_number_of_answers_until_somebody_logs_in() -> None:
    with DemoOrg({ID: b.Csv(rows=1)}, expire_after_answers=2) as org:
        assert [b"ec=302" in get(org)[1] for _ in range(4)] == [False, False, True, True]
        fresh = log_in(org.url)
        assert [b"ec=302" in get(org, sid=fresh)[1] for _ in range(4)] == [False] * 4


def test_a_session_that_dies_during_a_report_is_dead_for_all_reports() -> None:
    with DemoOrg({ID: [b.SessionDies(0.01), b.Csv()], OTHER: b.Csv()}) as org:
        assert b"ec=302" in get(org)[1]
        assert b"ec=302" in get(org, f"/{OTHER}")[1]
        assert get(org, sid=log_in(org.url))[1] == b.Csv().body()


def test_the_root_sends_visitors_home_or_to_the_login_page() -> None:
    with DemoOrg({}) as org:
        assert get(org, "/")[0].getheader("Location") == f"{org.url}/lightning/page/home"
        assert get(org, "/", sid="bad")[0].getheader("Location") == f"{org.url}/?ec=302&startURL=%2F"
        assert b"Welcome" in get(org, "/home/home.jsp")[1]
        assert b"ec=302" in get(org, "/home/home.jsp", sid="bad")[1]
    with DemoOrg({}, root="script") as org:
        assert b"/lightning/page/home" in get(org, "/")[1]
        assert b"ec=302" in get(org, "/", sid="bad")[1]


def test_the_login_form_opens_a_session_with_a_cookie_that_scripts_cannot_read() -> None:
    with DemoOrg({ID: b.Csv()}, username="bo@example.com", password="right") as org:
        form = {"username": "bo@example.com", "pw": "right"}
        response = requests.post(f"{org.url}/", data=form, allow_redirects=False, timeout=10)
        assert response.status_code == 302
        assert response.headers["Location"] == f"{org.url}/home/home.jsp"
        assert re.search(r"sid=00D\w{12}!\S+; path=/; HttpOnly", response.headers["Set-Cookie"])
        assert get(org, sid=response.cookies["sid"])[1] == b.Csv().body()
        form["pw"] = "wrong"
        response = requests.post(f"{org.url}/login", data=form, allow_redirects=False, timeout=10)
        assert response.status_code == 200
        assert "check your username and password" in response.text
        assert "sid" not in response.cookies
        assert log_in(org.url) == ""


def test_the_login_page_may_set_a_session_cookie_that_opens_nothing() -> None:
    with DemoOrg({ID: b.Csv()}, early_sid="00DDEMO00000001!early") as org:
        early = requests.get(f"{org.url}/login", timeout=10).cookies["sid"]
        assert early == "00DDEMO00000001!early"
        assert b"ec=302" in get(org, sid=early)[1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_front_door_trades_a_known_token_for_a_session(method: str) -> None:
    with DemoOrg({ID: b.Csv()}, tokens={"cli-token": "00DDEMO00000001!traded"}) as org:
        fields = {"sid": "cli-token", "retURL": TARGET}
        place = {"params" if method == "GET" else "data": fields}
        url = f"{org.url}/secur/frontdoor.jsp"
        response = requests.request(method, url, allow_redirects=False, timeout=10, **place)  # type: ignore[arg-type]
        assert response.status_code == 302
        assert response.headers["Location"] == org.url + TARGET
        assert get(org, sid=response.cookies["sid"])[1] == b.Csv().body()
        fields["sid"] = "unknown"
        response = requests.request(method, url, allow_redirects=False, timeout=10, **place)  # type: ignore[arg-type]
        assert response.status_code == 200
        assert 'id="username"' in response.text


def test_rest_answers_by_bearer_and_may_be_closed_while_the_export_works() -> None:
    limits, person = "/services/data/v65.0/limits", "/services/oauth2/userinfo"
    good, bad = {"authorization": f"Bearer {DEMO_SID}"}, {"authorization": "Bearer nonsense"}
    with DemoOrg({ID: b.Csv()}) as org:
        assert b'"version"' in get(org, "/services/data/", sid=None)[1]
        response, body = get(org, limits, sid=None, **good)
        assert (response.status, response.getheader("Sforce-Limit-Info")) == (200, "api-usage=1/15000")
        response, body = get(org, limits, **bad)
        assert response.status == 401
        assert body == b'[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]'
        assert get(org, limits)[0].status == 401
        assert get(org, person, **good)[0].status == 200
        response, body = get(org, person, **bad)
        assert (response.status, body) == (403, b"Bad_OAuth_Token")
    with DemoOrg({ID: b.Csv()}, rest="closed") as org:
        response, body = get(org, limits, **good)
        assert response.status == 401
        assert b"This session is not valid for use with the REST API" in body
        assert b"Session expired or invalid" in get(org, limits, **bad)[1]
        assert get(org)[1] == b.Csv().body()


def test_rest_has_the_words_of_quota_and_maintenance() -> None:
    good = {"authorization": f"Bearer {DEMO_SID}"}
    with DemoOrg({}, rest="quota") as org:
        response, body = get(org, "/services/data/v65.0/limits", **good)
        assert (response.status, b"REQUEST_LIMIT_EXCEEDED" in body) == (403, True)
    with DemoOrg({}, rest="maintenance") as org:
        response, body = get(org, "/services/data/v65.0/", **good)
        assert (response.status, b"SERVER_UNAVAILABLE" in body) == (503, True)
