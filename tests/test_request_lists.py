"""The request.json of LinkDownloader works as it is: names, servers, GET and POST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfr.settings import Settings
from tests.lists import METABASE, SUPERSET, read, refused, settings_with

PAYLOAD = {"datasource": {"id": 1, "type": "table"}, "queries": [{"columns": ["id"], "note": "{today} {{ x }}"}]}
CHART_DATA = "/api/v1/chart/data"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET) as found:
        yield found


def requests(**addresses: Any) -> str:
    return json.dumps(
        {
            name: value if isinstance(value, dict) else {"request_url": value, "payload": {}}
            for name, value in addresses.items()
        }
    )


def test_a_request_to_the_one_server_keeps_name_and_payload(settings: Settings) -> None:
    text = requests(Orders={"request_url": CHART_DATA, "payload": PAYLOAD})
    [report] = read("request.json", text, settings)
    assert (report.name, report.source, report.ref) == ("Orders.csv", "bi", "data")
    assert report.options == {"payload": PAYLOAD}


def test_a_whole_address_belongs_to_the_server_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with settings_with(monkeypatch, SUPERSET, METABASE) as settings:
        orders = {"request_url": f"https://BI.example.com:443{CHART_DATA}", "payload": PAYLOAD}
        text = requests(orders=orders, people="https://mb.example.com/api/card/12/query/csv")
        first, second = read("request.json", text, settings)
    assert (first.source, second.source, second.ref) == ("bi", "mb", "card:12")
    assert first.options == {"payload": PAYLOAD}
    assert "payload" not in second.options


@pytest.mark.parametrize(
    ("address", "payload", "options"),
    [
        ("https://files.example.com/rates.csv", {}, {}),
        ("https://files.example.com/RATES.CSV", None, {}),
        ("https://files.example.com/rates.csv?day=1", {}, {}),
        ("https://files.example.com/rates.csv?day=1", {"a": 1}, {"method": "POST", "payload": {"a": 1}}),
        ("https://files.example.com/export?to=x.csv", {"a": 1}, {}),
        ("https://files.example.com/export", {"a": 1}, {"method": "POST", "payload": {"a": 1}}),
        ("https://files.example.com/export", {}, {"method": "POST", "payload": {}}),
    ],
)
def test_an_address_that_ends_in_csv_is_got_and_others_are_posted_to(
    settings: Settings, address: str, payload: Any, options: dict[str, Any]
) -> None:
    text = requests(a={"request_url": address, "payload": payload})
    [report] = read("request.json", text, settings)
    assert (report.source, report.ref, report.options) == ("link", address, options)


def test_a_payload_that_was_never_sent_is_told(settings: Settings) -> None:
    notices: list[str] = []
    text = requests(a={"request_url": "https://x.example/a.csv", "payload": {"b": 1}})
    [report] = read("request.json", text, settings, notices)
    assert (report.options, len(notices)) == ({}, 1)
    assert "payload is left out" in notices[0]


def test_names_become_names_of_files_with_a_notice(settings: Settings) -> None:
    notices: list[str] = []
    text = requests(**{"Sales: EU/US": CHART_DATA, "{today}": CHART_DATA, "a": CHART_DATA, "A": CHART_DATA})
    payload = json.loads(text) | {name: {"request_url": CHART_DATA, "payload": PAYLOAD} for name in json.loads(text)}
    reports = read("request.json", json.dumps(payload), settings, notices)
    assert [report.name for report in reports] == ["Sales- EU-US.csv", "{today}.csv", "a.csv", "A (2).csv"]
    assert len(notices) == 2
    assert "Sales: EU/US" in notices[0]


def test_a_relative_address_needs_exactly_one_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = requests(a={"request_url": CHART_DATA, "payload": PAYLOAD})
    with settings_with(monkeypatch) as nothing:
        [problem] = refused("request.json", text, nothing).problems
        assert (problem.column, problem.value, problem.name) == ("request_url", CHART_DATA, "a")
        assert "SFR_SUPERSET_URL" in problem.remedy
    with settings_with(monkeypatch, SUPERSET, METABASE) as several:
        error = refused("request.json", text, several)
        assert 'request.json, report 1 (a), key request_url: "/api/v1/chart/data"' in error.message
        assert "bi or mb" in error.message
        assert "source" in error.problems[0].remedy


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        ({"payload": {}}, "request_url"),
        ({"request_url": " "}, "request_url"),
        ({"request_url": CHART_DATA, "payload": PAYLOAD, "metod": 1}, "metod"),
        ({"request_url": CHART_DATA, "payload": {}}, "options"),
        ({"request_url": CHART_DATA, "payload": '{"queries": [}'}, "payload"),
        ({"request_url": "/explore", "payload": PAYLOAD}, "id"),
    ],
)
def test_what_is_wrong_in_a_request_is_told(settings: Settings, request_: dict[str, Any], key: str) -> None:
    good = {"request_url": CHART_DATA, "payload": PAYLOAD}
    problems = refused("request.json", json.dumps({"good": good, "bad": request_}), settings).problems
    assert {(problem.line, problem.name) for problem in problems} == {(2, "bad")}
    assert problems[0].column == key
    assert all(problem.remedy for problem in problems)


def test_a_request_list_may_be_yaml_and_stays_the_same_list(settings: Settings) -> None:
    text = requests(a={"request_url": CHART_DATA, "payload": PAYLOAD})
    assert read("request.yaml", text, settings) == read("request.json", text, settings)
