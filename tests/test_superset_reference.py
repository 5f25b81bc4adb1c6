"""How people name what they want of Superset, and what their settings must say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.model import Window
from sfr.sources.superset import queries
from sfr.sources.superset.config import SupersetConfig
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.reference import read_reference
from sfr.sources.superset.sqllab import own_limit_of
from sfr.sources.superset.talk import rison

PAYLOAD = {"datasource": {"id": 1, "type": "table"}, "queries": [{"columns": ["id"]}]}


def read(text: str, *params: tuple[str, str], **options: Any) -> Reference:
    return read_reference(Wanted(text, params, options))


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("12", "chart:12"),
        (" 012 ", "chart:12"),
        ("chart:12", "chart:12"),
        ("/explore/?slice_id=12", "chart:12"),
        ("https://bi.example.com/superset/explore/?form_data_key=k&slice_id=12&dashboard_page_id=p", "chart:12"),
        ("https://bi.example.com/sub/api/v1/chart/12/data/?format=csv&type=full", "chart:12"),
        ("/api/v1/chart/12", "chart:12"),
        ("/superset/slice/12/", "chart:12"),
        ("dashboard:5", "dashboard:5"),
        ("dashboard: sales-board", "dashboard:sales-board"),
        ("https://bi.example.com/superset/dashboard/sales-board/?native_filters_key=k#TAB-1", "dashboard:sales-board"),
        ("/superset/dashboard/5/", "dashboard:5"),
        ("/dashboard/umsatz%20nord/", "dashboard:umsatz nord"),
    ],
)
def test_charts_and_dashboards_are_known_by_number_and_address(text: str, ref: str) -> None:
    found = read(text)
    assert (found.ref, found.many) == (ref, ref.startswith("dashboard"))


def test_payloads_and_queries_have_addresses_too() -> None:
    for text in ("https://bi.example.com/api/v1/chart/data", "/api/v1/chart/data?dashboard_id=3", "data", ""):
        assert read(text, payload=PAYLOAD).ref == "data"
    for text in ("https://bi.example.com/sqllab/?savedQueryId=3", "/superset/sqllab", "sql", ""):
        assert read(text, sql="select 1", database=1).ref == "sql"


def test_params_are_options_or_filters() -> None:
    found = read("12", ("rows", "all"), ("region", "North"), ("region", "South"), ("paid", "1"), filters={"year": 2026})
    assert found.params == ()
    assert found.options == {"rows": "all", "filters": {"year": 2026, "region": ["North", "South"], "paid": "1"}}


@pytest.mark.parametrize(
    ("text", "options", "column", "words"),
    [
        ("", {}, "id", "is empty"),
        ("Sales by region", {}, "id", "neither a number nor an address"),
        ("chart:sales", {}, "id", "names no chart"),
        ("dashboard:", {}, "id", "neither"),
        ("/explore/?form_data_key=abc", {}, "id", "unsaved"),
        ("/superset/dashboard/p/a1b2c3/", {}, "id", "unsaved"),
        ("/superset/welcome/", {}, "id", "leads to no chart"),
        ("http://[", {}, "id", "no web address"),
        ("/api/v1/chart/data", {}, "options", "answers only to one"),
        ("/api/v1/chart/data", {"payload": {"a": 1}}, "options", "no list `queries`"),
        ("sql", {"sql": "select 1"}, "options", "needs the options sql and database"),
        ("12", {"rows": "many"}, "params", "chart"),
        ("12", {"result_type": "csv"}, "params", "full"),
        ("12", {"tiem_range": "x"}, "params", "Extra inputs"),
    ],
)
def test_what_names_nothing_is_told_with_a_remedy(text: str, options: dict[str, Any], column: str, words: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        read(text, **options)
    assert caught.value.column == column
    assert words in f"{caught.value.message} {caught.value.remedy}"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("url", "read_as"),
    [
        ("https://bi.example.com", "https://bi.example.com"),
        (" https://bi.example.com/superset/welcome/ ", "https://bi.example.com"),
        ("http://host:8088/login/?next=x", "http://host:8088"),
        ("https://example.com/tools/bi/", "https://example.com/tools/bi"),
    ],
)
def test_an_address_is_read_as_a_browser_shows_it(url: str, read_as: str) -> None:
    assert SupersetConfig(url=url, username="u", password="p").url == read_as


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "bi.example.com", "username": "u", "password": "s3cret"},
        {"url": "https://u:s3cret@bi.example.com", "username": "u", "password": "s3cret"},
        {"url": "https://bi.example.com", "username": "u"},
        {"url": "https://bi.example.com", "password": "s3cret"},
        {"url": "https://bi.example.com", "api_key": ""},
    ],
)
def test_wrong_settings_are_refused_without_showing_secrets(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        SupersetConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_config_does_not_show_its_secrets() -> None:
    shown = repr(SupersetConfig(url="https://bi.example.com", username="u", password="s3cret", api_key="k3y"))
    assert "s3cret" not in shown
    assert "k3y" not in shown


def test_an_order_ends_with_all_columns_that_it_does_not_name() -> None:
    twice = {"expressionType": "SQL", "sqlExpression": "a * 2", "label": "twice"}
    query = {"columns": ["id", twice, "city"], "orderby": [["city", False]]}
    assert queries.ordered(query, [])["orderby"] == [["city", False], ["id", True], ["twice", True]]
    assert queries.ordered(query, ["id"])["orderby"] == [["city", False], ["id", True]]


def test_what_pandas_makes_of_rows_is_never_streamed() -> None:
    raw, shown = SupersetOptions(), SupersetOptions(values="shown")
    assert queries.can_stream({"columns": ["id"], "post_processing": [None]}, raw)
    assert not queries.can_stream({"columns": ["id"]}, shown)
    assert not queries.can_stream({"columns": ["id"]}, SupersetOptions(result_type="post_processed"))
    for more in ({"post_processing": [{"operation": "pivot"}]}, {"time_offsets": ["1 year ago"]}):
        assert not queries.can_stream({"columns": ["id"], **more}, raw)


def test_a_window_is_written_in_its_own_zone() -> None:
    window = Window("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "Europe/Berlin")
    assert queries.window_text(window) == "2026-03-29T00:00:00 : 2026-03-30T00:00:00"
    other = Window("2026-01-01T06:00:00+00:00", "2026-01-01T18:30:00.5+05:00", "Europe/Berlin")
    assert queries.window_text(other) == "2026-01-01T07:00:00 : 2026-01-01T14:30:00"


@pytest.mark.parametrize(
    ("sql", "limit"),
    [
        ("select 1", None),
        ("select * from t limit 30", 30),
        ("select * from t\nLIMIT 30 offset 5 ;\n", 30),
        ("select * from (select * from t limit 30) as s", None),
    ],
)
def test_a_query_keeps_the_limit_that_it_ends_with(sql: str, limit: int | None) -> None:
    assert own_limit_of(sql) == limit


def test_a_search_cannot_leave_its_quotes() -> None:
    assert rison("it's!") == "'it!'s!!'"
