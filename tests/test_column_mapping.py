from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfr.column_mapping import MappedSink
from sfr.csv_scan import BYTE_ORDER_MARK, CsvScan
from sfr.errors import InvalidReport
from sfr.testing import Tray
from tests.tables import BOM, Table, pieces, sizes, tables

Columns = tuple[tuple[str, str], ...]


def mapped(content: bytes, columns: Columns, others: str = "drop", lengths: Sequence[int] = (1 << 18,)) -> bytes:
    tray = Tray()
    sink = MappedSink(tray, columns, others)
    for piece in pieces(content, lengths):
        assert sink.write(piece) == len(piece)
    sink.finish()
    return bytes(tray.data)


def why_refused(content: bytes, columns: Columns, others: str = "drop") -> InvalidReport:
    with pytest.raises(InvalidReport) as caught:
        mapped(content, columns, others, [5])
    return caught.value


def read(content: bytes, delimiter: str) -> list[list[str]]:
    text = content.removeprefix(BYTE_ORDER_MARK).decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def written(table: Table, *, sparing: bool) -> bytes:
    """The table as bytes; with quotes only where they are needed, where they shall be spared."""
    if not sparing:
        return table.content
    lines = [table.delimiter.join(map(spared, row)) for row in table.rows]
    return (BOM if table.bom else b"") + "".join(line + table.line_end for line in lines).encode()


def spared(cell: str) -> str:
    needed = not cell.strip() or cell[0] in "<{[" or any(character in cell for character in '",;\t|\r\n\ufeff')
    return '"' + cell.replace('"', '""') + '"' if needed else cell


def facts_of(content: bytes) -> tuple[tuple[str, ...], int]:
    scan = CsvScan()
    scan.feed(content)
    facts = scan.finish()
    return facts.columns, facts.records


@st.composite
def mappings(draw: st.DrawFn) -> tuple[Table, Columns, str]:
    """A table with different column names, some of them renamed, in any order, and what becomes of the rest."""
    table = draw(tables(most_columns=5).filter(lambda each: len(set(each.rows[0])) == len(each.rows[0])))
    chosen = draw(st.lists(st.sampled_from(table.rows[0]), unique=True, min_size=1))
    names = draw(st.lists(st.sampled_from(["x", "y z", 'q"', "a,b;c", "é", "", "n\nl"]), unique=True, min_size=5))
    columns = tuple(zip(chosen, names, strict=False))
    return table, columns, draw(st.sampled_from(["keep", "drop"])) if not set(names) & set(table.rows[0]) else "drop"


@given(mappings(), sizes, st.booleans())
@example((Table((("a", "b"), ("", ""), ("1", ""))), (("a", "x"),), "drop"), [1], True)
def test_every_cell_stands_below_its_new_name_however_the_bytes_were_cut(
    wanted: tuple[Table, Columns, str], lengths: list[int], sparing: bool
) -> None:
    table, columns, others = wanted
    content = written(table, sparing=sparing)
    assert facts_of(content) == (table.rows[0], table.records)
    found = mapped(content, columns, others, lengths)
    header = table.rows[0]
    order = [header.index(name) for name, _ in columns]
    order += [number for number in range(len(header)) if number not in order and others == "keep"]
    names = (*(name for _, name in columns), *(header[number] for number in order[len(columns) :]))
    rows = [[row[number] for number in order] for row in table.rows[1:]]
    assert read(found, table.delimiter) == [list(names), *rows]
    assert found.startswith(BOM) == table.bom
    assert facts_of(found) == (names, table.records)


def test_quotes_line_ends_and_nothing_beside_an_empty_text_stay_as_they_are() -> None:
    content = b'\xef\xbb\xbfa;b;c\r\n1;"";\r\n;"x;""y""\r\nz";" 3"\r\n'
    expected = b'\xef\xbb\xbfC;b;A\r\n;"";1\r\n" 3";"x;""y""\r\nz";\r\n'
    assert mapped(content, (("c", "C"), ("b", "b"), ("a", "A"))) == expected


def test_a_last_record_without_line_end_stays_without_one() -> None:
    assert mapped(b"a,b\n1,2\n3,4", (("b", "B"),)) == b"B\n2\n4"
    assert mapped(b'"a","b"\n"1","2"', (("b", "B"),)) == b'"B"\n"2"'


def test_blank_lines_at_the_end_do_not_become_records() -> None:
    assert mapped(b"a,b\n1,2\n\n\n", (("b", "B"),)) == b"B\n2\n"
    assert mapped(b"a\n1\n\n2\n\n", (("a", "B"),)) == b'B\n1\n""\n2\n\n'


def test_only_a_header_is_a_table_too() -> None:
    assert mapped(b"a,b", (("b", "B"),), "keep") == b"B,a"
    assert mapped(b"a,b\r\n", (("b", "B"),)) == b"B\r\n"


def test_a_single_column_cannot_be_taken_for_several() -> None:
    assert mapped(b"a;b\n1,5;x\n2;y\n;z\n", (("a", "price"),)) == b'"price"\n"1,5"\n2\n""\n'


def test_mixed_line_ends_stay_mixed() -> None:
    assert mapped(b"a,b\n1,2\r\n3,4\n", (("b", "B"),)) == b"B\n2\r\n4\n"
    assert mapped(b'a,b\n"1","2"\r\n3,4\n', (("b", "B"), ("a", "A"))) == b'B,A\n"2","1"\r\n4,3\n'


def test_a_column_that_is_missing_is_named_with_the_nearest_one() -> None:
    error = why_refused(b"Id,Amount\n1,2\n", (("amount ", "x"),))
    assert error.reason == "columns"
    assert "'amount '" in error.message
    assert "'Amount'" in error.message
    assert "Id, Amount" in error.remedy


def test_a_name_that_means_two_columns_is_refused() -> None:
    assert "2 columns called 'a'" in why_refused(b"a,a\n1,2\n", (("a", "x"),)).message


def test_two_columns_of_the_same_new_name_are_refused() -> None:
    assert "'b'" in why_refused(b"a,b\n1,2\n", (("a", "b"),), "keep").message
    assert mapped(b"a,b\n1,2\n", (("a", "b"),)) == b"b\n1\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html><body>Sign in</body></html>\n", "web-page"),
        (b'{"error": "no"}\n', "json"),
        (b"", "empty"),
        (b"a,b\n1,2\n3\n", "ragged"),
        (b"a,b\n1,2,3\n4,5\n", "ragged"),
        (b"a,b\n\n4,5\n", "ragged"),
        (b'a,b\n1,"2', "cut"),
        (b"a,b\n1,2\n3", "cut"),
    ],
)
def test_what_is_no_whole_csv_is_refused_as_without_a_mapping(content: bytes, reason: str) -> None:
    assert why_refused(content, (("a", "x"),)).reason == reason


def test_a_file_that_is_not_utf_8_stays_in_its_encoding() -> None:
    assert mapped("größe,b\nä,1\n".encode("latin-1"), (("größe", "Länge"),)) == "Länge\nä\n".encode("latin-1")


def test_a_later_try_goes_on_where_an_earlier_one_stopped_without_a_header() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("b", "B"),), "keep")
    sink.write(b"a,b\n1,2\n")
    sink.keep("window 1")
    sink.write(b"3,4\n5")
    later = tray.resumed()
    again = MappedSink(later, (("b", "B"),), "keep")
    assert again.point == "window 1"
    again.write(b"3,4\n5,6\n")
    assert again.finish().records == 2
    assert bytes(later.data) == b"B,a\n2,1\n4,3\n6,5\n"


def test_a_point_in_the_middle_of_a_record_is_not_kept() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("b", "B"),))
    sink.write(b"a,b\n1,2")
    sink.keep("too early")
    assert tray.kept == []


def test_what_was_kept_under_another_mapping_is_forgotten() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("b", "B"),))
    sink.write(b"a,b\n1,2\n")
    sink.keep("window 1")
    later = tray.resumed()
    again = MappedSink(later, (("b", "C"),))
    assert (again.point, bytes(later.data)) == ("", b"")
    assert (MappedSink(Tray(b"a,b\n", "a plain point"), (("b", "C"),)).point) == ""


def test_starting_over_forgets_the_header_too() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("b", "B"),))
    sink.write(b"a,b\n1,2\n")
    sink.restart()
    sink.write(b"b,a\n3,4\n")
    sink.finish()
    assert bytes(tray.data) == b"B\n3\n"


def test_further_files_are_mapped_too_and_held_to_the_same_rules() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("b", "B"),))
    sink.write(b"a,b\n1,2\n")
    sink.another("2").write(b"b,c\n3,4\n")
    sink.finish()
    assert bytes(tray.others["2"].data) == b"B\n3\n"


@pytest.mark.slow
@pytest.mark.parametrize("record", [b"%d,x,some text of ordinary length\n", b'"%d","say ""x""","some\ntext"\n'])
def test_memory_stays_flat(record: bytes) -> None:
    class Nowhere(Tray):
        def write(self, data: bytes | memoryview, /) -> int:
            return len(data)

    sink = MappedSink(Nowhere(), (("c", "C"), ("a", "A")))
    sink.write(b"a,b,c\n")
    block = b"".join(record % number for number in range(5000))
    sink.write(block)
    tracemalloc.start()
    for _ in range(20):
        sink.write(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * len(block)


def test_a_record_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfr.raw_records.LONGEST_RECORD_BYTES", 1000)
    sink = MappedSink(Tray(), (("a", "A"),))
    sink.write(b'a,b\n"')
    for _ in range(100):
        sink.write(b"longer ")
    with pytest.raises(InvalidReport, match="does not end"):
        sink.write(b"longer " * 100)


def test_a_quote_within_an_unquoted_cell_is_refused_where_it_would_swallow_the_next_record() -> None:
    assert why_refused(b'id,size\n1,5" pipe\n2,6" pipe\n', (("id", "id"),)).reason == "quotes"
    assert mapped(b'id,size\n1,the "big" one\n', (("size", "Size"),)) == b'Size\nthe "big" one\n'


def test_no_point_is_kept_while_blank_lines_are_held_back() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("a", "A"),))
    sink.write(b"a\n1\n\n")
    sink.keep("behind the blank line")
    assert tray.kept == []
    sink.write(b"3\n")
    assert bytes(tray.data) == b'A\n1\n""\n3\n'
