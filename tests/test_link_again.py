"""Files that have not changed are not fetched again."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from sfr.model import Fetched, Proof
from sfr.testing import Tray
from tests.links import CSV, fetch, report
from tests.servers.files import Asked, Changing, FileServer, Reply

ANCIENT = {"Last-Modified": formatdate(1_000_000_000, usegmt=True)}


def asked_for(asked: Asked, *names: str) -> list[str | None]:
    return [asked.headers.get(name) for name in names]


@pytest.mark.parametrize("etag", ['"v1"', 'W/"v1"', '""'])
def test_an_unchanged_file_is_not_sent_again(etag: str) -> None:
    with FileServer(a=Changing(CSV, etag, ANCIENT)) as server:
        _, first = fetch(f"{server.url}/a?x=1")
        tray, second = fetch(f"{server.url}/a?x=1", Tray(validator=first.validator))
        assert asked_for(server.asked[0], "If-None-Match", "If-Modified-Since") == [None, None]
        assert asked_for(server.asked[1], "If-None-Match", "If-Modified-Since") == [etag, None]
    assert second == Fetched(unchanged=True, validator=first.validator, proof=Proof.LENGTH)
    assert not tray.data


def test_a_changed_file_comes_with_its_new_name() -> None:
    with FileServer(a=Changing(CSV, '"v1"')) as server:
        _, first = fetch(f"{server.url}/a")
        server.put("a", Changing(CSV + b"3,Eve\n", '"v2"'))
        tray, second = fetch(f"{server.url}/a", Tray(validator=first.validator))
    assert bytes(tray.data) == CSV + b"3,Eve\n"
    assert not second.unchanged
    assert second.validator != first.validator


def test_a_date_does_where_there_is_no_tag() -> None:
    with FileServer(a=Reply(CSV, headers=ANCIENT)) as server:
        _, first = fetch(f"{server.url}/a")
        server.put("a", Reply(status=304))
        _, second = fetch(f"{server.url}/a", Tray(validator=first.validator))
        assert asked_for(server.asked[1], "If-None-Match", "If-Modified-Since") == [None, ANCIENT["Last-Modified"]]
    assert second.unchanged


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": "no quotes"},
        {"ETag": '"a"b"'},
        {"Last-Modified": "yesterday"},
        {"Last-Modified": "now"},
    ],
    ids=["none", "unquoted", "quote inside", "no date", "just now"],
)
def test_what_tells_too_little_is_not_kept(headers: dict[str, str]) -> None:
    """A file that changed a moment ago may change again before its date does."""
    sent = {name: formatdate(usegmt=True) if value == "now" else value for name, value in headers.items()}
    with FileServer(a=Reply(CSV, headers=sent)) as server:
        assert fetch(f"{server.url}/a")[1].validator == ""


@pytest.mark.parametrize(
    ("ref", "params", "options"),
    [
        ("b", (), {}), ("a?x=1", (), {}), ("a", (("day", "2"),), {}), ("a", (), {"to_utf8": True}),
        ("a", (), {"headers": {"Accept-Language": "de"}}), ("a", (), {"payload": 1}), ("a", (), {"method": "POST"}),
    ],
)  # fmt: skip
def test_nothing_is_said_about_another_question(ref: str, params: Any, options: dict[str, Any]) -> None:
    with FileServer(a=Changing(CSV), b=Changing(CSV)) as server:
        _, first = fetch(f"{server.url}/a")
        tray, second = fetch(report(f"{server.url}/{ref}", params, **options), Tray(validator=first.validator))
        assert asked_for(server.asked[1], "If-None-Match", "If-Modified-Since") == [None, None]
    assert bytes(tray.data) == CSV
    assert not second.unchanged


def test_a_link_that_leads_to_another_file_today_is_not_asked_about_the_old_one() -> None:
    with FileServer(day1=Reply(CSV, headers=ANCIENT), day2=Reply(CSV, headers=ANCIENT)) as server:
        server.put("latest", Reply(b"", 302, {"Location": "/day1?sig=1"}))
        _, first = fetch(f"{server.url}/latest")
        for place in ("day1?sig=2", "day2"):
            server.put("latest", Reply(b"", 302, {"Location": f"/{place}"}))
            fetch(f"{server.url}/latest", Tray(validator=first.validator))
        assert asked_for(server.asked[3], "If-Modified-Since") == [ANCIENT["Last-Modified"]]  # signed anew: the same
        assert asked_for(server.asked[5], "If-Modified-Since") == [None]


def test_a_query_that_names_another_file_is_not_asked_about_the_old_one() -> None:
    with FileServer(get=Reply(CSV, headers=ANCIENT)) as server:
        server.put("latest", Reply(b"", 302, {"Location": "/get?id=16&Signature=1&Expires=7"}))
        _, first = fetch(f"{server.url}/latest")
        for query, asked in (("id=16&Signature=2&Expires=9", ANCIENT["Last-Modified"]), ("id=15", None)):
            server.put("latest", Reply(b"", 302, {"Location": f"/get?{query}"}))
            fetch(f"{server.url}/latest", Tray(validator=first.validator))
            assert server.asked[-1].headers.get("If-Modified-Since") == asked


@pytest.mark.parametrize("validator", ["nonsense", "{}", "[1]", '{"wanted":1}', '"v1"'])
def test_a_validator_that_is_none_of_ours_is_ignored(validator: str) -> None:
    with FileServer(a=Changing(CSV)) as server:
        tray, _ = fetch(f"{server.url}/a", Tray(validator=validator))
    assert bytes(tray.data) == CSV
