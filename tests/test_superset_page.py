"""One answer's CSV, cut into pieces anywhere: header, records, failures told amid rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import InvalidReport, TransientError
from sfr.sources.superset.page import FAILURE, HELD_BYTES, NothingCame, Page
from sfr.testing import Tray

HEAD = b'"id","a ""name""\r\nof two lines"'
RECORDS = ('1,"x\r\ny"', '2,"日本 ""q"""', "3,")


def through(data: bytes, size: int, header: bytes | None = None) -> tuple[Page, bytes]:
    tray = Tray()
    page = Page(tray, header)
    for start in range(0, len(data), size):
        page.write(data[start : start + size])
    page.finish()
    return page, bytes(tray.data)


@pytest.mark.parametrize("size", range(1, 40))
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("repeated", [1, 40])
def test_pieces_of_any_size_give_the_same(size: int, mark: bytes, repeated: int) -> None:
    def text(end: str) -> bytes:
        return HEAD + end.encode() + "".join(f"{record}{end}" for record in RECORDS * repeated).encode()

    page, out = through(mark + text("\r\n"), size)
    assert out == text("\n")
    assert page.records == 3 * repeated
    assert page.header == HEAD + b"\n"


@given(st.lists(st.text(alphabet='a",\r\n', max_size=8), min_size=1, max_size=20), st.integers(1, 30))
def test_what_is_inside_quotes_is_never_touched(values: list[str], size: int) -> None:
    def line(value: str) -> str:
        return '"' + value.replace('"', '""') + '"'

    sent = "".join(f"{line(value)}\r\n" for value in ["name", *values]).encode()
    page, out = through(sent, size)
    assert out == "".join(f"{line(value)}\n" for value in ["name", *values]).encode()
    assert page.records == len(values)


def test_the_header_of_a_later_page_is_left_out_and_must_be_the_same() -> None:
    first, _ = through(b"id,name\r\n1,x\r\n", 5)
    assert through(b"id,name\r\n2,y\r\n", 5, first.header)[1] == b"2,y\n"
    with pytest.raises(InvalidReport, match="columns changed"):
        through(b"id,title\r\n2,y\r\n", 5, first.header)


@pytest.mark.parametrize("data", [b"id\n", b"id", b"id\r\n"])
def test_a_header_alone_is_a_page_without_records(data: bytes) -> None:
    page, out = through(data, 1)
    assert (page.records, out) == (0, b"id\n")


def test_a_last_record_without_a_line_end_is_counted_and_ended() -> None:
    page, out = through(b"id\n1\n2", 4)
    assert (page.records, out) == (2, b"id\n1\n2\n")


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_a_failure_told_after_the_header_is_an_error(rows: int) -> None:
    with pytest.raises(TransientError, match="failed after"):
        through(b"id,name\r\n" + b"1,x\r\n" * rows + FAILURE + b"Export failed.\n", 300)


def test_a_failure_told_at_once_means_that_nothing_came() -> None:
    with pytest.raises(NothingCame):
        through(FAILURE + b"Export failed. Please try again in some time.\n", 7)


def test_no_header_is_longer_than_a_megabyte() -> None:
    with pytest.raises(InvalidReport, match="header line does not end"):
        through(b"x" * (2 << 20), 1 << 16)


def test_little_is_held_back() -> None:
    tray = Tray()
    page = Page(tray)
    page.write(b"id\n" + b"1\n" * 10_000)
    assert len(tray.data) == 20_003 - HELD_BYTES
