"""Lists with several sources: their columns, dashboards, the command line, programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sfr import plugins
from sfr.catalog import ListError, expanded_name, parse_reports, unique_names, verify_reports
from sfr.catalog.expansion import valid_name
from sfr.catalog.file_names import MAX_BYTES, check_name
from sfr.model import Place, Report, Window
from sfr.settings import Settings
from tests.lists import ID, METABASE, NOW, SUPERSET, read, refused, settings_with

ROOT = Path(__file__).parent.parent
WINDOW = Window("2026-01-01T00:00:00+01:00", "2026-02-01T00:00:00+01:00", "Europe/Berlin")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET, METABASE) as found:
        yield found


def test_every_new_column_reaches_the_report(settings: Settings) -> None:
    header = "name,id,Source,date window,Time Zone,update method,destination\n"
    first, second = read(
        "list.csv",
        f"{header}a_{{window.start}},12,BI,last month,America/New_York,Append,Folder\nb,{ID},,,,,\n",
        settings,
    )
    assert (first.name, first.source, first.update) == ("a_2026-10-01.csv", "bi", "append")
    assert first.places == second.places == (Place(),)
    assert first.window == Window("2026-10-01T00:00:00-04:00", "2026-11-01T00:00:00-04:00", "America/New_York")
    assert (second.source, second.window, second.update) == ("salesforce", None, "replace")


def test_the_zone_of_a_report_is_the_one_of_its_dates(settings: Settings) -> None:
    rows = "name,id,source,timezone\na_{today},12,bi,Pacific/Kiritimati\nb_{today},12,bi,Pacific/Pago_Pago\n"
    assert [report.name for report in read("list.csv", rows, settings)] == ["a_2026-11-21.csv", "b_2026-11-20.csv"]


@pytest.mark.parametrize(
    ("column", "value", "message", "remedy"),
    [
        ("source", "bj", '"bj" is no source that is set up here', "bi"),
        ("window", "yesterdy", "no window that is known", "Did you mean yesterday"),
        ("window", "2026-02-01..2026-01-01", "ends before it starts", "earlier"),
        ("timezone", "Europe/Berlni", "no known time zone", "Europe/Berlin"),
        ("update", "add", "none of replace, append and upsert", "Write replace"),
        ("destination", "fodler", "no destination", "folder"),
    ],
)
def test_what_is_wrong_in_a_new_column_is_one_problem(
    settings: Settings, column: str, value: str, message: str, remedy: str
) -> None:
    error = refused("list.csv", f"name,id,{column}\na,{ID},{value}\n", settings)
    [problem] = error.problems
    assert (problem.line, problem.column, problem.value) == (2, column, value)
    assert message in error.message
    assert remedy in problem.remedy


def test_a_wrong_window_does_not_hide_or_double_other_problems(settings: Settings) -> None:
    row = f"a_{{window.start}},{ID},tomorow,pv0={{window.end}},{{nonsense}}"
    found = refused("list.csv", f"name,id,window,params,path\n{row}\n", settings).problems
    assert [problem.column for problem in found] == ["window", "path"]


def test_a_workbook_is_not_added_to(settings: Settings) -> None:
    [problem] = refused("list.csv", f"name,id,params,update\na,{ID},xf=xlsx,append\n", settings).problems
    assert (problem.column, "xlsx" in problem.message) == ("update", True)


def test_columns_of_the_users_own_that_sound_like_ours_stay_theirs(settings: Settings) -> None:
    assert read("list.csv", f"name,id,date,updated,resource,zone,period,target\na,{ID},x,x,x,x,x,x\n", settings)


def test_a_connector_that_cannot_be_imported_costs_its_own_reports_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plugins.SOURCES, "superset", "sfr_is_broken:Here")
    notices: list[str] = []
    broken, good = read("list.csv", f"name,id,source\na,12,bi\nb,{ID},\n", settings, notices)
    assert (broken.ref, broken.source, good.ref) == ("12", "bi", ID)
    assert "its reports will fail" in notices[0]


# Dashboards


def test_only_references_to_several_reports_take_the_name_of_a_chart(settings: Settings) -> None:
    [board] = read("list.csv", "name,id,source\n{chart.name} {today},dashboard:5,bi\n", settings)
    assert (board.many, board.name) == (True, "{chart.name} 2026-11-21.csv")
    [problem] = refused("list.csv", "name,id,source\n{chart.name},12,bi\n", settings).problems
    assert "single one" in problem.message
    assert "{chart.name}" in refused("list.csv", "name,id,source,path\na,12,bi,{chart.name}\n", settings).message


@pytest.mark.parametrize(
    ("template", "name", "expanded"),
    [
        ("board.csv", "Sales: EU/APAC", "board - Sales- EU-APAC.csv"),
        ("{chart.name}.csv", "Sales", "Sales.csv"),
        ("{chart.id}_{chart.name}.csv", "{chart.id}", "12_{chart.id}.csv"),
        ("a {chart.id}", "x", "a 12"),
        ("{chart.name}.xlsx", "..\\..\\etc", ".-.-etc.xlsx"),
        ("{chart.name}.csv", "con", "_con.csv"),
        ("{chart.name}.csv", " \x00\n ", "report.csv"),
        ("{chart.name}.csv", "a\x07b\ud800c", "a b c.csv"),
    ],
)
def test_a_chart_names_its_file(template: str, name: str, expanded: str) -> None:
    assert expanded_name(template, name, "12") == expanded
    check_name(expanded)


def test_a_chart_with_a_long_name_gets_one_that_fits() -> None:
    name = expanded_name("board.csv", "ü" * 300, "12")
    check_name(name)
    assert name.startswith("board - üü")
    assert name.endswith("ü.csv")
    assert len(name.encode()) in (MAX_BYTES, MAX_BYTES - 1)


def test_equal_names_become_different_ones() -> None:
    names = ["Sales.csv", "sales.csv", "SALES.CSV", "a", "sales (2).csv", "a"]
    assert unique_names(names) == ["Sales.csv", "sales (3).csv", "SALES (4).CSV", "a", "sales (2).csv", "a (2)"]
    assert unique_names(["a.csv"], taken=["A.csv"]) == ["a (2).csv"]
    long = "x" * (MAX_BYTES - 4) + ".csv"
    for name in unique_names([long, long]):
        check_name(name)


def test_any_text_becomes_a_name_that_every_system_can_hold() -> None:
    for text in ("", "...", "a..b", "NUL.txt", "x" * 500, "a/b\\c:d", " a. ", "\x7f", "？", "-", "COM1", "a\u202eb"):
        check_name(valid_name(text))
        check_name(valid_name(text, ".csv"))


# The command line and programs


@pytest.mark.parametrize(
    ("text", "source", "ref"),
    [
        ("a,bi:12", "bi", "chart:12"),
        ("a,BI: dashboard:5", "bi", "dashboard:5"),
        ("a,link:https://x.example/a.csv", "link", "https://x.example/a.csv"),
        (f"a,{ID}", "salesforce", ID),
        (f"a,salesforce:{ID}", "salesforce", ID),
    ],
)
def test_an_id_on_the_command_line_may_begin_with_its_source(
    settings: Settings, text: str, source: str, ref: str
) -> None:
    [report] = parse_reports([text], settings, NOW)
    assert (report.source, report.ref) == (source, ref)


def test_a_report_of_a_program_keeps_what_it_says(settings: Settings) -> None:
    given = Report(
        "{today}.csv",
        "12",
        source="bi",
        options={"filters": {"a": "{today}"}},
        window=WINDOW,
        columns=(("a", "b"),),
        other_columns="keep",
        expected_columns=("a",),
        update="append",
        tags=("x",),
        may_be_empty=False,
        line=7,
    )
    [found] = verify_reports([given], settings, NOW)
    assert found.template.startswith("{today}.csv\n12\n")
    folder = str(Path("output").absolute())
    assert found == replace(given, ref="chart:12", folder=folder, template=found.template)


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"source": "bj"}, "source"),
        ({"options": {"rows": "some"}}, "rows"),
        ({"options": {"filter": {}}}, "filter"),
        ({"window": Window("2026-01-01", "2026-02-01", "UTC")}, "window"),
        ({"update": "add"}, "update"),
        ({"other_columns": "hide"}, "other_columns"),
    ],
)
def test_a_wrong_report_of_a_program_is_refused(settings: Settings, wrong: dict[str, object], column: str) -> None:
    with pytest.raises(ListError) as caught:
        verify_reports([replace(Report("a", "12", source="bi"), **wrong)], settings, NOW)  # type: ignore[arg-type]
    assert [problem.column for problem in caught.value.problems] == [column]


def test_the_example_of_several_sources_is_good(settings: Settings) -> None:
    text = (ROOT / "input" / "reports.example.csv").read_text(encoding="utf-8")
    assert {report.source for report in read("list.csv", text, settings)} >= {"superset", "cake", "link", "salesforce"}
