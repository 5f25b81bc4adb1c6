from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfr.errors import ConfigError, TransientError
from sfr.http import Client, Timeouts
from tests.certificates import Authority
from tests.wire import Proxy, Wire, chunked, field, one_connection, repeated, response, silence

BUNDLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
if sys.platform == "linux":  # elsewhere the system itself decides whom to trust, and knows no such file
    BUNDLES.append("SSL_CERT_FILE")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Authority(tmp_path)


@pytest.fixture
def wire(authority: Authority) -> Iterator[Wire]:
    with Wire(response(b"hello"), tls=authority.context("127.0.0.1")) as opened:
        yield opened


def asked(url: str) -> bytes:
    """The body, from a client that was made after the environment was set."""
    with closing(Client(Timeouts(connect_seconds=5, read_seconds=10))) as client:
        return b"".join(client.request("GET", url).pieces())


def why(error: TransientError) -> tuple[str, int | None]:
    """The reason, and how often such a failure is tried."""
    return error.reason, error.max_attempts


def test_a_certificate_of_an_unknown_authority_is_refused_and_nothing_is_said(wire: Wire) -> None:
    with pytest.raises(TransientError, match="no trusted connection") as caught:
        asked(wire.url)
    assert why(caught.value) == ("tls", 3)
    assert "root certificate" in caught.value.remedy
    assert not wire.heads


@pytest.mark.parametrize("variable", BUNDLES)
def test_an_authority_that_the_environment_names_is_trusted(
    wire: Wire, authority: Authority, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.root_file))
    assert asked(wire.url) == b"hello"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_a_mistake_of_the_settings(
    wire: Wire, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/nowhere/roots.pem")
    with pytest.raises(ConfigError, match=rf"{variable}.*/nowhere/roots\.pem") as caught:
        asked(wire.url)
    assert (caught.value.reason, caught.value.max_attempts) == ("certificates", 1)
    assert not wire.heads


def test_a_certificate_for_another_name_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.root_file))
    with Wire(response(b"hello"), tls=authority.context("acme.my.salesforce.com")) as wire:
        with pytest.raises(TransientError, match=r"127\.0\.0\.1") as caught:
            asked(wire.url)
        assert caught.value.reason == "tls"
        assert not wire.heads


def test_a_name_is_checked_through_a_proxy_too(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.root_file))
    with Wire(response(b"hello"), tls=authority.context("acme.my.salesforce.com")) as wire:
        names = dict.fromkeys(("acme.my.salesforce.com:443", "other.my.salesforce.com:443"), wire.host)
        with Proxy(names) as proxy:
            for name in ("HTTPS_PROXY", "https_proxy"):
                monkeypatch.setenv(name, f"http://someone:password@{proxy.host}")
            assert asked("https://acme.my.salesforce.com/x") == b"hello"
            with pytest.raises(TransientError) as caught:
                asked("https://other.my.salesforce.com/x")
        assert caught.value.reason == "tls"
        assert proxy.heads[0].startswith("CONNECT acme.my.salesforce.com:443 ")
        assert field(proxy.heads[0], "Proxy-Authorization")
        assert [field(head, "Proxy-Authorization") for head in wire.heads] == [""]


def test_a_server_without_encryption_is_no_trusted_connection(authority: Authority) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        silence(connection)

    with one_connection(answer) as port, pytest.raises(TransientError) as caught:
        asked(f"https://127.0.0.1:{port}/")
    assert why(caught.value) == ("tls", 3)


def test_a_connection_that_breaks_while_it_is_secured_may_be_tried_for_ever(authority: Authority) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(10)

    with one_connection(hang_up) as port, pytest.raises(TransientError) as caught:
        asked(f"https://127.0.0.1:{port}/")
    assert why(caught.value) == ("connection", None)


def test_an_encrypted_body_that_ends_early_is_cut(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.root_file))
    step = (chunked(b"abc"), socket.socket.close)
    with Wire(step, tls=authority.context("127.0.0.1")) as wire, pytest.raises(TransientError) as caught:
        asked(wire.url)
    assert why(caught.value) == ("cut", None)


@pytest.mark.parametrize("begun", [b"", chunked(b"abc")])
def test_an_encrypted_answer_can_be_broken_off_from_another_thread(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.root_file))
    with (
        Wire((begun, silence), tls=authority.context("127.0.0.1")) as wire,
        closing(Client(Timeouts(connect_seconds=5, read_seconds=10))) as client,
        repeated(client.abort, lambda: bool(wire.heads)),
        pytest.raises(TransientError) as caught,
    ):
        b"".join(client.request("GET", wire.url).pieces())
    assert caught.value.reason in ("cut", "connection")
    assert caught.value.max_attempts is None
