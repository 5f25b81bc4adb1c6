from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from sfr.conversion import Conversion
from sfr.errors import Cancelled, DeliveryError, InvalidReport
from sfr.workbooks import build_workbook
from tests.conversions import csv_of, sheets_of

SALES = [["name", "amount"], ["Ada", "1.50"], ["N/A", "-2"]]
VISITS = [["day", "Ort"], ["2026-11-21", "Köln, Süd"]]


def csv_file(path: Path, rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    path.write_bytes(csv_of(rows, delimiter=delimiter).decode().encode(encoding))
    return path


def test_several_reports_become_the_sheets_of_one_workbook_in_their_order(tmp_path: Path) -> None:
    sales, visits = csv_file(tmp_path / "s", SALES), csv_file(tmp_path / "v", VISITS, "cp1252", ";")
    told: list[int] = []
    facts = build_workbook(
        [
            ("Sales", sales, Conversion("xlsx", types=(("amount", "decimal(9,2)"),), records=2)),
            ("Visits", visits, Conversion("xlsx", types=(("day", "date"),), delimiter=";", records=1)),
        ],
        tmp_path / "weekly.xlsx",
        told.append,
    )
    assert sheets_of(facts.path) == {
        "Sales": [SALES[0], ["Ada", 1.5], ["N/A", -2]],
        "Visits": [VISITS[0], [datetime(2026, 11, 21), "Köln, Süd"]],
    }
    assert facts.warnings == ()
    assert facts.bytes == facts.path.stat().st_size
    assert told == sorted(told)
    assert told[-1] == sales.stat().st_size + visits.stat().st_size


def test_changed_names_and_values_that_were_kept_are_said_by_sheet(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "s", SALES)
    wanted = Conversion("xlsx", types=(("amount", "int"),), misfits="keep")
    facts = build_workbook(
        [("a/b", file, wanted), ("A_B", file, Conversion("xlsx"))], tmp_path / "w.xlsx", lambda _: None
    )
    assert facts.warnings == (
        "the sheet 'a/b' is called 'a_b': Excel takes no such name, or not twice",
        "the sheet 'A_B' is called 'A_B (2)': Excel takes no such name, or not twice",
        "a/b: column 'amount': 1 value does not fit integer, kept as text "
        "(the first one: record 1: '1.50' is no whole number)",
    )
    assert facts.changed_cells == 1


def test_one_report_that_cannot_be_a_sheet_leaves_no_workbook(tmp_path: Path) -> None:
    good, bad = csv_file(tmp_path / "s", SALES), csv_file(tmp_path / "v", VISITS)
    target = tmp_path / "w.xlsx"
    with pytest.raises(InvalidReport, match="'Ort': 'Köln, Süd' is no whole number"):
        build_workbook(
            [("Sales", good, Conversion("xlsx")), ("Visits", bad, Conversion("xlsx", types=(("Ort", "int"),)))],
            target,
            lambda _: None,
        )
    assert not target.exists()

    def stop(_bytes: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        build_workbook([("Sales", good, Conversion("xlsx"))], target, stop)
    assert not target.exists()


def test_a_file_that_is_gone_and_a_place_that_is_taken_are_told(tmp_path: Path) -> None:
    target = tmp_path / "w.xlsx"
    with pytest.raises(DeliveryError):
        build_workbook([("Sales", tmp_path / "gone", Conversion("xlsx"))], target, lambda _: None)
    assert not target.exists()
    target.write_bytes(b"mine")
    with pytest.raises(DeliveryError, match="File exists"):
        build_workbook([("Sales", csv_file(tmp_path / "s", SALES), Conversion("xlsx"))], target, lambda _: None)
    assert target.read_bytes() == b"mine"
