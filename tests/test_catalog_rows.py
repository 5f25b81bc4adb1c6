"""What worksheets make of a list."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sfr.catalog.columns import HEADERS, LIST_KEYS, find_columns, read_count, read_tags, read_yes_or_no
from sfr.catalog.problems import BadCell
from sfr.catalog.table import clean, normalise_header, parse_table, read_table
from sfr.errors import ConfigError
from sfr.query_text import parse_query

letters = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\x85")
cells = st.text(letters | st.sampled_from('";,\t|\n'), max_size=12).map(clean)


@given(
    st.lists(st.lists(cells, min_size=3, max_size=3).filter(any), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["\r\n", "\n"]),
    st.booleans(),
)
def test_a_table_reads_back_from_any_separator_and_encoding(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    separator: str,
    encoding: str,
    line_end: str,
    told: bool,
) -> None:
    buffer = io.StringIO(newline="")
    buffer.write(f"sep={separator}{line_end}" if told else "")
    csv.writer(buffer, delimiter=separator, lineterminator=line_end).writerows([["Name", "id", "note"], *rows])
    data = buffer.getvalue().encode(encoding, errors="replace")
    if encoding == "cp1252":
        # What happens to be valid UTF-8 is read as that.
        assume(b"?" not in data and not _is_utf8(data))
    path = tmp_path_factory.getbasetemp() / "table.csv"
    path.write_bytes(data)
    table = read_table(path, HEADERS)
    assert table.header == ["Name", "id", "note"]
    assert [row for _, row in table.rows] == rows


def _is_utf8(data: bytes) -> bool:
    try:
        return bool(data.decode()) and not data.isascii()
    except UnicodeDecodeError:
        return False


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    table = parse_table('\n\nname,id\n"a\nb",1\n\n ,\nc,2', HEADERS)
    assert table.header_line == 3
    assert [line for line, _ in table.rows] == [4, 8]
    assert parse_table("sep=;\r\nname;id\r\na;1\r\n", HEADERS).rows == [(3, ["a", "1"])]


def test_stray_spaces_and_invisible_characters_are_taken_off() -> None:
    table = parse_table('\ufeff name , id \n "a b" ,\u00a01\u200b \n', HEADERS)
    assert table.header == ["name", "id"]
    assert table.rows == [(2, ["a b", "1"])]


def test_a_separator_inside_a_header_does_not_mislead() -> None:
    assert parse_table("name;id;a,b,c,d,e\nx;1;y\n", HEADERS).header == ["name", "id", "a,b,c,d,e"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'name,id\n"a,1\nb,2\n', "line 2: a quotation mark"),
        (b'name,id\na,1\nb,"2', "line 3: a quotation mark"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "workbook"),
        (b"name,id\n\x81\xff,1\n", "encoding"),
        (b"\xff\xfen", "truncated"),
        (b"name,id\n" + b"x" * 200_000, "line 2: a value is too long"),
        (b'name,id\na,1\n"b,2\n' + b"c,3\n" * 50_000, "line 3: .* is a quotation mark missing"),
    ],
)
def test_what_is_no_list_is_refused_with_its_name(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    csv.field_size_limit(131_072)  # Python's own, which conversions raise for their whole process
    with pytest.raises(ConfigError, match=message) as caught:
        read_table(path, HEADERS)
    assert "list.csv" in str(caught.value)
    assert "CSV UTF-8" in caught.value.remedy


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_table(tmp_path, HEADERS)


@pytest.mark.parametrize("header", ["Report ID", "report-id", " REPORT__ID ", "\ufeffreport_id"])
def test_headers_are_compared_without_letter_case_and_spaces(header: str) -> None:
    assert normalise_header(header) == "report_id"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", ()),
        ("?a=b&c=d", (("a", "b"), ("c", "d"))),
        ("a=b&amp;c=d&", (("a", "b"), ("c", "d"))),
        ("pv1=4/1/2019", (("pv1", "4/1/2019"),)),
        ("a=&snip", (("a", ""), ("snip", ""))),
        ("a=x%20y+z%2B%26", (("a", "x y z+&"),)),
        ("a=100%", (("a", "100%"),)),
        ("a=%E9", (("a", "é"),)),
        ("a=%C3%A9", (("a", "é"),)),
        ("“a=b”", (("a", "b"),)),
        ("a=b=c", (("a", "b=c"),)),
        ("&copy=1&=x", (("copy", "1"),)),
    ],
)
def test_parameters_are_read_as_people_write_them(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert parse_query(text) == pairs


@pytest.mark.parametrize(
    ("text", "answer"), [("", True), ("Ja", True), ("TRUE", True), ("no", False), ("Falsch", False)]
)
def test_yes_and_no_are_read(text: str, answer: bool) -> None:
    assert read_yes_or_no(text) is answer


def test_counts_and_tags_are_read() -> None:
    assert (read_count(""), read_count("0"), read_count("1000")) == (None, 0, 1000)
    for text in ("-1", "1.5", "1,000", "many", "²"):
        with pytest.raises(BadCell):
            read_count(text)
    assert read_tags(" a;b, c a ;; ") == ("a", "b", "c")


@pytest.mark.parametrize("key", LIST_KEYS)
def test_what_only_other_lists_know_is_not_passed_over_in_silence(key: str) -> None:
    text = f'name,id,{key.title()}\na,1,\nb,2,"[drop: [email]]"\n'
    _, (problem,) = find_columns(parse_table(text, HEADERS))
    assert (problem.line, problem.column, problem.value) == (3, key, "[drop: [email]]")
    assert "JSON and YAML lists only" in problem.message
    assert "YAML list" in problem.remedy


def test_a_column_of_numbers_is_peoples_own_whatever_it_is_called() -> None:
    columns, problems = find_columns(parse_table("name,id,columns,types\na,1,12,\n", HEADERS))
    assert (columns, problems) == (["name", "id", None, None], [])
