"""Who is told what: cookies, passwords and proxies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sfr.errors import TransientError
from sfr.http import Client, Timeouts
from tests.wire import Proxy, Wire, field, response

HOST = "acme.my.salesforce.com"


@pytest.fixture
def client() -> Iterator[Client]:
    with closing(Client(Timeouts(connect_seconds=5, read_seconds=10))) as opened:
        yield opened


def body(client: Client, url: str) -> bytes:
    return b"".join(client.request("GET", url).pieces())


def use_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, url)


def test_nothing_is_read_from_netrc(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\ndefault login a password b\n")
    monkeypatch.setenv("NETRC", str(file))
    with Wire(response(b"")) as wire:
        body(client, wire.url)
        assert field(wire.heads[0], "Authorization") == ""


def test_a_cookie_goes_to_its_host_and_to_no_other(client: Client) -> None:
    client.set_cookie("127.0.0.1", "sid", "secret")
    for address in ("127.0.0.1", "127.0.0.2", "localhost"):
        with suppress(OSError), Wire(response(b""), address=address) as wire:  # macOS has no 127.0.0.2
            body(client, wire.url)
            assert field(wire.heads[0], "Cookie") == ("sid=secret" if address == "127.0.0.1" else "")


def test_a_cookie_of_a_host_without_a_dot_goes_there_too(client: Client) -> None:
    client.set_cookie("localhost", "sid", "secret")
    with Wire(response(b""), address="localhost") as wire:
        body(client, wire.url)
        assert field(wire.heads[0], "Cookie") == "sid=secret"


def test_a_cookie_that_is_set_again_replaces_the_first_and_what_the_server_made_of_it(client: Client) -> None:
    with Wire(response(b"", "Set-Cookie: sid=of-the-server; path=/", "Set-Cookie: BrowserId=b; path=/")) as wire:
        for value in ("first", "second"):
            client.set_cookie("127.0.0.1", "sid", value)
            body(client, wire.url)
        assert field(wire.heads[1], "Cookie").split("; ") == ["sid=second", "BrowserId=b"]


def test_the_proxy_of_the_environment_is_used_and_the_cookie_stays_with_its_host(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = ("my.salesforce.com", "evil-acme.my.salesforce.com", "acme.my.salesforce.com.evil.example")
    with (
        Wire(response(b"hello", "Connection: close")) as wire,
        Proxy(dict.fromkeys((HOST, *others), wire.host)) as proxy,
    ):
        use_proxy(monkeypatch, f"http://someone:pass%20word@{proxy.host}")
        client.set_cookie(HOST, "sid", "secret")
        for host in (HOST, *others):
            assert body(client, f"http://{host}/x") == b"hello"
        assert [field(head, "Cookie") for head in proxy.heads] == ["sid=secret", "", "", ""]
        assert proxy.heads[0].startswith(f"GET http://{HOST}/x ")
        assert field(proxy.heads[0], "Proxy-Authorization") == "Basic c29tZW9uZTpwYXNzIHdvcmQ="


def test_a_host_of_no_proxy_is_asked_directly(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(response(b"hello")) as wire, Proxy() as proxy:
        use_proxy(monkeypatch, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "example.com,127.0.0.1")
        assert body(client, wire.url) == b"hello"
        assert proxy.connections == 0


def test_a_proxy_that_is_gone_is_named_without_its_password(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy() as proxy:
        pass
    use_proxy(monkeypatch, f"http://someone:password@{proxy.host}")
    with pytest.raises(TransientError) as caught:
        body(client, f"http://{HOST}/")
    assert caught.value.reason == "proxy"
    assert caught.value.max_attempts == 5
    assert "password" not in caught.value.message
