from __future__ import annotations

import json
import random
from contextlib import closing
from email.utils import formatdate
from typing import Any

import pytest

from sfr.column_mapping import MappedSink
from sfr.errors import TransientError
from sfr.model import Proof
from sfr.sources.link.resuming import KEEP_EVERY_BYTES
from sfr.testing import Tray
from tests.links import failure, fetch, link, report, same
from tests.servers.files import Asked, Changing, FileServer, Reply

ROWS = b"".join(b"%d,%s\n" % (number, random.Random(number).randbytes(20).hex().encode()) for number in range(200_000))
LARGE = b"id,name\n" + ROWS
ANCIENT = {"Last-Modified": formatdate(1_000_000_000, usegmt=True)}


def asked_for(asked: Asked, *names: str) -> list[str | None]:
    return [asked.headers.get(name) for name in names]


def broken_off(server: FileServer, cut_after: int = 9_000_000, **changes: Any) -> Tray:
    """The first try at a large file: what it leaves to the next one."""
    server.put("a", Changing(LARGE, cut_after=cut_after, **changes))
    tray = Tray()
    assert failure(f"{server.url}/a", tray).reason == "cut"
    return tray.resumed()


def test_a_download_goes_on_where_it_broke_off() -> None:
    with FileServer() as server:
        tray = broken_off(server)
        there = len(tray.data)
        assert KEEP_EVERY_BYTES <= there < 9_000_000
        _, fetched = fetch(f"{server.url}/a", tray)
        assert asked_for(server.asked[1], "Range", "If-Range", "Accept-Encoding") == [
            f"bytes={there - 4096}-",
            '"one"',
            "identity",
        ]
        assert len(server.asked) == 2
    assert bytes(tray.data) == LARGE
    assert (fetched.proof, fetched.warnings) == (Proof.LENGTH, ())
    assert fetched.validator


def test_a_download_goes_on_more_than_once() -> None:
    with FileServer() as server:
        tray = broken_off(server, 4_500_000)
        changing = Changing(LARGE)

        def once_more(asked: Asked) -> Reply:
            reply = changing(asked)
            reply.cut_after = 4_500_000
            return reply

        server.put("a", once_more)
        assert failure(f"{server.url}/a", tray).reason == "cut"
        again = tray.resumed()
        assert len(again.data) >= 2 * KEEP_EVERY_BYTES
        server.put("a", changing)
        fetch(f"{server.url}/a", again)
    assert bytes(again.data) == LARGE


@pytest.mark.parametrize(
    "lie",
    ["from the start", "wrong start", "wrong total", "no content range", "no etag", "200", "412", "416", "shorter"],
)
def test_a_server_that_lies_about_ranges_is_asked_from_the_start(lie: str) -> None:
    with FileServer() as server:
        tray = broken_off(server)
        server.put("a", Changing(LARGE, lie=lie))
        if lie == "shorter":  # its head promises all the rest
            assert isinstance(failure(f"{server.url}/a", tray), TransientError)
            return
        _, fetched = fetch(f"{server.url}/a", tray)
        assert server.asked[-1].headers.get("Range") is None
    assert bytes(tray.data) == LARGE
    assert fetched.proof is Proof.LENGTH


@pytest.mark.parametrize("lie", ["", "no condition"])
def test_a_file_that_changed_meanwhile_is_had_from_the_start(lie: str) -> None:
    """Also where the server does not look at If-Range and sends the rest of the new one."""
    other = LARGE.replace(b"7", b"8")
    with FileServer() as server:
        tray = broken_off(server)
        server.put("a", Changing(other, '"two"', lie=lie))
        fetch(f"{server.url}/a", tray)
    assert bytes(tray.data) == other


def test_a_rest_under_the_same_tag_that_does_not_fit_is_not_taken() -> None:
    other = b"ID,NAME\n" + ROWS[1:] + b"\n"
    with FileServer() as server:
        tray = broken_off(server)
        server.put("a", Changing(other))
        fetch(f"{server.url}/a", tray)
    assert bytes(tray.data) == other


def test_a_failure_while_going_on_loses_nothing() -> None:
    with FileServer() as server:
        tray = broken_off(server)
        there = len(tray.data)
        server.put("a", Changing(LARGE, lie="500"))
        assert failure(f"{server.url}/a", tray).reason == "http-500"
    assert len(tray.data) == there
    assert tray.point


@pytest.mark.parametrize(
    "changes",
    [
        {"etag": 'W/"one"'}, {"etag": ""}, {"headers": {"Accept-Ranges": "none"}}, {"headers": {"Accept-Ranges": ""}},
    ],
)  # fmt: skip
def test_nothing_is_kept_where_it_cannot_be_gone_on_with(changes: dict[str, Any]) -> None:
    with FileServer() as server:
        assert broken_off(server, **changes).point == ""


@pytest.mark.parametrize("options", [{"payload": 1}, {"charset": "cp1252"}, {"to_utf8": True}])
def test_nothing_is_kept_of_bytes_that_are_not_those_of_the_file(options: dict[str, Any]) -> None:
    with FileServer(a=Changing(LARGE, cut_after=9_000_000)) as server:
        tray = Tray()
        failure(report(f"{server.url}/a", **options), tray)
    assert not tray.kept


@pytest.mark.parametrize(
    "changes",
    [{"wanted": "x"}, {"size_bytes": "4000000"}, {"size_bytes": 10}, {"total_bytes": 5}, {"utf8": None}, {"x": 1}],
)
def test_a_point_that_does_not_fit_is_forgotten(changes: dict[str, Any]) -> None:
    with FileServer() as server:
        tray = broken_off(server)
        tray.point = same(tray.point, **changes)
        server.put("a", Changing(LARGE))
        fetch(f"{server.url}/a", tray)
        assert server.asked[1].headers.get("Range") is None
    assert bytes(tray.data) == LARGE


def test_a_point_holds_no_address_and_no_secret() -> None:
    with FileServer() as server:
        server.put("a", Changing(LARGE, cut_after=9_000_000))
        tray = Tray()
        failure("a?api_key=s3cret-value", tray, url=server.url, bearer_token="tok-en-123")
    point = tray.kept[0][0]
    assert "s3cret" not in point
    assert "tok-en" not in point
    assert "127.0.0.1" not in point
    assert json.loads(point)["size_bytes"] == tray.kept[0][1]


def test_going_on_inside_a_character_and_after_other_text_is_noticed() -> None:
    body = b"id,name\n" + "1,äöü\n".encode() * 700_000
    for text, warned in ((body, False), (body[:100] + b"2,\xe4\n" + body[102:], True)):
        with FileServer(a=Changing(text, cut_after=5_000_001)) as server:
            tray = Tray()
            failure(f"{server.url}/a", tray)
            again = tray.resumed()
            server.put("a", Changing(text))
            _, fetched = fetch(f"{server.url}/a", again)
        assert bytes(again.data) == text
        assert bool(fetched.warnings) is warned


def test_a_download_goes_on_through_a_mapping_of_its_columns() -> None:
    columns = (("name", "word"),)
    with FileServer(a=Changing(LARGE, cut_after=9_000_000)) as server:
        tray = Tray()
        with closing(link()) as source, pytest.raises(TransientError):
            source.fetch(report(f"{server.url}/a"), MappedSink(tray, columns))
        again = tray.resumed()
        assert again.data
        server.put("a", Changing(LARGE))
        with closing(link()) as source:
            mapped = MappedSink(again, columns)
            source.fetch(report(f"{server.url}/a"), mapped)
            mapped.finish()
        assert len(server.asked) == 2
        assert server.asked[1].headers["Range"]
    assert bytes(again.data) == b"".join(line.partition(b",")[2] + b"\n" for line in LARGE.splitlines()).replace(
        b"name", b"word", 1
    )
