"""Lists become Reports, or are refused as a whole."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfr.catalog import ListError, parse_reports, read_list, select
from sfr.errors import ConfigError
from sfr.model import Report
from sfr.settings import Settings

ROOT = Path(__file__).parent.parent
ID = "00O5g00000DemoAEAR"
NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(output=Path("output"), timezone="Europe/Berlin")


def read(text: str, settings: Settings) -> list[Report]:
    Path("list.csv").write_text(text, encoding="utf-8")
    return read_list(Path("list.csv"), settings, NOW)


def refusal(text: str, settings: Settings) -> ListError:
    with pytest.raises(ListError) as caught:
        read(text, settings)
    return caught.value


def test_every_column_of_a_row_reaches_the_report(settings: Settings) -> None:
    Path("daily").mkdir()
    header = (
        "Tags,may_be_empty,min_rows,Report Type,optional_export_params,report_path,report_id,REPORT_FILE_NAME,note\n"
    )
    row = f'a;b,Nein,10,summary,"?pv0=4/1/2026&amp;pv1=a%26b&snip",daily,{ID},sales_{{today}},mine\n'
    [report] = read(header + row, settings.model_copy(update={"keep_footer": True, "excel": True}))
    assert report == Report(
        name="sales_2026-11-22.csv",  # half past midnight in Berlin
        ref=ID,
        params=(("pv0", "4/1/2026"), ("pv1", "a&b"), ("snip", "")),
        folder=str(Path("daily").absolute()),
        type="summary",
        tags=("a", "b"),
        min_records=10,
        may_be_empty=False,
        keep_footer=True,
        excel=True,
        template=f"sales_{{today}}\n{ID}\ndaily\n?pv0=4/1/2026&amp;pv1=a%26b&snip",
        line=2,
    )


def test_a_row_without_a_path_goes_to_the_report_directory_or_the_output(settings: Settings) -> None:
    assert read(f"name,id\na,{ID}\n", settings)[0].folder == str(Path("output").absolute())
    Path("reports").mkdir()
    there = settings.model_copy(update={"report_directory": Path("reports")})
    assert read(f"name,id\na,{ID}\n", there)[0].folder == str(Path("reports").absolute())


def test_dates_work_in_name_path_params_and_address(settings: Settings) -> None:
    row = f"https://acme.my.salesforce.com/{ID}?pv1={{today:%Y}},{{now:%H%M}},output/{{yesterday}},pv0={{today-7d:%m/%d/%Y}}"
    [report] = read(f"id,name,path,params\n{row}\n", settings)
    assert (report.name, Path(report.folder)) == ("0030.csv", Path("output/2026-11-21").absolute())
    assert report.params == (("pv1", "2026"), ("pv0", "11/15/2026"))


def test_the_format_of_the_export_names_the_file(settings: Settings) -> None:
    reports = read(f"name,id,params\na,{ID},xf=xlsx\nb.xls,{ID},xf=xls\nc,{ID},xf=localecsv\n", settings)
    assert [(report.name, report.format) for report in reports] == [
        ("a.xlsx", "xlsx"),
        ("b.xls", "xls"),
        ("c.csv", "csv"),
    ]


def test_all_problems_of_all_rows_are_told_at_once_in_the_order_of_the_lines(settings: Settings) -> None:
    Path("file").write_text("")
    text = (
        "name,id,path,params,min_rows,may_be_empty\n"
        f"good,{ID},,,,\n"
        f"GOOD.CSV,{ID},,,,\n"
        "\n"
        f"a/b,00O5g00000DemoAEAA,nowhere,fv0=x,many,perhaps\n"
        f"{{yesterdy}},01Z5g00000DemoA,file,enc=UTF-16,,\n"
        f",{ID},,,,\n"
        f"CON,{ID},,pv0=x,,,surplus\n"
        f"good,00O,,,,\n"
    )
    error = refusal(text, settings)
    found = [(problem.line, problem.column) for problem in error.problems]
    assert found == [
        (3, "name"),
        (5, "params"),
        (5, "id"),
        (5, "name"),
        (5, "path"),
        (5, "min_rows"),
        (5, "may_be_empty"),
        (6, "params"),
        (6, "id"),
        (6, "name"),
        (6, "path"),
        (7, "name"),
        (8, ""),
        (9, "id"),
        (9, "name"),
    ]
    assert all(problem.remedy or "There are {today}" in problem.message for problem in error.problems)
    lines = error.message.splitlines()
    assert len(lines) == len(found)
    assert lines[0].startswith('list.csv, line 3, column name: "GOOD.CSV" would overwrite the report of line 2. Give')


def test_a_list_error_survives_pickling(settings: Settings) -> None:
    error = refusal("name,id\na,b\n", settings)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.problems, str(copy), copy.remedy) == (error.problems, str(error), error.remedy)


@pytest.mark.parametrize(
    ("header", "columns", "remedy"),
    [
        ("name,path", ["id"], "report_id"),
        ("a,b", ["name", "id"], "report_file_name"),
        ("report_file_nam,id", ["name"], "Write report_file_name"),
        ("name,id,parms", ["params"], "Write params"),
        ("name,file_name,id", ["name"], "Delete one"),
        ("name,id,url", ["id"], "Delete one"),
    ],
)
def test_a_wrong_header_is_refused(settings: Settings, header: str, columns: list[str], remedy: str) -> None:
    problems = refusal(f"\n{header}\na,b\n", settings).problems
    assert [(problem.line, problem.column) for problem in problems] == [(2, column) for column in columns]
    assert remedy in problems[0].remedy


def test_columns_of_the_users_own_are_ignored(settings: Settings) -> None:
    [report] = read(f"name,id,report_name,owner,date,,ids\na,{ID},x,y,z,,w\n", settings)
    assert report.name == "a.csv"


def test_a_missing_list_is_refused_with_two_ways_on(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.csv does not exist") as caught:
        read_list(Path("nowhere.csv"), settings, NOW)
    assert "sfdc_reports.example.csv" in caught.value.remedy
    assert "python main.py demo" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "name,id\n", "name,id\n,\n , \n", "sep=;\n"])
def test_an_empty_list_is_refused(settings: Settings, text: str) -> None:
    with pytest.raises(ConfigError, match=r"empty|no reports"):
        read(text, settings)


def test_a_folder_is_created_only_inside_the_output(settings: Settings) -> None:
    assert (
        Path(read(f"name,id,path\na,{ID},output/new/deep\n", settings)[0].folder) == Path("output/new/deep").absolute()
    )
    assert "does not exist" in refusal(f"name,id,path\na,{ID},output/../new\n", settings).message
    assert "device" in refusal(f"name,id,path\na,{ID},output/con\n", settings).message
    assert not Path("output").exists()


def test_a_report_directory_that_does_not_exist_is_told_once(settings: Settings) -> None:
    there = settings.model_copy(update={"report_directory": Path("reports")})
    problems = refusal(f"name,id\na,{ID}\nb,{ID}\n", there).problems
    assert [(problem.column, problem.value) for problem in problems] == [("REPORT_DIRECTORY", "reports")]


def test_the_same_name_in_two_folders_is_no_duplicate(settings: Settings) -> None:
    rows = f"a,{ID},output/one\na,{ID},output/two\n"
    assert len(read(f"name,id,path\n{rows}", settings)) == 2
    assert "overwrite" in refusal(f"name,id,path\n{rows}a,{ID},output/two/../ONE\n", settings).message


def test_names_that_become_one_by_their_dates_are_duplicates(settings: Settings) -> None:
    message = refusal(f"name,id\na_{{today}},{ID}\na_2026-11-22,{ID}\n", settings).message
    assert "line 3" in message
    assert "would overwrite the report of line 2" in message


def test_no_report_overwrites_the_list_or_the_summary(settings: Settings) -> None:
    here = settings.model_copy(update={"final_report_path": Path("output/summary.csv")})
    text = f"name,id,path\nList,{ID},.\nsummary,{ID},output\n"
    assert [problem.line for problem in refusal(text, here).problems] == [2, 3]


def test_a_repaired_id_is_a_notice_with_its_line(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    notices: list[str] = []
    Path("list.csv").write_text(f"name,id\na,{ID.lower()}\n")
    [report] = read_list(Path("list.csv"), settings, NOW, notices.append)
    assert report.ref == ID
    assert notices == [f"list.csv, line 2, column id: {ID.lower()} had lost its letter case and was read as {ID}."]
    read_list(Path("list.csv"), settings, NOW)
    assert ID in caplog.text


def test_bad_ids_pass_when_they_are_allowed(settings: Settings) -> None:
    text = "name,id\na,11A1B000001abVa\nb,00O5g00000DemoAEAA\n"
    assert len(refusal(text, settings).problems) == 2
    assert len(read(text, settings.model_copy(update={"allow_bad_ids": True}))) == 2


def test_a_report_is_read_from_the_command_line(settings: Settings) -> None:
    assert parse_reports([f"a, {ID}"], settings, NOW)[0].name == "a.csv"
    report = parse_reports([f'"a, b",{ID},output/x,pv0=x,y'], settings, NOW)[0]
    assert (report.name, report.folder, report.params) == (
        "a, b.csv",
        str(Path("output/x").absolute()),
        (("pv0", "x,y"),),
    )
    with pytest.raises(ListError, match=r"^--report, column id: is empty") as caught:
        parse_reports(["a"], settings, NOW)
    assert caught.value.problems[0].line is None


def test_the_example_list_is_good(settings: Settings) -> None:
    reports = read_list(ROOT / "input" / "sfdc_reports.example.csv", settings, NOW)
    assert len(reports) == 6
    assert {tag for report in reports for tag in report.tags} == {"sales", "service", "weekly"}
    assert reports[-1].format == "xlsx"


REPORTS = [
    Report(name="Sales_EU.csv", ref=ID, tags=("Finance", "daily")),
    Report(name="sales_us.csv", ref=ID, tags=("daily",)),
    Report(name="Cafe\u0301.csv", ref=ID),
]


@pytest.mark.parametrize(
    ("patterns", "tags", "names"),
    [
        ([], [], ["Sales_EU.csv", "sales_us.csv", "Cafe\u0301.csv"]),
        (["sales_*"], [], ["Sales_EU.csv", "sales_us.csv"]),
        (["SALES_EU"], [], ["Sales_EU.csv"]),
        (["*.csv"], [], ["Sales_EU.csv", "sales_us.csv", "Cafe\u0301.csv"]),
        (["caf\u00e9", "*_us"], [], ["sales_us.csv", "Cafe\u0301.csv"]),
        ([], ["finance"], ["Sales_EU.csv"]),
        (["*_us"], ["daily"], ["sales_us.csv"]),
    ],
)
def test_reports_are_selected_by_name_and_tag(patterns: list[str], tags: list[str], names: list[str]) -> None:
    assert [report.name for report in select(REPORTS, patterns, tags)] == names


@pytest.mark.parametrize(
    ("patterns", "tags", "remedy"),
    [
        (["sales_eur"], [], "Did you mean Sales_EU"),
        (["sales_*", "cafeteria.csv"], [], "Did you mean Cafe\u0301"),
        (["xyz"], [], "There are: Sales_EU, sales_us, Cafe\u0301."),
        ([], ["finances"], "Finance"),
        (["*_us"], ["finance"], "Leave one"),
    ],
)
def test_a_selection_of_nothing_is_refused_with_similar_names(
    patterns: list[str], tags: list[str], remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        select(REPORTS, patterns, tags)
    assert remedy in caught.value.remedy
