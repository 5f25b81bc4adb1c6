from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.conversion import FORMATS, extension_of
from sfr.errors import InvalidReport
from tests.conversions import Cell, converted, csv_of, read_back, scanned, unpacked
from tests.tables import BOM, cells

IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
HOLDING_TYPES = ("parquet", "xlsx", "jsonl")
HARD = (
    "00123", "N/A", "1e5", "nan", "NULL", "null", "None", "true", "2026-01-02", "01/02/2026", " leading", "trailing ",
    '"', '""', 'say "no"', "a,b;c\td|e", "two\nlines", "two\r\nlines", "a lone\rreturn", "👩‍🚀 naïve 漢字", "=1+1",
    "+1", "-1", "@SUM(A1)", "", " ", "\t", "<r>x</r>", "</t>&amp;", "_x0041_", "_x000D_", "\\N", "\\", "'", "1,5",
    "9999999999999999999999", "-0", "1.50", "\ufeff", "\u2028", "\x7f", "\ufffd", "{}", "#REF!", "0x1F", "1_000", "∞",
)  # fmt: skip
any_cell = st.one_of(st.sampled_from(HARD), cells)


@st.composite
def tables(draw: st.DrawFn, null: str | None = None, tidy: bool = False) -> list[list[Cell]]:
    names = draw(st.lists(st.sampled_from(HARD), min_size=1, max_size=4, unique=True))
    cell = (
        any_cell.filter(lambda text: not any(ord(char) < 32 and char not in "\t\n\r" for char in text))
        if tidy
        else any_cell
    )
    value = cell if null is None else st.one_of(st.none(), cell)
    rows = draw(st.lists(st.tuples(*[value] * len(names)), max_size=6))
    return [list(names), *map(list, rows)]


def written(rows: list[list[Cell]], data: st.DataObject, null: str | None = None) -> bytes:
    """The table as one of the CSVs that it may come as."""
    content = csv_of(
        rows,
        null,
        delimiter=data.draw(st.sampled_from(",;\t|")),
        line_end=data.draw(st.sampled_from(["\n", "\r\n"])),
        quote_all=data.draw(st.booleans()),
    )
    mark, end = data.draw(st.sampled_from([b"", BOM])), data.draw(st.sampled_from([b"", b"\n", b"\r\n\n"]))
    return mark + content + end


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
@given(data=st.data())
@IN_ONE_FOLDER
def test_every_cell_comes_back_as_it_was(tmp_path: Path, format_name: str, data: st.DataObject) -> None:
    rows = data.draw(tables(tidy=format_name == "xlsx"))
    facts = converted(written(rows, data), tmp_path, format_name)
    assert read_back(facts.path, format_name) == (rows if len(rows) > 1 or format_name != "jsonl" else [])
    content = facts.path.read_bytes()
    assert (facts.bytes, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (facts.changed_cells, facts.warnings) == (0, ())


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
@given(data=st.data(), null=st.sampled_from(["", "\\N", "NULL", "N/A"]))
@IN_ONE_FOLDER
def test_no_value_and_a_text_that_looks_like_it_are_told_apart(
    tmp_path: Path, format_name: str, data: st.DataObject, null: str
) -> None:
    rows = data.draw(tables(null, tidy=format_name == "xlsx"))
    while null == "" and rows[-1] == [None]:  # blank lines at the end, which nobody counts as records
        rows.pop()
    facts = converted(written(rows, data, null), tmp_path, format_name, null=null)
    expected = [[cell or "" for cell in row] for row in rows] if format_name == "xlsx" else rows
    assert read_back(facts.path, format_name) == (expected if len(rows) > 1 or format_name != "jsonl" else [])


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
def test_a_record_of_nothing_but_tabs_is_a_record(tmp_path: Path, format_name: str) -> None:
    rows: list[list[Cell]] = [["a", "b"], [None, None], ["x", '"'], [None, None]]
    facts = converted(csv_of(rows, "", delimiter="\t", line_end="\n", quote_all=False), tmp_path, format_name, null="")
    expected = [[cell or "" for cell in row] for row in rows] if format_name == "xlsx" else rows
    assert read_back(facts.path, format_name) == expected


@pytest.mark.parametrize("format_name", ["csv", "csv.gz", "csv.zst"])
@given(data=st.data())
@settings(IN_ONE_FOLDER, max_examples=30)
def test_a_csv_stays_byte_for_byte_what_it_was_packed_or_not(
    tmp_path: Path, format_name: str, data: st.DataObject
) -> None:
    rows = data.draw(tables())
    content = written(rows, data)
    types = ((rows[0][0], "text(1000)"),)
    facts = converted(content, tmp_path, format_name, types=data.draw(st.sampled_from([(), types])))
    assert unpacked(facts.path, format_name) == content


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_content_gives_the_same_file(tmp_path: Path, format_name: str) -> None:
    content = csv_of([["a", "b"], *[[str(number), "x" * 50] for number in range(3_000)]])
    sums = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sums.add(converted(content, tmp_path / name, format_name).sha256)
    assert len(sums) == 1
    assert extension_of(format_name) == f".{format_name}"


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_csv_in_latin_letters_is_read_as_windows_writes_it(tmp_path: Path, format_name: str, encoding: str) -> None:
    odd = "€" if encoding == "cp1252" else "\x81"
    rows = [["Fälligkeit", "b"], *[["plain", "x"]] * 50_000, ['"Ü"', f"{odd}, y"]]
    if format_name == "xlsx":
        rows = [rows[0], *rows[-20:]]
    facts = converted(csv_of(rows).decode().encode(encoding), tmp_path, format_name)
    assert read_back(facts.path, format_name) == rows


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
def test_a_table_of_one_column_keeps_its_blank_lines_but_for_those_at_its_end(tmp_path: Path, format_name: str) -> None:
    blank = 600_000 if format_name == "parquet" else 100
    facts = converted(b"a\n\n\nx\n" + b"\n" * blank + b"y\n\n\n", tmp_path, format_name)
    assert read_back(facts.path, format_name) == [["a"], [""], [""], ["x"], *[[""]] * blank, ["y"]]


@pytest.mark.parametrize("format_name", ["parquet", "jsonl"])
def test_cells_of_megabytes_and_records_across_every_border_come_back(tmp_path: Path, format_name: str) -> None:
    long = ["x" * 1_500_000, 'y"\n' * 500_000, "z" * 10]
    rows = [["a", "b"], *[[text, other] for text in long for other in long]]
    facts = converted(csv_of(rows), tmp_path, format_name)
    assert read_back(facts.path, format_name) == rows


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
def test_many_records_come_in_their_order(tmp_path: Path, format_name: str) -> None:
    count = {"parquet": 200_000, "jsonl": 50_000, "xlsx": 3_000}[format_name]
    rows = [["number", "text"], *[[str(number), 'say "x"' if number % 7 else ""] for number in range(count)]]
    facts = converted(csv_of(rows), tmp_path, format_name)
    assert read_back(facts.path, format_name) == rows
    if format_name == "parquet":
        assert pyarrow.parquet.read_metadata(facts.path).num_row_groups > 1


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
@pytest.mark.parametrize("record", [b'"ab"c,1', b'a"b"c,1', b' "a",1', b'"a" ,1', b'a""b,1', b'""x"",1', b"a\rb,1"])
def test_odd_quotes_are_read_as_pythons_own_reader_does(tmp_path: Path, format_name: str, record: bytes) -> None:
    facts = converted(b"a,b\n" + record + b"\n", tmp_path, format_name)
    expected = ["a\rb", "1"] if b"\r" in record else next(csv.reader([record.decode()]))
    assert read_back(facts.path, format_name)[1] == expected
    with_null = converted(b"a,b\n" + record + b"\n", tmp_path, format_name, null="\\N")
    assert read_back(with_null.path, format_name)[1] == expected


@pytest.mark.parametrize("format_name", HOLDING_TYPES)
def test_a_file_that_one_reader_divides_otherwise_is_refused(tmp_path: Path, format_name: str) -> None:
    content = b'size,b\n5" pipe,x\n6" pipe,y\n'
    assert scanned(b"size,b\n1,x\n").records == 1
    with pytest.raises(InvalidReport) as caught:
        converted(content, tmp_path, format_name)
    assert caught.value.reason in ("count", "ragged", "quotes")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("format_name", ["parquet", "jsonl"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_blank_lines_at_the_end_of_one_column_are_records_where_those_are_proven(
    tmp_path: Path, format_name: str, line_end: bytes
) -> None:
    content = line_end.join([b"a", b'"x""\ny"', b"", b'""', b"", b"", b""])
    done = converted(content, tmp_path, format_name, null="", records=5)
    assert read_back(done.path, format_name) == [["a"], ['x"\ny'], [None], [""], [None], [None]]
    assert converted(b"a" + 3 * line_end, tmp_path, format_name, null="", records=2).bytes
