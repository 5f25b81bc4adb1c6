"""Where one page ends and the next begins, whatever pieces the rows come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.sources.superset.border import Border, identity_of
from sfr.testing import Tray

RECORDS = [b'1,"a\nb"\n', b'2,"c ""d"""\n', b"3,\xe2\x80\xa8e\n", b"4,\n", b'5,"\n"\n']
IDENTITY = identity_of(b"id,name\n", [])


def through(
    data: bytes, size: int, after: bytes | None, *, lagging: bool = False, without_last: bool = False
) -> tuple[Border, bytes]:
    tray = Tray()
    border = Border(tray, IDENTITY(after) if after else "", IDENTITY, lagging=lagging)
    for start in range(0, len(data), size):
        border.write(data[start : start + size])
    border.finish(without_last=without_last)
    return border, bytes(tray.data)


@pytest.mark.parametrize("size", range(1, 45))
@pytest.mark.parametrize("place", range(5))
def test_records_up_to_the_known_one_are_left_out(size: int, place: int) -> None:
    border, out = through(b"".join(RECORDS), size, RECORDS[place])
    assert out == b"".join(RECORDS[place + 1 :])
    assert (border.found, border.skipped) == (True, place + 1)
    assert border.last()[0] == RECORDS[-1]


def test_without_the_known_one_nothing_is_written() -> None:
    border, out = through(b"".join(RECORDS), 7, b"9,gone\n")
    assert (border.found, border.skipped, out) == (False, 5, b"")


@given(st.lists(st.text(alphabet='a",\r\n', max_size=6), min_size=0, max_size=12), st.integers(1, 20))
def test_the_last_two_records_are_known_and_all_are_written(values: list[str], size: int) -> None:
    records = ['"{}"\n'.format(value.replace('"', '""')).encode() for value in values]
    border, out = through(b"".join(records), size, None)
    assert out == b"".join(records)
    assert border.last() == records[:-3:-1]


@given(st.lists(st.text(alphabet='a",\r\n', max_size=6), min_size=1, max_size=12), st.integers(1, 20), st.booleans())
def test_a_border_that_lags_may_leave_out_the_last_record_whatever_is_quoted_in_it(
    values: list[str], size: int, without_last: bool
) -> None:
    records = ['"{}"\n'.format(value.replace('"', '""')).encode() for value in values]
    kept = records[:-1] if without_last else records
    border, out = through(b"".join(records), size, None, lagging=True, without_last=without_last)
    assert out == b"".join(kept)
    assert border.last()[:1] == kept[-1:]


@pytest.mark.parametrize("without_last", [False, True])
@pytest.mark.parametrize("size", range(1, 45))
@pytest.mark.parametrize("place", range(4))
def test_a_border_that_lags_leaves_out_what_was_read_before_too(place: int, size: int, without_last: bool) -> None:
    border, out = through(b"".join(RECORDS), size, RECORDS[place], lagging=True, without_last=without_last)
    assert out == b"".join(RECORDS[place + 1 : -1 if without_last else None])
    assert (border.found, border.skipped) == (True, place + 1)


def test_what_lags_is_two_records_and_not_the_page() -> None:
    tray = Tray()
    border = Border(tray, lagging=True)
    for record in RECORDS:
        border.write(record)
    assert bytes(tray.data) == b"".join(RECORDS[:-2])


def test_a_lagging_page_without_records_is_empty() -> None:
    border, out = through(b"", 1, None, lagging=True)
    assert (out, border.last()) == (b"", [])


@pytest.mark.parametrize(
    ("header", "columns", "first", "second", "same"),
    [
        (b"id,sum\n", ["id"], b"1,0.30000000000000004\n", b"1,0.3\n", True),
        (b"id,sum\n", ["id"], b"1,5\n", b"2,5\n", False),
        (b"id,sum\n", ["id", "label that is not there"], b"1,5\n", b"1,6\n", False),
        (b"id,sum\n", [], b"1,5\n", b"1,6\n", False),
        (b"id,day\n", [], b"1.0,2026-01-02 00:00:00\n", b"1,2026-01-02\n", True),  # through pandas
        (b'"a,b",c\n', ["a,b"], b'"x,y",1\n', b'"x,y",2\n', True),
    ],
)
def test_a_record_is_known_by_its_columns_or_by_all(
    header: bytes, columns: list[str], first: bytes, second: bytes, same: bool
) -> None:
    identity = identity_of(header, columns)
    assert (identity(first) == identity(second)) is same


def test_a_huge_cell_is_no_trouble() -> None:
    identity = identity_of(b"id,text\n", ["id"])
    assert identity(b"1," + b"x" * 300_000 + b"\n") != identity(b"2," + b"x" * 300_000 + b"\n")
