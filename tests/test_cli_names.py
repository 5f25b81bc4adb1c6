"""One report by its name, `python main.py active_users`, what is said about names that are none, and plans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfr.catalog import select
from sfr.errors import ConfigError
from sfr.model import Report, Shape
from tests.command_line import Person, report_id

LINES = (
    f"active_users_{{today}},{report_id(1)},,,,",
    f"sales.csv,{report_id(2)},,,weekly,",
    f"sales_eu,{report_id(3)},,,,",
)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    someone = Person(tmp_path / "desk")
    someone.writes_list(*LINES)
    return someone


def planned(person: Person, *words: str) -> list[str]:
    """The names in the list of the reports that would be fetched."""
    ended = person.types(*words, "--dry-run", "--json")
    assert ended.code == 0, ended.stderr
    return [report["template"].partition("\n")[0] for report in ended.json()["reports"]]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["sales.csv"], ["sales.csv"]),
        (["sales_eu", "ACTIVE_USERS.csv"], ["active_users_{today}", "sales_eu"]),
        (["input/sfdc_reports.csv", "sales*"], ["sales.csv", "sales_eu"]),
        (["--only", "active_users"], ["active_users_{today}"]),
    ],
)
def test_a_report_is_fetched_by_its_name(person: Person, words: list[str], names: list[str]) -> None:
    assert planned(person, *words) == names


@pytest.mark.parametrize(
    "name",
    [
        *("users_2026-11-21.csv.gz", "users_2026-11-21", "users", "USERS", "users.csv.gz", "us*"),
        *("users_{today}", "users_{today}.csv.gz", "daily users"),
    ],
)
def test_a_report_has_many_names(name: str) -> None:
    users = Report("users_2026-11-21.csv.gz", "1", type="daily users", template="users_{today}\n1\n\n")
    assert select([users, Report("others.csv", "2")], [name]) == [users]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["slaes"],
            "'slaes' is neither a command, nor a file, nor a report of input/sfdc_reports.csv "
            "Did you mean sales or sales_eu? There are: active_users, sales, sales_eu.",
        ),
        (["demoo"], "Did you mean the command demo? There are: active_users, sales, sales_eu."),
        (["sales", "xyz"], "no report is called xyz There are: active_users, sales, sales_eu."),
        (["--only", "xyz"], "no report is called xyz There are: active_users, sales, sales_eu."),
        (["slaes.csv"], "the list slaes.csv does not exist, nor has input/sfdc_reports.csv a report of this name"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(person: Person, words: list[str], told: str) -> None:
    ended = person.types(*words)
    assert (ended.code, ended.stdout) == (2, "")
    assert told in " ".join(ended.stderr.split())


def test_a_word_without_any_list_leaves_nothing_behind(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    ended = person.types("histroy")
    assert ended.code == 2
    assert "there is no list input/sfdc_reports.csv" in ended.stderr
    assert "Did you mean the command history?" in ended.stderr
    assert [path.name for path in person.folder.iterdir()] == ["home"]


def test_the_usual_list_may_be_a_json_or_yaml_file(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    (person.folder / "input").mkdir()
    reports = [{"name": name, "id": report_id(number)} for number, name in enumerate(("a", "b"))]
    (person.folder / "input" / "reports.json").write_text(json.dumps(reports), encoding="utf-8")
    assert planned(person) == ["a", "b"]
    assert planned(person, "b") == ["b"]
    (person.folder / "input" / "reports.yaml").write_text("[]", encoding="utf-8")
    ended = person.types("--dry-run")
    assert ended.code == 2
    assert "input/reports.yaml and input/reports.json" in ended.stderr
    person.writes_list(*LINES)
    assert len(planned(person)) == 3


def test_a_type_names_all_its_reports_unless_one_is_called_so() -> None:
    reports = [Report("a.csv", "1", type="weekly"), Report("b.csv", "2", type="Weekly"), Report("c.csv", "3")]
    assert [report.name for report in select(reports, ["weekly"])] == ["a.csv", "b.csv"]
    reports.append(Report("weekly.csv", "4"))
    assert [report.name for report in select(reports, ["weekly"])] == ["weekly.csv"]
    with pytest.raises(ConfigError):
        select(reports, ["report"])


def test_the_reports_of_one_workbook_come_together() -> None:
    book = Shape(workbook="weekly.xlsx")
    reports = [Report("a.csv", "1", shape=book), Report("b.csv", "2"), Report("c.csv", "3", shape=book)]
    assert [report.name for report in select(reports, ["c"])] == ["a.csv", "c.csv"]
    assert [report.name for report in select(reports, ["b"])] == ["b.csv"]


@pytest.mark.parametrize("name", ["week.xlsx", "Week", "we*"])
def test_a_workbook_without_a_row_is_asked_for_by_its_file(name: str) -> None:
    sheets = [
        Report("a.csv", "1", shape=Shape(workbook="week.xlsx")),
        Report("b.csv", "2", shape=Shape(workbook="week.xlsx")),
    ]
    assert select([*sheets, Report("c.csv", "3")], [name]) == sheets
    with pytest.raises(ConfigError) as refused:
        select(sheets, ["month"])
    assert refused.value.remedy.endswith("There are: a, b, week.")


def test_a_plan_shows_names_as_they_are(tmp_path: Path) -> None:
    someone = Person(tmp_path / "desk")
    someone.writes_list(f"his[t]ory [bold],{report_id(1)},,,,")
    assert "his[t]ory [bold].csv" in someone.types("--dry-run").stdout


def test_an_empty_history_says_that_it_is(tmp_path: Path) -> None:
    ended = Person(tmp_path / "desk").types("history", "last")
    assert ended.code == 2
    assert ended.stderr.startswith("sfr: no run yet in this history")


def test_of_many_names_similar_ones_are_told() -> None:
    many = [Report(f"report {number}.csv", str(number)) for number in range(21)]
    with pytest.raises(ConfigError) as caught:
        select(many, ["reprot 7"])
    assert caught.value.remedy.startswith("Did you mean report 7")
    assert caught.value.remedy.endswith("There are 21 reports; --dry-run shows them.")
    with pytest.raises(ConfigError) as caught:
        select(many[1:], ["zzz"])
    assert caught.value.remedy.count("report ") == 20


# What would happen


def test_a_plan_shows_places_formats_and_paths(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    person.environment |= {"SFR_ARCHIVE_TYPE": "folder", "SFR_ARCHIVE_DIRECTORY": "archive", "SFR_TIMEZONE": "UTC"}
    header = "name,id,format,destination,destination_path,update\n"
    rows = f"a,{report_id(1)},csv.gz,folder;archive,;{{source}}/{{name}}/,\nb,{report_id(2)},,,,append\n"
    (person.folder / "list.csv").write_text(header + rows, encoding="utf-8")
    ended = person.types("list.csv", "--dry-run")
    assert ended.code == 0, ended.stderr
    first, second = ended.stdout.splitlines()[1:3]
    assert first.split("  ")[0] == "a.csv.gz"
    assert "output; archive: salesforce/a/a.csv.gz" in first
    assert "output (append)" in second
    (a, b) = person.types("list.csv", "--dry-run", "--json").json()["reports"]
    assert a["shape"]["format"] == "csv.gz"
    assert [(place["destination"], place["path"]) for place in a["places"]] == [
        ("folder", ""),
        ("archive", "salesforce/a/a.csv.gz"),
    ]
    assert b["update"] == "append"


def test_a_plan_shows_the_workbook_that_reports_are_sheets_of(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    (person.folder / "list.csv").write_text(f"name,id,workbook\na,{report_id(1)},week.xlsx\n", encoding="utf-8")
    ended = person.types("list.csv", "--dry-run")
    assert [line.split("  ")[0] for line in ended.stdout.splitlines()[1:3]] == ["a.csv", "week.xlsx"]
    assert "2 reports of list.csv would be fetched from" in ended.stdout


def test_a_plan_tells_what_a_destination_lacks(tmp_path: Path) -> None:
    person = Person(tmp_path / "desk")
    person.environment |= {"SFR_ARCHIVE_TYPE": "folder"}
    (person.folder / "list.csv").write_text(f"name,id,destination\na,{report_id(1)},archive\n", encoding="utf-8")
    ended = person.types("list.csv", "--dry-run")
    assert ended.code == 2
    assert "SFR_ARCHIVE_DIRECTORY is not set" in ended.stderr
