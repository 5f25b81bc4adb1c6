from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.csv_scan import CsvScan
from sfr.errors import InvalidReport
from sfr.rows import CsvRows
from sfr.testing import Tray
from tests.tables import cells

Row = tuple[str | None, ...]


def written(*batches: Any, columns: tuple[str, ...] | None = None, header: bool = True) -> str:
    tray = Tray()
    rows = CsvRows(tray, columns, header=header)
    for batch in batches:
        rows.write(batch)
    rows.finish()
    return tray.data.decode()


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Row]]:
    """Different column names, and rows of texts and nothings."""
    columns = tuple(
        draw(st.lists(cells.filter(lambda each: "\ufeff" not in each), min_size=1, max_size=4, unique=True))
    )
    value = st.one_of(st.none(), cells)
    return columns, draw(st.lists(st.tuples(*[value] * len(columns)), max_size=6))


@given(tables(), st.integers(1, 3), st.booleans())
def test_every_table_reads_back_as_it_was_however_it_was_batched(
    table: tuple[tuple[str, ...], list[Row]], size: int, as_mappings: bool
) -> None:
    columns, rows = table
    batches: list[Any] = [rows[start : start + size] for start in range(0, len(rows), size)]
    if as_mappings:
        batches = [[dict(zip(columns, row, strict=True)) for row in batch] for batch in batches]
    text = written(*batches, columns=columns)
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read == [list(columns), *[[value or "" for value in row] for row in rows]]


@given(tables())
def test_the_scan_of_a_staged_file_counts_the_same_columns_and_records(
    table: tuple[tuple[str, ...], list[Row]],
) -> None:
    columns, rows = table
    scan = CsvScan()
    scan.feed(written(rows, columns=columns).encode())
    facts = scan.finish()
    assert (facts.columns, facts.records) == (columns, len(rows))


@given(st.lists(st.one_of(st.none(), cells), min_size=2, max_size=5))
def test_nothing_and_an_empty_text_are_told_apart(row: list[str | None]) -> None:
    columns = tuple(f"c{number}" for number in range(len(row)))
    line = written([row], columns=columns).partition("\n")[2].removesuffix("\n")
    found, rest = [], line + ","
    while rest:
        if rest.startswith('"'):
            end = 1
            while rest[end : end + 2] == '""' or rest[end] != '"':
                end += 2 if rest[end] == '"' else 1
            found.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 2 :]
        else:
            text, _, rest = rest.partition(",")
            found.append(text or None)
    assert found == row


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", '""'),
        (True, "true"),
        (False, "false"),
        (12345678901234567890, "12345678901234567890"),
        (1.5, "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000001"), "0.0000001"),
        (Decimal("1E+999999999"), "1E+999999999"),
        (Decimal("NaN"), "NaN"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (time(3, 4), "03:04:00"),
        ({"é": [1, None]}, '"{""é"": [1, null]}"'),
        (b"\x00\xff", "00ff"),
        ("a\rb", '"a\rb"'),
        ("half \ud83d", "half ?"),
    ],
)
def test_each_kind_of_value_has_one_way_to_be_written(value: Any, text: str) -> None:
    tray = Tray()
    CsvRows(tray).write([{"a": value, "b": "x"}])
    assert tray.data.decode() == f"a,b\n{text},x\n"


def test_a_lone_nothing_is_a_record_and_no_blank_line() -> None:
    assert written([[None], ["x"], [None]], columns=("a",)) == 'a\n""\nx\n""\n'


def test_columns_come_from_the_first_mapping_and_missing_keys_are_nothing() -> None:
    assert written([{"a": 1, "b": 2}], [{"b": 3}]) == "a,b\n1,2\n,3\n"


def test_a_table_without_rows_has_its_header_where_the_columns_are_known() -> None:
    assert written([], columns=("a", "b")) == "a,b\n"
    assert written([]) == ""
    assert written(columns=("a",)) == "a\n"


def test_a_header_that_is_there_already_is_not_written_again() -> None:
    assert written([[1, 2]], columns=("a", "b"), header=False) == "1,2\n"


@pytest.mark.parametrize("row", [[1], [1, 2, 3], {"a": 1, "c": 2}])
def test_a_row_with_other_columns_is_refused(row: Any) -> None:
    with pytest.raises(InvalidReport, match="row has"):
        written([row], columns=("a", "b"))


@pytest.mark.parametrize(
    ("batch", "why"), [({"a": 1}, "into a list"), ([[1, 2]], "which columns"), (["text"], "not str"), ([7], "not int")]
)
def test_what_is_no_batch_tells_the_author_of_the_connector(batch: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        written(batch)


def test_finished_bytes_bring_their_own_header_or_follow_the_columns() -> None:
    assert written(b"a,b\n1,2\n", b"3,4\n") == "a,b\n1,2\n3,4\n"
    assert written(b"1,2\n", columns=("a", "b")) == "a,b\n1,2\n"
    assert written([{"a": 1}], b"2\n", memoryview(b"3\n"), [{"a": 4}]) == "a\n1\n2\n3\n4\n"
    assert written(b"", columns=("a",)) == "a\n"


def test_rows_are_counted() -> None:
    rows = CsvRows(Tray(), ("a",))
    rows.write([[1], [2]])
    rows.write(iter([(3,)]))
    assert rows.records == 3


def test_memory_does_not_grow_with_the_number_of_batches() -> None:
    class Nowhere(Tray):
        def write(self, data: bytes | memoryview, /) -> int:
            return len(data)

    rows = CsvRows(Nowhere(), ("a", "b"))
    tracemalloc.start()
    for start in range(0, 50_000, 1000):
        rows.write((number, "x" * 20) for number in range(start, start + 1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


class TestFrames:
    """With pandas, where it is installed."""

    @pytest.fixture(autouse=True)
    def pandas(self) -> Any:
        return pytest.importorskip("pandas")

    def test_missing_values_of_any_kind_are_nothing_and_numbers_stay_whole(self, pandas: Any) -> None:
        frame = pandas.DataFrame(
            {
                "i": pandas.array([1, None], dtype="Int64"),
                "f": [1.5, float("nan")],
                "t": pandas.to_datetime(["2026-01-02T03:04:05", None]),
                "s": ["", None],
                "b": [True, False],
            }
        )
        assert written(frame) == 'i,f,t,s,b\n1,1.5,2026-01-02T03:04:05,"",true\n,,,,false\n'

    def test_a_later_frame_may_have_its_columns_in_another_order_but_no_others(self, pandas: Any) -> None:
        first = pandas.DataFrame({"a": [1], "b": [2]})
        assert written(first, pandas.DataFrame({"b": [4], "a": [3]})) == "a,b\n1,2\n3,4\n"
        with pytest.raises(InvalidReport, match="other columns"):
            written(first, pandas.DataFrame({"a": [1], "c": [2]}))

    def test_an_empty_frame_has_a_header(self, pandas: Any) -> None:
        assert written(pandas.DataFrame({"a": [], "b": []})) == "a,b\n"

    def test_numbers_of_numpy_are_numbers(self) -> None:
        numpy = pytest.importorskip("numpy")
        assert (
            written([{"a": numpy.int64(5), "b": numpy.bool_(True), "c": numpy.float64(0.5)}]) == "a,b,c\n5,true,0.5\n"
        )


def test_rows_behind_finished_bytes_without_a_last_line_end_begin_a_line() -> None:
    assert written(b"1\n2", [["3"]], columns=("id",)) == "id\n1\n2\n3\n"
    assert written(b"1", b"2\n", [["3"]], columns=("id",)) == "id\n12\n3\n"
    assert written(b"1\n2", [], columns=("id",)) == "id\n1\n2"


def test_names_that_are_no_text_are_written_as_text() -> None:
    assert written([{1: "a", None: "b"}, {1: "c"}, {None: "d", 1: "e"}, {"1": "f"}]) == "1,None\na,b\nc,\ne,d\nf,\n"
    with pytest.raises(InvalidReport, match="the same as text"):
        written([{1: "a", "1": "b"}])
    with pytest.raises(InvalidReport, match="the header lacks: 2"):
        written([{1: "a"}, {2: "b"}])
