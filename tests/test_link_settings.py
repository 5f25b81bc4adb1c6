from __future__ import annotations

import logging
import pickle
from base64 import b64encode
from contextlib import closing
from typing import Any

import pytest
from pydantic import ValidationError

from sfr.errors import AuthError, ConfigError, TransientError
from sfr.redaction import redact
from sfr.sources.link.config import LinkConfig
from sfr.sources.link.options import LinkOptions
from tests.links import CSV, LOGIN_PAGE, failure, fetch, link, report
from tests.servers.files import FileServer, Reply

HOME = "https://h.example/"
SECRET = "s3cret-value-91"


@pytest.mark.parametrize("model", [LinkConfig, LinkOptions])
def test_every_setting_is_described_and_has_a_default(model: Any) -> None:
    model()
    assert all(found.description for found in model.model_fields.values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "h.example"}, "must begin with https"), ({"url": "ftp://h/"}, "must begin with https"),
        ({"url": f"https://u:{SECRET}@h/"}, "username and password"), ({"url": "https://h/?a=b"}, "under params"),
        ({"url": "https://h:x/"}, "ort"), ({"url": "https://"}, "must begin"), ({"method": "PUT"}, "GET"),
        ({"username": "u", "password": SECRET}, "need a url"), ({"bearer_token": SECRET}, "need a url"),
        ({"headers": {"X-Key": SECRET}}, "need a url"), ({"url": HOME, "password": SECRET}, "without a username"),
        ({"url": HOME, "username": "u", "bearer_token": SECRET}, "only one"),
        ({"url": HOME, "username": "a:b", "password": SECRET}, "colon"),
        ({"url": HOME, "username": "u", "headers": {"authorization": SECRET}}, "leave one out"),
        ({"url": HOME, "headers": "X-Key: " + SECRET}, "as JSON"), ({"url": HOME, "headers": "[]"}, "as JSON"),
        ({"url": HOME, "headers": '{"X-Key": 1}'}, "as JSON"),
        ({"url": HOME, "headers": {"X Key": SECRET}}, "no name of a header"),
        ({"url": HOME, "headers": {"X-Key": SECRET + "\nX: y"}}, "no header may have"),
        ({"url": HOME, "headers": {"Host": SECRET}}, "sfr itself"),
        ({"url": HOME, "bearer_token": SECRET + "\n"}, "no header may have"), ({"connect_seconds": 0}, "greater"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_without_their_secrets(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LinkConfig.model_validate(settings)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "DELETE"}, "GET"), ({"payload": 1, "form": {}}, "exclude"), ({"method": "GET", "body": ""}, "POST"),
        ({"charset": "latin-99"}, "no known encoding"), ({"charset": "base64"}, "no known encoding"),
        ({"charset": "a\0"}, "no known encoding"), ({"member": "a", "unpack": "no"}, "unpack"),
        ({"headers": {"Authorization": SECRET}}, "settings"), ({"headers": {"X-Api-Key": SECRET}}, "settings"),
        ({"headers": {"Cookie": SECRET}}, "settings"), ({"headers": {"X-Auth-Token": SECRET}}, "settings"),
        ({"headers": {"Range": "bytes=0-"}}, "sfr itself"), ({"headers": {"X": "a\rb"}}, "no header may have"),
        ({"hedaers": {}}, "hedaers"), ({"format": "pdf"}, "csv"),
    ],
)  # fmt: skip
def test_wrong_options_are_told_before_anything_is_asked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LinkOptions.model_validate(options)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"username": "ü", "password": SECRET}, "Authorization", f"Basic {b64encode(f'ü:{SECRET}'.encode()).decode()}"),
        ({"username": "u"}, "Authorization", f"Basic {b64encode(b'u:').decode()}"),
        ({"bearer_token": SECRET}, "Authorization", f"Bearer {SECRET}"),
        ({"headers": f'{{"X-Key": "{SECRET}"}}'}, "X-Key", SECRET),
        ({"headers": {"Cookie": f"sid={SECRET}"}}, "Cookie", f"sid={SECRET}"),
        ({"headers": {"X-Key": SECRET}, "bearer_token": "t"}, "X-Key", SECRET),
    ],
)  # fmt: skip
def test_credentials_are_sent_and_shown_nowhere(
    settings: dict[str, Any], header: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FileServer(a=Reply(CSV), b=Reply(b"no", 403)) as server:
        _, fetched = fetch("a", url=server.url, **settings)
        error = failure("b", url=server.url, **settings)
        config = LinkConfig(url=server.url, **settings)
        assert server.asked[0].headers[header] == value
    for text in (repr(config), str(config), repr(fetched), repr(error), str(error.__dict__), caplog.text):
        assert SECRET not in text


def test_secrets_in_a_query_are_in_no_message_and_masked_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FileServer() as server:
        server.put("a", lambda asked: Reply(f"cannot do {asked.path}?{asked.query}&api_key={SECRET}".encode(), 400))
        error = failure(f"{server.url}/a?api_key={SECRET}&x=%2F{SECRET}")
        assert server.asked[0].query[0] == ("api_key", SECRET)
    assert SECRET not in redact(str(error.args))
    assert SECRET not in redact(caplog.text)
    closed = failure(report(f"{server.url}/a", (("token", "other-" + SECRET),)))
    assert closed.reason == "connection"
    assert SECRET not in str(closed.args) + str(closed.__dict__)


def test_errors_travel_between_processes() -> None:
    with FileServer(a=Reply(LOGIN_PAGE, headers={"X-Request-Id": "r-1"})) as server:
        error = pickle.loads(pickle.dumps(failure(f"{server.url}/a")))
    assert (error.reason, error.request_id) == ("login", "r-1")


def test_a_check_without_a_url_asks_nothing() -> None:
    with closing(link()) as source:
        source.check()


@pytest.mark.parametrize("reply", [Reply(CSV), Reply(b"no", 404), Reply(b"no list", 403), Reply(b"", 204)])
def test_a_check_is_content_with_a_server_that_answers(reply: Reply) -> None:
    with FileServer(files=reply) as server, closing(link(url=f"{server.url}/files", username="u")) as source:
        source.check()
        assert server.asked[0].method == "GET"
        assert server.asked[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(b"no", 401), AuthError), (Reply(status=302, headers={"Location": "/login?next=/"}), AuthError),
        (Reply(status=302, headers={"Location": "ftp://h/"}), ConfigError),
    ],
)  # fmt: skip
def test_a_check_tells_refused_credentials_and_odd_places(reply: Reply, kind: type[Exception]) -> None:
    with (
        FileServer(files=reply) as server,
        closing(link(url=f"{server.url}/files", bearer_token=SECRET)) as source,
        pytest.raises(kind) as caught,
    ):
        source.check()
    assert SECRET not in str(caught.value.args)


def test_a_check_of_a_server_that_is_down_can_be_made_again() -> None:
    with FileServer() as server:
        url = server.url
    with closing(link(url=url)) as source, pytest.raises(TransientError):
        source.check()
