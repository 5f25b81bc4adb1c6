"""How a CAKE instance is opened: settings, keys, wrong logins; and that no secret is shown anywhere."""

from __future__ import annotations

import logging
import pickle
from contextlib import closing
from typing import Any

import pytest
from pydantic import ValidationError

from sfr.connector import Asker, Door, HavingOptions, Listing, Session, SigningIn, Tools
from sfr.errors import AuthError, ConfigError, ReportError, SfrError, TransientError
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.source import Cake as CakeSource
from tests.cake_exports import config, fetch, report, source
from tests.servers.cake import KEY, LOGIN, Cake
from tests.servers.cake_plays import Fault


class Nobody:
    interactive = False

    def say(self, text: str) -> None: ...
    def hidden(self, prompt: str) -> str:
        raise AssertionError(prompt)


NOBODY: Asker = Nobody()


def sign_in(server: Cake, dead: str = "", **fields: Any) -> str:
    return CakeSource.sign_in(config(server, **fields), Door(dead, NOBODY))


def by_login(password: str) -> dict[str, Any]:
    return {"api_key": None, "username": LOGIN[0], "password": password}


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_good_key_opens_after_one_cheap_question(answer: str) -> None:
    assert issubclass(CakeSource, SigningIn)
    with Cake() as server:
        assert sign_in(server, answer=answer) == KEY
        assert [asked.params["row_limit"] for asked in server.asked] in ([1], ["1"])
        assert server.asked[0].seconds == 60


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_login_is_exchanged_for_a_key_and_an_empty_key_is_a_wrong_login(answer: str) -> None:
    with Cake() as server:
        assert sign_in(server, answer=answer, **by_login(LOGIN[1])) == KEY
        with pytest.raises(AuthError, match="password is wrong") as caught:
            sign_in(server, answer=answer, **by_login("wr0ng-secret"))
        assert "wr0ng-secret" not in repr(caught.value) + caught.value.remedy


@pytest.mark.parametrize("fields", [{}, by_login(LOGIN[1])], ids=["key", "login"])
def test_a_key_that_has_died_is_not_given_out_again(fields: dict[str, Any]) -> None:
    with Cake() as server, pytest.raises(AuthError, match="no longer works"):
        sign_in(server, dead=KEY, **fields)


def test_a_wrong_key_is_noticed_at_sign_in_check_and_fetch() -> None:
    with Cake() as server:
        with pytest.raises(AuthError):
            sign_in(server, api_key="KEY-0ther")
        with closing(source(server, key="KEY-0ther")) as cake, pytest.raises(AuthError):
            cake.check()
        with pytest.raises(AuthError):
            fetch(server, report(), key="KEY-0ther")
        with closing(source(server)) as cake:
            cake.check()


def test_a_refusal_without_a_reason_can_only_mean_the_key_where_all_else_is_ours() -> None:
    with Cake(fault=lambda _asked: Fault(success=False)) as server:
        with closing(source(server)) as cake, pytest.raises(AuthError):
            cake.check()
        with pytest.raises(ReportError) as caught:
            fetch(server, report())
        assert "API key" in caught.value.remedy


def test_a_check_that_meets_wrong_settings_says_so() -> None:
    with Cake(fault=lambda _asked: Fault(status=404, body=b"<html></html>")) as server, closing(source(server)) as cake:
        with pytest.raises(ConfigError) as caught:
            cake.check()
        assert "VERSION" in caught.value.remedy
        assert sign_in(server) == KEY  # each report will tell by itself


def test_an_instance_that_fails_just_now_refuses_nobody() -> None:
    with Cake(fault=lambda _asked: Fault(status=502)) as server, pytest.raises(TransientError):
        sign_in(server)


def test_no_secret_is_in_settings_messages_logs_or_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = f"Invalid value near '{KEY}'"
    answers = [
        Fault(success=False, message=told),
        Fault(status=500, body=told.encode()),
        Fault(status=403, body=told.encode()),
        Fault(status=500, body=f"Missing parameter: {KEY}".encode()),
    ]
    shown = ""
    for fault in answers:
        with Cake(fault=lambda _asked, fault=fault: fault) as server:  # type: ignore[misc]
            with pytest.raises(SfrError) as caught:
                fetch(server, report())
            shown += repr(caught.value) + caught.value.remedy + repr(pickle.loads(pickle.dumps(caught.value)))
            shown += repr(config(server, password="pa55")) + repr(source(server)) + "".join(server.paths)
    assert KEY not in shown + caplog.text
    assert "pa55" not in shown
    assert "…" in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api_key": None}, "API_KEY"),
        ({"api_key": None, "username": "ada"}, "PASSWORD"),
        ({"url": "http://acme.cakemarketing.com"}, "https"),
        ({"url": "https://ada:pw@acme.cakemarketing.com"}, "admin domain"),
        ({"url": ""}, "admin domain"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"timezone": "../etc/passwd"}, "IANA"),
        ({"answer": "csv"}, "json"),
        ({"first_window_minutes": 5000}, "between the shortest and the longest"),
        ({"row_limit": 0}, "row_limit"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CakeConfig.model_validate({"url": "https://acme.cakemarketing.com", "api_key": KEY, **fields})


@pytest.mark.parametrize(
    "url", ["acme.cakemarketing.com", "https://acme.cakemarketing.com/", "https://acme.cakemarketing.com/api/18/x"]
)
def test_the_domain_may_be_written_in_any_way(url: str) -> None:
    assert CakeConfig(url=url, api_key=KEY).url == "https://acme.cakemarketing.com"  # type: ignore[arg-type,call-arg,unused-ignore]


def test_the_export_is_listed_and_everything_has_a_description() -> None:
    with Cake() as server, closing(source(server)) as cake:
        assert isinstance(cake, Listing)
        assert isinstance(cake, HavingOptions)
        assert [listed.ref for listed in cake.list_reports("CONV")] == ["event_conversions"]
        assert list(cake.list_reports("nothing like it")) == []
    assert all(field.description for field in CakeConfig.model_fields.values())
    assert Tools("cake", lambda: Session(KEY, 1)).name not in repr(Session(KEY, 1))
