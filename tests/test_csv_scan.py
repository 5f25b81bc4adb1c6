from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfr import csv_scan
from sfr.csv_scan import CsvFacts, CsvScan, find_delimiter
from sfr.errors import InvalidReport
from tests.tables import BOM, Table, parsed, pieces, sizes, tables


@pytest.fixture(autouse=True, params=["the way of small files", "the way of large files"], scope="module")
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Large files are counted in another way; here every file is large, and then every file is small."""
    with pytest.MonkeyPatch.context() as patch:
        if "large" in request.param:
            patch.setattr(csv_scan, "LARGE_BYTES", 0)
            patch.setattr(csv_scan, "BLOCK_BYTES", 1)
        yield


def scan(parts: Iterable[bytes]) -> CsvFacts:
    scanner = CsvScan()
    for part in parts:
        scanner.feed(part)
    return scanner.finish()


def reason(content: bytes, lengths: Sequence[int] = (1 << 20,)) -> str:
    """Why the scan refuses; "" when it does not."""
    try:
        scan(pieces(content, lengths))
    except InvalidReport as error:
        return error.reason
    return ""


@given(tables(), sizes)
@example(Table((("a",), ("",))), [1])
@example(Table((("a", "b"), ('x""\n\n""', '"'), ('"', "\n\n")), bom=True), [1])
@example(Table((('"', ";"), ('"";', "b")), ";"), [1])
def test_columns_and_records_of_any_table_are_right_however_it_is_cut_into_pieces(
    table: Table, lengths: list[int]
) -> None:
    facts = scan(pieces(table.content, lengths))
    assert facts.columns == table.rows[0]
    assert facts.records == table.records
    if len(table.rows[0]) > 1:
        assert facts.delimiter == table.delimiter


@given(tables(), sizes)
def test_a_last_record_without_line_end_is_counted_too(table: Table, lengths: list[int]) -> None:
    assert scan(pieces(table.content.removesuffix(table.line_end.encode()), lengths)).records == table.records


@given(tables(), st.integers(1, 4), sizes)
def test_blank_lines_at_the_end_are_no_records(table: Table, blank: int, lengths: list[int]) -> None:
    facts = scan(pieces(table.content + table.line_end.encode() * blank, lengths))
    assert facts.records == table.records


@st.composite
def damaged_tables(draw: st.DrawFn) -> tuple[Table, bytes]:
    """A table of several columns, cut at any byte, or with a field or blank line too much or too few in a record."""
    table = draw(tables().filter(lambda each: len(each.rows[0]) > 1 and each.records > 0))
    rows = [list(row) for row in table.rows]
    number = draw(st.integers(2, len(rows)))
    place = draw(st.sampled_from(["cut", "field lost", "field added", "blank line"]))
    if place == "field lost":
        rows[number - 1].pop()
    elif place == "field added":
        rows[number - 1].append("more")
    lines = [Table((tuple(row),), table.delimiter, table.line_end).content for row in rows]
    if place == "blank line":
        lines.insert(number, table.line_end.encode())
    content = b"".join(lines)
    return table, content[: draw(st.integers(0, len(content)))] if place == "cut" else content


@given(damaged_tables(), sizes)
@example((Table((("a", "b"), ("c", "d"))), b'"a","b"\n"c","d"\n\n"e","f"'), [1])
@example((Table((("a", "b"), ("c", "d"))), b'"a","b"\n"c"'), [1])
@example((Table((("a", "b"), ("c", "d"))), b'"a","b"\n"c"\n'), [1])
def test_the_verdict_on_a_damaged_table_is_that_of_pythons_own_strict_reader(
    damaged: tuple[Table, bytes], lengths: list[int]
) -> None:
    table, content = damaged
    rows = parsed(content, table.delimiter)
    well_formed = bool(rows) and len({len(row) for row in rows or []}) == 1
    assert (reason(content, lengths) == "") == well_formed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\r\n \n", "empty"),
        (BOM, "empty"),
        (b"<html>", "web-page"),
        (BOM + b"\n <!DOCTYPE html>", "web-page"),
        (b'[{"errorCode":"X"}]', "json"),
        (b'{"a":1}', "json"),
        (b"PK\x03\x04\x14\x00\x00\x00", "binary"),
        (b'"a","b"\n"c","d', "cut"),
        (b'"a","b"\n"c","d""', "cut"),
        (b'"a","b"\n"c","d"\n"e"', "cut"),
        (b'"a","b"\n"c","d"\nAn unexpected error occurred', "cut"),
        (b'"a","b"\n"c","d"\n<html>\n<body>\n</body>\n</html>\n', "cut"),
        (b'"a","b"\n"c","d"\n\n\nerror', "cut"),
        (b'"a","b"\n"c"\n"e","f"\n', "ragged"),
        (b'"a","b"\n"c","d","x"\n', "ragged"),
        (b'"a","b"\n\n"e","f"\n', "ragged"),
        (b'"' + b"x" * 200_000 + b'","b"\n"c","d"\n', ""),
        (b'"' + b"x" * 2_000_000 + b'","b"\n"c","d"\n', "header"),
    ],
)
def test_what_is_no_whole_csv_is_refused_by_name(content: bytes, expected: str) -> None:
    assert reason(content) == reason(content, [1 << 16]) == expected
    if len(content) < 1000:
        assert reason(content, [1]) == expected


def test_a_refused_record_is_named_by_its_number() -> None:
    with pytest.raises(InvalidReport, match="record 2 is a blank line or a single field where the header has 2"):
        scan([b'"a","b"\n"1","2"\n"3"\n"4","5"\n'])


@pytest.mark.parametrize("piece", [b'"a","b"\n', b"a;b;c\n", b'"x""y"\t"z"\n'])
def test_a_header_alone_is_a_report_without_records(piece: bytes) -> None:
    facts = scan([piece])
    assert facts.records == 0
    assert len(facts.columns) > 1


def test_bytes_and_views_of_bytes_are_taken_alike() -> None:
    content = b'"a","b"\n"1","2"\n'
    assert scan([content]) == scan([memoryview(content)])  # type: ignore[list-item]


def test_a_header_in_latin_letters_is_read_where_it_is_no_utf8() -> None:
    assert scan(['"Fälligkeit";"Betrag"\n'.encode("latin-1")]).columns == ("Fälligkeit", "Betrag")


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        (b'"a;b","c"', b","), (b'"a,b";"c"', b";"), (b'"a""|""b"\t"c"', b"\t"), (b'"only"', b","),
        (b'""|"b"', b"|"), (b"a,b;c,d", b","), (b'"""","b"', b","),
    ],
)  # fmt: skip
def test_the_delimiter_is_what_follows_the_first_field(header: bytes, delimiter: bytes) -> None:
    assert find_delimiter(header) == delimiter


@pytest.mark.parametrize("piece", [b"a" * 65536, b'","Account Name' * 4000], ids=["field", "fields"])
def test_a_header_without_end_is_given_up_after_a_megabyte(piece: bytes) -> None:
    assert reason(b'"Account ID' + piece * (900_000 // len(piece)), [65536]) in ("cut", "")
    with pytest.raises(InvalidReport, match="does not end") as caught:
        scan(itertools.chain([b'"Account ID'], itertools.repeat(piece)))
    assert caught.value.reason == "header"


@pytest.mark.parametrize("piece", [b"x" * 65536, b'","' * 20000, b'""' * 32768], ids=["field", "fields", "quotes"])
def test_a_record_without_end_needs_no_memory_of_its_size(piece: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(InvalidReport) as caught:
        scan(itertools.chain([b'"a","b"\n"'], itertools.repeat(piece, 2500)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.reason in ("ragged", "cut")
    assert peak < 100 << 20
