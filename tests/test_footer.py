from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfr.csv_scan import CsvScan
from sfr.demo import data
from sfr.demo.behaviours import FOOTERS, Csv, Footer, Nasty
from sfr.errors import InvalidReport
from sfr.sources.salesforce.footer import TAIL_BYTES, FooterCutter, find_footer
from tests.tables import Table, parsed, pieces, sizes, tables

WITH_FOOTER = [kind for kind in FOOTERS if kind != "none"]


class Basket:
    """Collects what it is given, and scans it as a staged file does."""

    def __init__(self) -> None:
        self.content = b""
        self.scan = CsvScan()

    def write(self, data: bytes | memoryview, /) -> int:
        self.content += data
        self.scan.feed(data)
        return len(data)


def cut(parts: Iterable[bytes]) -> tuple[bytes, bytes, int]:
    """Data, footer and record count of an answer. Raises InvalidReport as a download would."""
    basket = Basket()
    cutter = FooterCutter(basket)
    for part in parts:
        cutter.write(part)
    footer = cutter.finish()
    return basket.content, footer, basket.scan.finish().records


@given(tables(), st.sampled_from(WITH_FOOTER), st.text(st.characters(exclude_categories=["Cs"]), max_size=12), sizes)
@example(Table((("a",), ('near"\n\n',))), "standard", "Report", [1])
@example(Table((("a", "b"), ("", 'x""\n\n""')), bom=True), "unterminated", 'all "open"\n\n"cases"', [1])
def test_data_and_footer_of_any_table_are_parted_to_the_byte(
    table: Table, kind: Footer, title: str, lengths: list[int]
) -> None:
    footer = data.footer(kind, title, table.records)
    assert cut(pieces(table.content + footer, lengths)) == (table.content, footer, table.records)


@given(tables(), st.lists(st.text('ab "\n,é漢', max_size=8), min_size=1, max_size=10), st.integers(1, 3), sizes)
def test_a_footer_is_known_by_its_shape_whatever_it_says(
    table: Table, lines: list[str], blank: int, lengths: list[int]
) -> None:
    footer = b"\r\n" * blank + b"".join(data.quoted([line]).encode() for line in lines)
    assert cut(pieces(table.content + footer, lengths))[:2] == (table.content, footer)


@given(tables(), sizes)
def test_a_table_without_footer_passes_as_it_is(table: Table, lengths: list[int]) -> None:
    assert cut(pieces(table.content, lengths)) == (table.content, b"", table.records)


@pytest.mark.parametrize("kind", FOOTERS)
def test_a_data_row_equal_to_the_footer_stays(kind: Footer) -> None:
    rows = ((data.CONFIDENTIAL,), (data.CONFIDENTIAL,), (data.COPYRIGHT,), ("Report",), (data.GENERATED_BY,))
    content = Table(rows).content
    footer = data.footer(kind, "Report", 4)
    assert cut([content + footer]) == (content, footer, 4)


SMALL: list[Csv | Nasty] = [
    Csv(rows=2, columns=2),
    Csv(rows=0, columns=3, footer="german"),
    Csv(rows=2, columns=1, footer="totals"),
    Nasty(),
    Nasty(one_column=True),
    Nasty(bom=True, footer="totals-standard"),
    Nasty(one_column=True, footer="short"),
]


@pytest.mark.parametrize("report", SMALL, ids=str)
def test_no_beginning_of_a_report_passes_for_the_whole(report: Csv | Nasty) -> None:
    """Cut after any byte: it is refused, or unproven with whole records, or all data was there."""
    body, whole = report.body(), report.data()
    every = parsed(whole, ",") or []
    for length in range(len(body)):
        refuse_or_check_beginning(body[:length], whole, every)


@given(tables(), st.sampled_from(FOOTERS), st.data())
def test_no_beginning_of_any_table_passes_for_the_whole(table: Table, kind: Footer, drawn: st.DataObject) -> None:
    body = table.content + data.footer(kind, "Report", table.records)
    length = drawn.draw(st.integers(0, len(body) - 1))
    refuse_or_check_beginning(body[:length], table.content, parsed(table.content, table.delimiter) or [], table)


def refuse_or_check_beginning(
    beginning: bytes, whole: bytes, every: Sequence[list[str]], table: Table | None = None
) -> None:
    try:
        kept, footer, records = cut([beginning])
    except InvalidReport:
        return
    if footer:
        assert kept == whole
        return
    assert kept == beginning
    rows = parsed(kept, table.delimiter if table else ",") or []
    assert len(rows) == records + 1
    # Without a line end the last value may be cut at a doubled quote, which no reader can see.
    certain = len(rows) if kept.endswith(b"\n") else len(rows) - 1
    assert rows[:certain] == every[:certain]


@given(tables(most_columns=3), st.sampled_from(WITH_FOOTER), st.integers(-2, 3))
def test_a_footer_far_behind_the_beginning_is_parted_too(table: Table, kind: Footer, more: int) -> None:
    many = table.content + Table(table.rows[-1:] * 2, table.delimiter, table.line_end).content
    filler = Table(
        (("x" * (TAIL_BYTES + 2000 + more), *("",) * (len(table.rows[0]) - 1)),), table.delimiter, table.line_end
    )
    content = many + filler.content + Table(table.rows[-1:], table.delimiter, table.line_end).content
    footer = data.footer(kind, "Report", 9)
    for lengths in ([1 << 20], [1000], [10_000, 7, 60_000]):
        assert cut(pieces(content + footer, lengths))[:2] == (content, footer)


@pytest.mark.parametrize(
    "tail",
    [
        b"<html>\n<body>An unexpected error occurred</body>\n</html>\n",
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN">\n<p class="x">Error</p>',
        b'[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]',
    ],
)
@pytest.mark.parametrize("columns", [1, 2])
def test_an_error_message_behind_the_records_is_no_record(tail: bytes, columns: int) -> None:
    content = Table((("a", "b")[:columns], ("c", "d")[:columns])).content
    with pytest.raises(InvalidReport) as caught:
        cut([content + tail])
    assert caught.value.reason == "cut"
    assert caught.value.max_attempts is None


UNQUOTED = [
    b"An internal error occurred, please try again.\n",
    b"An error occurred, with code 1, sorry",
    b"<html>\n<body>An unexpected error occurred</body>\n</html>\n",
    b"\n\nAn error behind a blank line\n",
    b'The report "Sales" ran too long\n',
    b'The report "Sales ran too long\n',
    b'Error in "Sales"',
    b'"c"d\n',
]


@given(tables(), st.sampled_from(UNQUOTED), st.sampled_from(FOOTERS), sizes)
def test_text_outside_of_quotes_behind_the_records_is_no_record(
    table: Table, text: bytes, kind: Footer, lengths: list[int]
) -> None:
    footer = data.footer(kind, "Report", table.records)
    with pytest.raises(InvalidReport) as caught:
        cut(pieces(table.content + text + footer, lengths))
    assert caught.value.reason == "cut"


@pytest.mark.parametrize("text", [UNQUOTED[0], UNQUOTED[1], UNQUOTED[2]])
@pytest.mark.parametrize("length", [1000, 1 << 20])
def test_text_behind_many_records_is_told_in_the_message(text: bytes, length: int) -> None:
    content = Table((("a",), *((f'say ""{number}""',) for number in range(20_000)))).content
    with pytest.raises(InvalidReport, match="error"):
        cut(pieces(content + text, [length]))


def test_a_report_without_quotes_may_say_anything() -> None:
    content = b"a,b\nAn error occurred,sorry\n"
    assert cut([content]) == (content, b"", 1)


def test_a_line_of_text_is_no_report() -> None:
    with pytest.raises(InvalidReport, match="upstream connect error") as caught:
        cut([b"upstream connect error"])
    assert caught.value.reason == "text"


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\n\nmore", b'\n\n"one","two"\n', b'\n\n"open'])
def test_what_has_no_such_shape_is_no_footer(end: bytes) -> None:
    assert find_footer(b'"a","b"\n"c","d"' + end) is None


def test_a_tail_of_blanks_is_searched_in_one_pass() -> None:
    """A pattern that tries every way to share the blanks out would take hours here."""
    assert find_footer(b'"a","b"\n\n"x"' + b" \t" * 500_000 + b"y") is None
    assert find_footer(b'"a","b"\n\n"' + b'""' * 500_000 + b"y") is None
