from __future__ import annotations

import gzip
import random
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError, SfrError, TransientError
from sfr.http import Client, Timeouts
from sfr.http_errors import retry_after_seconds
from tests.wire import LAST_CHUNK, Proxy, Wire, chunked, field, other_thread, reset, response, silence, without_end

GZIP = "Content-Encoding: gzip\r\n"
NOISE = random.Random(1).randbytes(100_000)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def client() -> Iterator[Client]:
    with closing(Client(Timeouts(connect_seconds=5, read_seconds=10))) as opened:
        yield opened


def body(client: Client, wire: Wire) -> bytes:
    return b"".join(client.request("GET", wire.url).pieces())


def failure(client: Client, wire: Wire | str) -> SfrError:
    with pytest.raises(SfrError) as caught:
        answer = client.request("GET", wire if isinstance(wire, str) else wire.url)
        b"".join(answer.pieces())
    return caught.value


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_handed_over_and_not_followed(client: Client, status: str) -> None:
    with Wire(b"never") as there, Wire(response(b"", f"Location: {there.url}/x", status=status)) as here:
        answer = client.request("GET", here.url)
        assert answer.status == int(status[:3])
        assert answer.headers["location"] == f"{there.url}/x"
        assert there.connections == 0


@pytest.mark.parametrize("location", ["http://[", "//", "http://[::1", "\\\\x", ""])
def test_a_redirect_to_no_address_is_an_answer_like_any_other(client: Client, location: str) -> None:
    with Wire(response(b"", f"Location: {location}", status="302 Found")) as wire:
        assert client.request("GET", wire.url).status == 302


def test_the_body_of_a_redirect_is_not_read(client: Client) -> None:
    """requests reads it even where redirects are not followed; this one would never end."""
    head = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Wire((head, without_end(b"10000\r\n" + bytes(65536) + b"\r\n"))) as wire:
        answer = client.request("GET", wire.url)
        assert answer.status == 302
        answer.close()


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(NOISE),
        gzip.compress(NOISE[:50_000]) + gzip.compress(NOISE[50_000:]),
        gzip.compress(b"") + gzip.compress(NOISE),
    ],
    ids=["one member", "two members", "an empty member first"],
)
@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_a_compressed_body_is_unpacked_however_it_arrives(client: Client, packed: bytes, size: int) -> None:
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    with Wire(chunked(*parts, headers=GZIP) + LAST_CHUNK) as wire:
        assert body(client, wire) == NOISE
        assert field(wire.heads[0], "Accept-Encoding") == "gzip"


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (gzip.compress(NOISE)[:-1], "is cut"),
        (gzip.compress(NOISE)[:5000], "is cut"),
        (gzip.compress(NOISE) + gzip.compress(NOISE)[:100], "is cut"),
        (gzip.compress(NOISE)[:-6] + b"\0\0" + gzip.compress(NOISE)[-4:], "is damaged"),
        (b"plain text", "is damaged"),
        (gzip.compress(NOISE) + b"<html>", "is damaged"),
    ],
    ids=["last byte", "half", "second member", "checksum", "not packed", "text behind"],
)
def test_a_compressed_body_that_is_cut_or_damaged_is_no_body(client: Client, packed: bytes, words: str) -> None:
    with Wire(chunked(packed, headers=GZIP) + LAST_CHUNK) as wire:
        error = failure(client, wire)
    assert words in error.message
    assert (error.reason, error.max_attempts) == ("cut", None)


def test_an_empty_body_is_empty_whatever_its_encoding(client: Client) -> None:
    with Wire(response(b"", "Content-Encoding: gzip", status="404 Not Found")) as wire:
        assert body(client, wire) == b""


def test_an_encoding_that_nobody_asked_for_is_named(client: Client) -> None:
    with Wire(response(b"x", "Content-Encoding: br")) as wire:
        assert "unknown way: br" in failure(client, wire).message


def test_a_compressed_bomb_is_unpacked_in_small_pieces(client: Client) -> None:
    packer, unit = zlib.compressobj(wbits=31), bytes(1 << 20)
    packed = b"".join(packer.compress(unit) for _ in range(50)) + packer.flush()
    with Wire(response(packed, "Content-Encoding: gzip")) as wire:
        tracemalloc.start()
        length = sum(len(piece) for piece in client.request("GET", wire.url).pieces())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert length == 50 << 20
    assert peak < 4 << 20


def test_the_beginning_of_a_bomb_is_enough_to_see_what_it_is(client: Client) -> None:
    with Wire((chunked(), without_end(b"10000\r\n" + bytes(65536) + b"\r\n"))) as wire:
        assert client.request("GET", wire.url).read(1000) == bytes(1000)


@pytest.mark.parametrize(
    "step",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", socket.socket.close),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", reset),
        (chunked(b"abc"), socket.socket.close),
        (chunked(b"abc"), reset),
        (chunked(b"abc") + b"ff\r\nabc", socket.socket.close),
        (chunked(b"abc") + b"not a number\r\n", silence),
    ],
    ids=["length", "length reset", "chunk border", "chunk border reset", "in a chunk", "no chunk"],
)
def test_a_body_that_does_not_end_as_announced_is_cut(
    client: Client, step: tuple[bytes, Callable[[socket.socket], None]]
) -> None:
    with Wire(step) as wire:
        error = failure(client, wire)
    assert isinstance(error, TransientError)
    assert (error.reason, error.max_attempts) == ("cut", None)


@pytest.mark.parametrize(
    "step",
    [
        (b"", socket.socket.close),
        (b"", reset),
        (b"SSH-2.0-OpenSSH_9.2\r\n", silence),
        (b"HTTP/1.1 200 OK\r\nX: ", without_end(b"x" * 65536)),
        (b"HTTP/1.1 200 OK\r\n", without_end(b"X: y\r\n" * 1000)),
        (b"HTTP/1.1 ", without_end(b"9" * 65536)),
    ],
    ids=["nothing", "reset", "no http", "endless line", "endless lines", "endless status"],
)
def test_a_server_that_speaks_no_http_costs_one_attempt(
    client: Client, step: tuple[bytes, Callable[[socket.socket], None]]
) -> None:
    with Wire(step) as wire:
        error = failure(client, wire)
    assert isinstance(error, TransientError)
    assert error.reason == "connection"


def test_a_closed_port_is_no_connection(client: Client) -> None:
    with Wire(b"") as wire:
        pass
    error = failure(client, wire.url)
    assert (error.reason, error.max_attempts) == ("connection", None)
    assert "object at 0x" not in error.message


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://a b/", "nothing"])
def test_what_is_no_address_is_a_mistake_of_the_settings(client: Client, url: str) -> None:
    with pytest.raises(ConfigError):
        client.request("GET", url)


def test_silence_ends_with_the_time_limit() -> None:
    with (
        Wire((b"", silence), (response(b"abc")[:-2], silence)) as wire,
        closing(Client(Timeouts(connect_seconds=5, read_seconds=0.1))) as client,
    ):
        assert failure(client, wire).reason == "timeout"
        assert failure(client, wire).reason == "timeout"


def test_a_connection_is_used_again_after_a_whole_body_and_not_after_a_part(client: Client) -> None:
    with Wire(response(bytes(4 << 20))) as wire:
        assert body(client, wire) == body(client, wire)
        assert wire.connections == 1
        client.request("GET", wire.url).read(10)
        body(client, wire)
        assert wire.connections == 2


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nX: ", chunked(b"abc"), b"HTTP/1.1 200 OK\r\n\r\nabc"])
def test_an_answer_can_be_broken_off_from_another_thread_at_every_stage(client: Client, begun: bytes) -> None:
    """Also while its head has not come: a byte now and then would outlast every time limit."""
    with Wire((begun, silence)) as wire:

        def abort() -> None:
            deadline = time.monotonic() + 20
            while not wire.heads:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            client.abort()

        with other_thread(abort):
            try:
                b"".join(client.request("GET", wire.url).pieces())
            except TransientError as error:
                assert error.reason in ("cut", "connection")


def test_nothing_is_read_from_netrc(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\ndefault login a password b\n")
    monkeypatch.setenv("NETRC", str(file))
    with Wire(response(b"")) as wire:
        body(client, wire)
        assert field(wire.heads[0], "Authorization") == ""


def test_a_cookie_goes_to_its_host_and_to_no_other(client: Client) -> None:
    wires: list[Wire] = []
    for address in ("127.0.0.1", "127.0.0.2", "localhost"):
        try:
            wires.append(Wire(response(b""), address=address))
        except OSError:  # macOS has only the first of these addresses
            continue
    client.set_cookie("127.0.0.1", "sid", "secret")
    for wire in wires:
        body(client, wire)
        assert field(wire.heads[0], "Cookie") == ("sid=secret" if wire is wires[0] else "")
        wire.__exit__()


def test_a_cookie_of_a_host_without_a_dot_goes_there_too(client: Client) -> None:
    client.set_cookie("localhost", "sid", "secret")
    with Wire(response(b""), address="localhost") as wire:
        body(client, wire)
        assert field(wire.heads[0], "Cookie") == "sid=secret"


def test_a_cookie_that_is_set_again_replaces_the_first_and_what_the_server_made_of_it(client: Client) -> None:
    with Wire(response(b"", "Set-Cookie: sid=of-the-server; path=/", "Set-Cookie: BrowserId=b; path=/")) as wire:
        for value in ("first", "second"):
            client.set_cookie("127.0.0.1", "sid", value)
            body(client, wire)
        assert field(wire.heads[1], "Cookie").split("; ") == ["sid=second", "BrowserId=b"]


class TestProxies:
    HOST = "acme.my.salesforce.com"

    def test_the_proxy_of_the_environment_is_used_and_the_cookie_stays_with_its_host(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Wire(response(b"hello", "Connection: close")) as wire:
            others = ("my.salesforce.com", "evil-acme.my.salesforce.com", "acme.my.salesforce.com.evil.example")
            with Proxy(dict.fromkeys((self.HOST, *others), wire.host)) as proxy:
                monkeypatch.setenv("HTTP_PROXY", f"http://someone:pass%20word@{proxy.host}")
                monkeypatch.setenv("http_proxy", f"http://someone:pass%20word@{proxy.host}")
                client.set_cookie(self.HOST, "sid", "secret")
                for host in (self.HOST, *others):
                    answer = client.request("GET", f"http://{host}/x")
                    assert b"".join(answer.pieces()) == b"hello"
                assert [field(head, "Cookie") for head in proxy.heads] == ["sid=secret", "", "", ""]
                assert proxy.heads[0].startswith(f"GET http://{self.HOST}/x ")
                assert field(proxy.heads[0], "Proxy-Authorization") == "Basic c29tZW9uZTpwYXNzIHdvcmQ="

    def test_a_host_of_no_proxy_is_asked_directly(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        with Wire(response(b"hello")) as wire, Proxy() as proxy:
            for name in ("HTTP_PROXY", "http_proxy"):
                monkeypatch.setenv(name, proxy.url)
            for name in ("NO_PROXY", "no_proxy"):
                monkeypatch.setenv(name, "example.com,127.0.0.1")
            assert body(client, wire) == b"hello"
            assert proxy.connections == 0

    def test_a_proxy_that_is_gone_is_named_without_its_password(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Proxy() as proxy:
            pass
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://someone:password@{proxy.host}")
        error = failure(client, f"http://{self.HOST}/")
        assert (error.reason, error.max_attempts) == ("proxy", 5)
        assert "password" not in error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0), ("2", 2.0), (" 120 ", 120.0), ("86400", 3600.0), ("9" * 400, 3600.0),
        (formatdate(1_000_030, usegmt=True), 30.0), (formatdate(999_000, usegmt=True), 0.0),
        (formatdate(9_999_999, usegmt=True), 3600.0), ("Sun, 06 Nov 1994 08:49:37 GMT", 3600.0),
        ("", None), ("-1", None), ("1.5", None), ("soon", None), ("²", None), ("2 s", None),
        ("Mon, 01 Jan 0001 00:00:00", 3600.0), ("Tue, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_the_pause_a_server_asks_for_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"Retry-After": value}, now=1_000_000) == seconds


@given(st.one_of(st.text(max_size=40), st.from_regex(r"\w{3}, ?\d+ \w{3} \d{1,5} \d+:\d+:\d+ .{0,5}")))
def test_no_text_in_place_of_a_pause_is_an_error(value: str) -> None:
    seconds = retry_after_seconds({"Retry-After": value})
    assert seconds is None or 0 <= seconds <= 3600
