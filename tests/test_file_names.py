"""Which names every system can hold, and when two are one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.catalog.file_names import MAX_BYTES, check_name, format_of, same_file_key, with_extension
from sfr.catalog.problems import BadCell


@pytest.mark.parametrize(
    "name",
    [
        "sales.csv",
        "Umsätze 2026.csv",
        "売上.csv",
        "דוח\u200f.csv",
        "👩\u200d🌾.csv",
        "a.b.csv",
        ".hidden.csv",
        "console.csv",
        "COM0.csv",
        "x" * MAX_BYTES,
    ],
)
def test_a_good_name_passes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "empty"),
        ("a/b.csv", "path"),
        ("a\\b.csv", "path"),
        ("..", "path"),
        ("a..csv", "path"),
        ("a:b.csv", "holds :"),
        ("what?.csv", "holds ?"),
        ('a"b.csv', 'holds "'),
        ("a\nb.csv", "U+000A"),
        ("a\x7fb.csv", "U+007F"),
        ("a\x00.csv", "U+0000"),
        ("a\u2028b.csv", "U+2028"),
        ("a\u202evsc.exe", "U+202E"),
        ("a\u2066b.csv", "U+2066"),
        ("\ud800.csv", "U+D800"),
        ("sales.", "dot or space"),
        ("sales ", "dot or space"),
        (".", "dot or space"),
        ("CON", "device"),
        ("con.csv", "device"),
        ("Nul .tar.csv", "device"),
        ("COM¹.csv", "device"),
        ("lpt9.csv", "device"),
        ("conin$", "device"),
        ("x" * (MAX_BYTES + 1), "246 bytes"),
        ("ä" * 123, "246 bytes"),
    ],
)
def test_a_name_that_some_system_cannot_hold_is_refused(name: str, message: str) -> None:
    with pytest.raises(BadCell) as caught:
        check_name(name)
    assert message in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "report_format", "expected"),
    [
        ("sales", "csv", "sales.csv"),
        ("sales.csv", "csv", "sales.csv"),
        ("Sales.CSV", "csv", "Sales.CSV"),
        ("sales 1.5", "csv", "sales 1.5.csv"),
        ("sales.txt", "csv", "sales.txt"),
        ("prices", "xlsx", "prices.xlsx"),
        ("prices.xls", "xls", "prices.xls"),
        (".csv", "csv", ".csv.csv"),
    ],
)
def test_a_name_without_extension_gets_that_of_the_format(name: str, report_format: str, expected: str) -> None:
    assert with_extension(name, report_format) == expected


def test_a_name_that_promises_another_format_is_refused() -> None:
    with pytest.raises(BadCell) as caught:
        with_extension("prices.xlsx", "csv")
    assert caught.value.remedy == "Name it prices.csv, or put xf=xlsx into params."


def test_the_format_that_a_name_promises() -> None:
    assert [format_of(name) for name in ("a", "a.csv", "a.XLSX", "a.xls", "a.txt")] == [
        "csv",
        "csv",
        "xlsx",
        "xls",
        "csv",
    ]


def test_letter_case_and_unicode_spelling_make_no_other_file(tmp_path: Path) -> None:
    assert same_file_key(tmp_path, "Café.csv") == same_file_key(tmp_path / "x" / "..", "CAFE\u0301.CSV")
    assert same_file_key(tmp_path, "a.csv") != same_file_key(tmp_path / "x", "a.csv")


@given(st.text(max_size=80))
def test_a_name_that_passes_can_be_written(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    try:
        check_name(name)
    except BadCell:
        return
    place = tmp_path_factory.getbasetemp() / f".{name}.part"
    place.write_bytes(b"x")
    place.unlink()
