"""Getting into a Metabase: keys, sessions that are kept, logins that are counted, and what is said when it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from sfr.connector import Asker, Door
from sfr.errors import AuthError, ConfigError, SfrError, TransientError
from sfr.sources.metabase.config import MetabaseConfig
from sfr.sources.metabase.source import Metabase as Source
from tests.metabase_client import config_at, fetch, source_at
from tests.servers.metabase import KEY, PASSWORD, USER, Card, Metabase, Refused


@pytest.fixture
def server() -> Iterator[Metabase]:
    with Metabase(cards=[Card("Orders")]) as running:
        yield running


class Nobody:
    interactive = False

    def say(self, text: str) -> None: ...
    def hidden(self, prompt: str) -> str:
        raise AssertionError(prompt)


class Person(Nobody):
    interactive = True

    def hidden(self, prompt: str) -> str:
        return PASSWORD


class Drawer:
    """Where a value is kept between runs."""

    def __init__(self, value: str = "") -> None:
        self.value = value

    def door(self, dead: str = "", asker: Asker | None = None) -> Door:
        return Door(dead, asker or Nobody(), kept=lambda: self.value, keep=self.put)

    def put(self, value: str) -> None:
        self.value = value


def by_password(server: Metabase, **settings: object) -> MetabaseConfig:
    return config_at(server, **{"api_key": None, "username": USER, "password": PASSWORD, **settings})


def refused(server: Metabase, config: MetabaseConfig, door: Door | None = None) -> SfrError:
    with pytest.raises(SfrError) as caught:
        Source.sign_in(config, door or Drawer().door())
    return caught.value


def test_an_api_key_is_tried_and_used_without_any_login(server: Metabase) -> None:
    assert Source.sign_in(config_at(server), Drawer().door()) == KEY
    fetch(server, session=KEY)
    assert server.logins == 0
    assert server.exports()[-1].headers["x-api-key"] == KEY
    assert "x-metabase-session" not in server.exports()[-1].headers


def test_a_key_that_was_called_dead_but_lives_is_given_back(server: Metabase) -> None:
    assert Source.sign_in(config_at(server), Drawer().door(dead=KEY)) == KEY


def test_a_wrong_key_names_its_setting(server: Metabase) -> None:
    error = refused(server, config_at(server, api_key="mb_wrong_key"))
    assert isinstance(error, AuthError)
    assert "api_key" in error.message


def test_a_login_is_kept_and_the_next_run_does_without(server: Metabase) -> None:
    drawer = Drawer()
    first = Source.sign_in(by_password(server), drawer.door())
    assert drawer.value == first
    assert [Source.sign_in(by_password(server), drawer.door()) for _ in range(20)] == [first] * 20
    assert server.logins == 1
    fetch(server, source=source_at(server, first, api_key=None))
    assert server.exports()[-1].headers["x-metabase-session"] == first


def test_a_kept_session_that_died_is_replaced_by_one_login(server: Metabase) -> None:
    drawer = Drawer("11111111-2222-3333-4444-555555555555")
    assert Source.sign_in(by_password(server), drawer.door()) == drawer.value
    assert server.logins == 1


def test_a_kept_session_that_died_is_forgotten_even_when_the_login_is_throttled(server: Metabase) -> None:
    drawer, server.logins_allowed = Drawer("11111111-2222-3333-4444-555555555555"), 0
    assert isinstance(refused(server, by_password(server), drawer.door()), TransientError)
    assert drawer.value == ""


def test_a_session_called_dead_is_not_tried_again(server: Metabase) -> None:
    drawer = Drawer()
    dead = Source.sign_in(by_password(server), drawer.door())
    before = len(server.asked)
    assert Source.sign_in(by_password(server), drawer.door(dead)) != dead
    assert server.paths()[before:] == ["/api/session"]


@pytest.mark.parametrize("status", [401, 400, 429])
def test_a_throttled_login_waits_as_long_as_asked_and_is_no_wrong_password(server: Metabase, status: int) -> None:
    server.logins_allowed, server.throttle_status = 0, status
    error = refused(server, by_password(server))
    assert isinstance(error, TransientError)
    assert (error.retry_after_seconds, error.slow_down, error.reason) == (47.0, True, "throttled")
    assert server.logins == 1


@pytest.mark.parametrize("status", [401, 400])
def test_a_wrong_password_says_which_settings_and_is_tried_once(server: Metabase, status: int) -> None:
    server.wrong_password_status = status
    error = refused(server, by_password(server, password="not it at all"))
    assert isinstance(error, AuthError)
    assert "password" in error.message
    assert USER in error.message
    assert "not it at all" not in error.message + error.remedy
    assert server.logins == 1


def test_a_disabled_account_is_called_that(server: Metabase) -> None:
    server.disabled.add(USER)
    assert "disabled" in refused(server, by_password(server)).message


def test_without_credentials_there_is_no_session_and_public_links_work(server: Metabase) -> None:
    nobody = config_at(server, api_key=None)
    assert Source.sign_in(nobody, Drawer().door()) == ""
    assert server.asked == []
    source = source_at(server, "", api_key=None)
    source.check()
    fetch(server, f"public/card:{server.cards[0].public_uuid}", source=source)
    with pytest.raises(AuthError, match="public links") as caught:
        fetch(server, source=source)
    assert "api_key" in caught.value.remedy


def test_a_person_may_type_the_password(server: Metabase) -> None:
    config = by_password(server, password=None)
    assert Source.sign_in(config, Drawer().door(asker=Person()))
    assert "setting password" in refused(server, config).message


def test_a_dead_session_is_an_auth_error_for_check_and_fetch(server: Metabase) -> None:
    source = source_at(server, "long gone")
    with pytest.raises(AuthError):
        source.check()
    with pytest.raises(AuthError):
        fetch(server, source=source)


def test_a_check_with_a_good_session_is_silent(server: Metabase) -> None:
    source_at(server).check()
    assert server.paths() == ["/api/user/current"]


@pytest.mark.parametrize(
    "answer",
    [
        Refused(404, "<html>nginx</html>"),
        Refused(200, "<html><title>Wiki</title>"),
        Refused(200, "[]"),
        Refused(301, "", Location="https://elsewhere.example.com/?token=abcdef"),
    ],
)
def test_an_address_that_is_no_metabase_is_a_wrong_setting(server: Metabase, answer: Refused) -> None:
    server.refusals = [answer]
    error = refused(server, config_at(server))
    assert isinstance(error, ConfigError)
    assert "url" in error.remedy
    assert "token" not in error.message


def test_a_server_that_starts_is_waited_for(server: Metabase) -> None:
    server.refusals = [Refused(503, {"status": "initializing"})]
    assert isinstance(refused(server, by_password(server)), TransientError)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "metabase.example.com"}, "no web address"),
        ({"url": "https://ada:secret@metabase.example.com"}, "no password"),
        ({"url": "https://m.example.com", "password": "x"}, "username"),
    ],
)
def test_settings_that_cannot_work_are_told_without_secrets(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        MetabaseConfig(**settings)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_an_address_is_tidied_and_may_have_a_path() -> None:
    assert MetabaseConfig(url=" https://BI.example.com/metabase/ ").url == "https://bi.example.com/metabase"


def test_no_secret_is_in_messages_logs_addresses_or_representations(
    server: Metabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    configs = [config_at(server, api_key="mb_wrong_key"), by_password(server, password="hunter22")]
    texts = [repr(config) for config in configs]
    for config in configs:
        error = refused(server, config)
        texts += [str(error), error.remedy, repr(error)]
    session = Source.sign_in(by_password(server), Drawer().door())
    source = source_at(server, session, api_key=None)
    fetch(server, source=source)
    together = " ".join([*texts, caplog.text, repr(source), *server.paths()])
    assert not [secret for secret in ("mb_wrong_key", "hunter22", session, KEY, PASSWORD) if secret in together]
