"""Answers of CAKE that lie, fail or break off, in both forms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.errors import AuthError, InvalidReport, ReportError, SfrError, TransientError
from sfr.sources.cake.answers import Envelope, rows_of
from tests.cake_exports import faults, fetch, report, some
from tests.servers.cake import KEY, Cake
from tests.servers.cake_plays import Fault

SPACES = 'xmlns="http://cakemarketing.com/api/4/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def failing(fault: Fault, answer: str = "json") -> SfrError:
    with Cake(some(20), fault=faults(fault)) as server, pytest.raises(SfrError) as caught:
        fetch(server, report(1), answer=answer)
    return caught.value


def read(text: str, piece_bytes: int = 7) -> tuple[list[dict[str, object]], Envelope]:
    body, envelope = text.encode(), Envelope()
    pieces: Iterator[bytes] = (body[at : at + piece_bytes] for at in range(0, len(body), piece_bytes))
    return list(rows_of(pieces, envelope)), envelope


@pytest.mark.parametrize("answer", ["json", "xml"])
@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Invalid API Key", AuthError),
        ("You do not have permission", AuthError),
        ("start_date is not a date", ReportError),
        (None, ReportError),
    ],
)
def test_a_good_status_without_success_is_a_refusal(answer: str, message: str | None, error: type[SfrError]) -> None:
    found = failing(Fault(success=False, message=message), answer)
    assert type(found) is error
    assert (message or "without saying why") in found.message
    assert found.remedy


@pytest.mark.parametrize(
    ("status", "headers", "reason", "pause_seconds", "slow_down"),
    [
        (429, {}, "throttled", 30, True),
        (429, {"Retry-After": "7"}, "throttled", 7, True),
        (503, {}, "throttled", 30, True),
        (502, {}, "http-502", 30, False),
        (502, {"Retry-After": "9"}, "http-502", 9, False),
        (504, {}, "timeout", None, False),
        (408, {}, "timeout", None, False),
    ],
)
def test_what_passes_is_tried_again_after_the_pause_that_cake_needs(
    status: int, headers: dict[str, str], reason: str, pause_seconds: float | None, slow_down: bool
) -> None:
    found = failing(Fault(status, b"<html><title>Bad Gateway</title></html>", headers))
    assert isinstance(found, TransientError)
    assert (found.reason, found.retry_after_seconds, found.slow_down) == (reason, pause_seconds, slow_down)
    assert found.max_attempts is None


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (500, b"Missing parameter: channel_id.", ReportError, "Missing parameter: channel_id"),
        (
            500,
            b'{"Message":"Invalid web service call, missing value for parameter: \\u0027event_id\\u0027.",'
            b'"StackTrace":"at System.Web","ExceptionType":"System.InvalidOperationException"}',
            ReportError,
            "missing value for parameter: 'event_id'",
        ),
        (500, b"Cannot convert seven to System.Int32.\r\nParameter name: type", ReportError, "Cannot convert seven"),
        (500, b"Request format is unrecognized for URL unexpectedly ending in /x", ReportError, "kind of request"),
        (500, b"<html><title>Runtime Error</title></html>", TransientError, "Runtime Error"),
        (401, b'{"Message":"Authentication failed."}', AuthError, "401"),
        (403, b"Access denied", AuthError, "403"),
        (403, b"<html><title>Forbidden</title></html>", ReportError, "403"),
        (404, b"<html></html>", ReportError, "no such address"),
        (302, b"", ReportError, "302"),
    ],
)
def test_what_stays_is_said_in_the_words_of_cake(status: int, body: bytes, error: type[SfrError], words: str) -> None:
    found = failing(Fault(status, body))
    assert type(found) is error
    assert words in found.message
    assert "StackTrace" not in found.message


@pytest.mark.parametrize(
    ("body", "error", "reason"),
    [
        (b"<!DOCTYPE html><html><form id='login'></form></html>", TransientError, "web-page"),
        (b"\r\n <html><head><title>Login</title></head></html>", TransientError, "web-page"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>', TransientError, "web-page"),
        (b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', TransientError, "web-page"),
        (b"<r>&nothing;</r>", TransientError, "unreadable"),
        (b"<r><success>true</success><event_conversions><row>", TransientError, "cut"),
        (b"Service unavailable", TransientError, "unreadable"),
        (b'{"d":{"success":true,"event_conversions":[{"event_conversion_id":1},{"ev', TransientError, "cut"),
        (b'{"d":{"success":true,"event_conversions":[{"event_conversion_id":1}],"row', TransientError, "cut"),
        (b'{"d":null}', InvalidReport, "format"),
        (b'{"Message":"something"}', InvalidReport, "format"),
        (b'{"d":{"success":true,"row_count":1,"event_conversions":[{"id":1}]}}', InvalidReport, "format"),
        (b" ", TransientError, "empty"),
    ],
)
def test_a_body_that_is_no_export_is_called_what_it_is(body: bytes, error: type[SfrError], reason: str) -> None:
    found = failing(Fault(body=body))
    assert (type(found), found.reason) == (error, reason)


def test_rows_are_read_from_json_in_whatever_order_and_pieces() -> None:
    for piece_bytes in (1, 2, 3, 10, 1000):
        rows, envelope = read(
            '\ufeff{"d": {"message": "a \\"event_conversions\\":[ b", "event_conversions" : [ {"a": "ü]}"} , '
            '{"b": {"c": [1, 2]}} ] , "row_count": 2, "success": true}}',
            piece_bytes,
        )
        assert rows == [{"a": "ü]}"}, {"b": {"c": [1, 2]}}]
        assert (envelope.row_count, envelope.succeeded, envelope.has_rows) == (2, True, True)
    assert read('{"d":{"success":true,"row_count":0,"event_conversions":null}}')[0] == []
    assert read('{"event_conversions":[],"row_count":0}')[1].row_count == 0


def test_rows_are_read_from_xml_of_any_version_and_any_prefix() -> None:
    row = '<a>1</a><b xsi:nil="true"/><c/><d><e> x &amp; y </e></d><f>1</f><f>2</f>'
    wanted = {"a": "1", "b": None, "c": "", "d": {"e": " x & y "}, "f": ["1", "2"]}
    for text in (
        f"<r {SPACES}><success>true</success><row_count>1</row_count><event_conversions><x>{row}</x>"
        "</event_conversions></r>",
        f"<r {SPACES}>\n <conversions>\n <x>{row}</x>\n </conversions>\n<row_count>1</row_count></r>",
        f"<ArrayOfConversion {SPACES}><conversion>{row}</conversion></ArrayOfConversion>",
        f'<p:r xmlns:p="urn:x" {SPACES}><p:conversions><p:x>{row}</p:x></p:conversions></p:r>',
    ):
        rows, envelope = read(text)
        assert rows == [wanted]
        assert envelope.has_rows
    rows, envelope = read(f"<r {SPACES}><success>false</success><message> no </message></r>")
    assert (rows, envelope.succeeded, envelope.fields["message"]) == ([], False, " no ")


def test_the_key_travels_in_the_body_and_never_in_an_address() -> None:
    with Cake(some(3)) as server:
        for answer in ("json", "xml"):
            fetch(server, report(1), answer=answer)
        assert {asked.as_json for asked in server.asked} == {True, False}
        assert all(asked.params["api_key"] == KEY for asked in server.asked)
        assert not [path for path in server.paths if "?" in path or KEY in path]
