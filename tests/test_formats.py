from __future__ import annotations

import csv
import errno
import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.conversion import Converted, excel, for_excel
from sfr.errors import DeliveryError, InvalidReport
from tests.tables import BOM, Table, parsed, tables

ALL_IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def converted(content: bytes, folder: Path, delimiter: str = ",") -> tuple[bytes, Converted]:
    source, target = folder / "in.csv", folder / "out.csv"
    target.unlink(missing_ok=True)
    source.write_bytes(content)
    facts = for_excel(source, target, delimiter)
    return target.read_bytes(), facts


@given(tables())
@ALL_IN_ONE_FOLDER
def test_every_cell_of_any_table_stays_but_for_an_apostrophe_before_formulas(tmp_path: Path, table: Table) -> None:
    content, facts = converted(table.content, tmp_path, table.delimiter)
    after = parsed(content, table.delimiter) or []
    changed = 0
    for old, new in zip(table.rows, after, strict=True):
        for before, cell in zip(old, new, strict=True):
            assert cell in (before, "'" + before)
            changed += cell != before
            assert not cell.startswith(("=", "@", "\t", "\r"))
    assert facts.changed_cells == changed
    assert content.startswith(BOM)
    assert (facts.bytes, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@given(tables())
@ALL_IN_ONE_FOLDER
def test_a_table_without_formulas_only_gets_a_byte_order_mark(tmp_path: Path, table: Table) -> None:
    rows = tuple(tuple("x" + cell for cell in row) for row in table.rows)
    plain = Table(rows, table.delimiter, table.line_end)
    content, facts = converted(plain.content, tmp_path, table.delimiter)
    assert content == BOM + plain.content
    assert facts.changed_cells == 0


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+A1",
        "-A1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "=cmd|' /C calc'!A0",
        "-1+1",
        "--1",
        "+1;2",
        "-5.00*A1",
        "=",
        "-",
    ],
)
def test_a_cell_that_a_worksheet_would_run_is_made_harmless(tmp_path: Path, cell: str) -> None:
    content, facts = converted(Table((("a", "b"), (cell, ""))).content, tmp_path)
    assert (parsed(content, ",") or [])[1] == ["'" + cell, ""]
    assert facts.changed_cells == 1


@pytest.mark.parametrize(
    "cell",
    ["-5", "-5.00", "+5", "-1.234,56", "-1 234,56", "-5%", "-1.5E+10", "+49 30 1234", "5-3", "a=b", "", "00042", "N/A"],
)
def test_plain_numbers_and_texts_stay(tmp_path: Path, cell: str) -> None:
    content, facts = converted(Table((("a", "b"), (cell, "x"))).content, tmp_path)
    assert (parsed(content, ",") or [])[1] == [cell, "x"]
    assert facts.changed_cells == 0


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_and_a_kept_footer_stay(tmp_path: Path, line_end: str) -> None:
    content = f'"a","b"{line_end}"x\r\ny\nz",""{line_end}{line_end}{line_end}"Report"{line_end}'.encode()
    assert converted(content, tmp_path)[0] == BOM + content


def test_an_export_in_latin_letters_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    content = '"Fälligkeit";"€"\n'.encode("cp1252")
    assert converted(content, tmp_path, ";")[0] == BOM + '"Fälligkeit";"€"\n'.encode()


@given(st.binary(max_size=20).filter(lambda cell: not cell.startswith((b"=", b"+", b"-", b"@", b"\t", b"\r"))))
@ALL_IN_ONE_FOLDER
def test_no_byte_is_too_odd_to_be_converted(tmp_path: Path, cell: bytes) -> None:
    content, facts = converted(b'"a"\n"' + cell.replace(b'"', b"'") + b'"\n', tmp_path)
    assert content.startswith(BOM + b'"a"\n')
    assert facts.bytes == len(content)


def test_a_cell_larger_than_pythons_usual_limit_is_converted(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)
    content = Table((("a",), ("x" * 200_000,))).content
    assert converted(content, tmp_path)[0] == BOM + content


def test_a_full_disk_is_a_delivery_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_cell: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(excel, "_harmless", full)
    with pytest.raises(DeliveryError, match="disk is full"):
        converted(b'"a"\n"b"\n', tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("record", [b"1,x\ry", b'1, "x,y"'], ids=["a lone carriage return", "a space before a quote"])
def test_a_record_that_would_fall_apart_is_refused(tmp_path: Path, record: bytes) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"a,b\n" + record + b"\n2,z\nfooter\n")
    with pytest.raises(InvalidReport, match="Excel") as caught:
        for_excel(source, target, ",", records=2)
    assert caught.value.reason == "excel"
    assert not target.exists()
    source.write_bytes(b"a,b\n1,x\n2,z\nfooter\n")
    assert for_excel(source, target, ",", records=2).bytes > 0
