from __future__ import annotations

import gzip
import random
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ConfigError, SfrError, TransientError
from sfr.http import Client, Timeouts
from sfr.http_errors import renamed_errors, retry_after_seconds
from tests.wire import LAST_CHUNK, Wire, chunked, field, repeated, reset, response, silence, without_end

GZIP = "Content-Encoding: gzip\r\n"
NOISE = random.Random(1).randbytes(100_000)


@pytest.fixture
def client() -> Iterator[Client]:
    with closing(Client(Timeouts(connect_seconds=5, read_seconds=10))) as opened:
        yield opened


def body(client: Client, wire: Wire | str) -> bytes:
    return b"".join(client.request("GET", wire if isinstance(wire, str) else wire.url).pieces())


def failure(client: Client, wire: Wire | str) -> SfrError:
    with pytest.raises(SfrError) as caught:
        body(client, wire)
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
    with Wire(response(b"x", "Content-Encoding: lzma")) as wire:
        assert "unknown way: lzma" in failure(client, wire).message


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
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    error = failure(client, f"http://127.0.0.1:{port}/")
    assert (error.reason, error.max_attempts) == ("connection", None)
    assert "object at 0x" not in error.message


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://a b/", "nothing"])
def test_what_is_no_address_is_a_mistake_of_the_settings(client: Client, url: str) -> None:
    with pytest.raises(ConfigError):
        client.request("GET", url)


@pytest.mark.parametrize("value", ["00D!a\r\nX: y", "00D!a\n", "00D!ab\x00", "00D!漢字"])
@pytest.mark.parametrize("way", ["cookie", "header"])
def test_a_value_that_no_header_can_hold_is_refused_once_and_not_shown(client: Client, value: str, way: str) -> None:
    headers = {"Authorization": f"Bearer {value}"} if way == "header" else {}
    with Wire(response(b"never")) as wire:
        if way == "cookie":
            client.set_cookie("127.0.0.1", "sid", value)
        with pytest.raises(ConfigError) as caught:
            client.request("GET", wire.url, headers=headers)
        assert not wire.heads
    assert (caught.value.reason, caught.value.max_attempts) == ("header", 1)
    assert value[:5] not in caught.value.message


@pytest.mark.parametrize("bug", [ValueError, AttributeError])
def test_an_answer_that_breaks_the_reader_is_asked_for_three_times(bug: type[Exception]) -> None:
    with pytest.raises(TransientError) as caught, renamed_errors():
        raise bug("what nobody expected")
    assert caught.value.reason == "unreadable"
    assert caught.value.max_attempts == 3


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
    with Wire((begun, silence)) as wire, repeated(client.abort, lambda: bool(wire.heads)):
        try:
            body(client, wire)
            reason = "ended"  # as a body does that only the end of the connection ends
        except TransientError as error:
            reason = error.reason
    assert reason in ("ended", "cut", "connection", "unreadable")  # none of them is told: see why_aborted


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
