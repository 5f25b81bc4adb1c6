"""Checks that broken answers of the demo org break on the wire in the way they promise."""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import zlib
from http.client import HTTPConnection, IncompleteRead

import pytest

from sfr.demo import behaviours as b
from sfr.demo.org import DEMO_SID, DemoOrg
from tests.demo_client import ID, TARGET, answer, get, raw, received


def test_a_closed_connection_leaves_chunks_without_an_end() -> None:
    cut = b.CutMidStream("close")
    with DemoOrg({ID: cut}) as org, pytest.raises(IncompleteRead) as caught:
        get(org)
    assert caught.value.partial == cut.sent()


def test_a_reset_connection_is_an_error_of_the_socket() -> None:
    with DemoOrg({ID: b.CutMidStream("reset")}) as org, raw(org) as connection, pytest.raises(ConnectionResetError):
        received(connection)


def test_a_short_body_is_shorter_than_its_length() -> None:
    report = b.Csv(rows=50)
    with DemoOrg({ID: b.CutMidStream("short", report)}) as org, pytest.raises(IncompleteRead) as caught:
        get(org)
    assert caught.value.expected is not None
    assert len(caught.value.partial) + caught.value.expected == len(report.body())


@pytest.mark.parametrize("how", ["mid-record", "between-fields", "boundary", "error-tail"])
def test_an_orderly_end_hides_what_is_missing(how: b.Cut) -> None:
    report = b.Csv(rows=50)
    cut = b.CutMidStream(how, report)
    body = answer(cut, accept_encoding="gzip")[1]
    content = gzip.decompress(body)
    assert content == cut.sent()
    if how == "error-tail":
        content, _, tail = content.partition(b"<!DOCTYPE")
        assert b"An unexpected error occurred" in tail
    assert report.data().startswith(content)
    assert content.endswith(b"\n") is (how in ("boundary", "error-tail"))
    assert (content.count(b'"') % 2 == 1) is (how == "mid-record")


def test_a_truncated_gzip_has_an_orderly_end_of_chunks() -> None:
    cut = b.CutMidStream("gzip")
    response, body = answer(cut, accept_encoding="gzip")
    assert response.getheader("Content-Encoding") == "gzip"
    unpacker = zlib.decompressobj(31)
    assert unpacker.decompress(body) == cut.sent()
    assert not unpacker.eof


def test_a_cut_report_may_break_off_late() -> None:
    report = b.Csv.of_bytes(1_000_000)
    sent = b.CutMidStream("boundary", report, 0.9).sent()
    assert 880_000 < len(sent) < 920_000
    assert report.data().startswith(sent)


def test_a_ragged_report_ends_well_and_misses_a_field() -> None:
    report = b.Ragged(rows=9)
    assert answer(report)[1] == report.body()
    widths = [len(row) for row in csv.reader(io.StringIO(report.data().decode(), newline=""))]
    assert sorted(widths) == [7] + [8] * 9


def test_the_hard_window_drops_a_report_at_any_stage() -> None:
    window = b.HardWindow(0.15, b.Csv(rows=1000, bytes_per_second=100_000))
    with DemoOrg({ID: window}) as org, pytest.raises(IncompleteRead) as caught:
        get(org)
    assert 0 < len(caught.value.partial) < 40_000
    with (
        DemoOrg({ID: b.HardWindow(0.05, b.Csv(silence_seconds=60))}) as org,
        pytest.raises(http.client.RemoteDisconnected),
    ):
        get(org)


def test_a_trickle_is_one_byte_per_chunk() -> None:
    report = b.Csv(rows=1, columns=1)
    with DemoOrg({ID: b.Trickle(0.0, report=report)}) as org, raw(org) as connection:
        content = b""
        while not content.endswith(b"0\r\n\r\n"):
            content += connection.recv(65536)
    _, _, chunked = content.partition(b"\r\n\r\n")
    single = b"".join(b"1\r\n%c\r\n" % byte for byte in report.body())
    assert chunked == single + b"0\r\n\r\n"


@pytest.mark.parametrize("behaviour", [b.Trickle(0.0, stall_after_bytes=5), b.NoAnswer()])
def test_a_stalled_answer_ends_only_with_the_org(behaviour: b.Behaviour) -> None:
    with DemoOrg({ID: behaviour}) as org, raw(org) as connection:
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            received(connection)
        org.stop()
        connection.settimeout(10)
        assert received(connection) == b""


@pytest.mark.parametrize(
    "behaviour",
    [b.NeverEnds(), b.EndlessHeader("line"), b.EndlessHeader("lines"), b.EndlessCsvHeader(), b.CompressedBomb()],
)
def test_endless_answers_go_on_until_the_client_leaves(behaviour: b.Behaviour) -> None:
    with DemoOrg({ID: behaviour}) as org, raw(org) as connection:
        total = 0
        while total < 5_000_000:
            piece = connection.recv(1_000_000)
            assert piece
            total += len(piece)


def test_an_endless_header_stays_inside_its_line_or_field() -> None:
    with DemoOrg({ID: b.EndlessHeader()}) as org, raw(org) as connection:
        head = b""
        while len(head) < 100_000:
            head += connection.recv(100_000)
        assert head.startswith(b"HTTP/1.1 200 OK\r\nX-Filler: aaa")
        assert head.count(b"\n") == 1
    with DemoOrg({ID: b.EndlessCsvHeader("field")}) as org:
        assert _first_bytes(org, 200_000).startswith(b'"Account IDaaaa')
    with DemoOrg({ID: b.EndlessCsvHeader("fields")}) as org:
        assert b"\n" not in _first_bytes(org, 200_000)


def _first_bytes(org: DemoOrg, size: int) -> bytes:
    connection = HTTPConnection(org.host, timeout=10)
    try:
        connection.request("GET", TARGET, headers={"Cookie": f"sid={DEMO_SID}"})
        return connection.getresponse().read(size)
    finally:
        connection.close()


def test_a_compressed_bomb_unfolds_to_a_thousand_times_its_size() -> None:
    response, body = answer(b.CompressedBomb(0.05), accept_encoding="gzip")
    assert response.getheader("Content-Encoding") == "gzip"
    assert len(gzip.decompress(body)) > 300 * len(body)
