from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from sfr.conversion import Conversion, sheets
from sfr.conversion.csv_rows import CsvRows
from sfr.conversion.sheet_cells import LONGEST_TEXT, MOST_COLUMNS, MOST_ROWS, letters
from sfr.conversion.sheets import Workbook
from sfr.conversion.typed_cells import TypedCells
from sfr.errors import InvalidReport
from tests.conversions import converted, csv_of, read_back, sheets_of


def test_formulas_and_markup_are_texts_and_never_run(tmp_path: Path) -> None:
    rows = [["=A2", "<b>"], ["=1+1", "<r><t>rich</t></r>"], ["@SUM(A1)", "</t></is></c><c><f>1+1</f></c>"]]
    facts = converted(csv_of(rows), tmp_path, "xlsx")
    assert read_back(facts.path, "xlsx") == rows  # the reader would say that a cell has a formula
    with zipfile.ZipFile(facts.path) as parts:
        assert parts.testzip() is None
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_a_text_as_long_as_a_cell_may_be_is_kept_and_a_longer_one_refused(tmp_path: Path) -> None:
    longest = "👩" * (LONGEST_TEXT // 2) + "x"
    facts = converted(csv_of([["a", "b"], ["1", longest]]), tmp_path, "xlsx")
    assert read_back(facts.path, "xlsx")[1] == ["1", longest]
    with pytest.raises(InvalidReport) as caught:
        converted(csv_of([["a", "b"], ["1", "2"], ["1", f"{longest}y"]]), tmp_path, "xlsx")
    assert caught.value.message.startswith("record 2, column 'b': '👩👩")
    assert caught.value.message.endswith("has 32,768 characters, and a cell of a workbook takes 32,767")
    assert caught.value.reason == "xlsx"
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("char", ["\x01", "\x0b", "\x1f", "\ufffe"])
def test_a_control_character_is_refused_with_its_place(tmp_path: Path, char: str) -> None:
    with pytest.raises(InvalidReport, match=rf"record 2, column 'b': .* U\+{ord(char):04X}, which no workbook"):
        converted(csv_of([["a", "b"], ["1", "2"], ["1", f"x{char}"]]), tmp_path, "xlsx")
    with pytest.raises(InvalidReport, match="the header, column"):
        converted(csv_of([["a", f"b{char}"], ["1", "2"]]), tmp_path, "xlsx")


def test_more_columns_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    header = ",".join(f"c{number}" for number in range(MOST_COLUMNS)).encode()
    values = ",".join(["x"] * MOST_COLUMNS).encode()
    facts = converted(header + b"\n" + values + b"\n", tmp_path, "xlsx")
    assert read_back(facts.path, "xlsx")[0][-1] == f"c{MOST_COLUMNS - 1}"
    with pytest.raises(InvalidReport, match="16,385 columns, and a sheet takes 16,384"):
        converted(header + b",one more\n", tmp_path, "xlsx")


@pytest.mark.parametrize(
    ("position", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_are_called_as_excel_calls_them(position: int, name: str) -> None:
    assert letters(position) == name
    assert openpyxl.utils.get_column_letter(position + 1) == name


def workbook_of(
    sheets: list[tuple[str, int]], folder: Path, most_rows: int
) -> tuple[dict[str, list[list[str]]], list[str]]:
    """The sheets of a workbook from tables of so many records, and its warnings."""
    source, into = folder / "in.csv", io.BytesIO()
    with Workbook(into, most_rows) as workbook:
        for name, records in sheets:
            source.write_bytes(csv_of([["n", "x"], *[[str(number), "y"] for number in range(records)]]))
            csv = CsvRows(source, Conversion("xlsx", records=records), "utf-8", lambda _bytes: None)
            workbook.add(csv, name, TypedCells(csv.columns, Conversion("xlsx")))
    target = folder / "out.xlsx"
    target.write_bytes(into.getvalue())
    return sheets_of(target), workbook.warnings


@pytest.mark.parametrize(("records", "sheets"), [(0, 1), (3, 1), (4, 2), (6, 2), (7, 3), (10, 4)])
def test_what_one_sheet_cannot_hold_goes_on_in_further_ones_each_with_the_header(
    tmp_path: Path, records: int, sheets: int
) -> None:
    found, warnings = workbook_of([("Sales", records)], tmp_path, most_rows=4)
    assert list(found) == ["Sales", *[f"Sales ({number})" for number in range(2, sheets + 1)]]
    assert {tuple(rows[0]) for rows in found.values()} == {("n", "x")}
    assert [row[0] for rows in found.values() for row in rows[1:]] == [str(number) for number in range(records)]
    word = "sheet" if sheets == 2 else "sheets"
    assert warnings == (
        [] if sheets == 1 else
        [f"its {records} records are more than a sheet holds: they go on in {sheets - 1} further {word}, "
         f"up to 'Sales ({sheets})'"]
    )  # fmt: skip


def test_names_of_sheets_are_made_such_as_excel_takes_and_that_is_said(tmp_path: Path) -> None:
    wishes = ["a/b:c", "A_B_C", "x" * 40, "x" * 35, "'quoted'", "History", "", "👩" * 20, "plain"]
    found, warnings = workbook_of([(wish, 1) for wish in wishes], tmp_path, most_rows=9)
    names = list(found)
    assert names == [
        "a_b_c", "A_B_C (2)", "x" * 31, f"{'x' * 27} (2)", "quoted", "History (2)", "Sheet1", "👩" * 15, "plain",
    ]  # fmt: skip
    assert len({name.lower() for name in names}) == len(names)
    assert warnings[0] == "the sheet 'a/b:c' is called 'a_b_c': Excel takes no such name, or not twice"
    assert len(warnings) == 7


def test_a_sheet_that_goes_on_never_takes_the_name_of_another(tmp_path: Path) -> None:
    found, _ = workbook_of([("S", 5), ("S (2)", 1), ("s", 5)], tmp_path, most_rows=4)
    assert list(found) == ["S", "S (2)", "S (2) (2)", "s (3)", "s (2) (3)"]
    assert sum(len(rows) - 1 for rows in found.values()) == 11


def test_a_sheet_with_more_bytes_than_excel_reads_goes_on_in_a_further_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "_MOST_SHEET_BYTES", 1_000_000)
    found, warnings = workbook_of([("Large", 20_000)], tmp_path, MOST_ROWS)
    assert len(found) == 4
    assert [row[0] for rows in found.values() for row in rows[1:]] == [str(number) for number in range(20_000)]
    assert "in 3 further sheets, up to 'Large (4)'" in warnings[0]


@pytest.mark.slow
def test_a_million_records_and_more_fill_a_sheet_to_its_last_row(tmp_path: Path) -> None:
    records = MOST_ROWS + 5
    content = b"n\n" + b"".join(b"%d\n" % number for number in range(records))
    facts = converted(content, tmp_path, "xlsx", sheet="Numbers", types=(("n", "int"),))
    assert "more than a sheet holds" in facts.warnings[0]
    with zipfile.ZipFile(facts.path) as parts:
        written = [parts.read(f"xl/worksheets/sheet{number}.xml") for number in (1, 2)]
    assert [sheet.count(b"<row ") for sheet in written] == [MOST_ROWS, 7]
    assert f'<row r="{MOST_ROWS}"><c r="A{MOST_ROWS}" s="7"><v>{MOST_ROWS - 2}</v></c></row>'.encode() in written[0]
    assert f'<row r="7"><c r="A7" s="7"><v>{records - 1}</v></c></row>'.encode() in written[1]
