"""JSON and YAML lists: everything a report can say, and how what is wrong in them is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfr.settings import Settings
from tests.lists import METABASE, SUPERSET, read, refused, settings_with

ROOT = Path(__file__).parent.parent

FULL = """\
defaults:
  source: bi
  tags: [finance, daily]
  window: last_month
  options: {rows: all}
reports:
  - name: orders_{window.start:%Y-%m}
    id: 00123
    path: output/{window.start:%Y}
    timezone: America/New_York
    type: weekly
    update: append
    columns: {id: Order, region: }
    other_columns: keep
    expect: {min_rows: 1000, may_be_empty: no, columns: [id, region]}
    options:
      filters: {region: [North, South], since: "{window.start:%d-%m-%Y}"}
    result_type: post_processed
  - name: revenue
    sql: select '{window.start}' as "day", {{ jinja }} from t
    database: 1
    tags: x
  - name: board_{chart.name}
    id: dashboard:5
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET, METABASE, {"SFR_LINK_URL": "https://files.example.com/"}) as found:
        yield found


def wrong(report: str, settings: Settings) -> list[tuple[str, str, str]]:
    """What is said about one report of a YAML list: key, message and remedy."""
    lines = "\n".join(f"  {line}" for line in report.splitlines())
    problems = refused("list.yaml", f"-{lines[1:]}\n", settings).problems
    assert all(problem.line == 1 for problem in problems)
    return [(problem.column, problem.message, problem.remedy) for problem in problems]


def test_everything_that_a_report_can_say_reaches_it(settings: Settings) -> None:
    orders, revenue, board = read("list.yaml", FULL, settings)
    assert (orders.name, orders.source, orders.type, orders.tags) == (
        "orders_2026-10.csv",
        "bi",
        "weekly",
        ("finance", "daily"),
    )
    assert Path(orders.folder) == Path("output/2026").absolute()
    assert (orders.update, orders.columns, orders.other_columns) == (
        "append",
        (("id", "Order"), ("region", "region")),
        "keep",
    )
    assert (orders.min_records, orders.may_be_empty, orders.expected_columns) == (1000, False, ("id", "region"))
    assert orders.options == {
        "rows": "all",
        "result_type": "post_processed",
        "filters": {"region": ["North", "South"], "since": "01-10-2026"},
    }
    assert orders.window is not None
    assert (orders.window.start, orders.window.zone) == ("2026-10-01T00:00:00-04:00", "America/New_York")
    assert revenue.options["sql"] == "select '2026-10-01' as \"day\", {{ jinja }} from t"
    assert (revenue.tags, revenue.options["database"], board.many) == (("x",), 1, True)
    assert board.name == "board_{chart.name}.csv"


def test_json_says_the_same_as_yaml(settings: Settings) -> None:
    report = {
        "Name": "a_{yesterday}",
        "report-id": 12,
        "source": "bi",
        "params": {"region": "North"},
        "payload": None,
        "window": "today",
        "columns": ["id", "region"],
        "expect": {"min_records": 5},
    }
    [from_json] = read("list.json", json.dumps([report]), settings)
    [from_yaml] = read("list.yml", json.dumps({"reports": [report]}), settings)
    assert from_json == from_yaml
    assert (from_json.name, from_json.ref, from_json.min_records) == ("a_2026-11-20.csv", "chart:12", 5)
    assert from_json.columns == (("id", "id"), ("region", "region"))
    assert from_json.line == 1


def test_a_report_is_the_same_one_tomorrow_but_not_with_another_payload(settings: Settings) -> None:
    def template(**options: Any) -> str:
        return read("list.json", json.dumps([{"name": "a", "id": 1, "source": "bi", **options}]), settings)[0].template

    assert template(window="today") == template(window="today")
    assert "{window.start}" in template(window="today", filters={"day": "{window.start}"})
    different = [template(), template(window="today"), template(filters={"a": "b"}), template(time_range="Last week")]
    assert len(set(different)) == 4


@pytest.mark.parametrize("written", ["00123", "2026-01-01", "12:30", "1e5", "0x1F", "1_000", "yes", "No", "'123'"])
def test_an_id_stays_as_it_is_written(settings: Settings, written: str) -> None:
    listed = f"- name: a\n  id: {written}\n  source: link\n  params:\n    value: {written}\n"
    [report] = read("list.yaml", listed, settings)
    assert (report.ref, report.params) == (written.strip("'"), (("value", written.strip("'")),))


def test_numbers_are_numbers_or_texts_as_the_option_wants(settings: Settings) -> None:
    [report] = read(
        "list.yaml",
        "- {name: a, id: 1, source: bi, time_range: 2026, filters: {a: 1.50, b: '1', c: true, d: null}}\n",
        settings,
    )
    assert report.options == {"time_range": "2026", "filters": {"a": 1.5, "b": "1", "c": True, "d": None}}


def test_a_pair_of_params_that_is_an_option_becomes_one_and_the_others_are_sent(settings: Settings) -> None:
    text = "name,id,source,params\na,card:12,mb,format_rows=yes&country=DE&country=FR\n"
    [report] = read("list.csv", text, settings)
    assert (report.options, report.params) == ({"format_rows": True}, (("country", "DE"), ("country", "FR")))
    [report] = read("list.csv", "name,id,source,params\na,12,bi,unique_by=id\nb,12,link,x=1\n", settings)[:1]
    assert report.options == {"unique_by": ["id"]}
    [report] = read("list.csv", 'name,id,source,params\na,12,bi,"unique_by=[""a"",""b""]"\n', settings)
    assert report.options == {"unique_by": ["a", "b"]}


def test_two_reports_that_would_be_one_file_are_told(settings: Settings) -> None:
    text = "- {name: a, id: 1, source: bi}\n- {name: A.csv, id: 2, source: bi}\n"
    assert 'report 2, key name: "A.csv" would overwrite report 1.' in refused("list.yaml", text, settings).message


def test_yaml_can_say_things_once_for_several_reports(settings: Settings) -> None:
    text = "- &one {name: a, id: 1, source: bi, rows: all}\n- <<: *one\n  name: b\n"
    assert [(report.name, report.options) for report in read("list.yaml", text, settings)] == [
        ("a.csv", {"rows": "all"}),
        ("b.csv", {"rows": "all"}),
    ]


# What is wrong in a report


def test_every_problem_names_report_key_value_and_remedy(settings: Settings) -> None:
    text = "- {name: good, id: 1, source: bi}\n- {name: sales, id: 1, source: bi, rows: some, windw: today}\n- 5\n"
    lines = refused("list.yaml", text, settings).message.splitlines()
    assert lines == [
        "list.yaml, report 2 (sales), key windw: is no key that is known here. Did you mean window?",
        "list.yaml, report 2 (sales), key rows: \"some\" must be 'chart' or 'all'. chart: as many as the "
        "chart's row limit says; all: every row there is.",
        'list.yaml, report 3: "5" is no report: it must be a mapping. Write keys and values, such as name and id.',
    ]


@pytest.mark.parametrize(
    ("report", "key", "message", "remedy"),
    [
        ("name: {today}\nid: 1\nsource: bi", "name", "is no text", "quotation marks"),
        ("name: [a]\nid: 1\nsource: bi", "name", "is no text", "Write one text"),
        ("name: a\nid: true\nsource: bi", "id", "is no text", "quotation marks"),
        ("name: a\nid: 1\nsource: ib", "source", "no source", "bi"),
        ("name: a\nid: 1\nsource: bi\nfilter: {}", "filter", "no key", "filters"),
        ("name: a\nid: 1\nsource: bi\nrows: all\noptions: {rows: all}", "rows", "twice", "Delete one"),
        ("name: a\nid: 1\nreport_id: 2\nsource: bi", "report_id", "same key", "Delete one"),
        ("name: a\nid: 1\nsource: bi\noptions: 5", "options", "no mapping", "below it"),
        ("name: a\nid: 1\nsource: bi\nexpect: 5", "expect", "no mapping", "min_rows"),
        ("name: a\nid: 1\nsource: bi\nexpect: {min_row: 5}", "expect.min_row", "no key", "min_rows"),
        ("name: a\nid: 1\nsource: bi\nexpect: {columns: 5}", "expect.columns", "no list", "name"),
        ("name: a\nid: 1\nsource: bi\nexpect: {min_rows: many}", "min_rows", "whole number", "1000"),
        ("name: a\nid: 1\nsource: bi\ncolumns: {a: x, b: x}", "columns", "two columns", "another name"),
        ("name: a\nid: 1\nsource: bi\ncolumns: {a: [x]}", "columns.a", "no name", "pairs"),
        ("name: a\nid: 1\nsource: bi\ncolumns: all", "columns", "what becomes of each", "pairs"),
        ("name: a\nid: 1\nsource: bi\nother_columns: hide", "other_columns", "neither drop nor keep", "Write"),
        ("name: a\nid: 1\nsource: bi\nparams: [a]", "params", "neither a text nor a mapping", "name=value"),
        ("name: a\nid: 1\nsource: bi\nparams: {a: {b: c}}", "params.a", "no text", "quotation"),
        ("name: a\nid: 1\nsource: bi\nfilters: {a: '{window.end}'}", "filters", "has no window", ""),
        ("name: a\nid: 1\nsource: bi\nwindow: 2026-02-01..2026-01-01", "window", "before it starts", "earlier"),
        ("name: a\nid: 1\nsource: bi\ntimezone: Berlin", "timezone", "no known time zone", "Europe/Berlin"),
        ("name: a\nsource: bi\nsql: select 1", "options", "is missing", "Add"),
        (f"name: a\nid: 00O5g00000DemoAEAR\nrows: all", "rows", "no key", "min_rows"),  # noqa: F541
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    settings: Settings, report: str, key: str, message: str, remedy: str
) -> None:
    [(found_key, found_message, found_remedy)] = wrong(report, settings)
    assert found_key == key
    assert message in found_message
    assert remedy in found_remedy


def test_a_payload_that_is_no_json_is_told_with_line_and_column(settings: Settings) -> None:
    payload = '    {"datasource": {"id": 1},\n     "queries": [{"columns": ["id"]},]}\n'
    [(key, message, remedy)] = wrong(f"name: a\nsource: bi\npayload: |\n{payload}", settings)[:1]
    assert key == "payload"
    assert message.startswith("is no JSON: line 2, column 34: ")
    assert '"queries": [{"columns": ["id"]},]}' in message
    assert "comma" in remedy


def test_the_example_lists_are_good(settings: Settings) -> None:
    for name in ("reports.example.yaml", "reports.example.json"):
        text = (ROOT / "input" / name).read_text(encoding="utf-8").replace("source: superset", "source: bi")
        assert len(read(name, text, settings)) >= 3
