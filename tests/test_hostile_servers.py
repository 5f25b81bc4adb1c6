"""Answers that would fill the memory, the disk or the day: each ends by itself, in little memory, without a file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sfr.demo.behaviours import (
    Behaviour,
    CompressedBomb,
    Csv,
    EndlessCsvHeader,
    EndlessHeader,
    NeverEnds,
    NoAnswer,
    Trickle,
)
from sfr.demo.org import DemoOrg
from sfr.errors import TransientError
from sfr.model import Status
from sfr.transfer import RetryPolicy
from tests.surroundings import ID, Room, download, transfer
from tests.wire import Wire, chunked, repeated, silence, without_end

TWO_TRIES = RetryPolicy(max_attempts=2, first_wait_seconds=0.001, max_report_bytes=20_000_000)
MEMORY_BYTES = 48 << 20  # of both sides, since the org runs in this process too


@contextmanager
def bounded_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("answer", "reason", "asked"),
    [
        (CompressedBomb(how="record"), "too-large", 1),
        (CompressedBomb(how="zeros"), "too-large", 1),
        (CompressedBomb(how="field"), "too-large", 1),
        (NeverEnds(), "too-large", 1),
        (EndlessHeader("line"), "connection", 2),
        (EndlessHeader("lines"), "connection", 2),
        (EndlessCsvHeader("field"), "header", 2),
        (EndlessCsvHeader("fields"), "header", 2),
    ],
    ids=str,
)
def test_an_answer_without_end_is_given_up_in_little_memory(
    answer: Behaviour, reason: str, asked: int, tmp_path: Path
) -> None:
    with bounded_memory():
        result = download(answer, tmp_path, policy=TWO_TRIES)
    assert (result.outcome.status, result.outcome.reason, result.asked) == (Status.FAILED, reason, asked)
    assert not result.leftovers


ENDLESS_CHUNKS = without_end(b"10000\r\n" + b" " * 65536 + b"\r\n")


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n", "redirect"),
        (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n", "not-found"),
        (b"HTTP/1.1 500 Error\r\nTransfer-Encoding: chunked\r\n\r\n", "http-500"),
        (chunked(b"<html>"), "web-page"),
        (chunked(b"[{"), "json"),
        (chunked(), "empty"),
    ],
    ids=["redirect", "not found", "error", "page", "message", "blanks"],
)
def test_a_page_without_end_is_read_no_further_than_needed(head: bytes, reason: str, tmp_path: Path) -> None:
    with Wire((head, ENDLESS_CHUNKS)) as wire, bounded_memory():
        outcome = transfer(wire.url, tmp_path, policy=TWO_TRIES)
    assert (outcome.status, outcome.reason) == (Status.FAILED, reason)
    assert not list(tmp_path.iterdir())


@contextmanager
def breaking_off(folder: Path) -> Iterator[Room]:
    """A room whose transfers are broken off all the time by a watching thread; they must end with its reason."""
    room = Room()

    def break_off() -> None:
        room.break_off(TransientError("no byte for 120 s", reason="stalled", max_attempts=3))

    with repeated(break_off, lambda: room.source is not None):
        yield room
    assert [left and left.reason for left in room.left] == ["stalled"] * 3
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "answer",
    [NoAnswer(), Trickle(1.0), Trickle(0.0, stall_after_bytes=60), Csv.of_bytes(10_000_000, bytes_per_second=1000)],
    ids=["no answer", "a byte per second", "stalls", "slow"],
)
def test_an_answer_that_stands_still_is_broken_off_from_outside(answer: Behaviour, tmp_path: Path) -> None:
    with breaking_off(tmp_path) as room:
        assert download(answer, tmp_path, room).outcome.reason == "stalled"


@pytest.mark.parametrize(
    "plain",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b'HTTP/1.1 200 OK\r\n\r\n"a","b"\n"c","d',
        b'HTTP/1.1 200 OK\r\n\r\n"a","b"\n"c","d"\n',
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"a","b"\n"c","d"\n',
        b"HTTP/1.1 500 Error\r\nContent-Length: 100\r\n\r\n<html>",
    ],
    ids=[
        "in its head",
        "before its head",
        "until the end",
        "until the end of a record",
        "of known length",
        "error page",
    ],
)
def test_it_does_not_matter_where_it_stands_still(plain: bytes, tmp_path: Path) -> None:
    """A body that only the end of the connection ends must not pass for one that has ended."""
    with Wire((plain, silence)) as wire, breaking_off(tmp_path) as room:
        assert transfer(wire.url, tmp_path, room).reason == "stalled"


def test_a_session_never_appears_where_the_org_can_echo_it(tmp_path: Path) -> None:
    """The session goes into one header: into no address and no other header."""
    with DemoOrg({ID: Csv()}) as org:
        room = Room()
        transfer(org, tmp_path, room)
        for request in org.requests:
            others = {name: value for name, value in request.headers.items() if name != "cookie"}
            assert room.value not in request.target + str(others)
