"""What a list says about workbooks: the reports that are their sheets, and rows of their own with their places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr import plugins
from sfr.catalog import select, verify_reports
from sfr.model import Place, Report, Shape
from sfr.settings import Settings
from tests.lists import ID, NOW, SUPERSET, read, refused, settings_with
from tests.shelves import SETTINGS, known

HEAD = "name,id,source,path,workbook,update,destination,destination_path\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    kinds = known()
    monkeypatch.setattr(plugins, "DESTINATIONS", kinds)
    with settings_with(monkeypatch, SUPERSET, SETTINGS) as found:
        yield found


def rows(*lines: str) -> str:
    return HEAD + "".join(f"{line}\n" for line in lines)


def wrong(text: str, settings: Settings) -> list[tuple[int | None, str, str, str]]:
    found = refused("list.csv", text, settings).problems
    return [(each.line, each.column, each.message, each.remedy) for each in found]


def test_a_workbook_has_the_places_of_a_report(settings: Settings) -> None:
    places = "folder;lake,;{source}/{today:%Y}/{file}"
    book, sheet = read(
        "list.csv", rows(f"week_{{today}},,workbook,,,,{places}", f"a,{ID},,,week_{{today}}.xlsx,,,"), settings
    )
    assert (book.name, book.source, book.ref, book.format) == ("week_2026-11-21.xlsx", "workbook", "", "xlsx")
    assert book.places == (Place(), Place("lake", "workbook/2026/week_2026-11-21.xlsx"))
    assert sheet.shape.workbook == book.name


def test_a_row_of_a_workbook_may_stand_anywhere_and_be_written_in_any_case(settings: Settings) -> None:
    assert len(read("list.csv", rows(f"a,{ID},,,Week.xlsx,,,", "week,,Workbook,,,,,"), settings)) == 2


@pytest.mark.parametrize(
    ("row", "column", "message", "remedy"),
    [
        ("week,00O,workbook,,,,,", "id", "is nothing that a workbook has", "Leave it out."),
        ("week.csv,,workbook,,,,,", "name", "ends in .csv, but the report comes as xlsx", "Name it week.xlsx"),
        ("week,,workbook,,,append,,", "update", "is for CSV files, and this report comes as xlsx", "Write replace"),
        ("week,,workbook,,b.xlsx,,,", "workbook", "is for reports that come as CSV", "leave this out"),
        ("week,,workbook,,,,warehouse,", "destination", "takes records, and this report comes as xlsx", ""),
    ],
)
def test_what_a_workbook_cannot_be_is_told(
    settings: Settings, row: str, column: str, message: str, remedy: str
) -> None:
    [(line, found_column, found_message, found_remedy)] = wrong(rows(row, f"a,{ID},,,week.xlsx,,,"), settings)[:1]
    assert (line, found_column) == (2, column)
    assert message in found_message
    assert remedy in found_remedy


@pytest.mark.parametrize("sheet", [f"a,{ID},,,,,,", f"a,{ID},,,other.xlsx,,,", f"a,{ID},,output/x,week.xlsx,,,"])
def test_a_workbook_that_no_report_is_a_sheet_of_is_told(settings: Settings, sheet: str) -> None:
    [(line, column, message, remedy)] = wrong(rows("week,,workbook,,,,,", sheet), settings)
    assert (line, column, message) == (2, "name", "is a workbook, and no report is one of its sheets")
    assert remedy == "Write workbook: week.xlsx for its reports, which have the same path."


def test_two_rows_are_not_one_workbook(settings: Settings) -> None:
    twice = wrong(rows("week,,workbook,,,,,", "week,,workbook,,,,,", f"a,{ID},,,week.xlsx,,,"), settings)
    assert [(line, column) for line, column, *_ in twice] == [(3, "name")]


@pytest.mark.parametrize(
    "row",
    [f"a,{ID},,,week.xlsx,append,,", f"a,{ID},,,week.xlsx,append,folder;archive,"],
)
def test_what_is_added_to_is_no_sheet(settings: Settings, row: str) -> None:
    [(line, column, message, remedy)] = wrong(rows(row), settings)
    assert (line, column) == (2, "workbook")
    assert message == "is made of the records of one run, and this report's file has update: append"
    assert remedy == "Write update: replace, or leave the workbook out."


def test_only_the_first_place_has_to_hold_the_records_of_one_run(settings: Settings) -> None:
    places = "destination: [folder, {destination: warehouse, update: append}]"
    [found] = read("list.yaml", f"- {{name: a, id: 1, source: bi, workbook: w.xlsx, {places}}}\n", settings)
    assert [place.update for place in found.places] == ["", "append"]


def test_a_workbook_and_its_reports_are_chosen_together(settings: Settings) -> None:
    found = read(
        "list.csv",
        rows("week,,workbook,,,,,", f"a,{ID},,,week.xlsx,,,", f"b,{ID},,,,,,", f"c,{ID},,,WEEK.xlsx,,,"),
        settings,
    )
    for pattern in ("week", "a", "c"):
        assert [report.name for report in select(found, [pattern])] == ["week.xlsx", "a.csv", "c.csv"]
    assert [report.name for report in select(found, ["b"])] == ["b.csv"]


def test_a_program_gives_a_workbook_its_places_too(settings: Settings) -> None:
    book = Report("week.xlsx", "", source="workbook", places=(Place("lake", "w/{file}.xlsx"),))
    sheet = Report("a.csv", "1", source="bi", shape=Shape(workbook="week.xlsx"))
    found, _ = verify_reports([book, sheet], settings, NOW)
    assert (found.format, found.places) == ("xlsx", (Place("lake", "w/{file}.xlsx"),))


def test_what_is_asked_of_records_says_that_a_link_gives_csv(settings: Settings) -> None:
    def link(text: str, address: str = "https://files.example.com/export") -> Report:
        [found] = read("list.yaml", f"- name: a\n  id: {address}\n  source: link\n  {text}\n", settings)
        return found

    made = link("types: {amount: integer}\n  format: xlsx")
    assert (made.options, made.format, made.shape.format, made.name) == ({}, "csv", "xlsx", "a.xlsx")
    assert link("format: xlsx").options == {"format": "xlsx"}
    text = "- name: a\n  id: https://x.example/e.xlsx\n  source: link\n  types: {a: text}\n  format: xlsx\n"
    [problem] = refused("list.yaml", text, settings).problems
    assert (problem.column, "comes as xlsx" in problem.message) == ("types", True)
