from __future__ import annotations

import socket
import time
from email.utils import formatdate

import pytest

from sfr.errors import AuthError, InvalidReport, ReportError, TransientError
from sfr.model import Proof
from sfr.sources.link.classify import words
from sfr.testing import Tray
from tests.links import CSV, LOGIN_PAGE, failure, fetch, link, report
from tests.servers.files import FileServer, Reply
from tests.wire import LAST_CHUNK, Wire, chunked, response, silence, without_end

PAGE = b"\n<!DOCTYPE html><html><head><title>Welcome &amp; hello</title></head><body>Hi</body></html>"


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, ReportError, "http-400"), (401, ReportError, "login"), (403, ReportError, "no-permission"),
        (404, ReportError, "not-found"), (405, ReportError, "http-405"), (407, ReportError, "proxy"),
        (410, ReportError, "not-found"), (422, ReportError, "http-422"), (408, TransientError, "http-408"),
        (425, TransientError, "http-425"), (429, TransientError, "throttled"), (500, TransientError, "http-500"),
        (502, TransientError, "http-502"), (503, TransientError, "throttled"), (504, TransientError, "http-504"),
        (202, TransientError, "preparing"), (204, ReportError, "http-204"), (206, ReportError, "http-206"),
        (300, ReportError, "http-300"), (304, ReportError, "http-304"),
    ],
)  # fmt: skip
def test_each_status_says_what_can_be_done(status: int, kind: type[Exception], reason: str) -> None:
    with FileServer(a=Reply(b"" if status in (204, 304) else b"Out of order", status)) as server:
        error = failure(f"{server.url}/a")
    assert isinstance(error, kind)
    assert error.reason == reason
    assert error.max_attempts == (1 if kind is ReportError else 20 if status == 202 else None)
    assert str(status) in error.message


def test_refused_credentials_are_those_of_the_source() -> None:
    """They will be refused for each report, and an account may be locked by asking on."""
    with FileServer(a=Reply(b'{"message":"Not authorized"}', 401)) as server:
        error = failure("a", url=server.url, username="u")
    assert isinstance(error, AuthError)
    assert "Not authorized" in error.message


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "most", "least"), [("7", 7, 7), ("date", 60, 50), ("", None, None)])
def test_a_server_that_asks_for_a_pause_gets_it(status: int, header: str, most: float, least: float) -> None:
    value = formatdate(time.time() + 60, usegmt=True) if header == "date" else header
    with FileServer(a=Reply(b"", status, {"Retry-After": value})) as server:
        error = failure(f"{server.url}/a")
    assert isinstance(error, TransientError)
    assert error.slow_down
    seconds = error.retry_after_seconds
    assert seconds is None if least is None else seconds is not None and least <= seconds <= most


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message":"No such report"}', "No such report"), (b'{"msg":"Token has expired"}', "Token has expired"),
        (b'{"errors":[{"message":"Bad column","level":"error"}]}', "Bad column"), (b'["first"]', "first"),
        (b'{"message":{"provider":["Must be db"]}}', ""), (b'{"error":{"code":7,"message":"x"}}', "x"),
        (b'\xef\xbb\xbf{"Detail": "why"}', "why"), (b"{", ""), (b"[" * 5000, ""), (b'{"a":1}', ""), (b"", ""),
        (b"<?xml version='1.0'?><Error><Code>A</Code><Message>Access Denied</Message></Error>", "Access Denied"),
        (PAGE, "Welcome & hello"), (b"<html><body>x", ""), (b"plain  text\x1b[31m\n2", "plain text [31m 2"),
        (b"\0\1", ""),
        (b'{"message":"no https://h/a?sig=abc here"}', "no https://h/a?… here"),
        (b"x" * 5000, "x" * 159 + "…"),
    ],
)  # fmt: skip
def test_what_an_error_says_is_told_in_one_short_line(body: bytes, said: str) -> None:
    assert words(body) == said


@pytest.mark.parametrize("status", [200, 401, 403])
@pytest.mark.parametrize("address", ["a.csv", "a.json", "a.xls", "a.xlsx", "a.pdf", "a.csv.gz"])
def test_a_login_page_is_no_file_whatever_its_status(status: int, address: str) -> None:
    with FileServer() as server:
        error = failure(server.put(address, Reply(LOGIN_PAGE, status, {"Content-Type": "text/html"})))
    assert (error.reason, error.max_attempts) == ("login", 1)
    assert "Sign in to Acme" in error.message
    assert "credentials" in error.remedy


def test_a_long_login_page_is_known_too() -> None:
    page = LOGIN_PAGE.replace(b"<body>", b"<body>" + b"<p>wait</p>" * 3000)
    with FileServer(a=Reply(page)) as server:
        assert failure(f"{server.url}/a").reason == "login"


@pytest.mark.parametrize("page", [PAGE, b"\xef\xbb\xbf" + PAGE, PAGE.decode().encode("utf-16"), b"<Error/>"])
def test_a_web_page_in_place_of_a_table_is_refused(page: bytes) -> None:
    with FileServer(a=Reply(page)) as server:
        tray = Tray()
        error = failure(f"{server.url}/a", tray)
    assert isinstance(error, InvalidReport)
    assert error.reason == "web-page"
    assert not tray.data


def test_pages_may_be_fetched_where_they_are_asked_for() -> None:
    with FileServer() as server:
        assert bytes(fetch(server.put("a.html", Reply(PAGE)))[0].data) == PAGE
        typed = report(
            server.put("a", Reply(PAGE, headers={"Content-Type": "text/html"})), format="file", expect_type="text/html"
        )
        assert bytes(fetch(typed)[0].data) == PAGE
        assert failure(server.put("a.pdf", Reply(PAGE))).reason == "web-page"
        table = b"<html><body><table><tr><td>1</td></tr></table></body></html>"
        assert bytes(fetch(server.put("a.xls", Reply(table)))[0].data) == table


@pytest.mark.parametrize("body", [b'{"error":"no rights"}', b'\n[{"message":"no rights"}]'])
def test_json_with_status_200_is_no_table(body: bytes) -> None:
    with FileServer(a=Reply(body)) as server:
        error = failure(f"{server.url}/a")
        assert error.reason == "json"
        assert "no rights" in error.message
        tray, _ = fetch(report(f"{server.url}/a", format="json"))
        assert bytes(tray.data) == body


@pytest.mark.parametrize(
    ("address", "body", "reason"),
    [
        ("a.xlsx", CSV, "format"), ("a.xls", CSV, "format"), ("a.csv", b"", "empty"), ("a.csv", b"\n \n", "empty"),
        ("a.csv", b"\xef\xbb\xbf", "empty"), ("a.json", b"", "empty"), ("a.pdf", b"", "empty"),
        ("a.xlsx", b"", "empty"),
    ],
)  # fmt: skip
def test_an_empty_or_other_file_is_refused(address: str, body: bytes, reason: str) -> None:
    with FileServer() as server:
        assert failure(server.put(address, Reply(body))).reason == reason


@pytest.mark.parametrize("found", ["text/csv; charset=utf-8", "TEXT/CSV", "text/plain"])
def test_another_type_than_the_expected_one_is_refused(found: str) -> None:
    with FileServer(a=Reply(CSV, headers={"Content-Type": found}), b=Reply(CSV)) as server:
        fetch(report(f"{server.url}/a", expect_type="text/*"))
        if "csv" in found.lower():
            fetch(report(f"{server.url}/a", expect_type="text/csv"))
        else:
            assert failure(report(f"{server.url}/a", expect_type="text/csv")).reason == "type"
        assert "no Content-Type" in failure(report(f"{server.url}/b", expect_type="text/csv")).message


@pytest.mark.parametrize(
    ("reply", "proof"),
    [
        (Reply(CSV), Proof.LENGTH), (Reply(CSV, framing="chunked"), Proof.LENGTH),
        (Reply(CSV, framing="close"), Proof.NONE),
    ],
)  # fmt: skip
def test_a_file_is_proven_by_an_announced_end_only(reply: Reply, proof: Proof) -> None:
    with FileServer(a=reply) as server:
        tray, fetched = fetch(f"{server.url}/a")
    assert (bytes(tray.data), fetched.proof) == (CSV, proof)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("size", [0, 5, 60_000])
def test_a_file_that_ends_too_early_is_cut(framing: str, size: int) -> None:
    with FileServer(a=Reply(CSV * 9000, framing=framing, cut_after=size)) as server:
        error = failure(f"{server.url}/a")
    assert isinstance(error, TransientError)
    assert error.reason == "cut"


def test_a_server_that_says_nothing_more_is_left_in_time() -> None:
    with Wire((response(CSV)[:-3], silence), (b"", silence)) as wire:
        for _ in range(2):
            assert failure(f"{wire.url}/a", first_byte_seconds=0.1).reason == "timeout"


def test_lengths_that_contradict_each_other_are_no_file() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\nContent-Length: 5\r\n\r\n"
    with Wire((head + CSV, socket.socket.close)) as wire:
        assert isinstance(failure(f"{wire.url}/a"), TransientError)
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Length: %d\r\n\r\n" % (len(CSV), len(CSV))
    with Wire(twice + CSV) as wire:
        assert bytes(fetch(f"{wire.url}/a")[0].data) == CSV


def test_endless_headers_cost_one_attempt() -> None:
    with Wire((b"HTTP/1.1 200 OK\r\nX: ", without_end(b"x" * 65536))) as wire:
        assert isinstance(failure(f"{wire.url}/a"), TransientError)


def test_an_endless_error_page_is_not_read_to_its_end() -> None:
    head = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Wire((head, without_end(b"10000\r\n" + b"x" * 65536 + b"\r\n"))) as wire:
        assert failure(f"{wire.url}/a").reason == "not-found"


def test_the_connection_is_used_again_for_the_next_file() -> None:
    with Wire(chunked(CSV) + LAST_CHUNK) as wire:
        source = link()
        for _ in range(3):
            source.fetch(report(f"{wire.url}/a"), Tray())
        source.close()
        assert wire.connections == 1


@pytest.mark.parametrize("body", [b'{"error":"no"}', b"<Error><Message>no</Message></Error>", b"no"])
def test_an_error_is_not_taken_for_the_file_that_the_address_promises(body: bytes) -> None:
    with FileServer() as server:
        for address in ("a.pdf", "a.parquet", "a.docx"):
            error = failure(server.put(address, Reply(body)))
            assert (error.reason, error.message) == ("format", f"what came is no {address[1:]} file: no")
        for address, good in (("a.pdf", b"\n%PDF-1.7 ..."), ("a.parquet", b"PAR1...PAR1"), ("a.ndjson", body)):
            assert fetch(server.put(address, Reply(good)))[0].data == good
