"""What a list asks to be made of records, and expects of them: formats, types, steps, cleaners, workbooks, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sfr.catalog import verify_reports
from sfr.errors import ConfigError
from sfr.model import Expectations, Report, Shape
from sfr.settings import Settings
from tests.lists import ID, METABASE, NOW, SUPERSET, read, refused, settings_with

HEAD = "name: a\nid: 1\nsource: bi\n"
FULL = """\
types: {amount: "decimal(12,2)", zip: text, year: integer}
misfits: keep
null: \\N
steps:
  - rename: {Id: id}
  - drop: [2024]
  - filter: {column: day, equals: "{yesterday}"}
  - filter: {column: amount, above: 10, below: 99.50}
  - sort: -amount
clean: {function: "input/clean.py:sales", whole: yes}
expect:
  {min_rows: 1, max_rows: 100, may_be_empty: no, columns: [id], types: {id: integer}, unique: [id, day],
  newest: {day: 26h}}
format: .Parquet
"""
SHAPE = Shape(
    steps=(
        ("rename", {"Id": "id"}),
        ("drop", ["2024"]),
        ("filter", {"column": "day", "equals": "2026-11-20"}),
        ("filter", {"column": "amount", "above": 10, "below": "99.50"}),
        ("sort", "-amount"),
    ),
    clean="input/clean.py:sales",
    clean_whole=True,
    format="parquet",
    types=(("amount", "decimal(12,2)"), ("zip", "text"), ("year", "integer")),
    misfits="keep",
    null="\\N",
)
EXPECT = Expectations(100, ("id", "day"), (("id", "integer"),), ("day", 26 * 3600.0))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "clean.py").write_text("def sales(frame, report):\n    return frame\n", encoding="utf-8")
    with settings_with(monkeypatch, SUPERSET, METABASE) as found:
        yield found


def listed(*reports: str) -> str:
    return "".join(f"- {report.strip()}\n".replace("\n", "\n  ").rstrip(" ") for report in reports)


def report(text: str, settings: Settings) -> Report:
    [found] = read("list.yaml", listed(HEAD + text), settings)
    return found


def wrong(text: str, settings: Settings, name: str = "list.yaml") -> list[tuple[str, str, str]]:
    return [(each.column, each.message, each.remedy) for each in refused(name, text, settings).problems]


def test_all_that_a_list_says_of_records_reaches_the_report(settings: Settings) -> None:
    found = report(FULL, settings)
    assert (found.name, found.shape, found.expect) == ("a.parquet", SHAPE, EXPECT)
    assert (found.min_records, found.may_be_empty, found.expected_columns) == (1, False, ("id",))


def test_a_csv_list_says_in_its_cells_what_fits_into_them(settings: Settings) -> None:
    header = "name,id,format,clean,workbook,sheet,max rows,unique\n"
    row, book = f"a,{ID},csv.gz,input/clean.py:sales,,,9,id;day\n", f"b,{ID},,,weekly_{{today}}.xlsx,Users,,\n"
    first, second = read("list.csv", header + row + book, settings)
    assert (first.name, first.shape) == ("a.csv.gz", Shape(clean="input/clean.py:sales", format="csv.gz"))
    assert first.expect == Expectations(9, ("id", "day"))
    assert second.shape == Shape(workbook="weekly_2026-11-21.xlsx", sheet="Users")


@pytest.mark.parametrize(
    ("name", "made", "file"),
    [
        ("a", "csv", "a.csv"),
        ("a", "csv.zst", "a.csv.zst"),
        ("a.csv.gz", "csv.gz", "a.csv.gz"),
        ("a.JSONL", "jsonl", "a.JSONL"),
        ("sales 1.5", "xlsx", "sales 1.5.xlsx"),
        ("a.txt", "csv", "a.txt"),
    ],
)
def test_a_file_is_called_after_its_format(settings: Settings, name: str, made: str, file: str) -> None:
    [found] = read("list.yaml", listed(f"name: {name}\nid: 1\nsource: bi\nformat: {made}"), settings)
    assert found.name == file


@pytest.mark.parametrize(
    ("text", "column", "message", "remedy"),
    [
        ("format: parqet", "format", "is no format", "Did you mean parquet? There are csv, csv.gz"),
        ("format: json", "format", "is no format", "Did you mean jsonl?"),
        ("format: gzip", "format", "is no format", "Did you mean csv.gz?"),
        ("format: [csv]", "format", "is no text", "Write one text"),
        ("types: 5", "types", "is no mapping", "decimal(12,2)"),
        ("types: {a: decmal}", "types.a", "'decmal' is no type", "There are text, integer"),
        ("types: {a: [text]}", "types.a", "is no type", "mapping"),
        ("types: {a: 'decimal(99)'}", "types.a", "1 to 38 digits", "Write a mapping"),
        ("types: {a: text}\nmisfits: drop", "misfits", "neither refuse nor keep", "Write refuse or keep"),
        ("null: [a]", "null", "without quotes", ""),
        ('null: "a,b"', "null", "without quotes", ""),
        ("steps: 5", "steps", "no list of steps", "sort"),
        ("steps: [{drop: [a], sort: b}]", "steps", "no list of steps", "sort"),
        ("steps: [{drp: [a]}]", "steps", "step 1 (drp) is no step", "Did you mean drop?"),
        ("steps: [{filter: {column: a, equals: '{window.start}'}}]", "steps", "has no window", ""),
        ("clean: input/clen.py:sales", "clean", "there is no file", "clean.py"),
        ("clean: input/clean.py:sale", "clean", "sale", ""),
        ("clean: {whole: yes}", "clean", "names no function", "input/clean.py:sales"),
        ("clean: {function: 'input/clean.py:sales', whole: maybe}", "clean.whole", "neither yes nor no", "Write yes"),
        ("clean: {function: 'input/clean.py:sales', whle: yes}", "clean.whle", "no key", "whole"),
        ("sheet: Users", "sheet", "no workbook", "workbook"),
        ("workbook: weekly.csv", "workbook", "no name of a workbook", "weekly.xlsx"),
        ("workbook: a/weekly.xlsx", "workbook", "is a path", ""),
        ("workbook: w.xlsx\nsheet: a/b", "sheet", "holds /", "hyphen"),
        (f"workbook: w.xlsx\nsheet: {'x' * 32}", "sheet", "32 characters", "Shorten"),
        ("workbook: w.xlsx\nformat: parquet", "workbook", "becomes parquet", "Leave format out"),
        ("workbook: a.csv.xlsx\nsheet: '{tody}'", "sheet", "no date", ""),
        ("max_rows: many", "max_rows", "whole number", "1000"),
        ("expect: {min_rows: 5, max_rows: 4}", "max_rows", "less than min_rows, 5", "correct one"),
        ("expect: {max_rows: 0, may_be_empty: no}", "max_rows", "allows no record", "Take one"),
        ("expect: {unique: [a, a]}", "unique", "twice", "once"),
        ("expect: {unique: {a: b}}", "unique", "which columns", "[user_id"),
        ("expect: {unique: [a], unque: b}", "expect.unque", "no key", "unique"),
        ("expect: {types: {a: numbr}}", "expect.types.a", "'numbr' is no type", "There are"),
        ("expect: {newest: created}", "newest", "not one column", "{created: 26h}"),
        ("expect: {newest: {a: 1h, b: 2h}}", "newest", "not one column", "26h"),
        ("expect: {newest: {a: soon}}", "newest.a", "no span of time", "26h"),
        ("expect: {newest: {a: 0}}", "newest.a", "new enough", "26h"),
        ("expect: {min_rows: 1, min_records: 2}", "expect.min_records", "twice", "Delete"),
    ],
)
def test_what_is_wrong_is_one_problem(settings: Settings, text: str, column: str, message: str, remedy: str) -> None:
    [(found_column, found_message, found_remedy)] = wrong(listed(HEAD + text), settings)
    assert found_column == column
    assert message in found_message
    assert remedy in found_remedy


def test_what_needs_csv_is_refused_for_a_report_that_comes_as_something_else(settings: Settings) -> None:
    header = "name,id,params,format,workbook,unique\n"
    found = wrong(f"{header}a,{ID},xf=xlsx,parquet,w.xlsx,id\n", settings, "list.csv")
    assert [(column, "comes as xlsx" in message) for column, message, _ in found] == [
        ("format", True),
        ("workbook", True),
        ("unique", True),
    ]
    [same] = read("list.csv", f"{header}a,{ID},xf=xlsx,xlsx,,\n", settings)
    assert (same.name, same.shape) == ("a.xlsx", Shape())


def test_a_name_that_promises_another_format_is_told(settings: Settings) -> None:
    [(column, message, remedy)] = wrong(listed("name: a.csv\nid: 1\nsource: bi\nformat: parquet"), settings)
    assert (column, message) == ("name", "ends in .csv, but the report comes as parquet")
    assert remedy == "Name it a.parquet."
    [(_, _, remedy)] = wrong(listed("name: a.parquet\nid: 1\nsource: bi"), settings)
    assert remedy == "Name it a.csv, or ask for format parquet."


def test_the_reports_of_a_workbook_share_a_folder_and_no_sheet(settings: Settings) -> None:
    def book(*rows: str) -> str:
        return "name,id,path,workbook,sheet\n" + "".join(f"{row}\n" for row in rows)

    good = book(f"a,{ID},,w.xlsx,", f"b,{ID},,W.xlsx,", f"c,{ID},,v.xlsx,a")
    assert len(read("list.csv", good, settings)) == 3
    [(column, message, _)] = wrong(book(f"a,{ID},,w.xlsx,", f"b,{ID},,w.xlsx,A"), settings, "list.csv")
    assert (column, message) == ("sheet", "is the sheet of the report of line 2 already")
    [(column, message, _)] = wrong(book(f"a,{ID},,w.xlsx,", f"b,{ID},output/x,w.xlsx,"), settings, "list.csv")
    assert (column, "has its other sheets in" in message) == ("workbook", True)
    [(column, message, _)] = wrong(
        f"name,id,params,workbook\nw.xlsx,{ID},xf=xlsx,\nb,{ID},,w.xlsx\n", settings, "list.csv"
    )
    assert (column, message) == ("workbook", "would overwrite the report of line 2")


def test_a_report_keeps_its_past_unless_its_format_is_another(settings: Settings) -> None:
    plain = report("", settings).template
    assert plain == "a\n1\n\n"
    more = "steps: [{drop: [x]}]\nexpect: {max_rows: 9}\ntypes: {a: text}\ndestination: folder\nnull: ''"
    assert report(more, settings).template == plain
    both = listed(HEAD, f"{HEAD}format: parquet")
    assert len({each.template for each in read("list.yaml", both, settings)}) == 2


def test_an_option_of_the_source_keeps_its_name(settings: Settings) -> None:
    def link(text: str) -> Report:
        address = "id: https://files.example.com/export\nsource: link\nname: a\n"
        [found] = read("list.yaml", listed(address + text), settings)
        return found

    assert (link("format: json").options, link("format: json").name) == ({"format": "json"}, "a.json")
    made = link("format: parquet")
    assert (made.options, made.shape.format, made.name) == ({}, "parquet", "a.parquet")
    made = link("options: {format: csv}\nformat: xlsx")
    assert (made.options, made.shape.format, made.name) == ({"format": "csv"}, "xlsx", "a.xlsx")
    [found] = read("list.csv", "name,id,source,params\na,https://x.example/e,link,format=json\n", settings)
    assert (found.options, found.shape) == ({"format": "json"}, Shape())


def test_the_reports_of_a_program_are_held_to_the_same_rules(settings: Settings) -> None:
    given = Report("a", "1", source="bi", shape=SHAPE, expect=EXPECT, min_records=2)
    [found] = verify_reports([given], settings, NOW)
    assert (found.name, found.shape, found.expect, found.min_records) == ("a.parquet", SHAPE, EXPECT, 2)
    for shape in (
        Shape(format="parqet"),
        Shape(types=(("a", "decmal"),)),
        Shape(steps=(("drp", ["a"]),)),
        Shape(clean="nowhere.py:f"),
        Shape(misfits="drop"),
        Shape(workbook="w.csv"),
    ):
        with pytest.raises(ConfigError):
            verify_reports([replace(given, shape=shape)], settings, NOW)
    with pytest.raises(ConfigError):
        verify_reports([replace(given, expect=Expectations(max_records=1))], settings, NOW)
    with pytest.raises(ConfigError, match="shape: dict is given where a Shape must be"):
        verify_reports([replace(given, shape={})], settings, NOW)  # type: ignore[arg-type]
