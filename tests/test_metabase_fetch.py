"""What is asked of Metabase for questions, dashboard cards, public links and queries, with their parameters."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sfr.errors import ReportError
from sfr.sources.metabase import source as module
from sfr.testing import Tray
from tests.metabase_client import fetch, report_of, source_at
from tests.servers.metabase import Card, Dashboard, Metabase, Refused
from tests.servers.metabase_model import Place

TAGS = {"city": "text", "id": "number", "day": "date", "note": "dimension:string/="}


@pytest.fixture
def server() -> Iterator[Metabase]:
    card, other = Card("Orders", tags=TAGS), Card("More", tags={"city": "dimension:string/="})
    board = Dashboard(
        "Sales",
        [
            Place(card, {"f1": "city"}, series=(other,)),
            Place(None, title="a text"),
            Place(other, {"f1": "city", "f2": "id"}, title="More orders"),
        ],
        {"f1": ("city", ["Rome"]), "f2": ("number", None)},
    )
    with Metabase(cards=[card, other], dashboards=[board]) as running:
        yield running


def ids(tray: Tray) -> list[str]:
    return [row[0] for row in csv.reader(tray.data.decode().splitlines()[1:]) if row and row[0].isdecimal()]


def sent(server: Metabase) -> Any:
    return json.loads(server.exports()[-1].fields["parameters"])


def test_a_question_costs_one_request_and_says_how_values_shall_look(server: Metabase) -> None:
    _, tray = fetch(server)
    assert len(server.asked) == 1
    assert server.exports()[0].fields == {"format_rows": "false", "csv_include_bom": "false"}
    assert b"1234.5,2026-01-02" in tray.data


def test_formatted_values_come_when_the_report_or_the_source_wants_them(server: Metabase) -> None:
    assert b'"1,234.50","January 2, 2026"' in fetch(server, format_rows=True)[1].data
    source = source_at(server, format_rows=True)
    assert b"January" in fetch(server, source=source)[1].data
    assert b"January" not in fetch(server, source=source, format_rows=False)[1].data


def test_pivot_results_are_sent_when_set(server: Metabase) -> None:
    fetch(server, pivot_results=True)
    assert server.exports()[-1].fields["pivot_results"] == "true"


@pytest.mark.parametrize(
    ("params", "expected", "parameter"),
    [
        ([("city", "Rome")], ["1", "3"], {"type": "category", "value": "Rome"}),
        ([("City", "Rome")], ["1", "3"], {"type": "category", "value": "Rome"}),
        ([("id", "2")], ["2"], {"type": "number/=", "value": "2"}),
        ([("day", "2026-02-04")], ["3"], {"type": "date/single", "value": "2026-02-04"}),
        ([("note", "")], ["1", "2", "3", "4"], {"type": "string/=", "value": None}),
        ([("note", 'x, "y"\nz')], ["2"], {"type": "string/=", "value": ['x, "y"\nz']}),
        ([("city", "Rome"), ("city", "Paris")], ["1", "2", "3"], {"type": "category", "value": ["Rome", "Paris"]}),
    ],
)
def test_params_become_values_of_the_questions_variables(
    server: Metabase, params: list[tuple[str, str]], expected: list[str], parameter: dict[str, Any]
) -> None:
    assert ids(fetch(server, "", *params)[1]) == expected
    assert {key: sent(server)[0][key] for key in parameter} == parameter


def test_values_in_the_options_and_ready_objects_are_sent(server: Metabase) -> None:
    assert ids(fetch(server, parameters={"city": ["Rome"]})[1]) == ["1", "3"]
    ready = [{"type": "category", "target": ["variable", ["template-tag", "city"]], "value": "Paris"}]
    before = len(server.asked)
    assert ids(fetch(server, parameters=ready)[1]) == ["2"]
    assert len(server.asked) == before + 1


def test_a_variable_that_does_not_exist_is_refused_before_the_query_runs(server: Metabase) -> None:
    with pytest.raises(ReportError, match="no filter named town") as caught:
        fetch(server, "", ("town", "Rome"))
    assert "city" in caught.value.remedy
    assert server.exports() == []


def test_newer_servers_describe_questions_in_stages(server: Metabase) -> None:
    card = server.cards[0]
    described = card.described()
    native = described["dataset_query"].pop("native")
    described["dataset_query"]["stages"] = [{"native": native["query"], "template-tags": native["template-tags"]}]
    server.refusals = [Refused(200, described)]
    assert ids(fetch(server, "", ("city", "Rome"))[1]) == ["1", "3"]


def place(server: Metabase, at: int) -> str:
    board = server.dashboards[0]
    card = board.places[at].card
    assert card is not None
    return f"dashboard:{board.id}/dashcard:{board.places[at].id}/card:{card.id}"


def test_a_card_on_a_dashboard_gets_the_dashboards_filters_and_their_defaults(server: Metabase) -> None:
    assert ids(fetch(server, place(server, 2))[1]) == ["1", "3"]  # city begins with Rome
    assert ids(fetch(server, place(server, 2), ("city", "Paris"))[1]) == ["2"]
    assert ids(fetch(server, place(server, 2), ("city", ""))[1]) == ["1", "2", "3", "4"]
    assert sent(server) == [{"id": "f1", "type": "string/=", "value": None}]


def test_ready_objects_for_a_dashboard_card_are_sent_alone(server: Metabase) -> None:
    ready = [{"id": "f2", "type": "number/=", "value": [2]}]
    assert ids(fetch(server, place(server, 2), parameters=ready)[1]) == ["2"]
    assert sent(server) == ready
    assert len(server.asked) == 1


def test_a_filter_that_is_not_connected_to_the_card_is_told(server: Metabase) -> None:
    fetched, tray = fetch(server, place(server, 0), ("number", "1"))
    assert "number is not connected" in fetched.warnings[0]
    assert ids(tray) == ["1", "3"]
    assert fetch(server, place(server, 2), ("number", "1"))[0].warnings == ()


def test_a_filter_that_the_dashboard_lacks_is_refused(server: Metabase) -> None:
    with pytest.raises(ReportError, match="no filter named colour"):
        fetch(server, place(server, 2), ("colour", "red"))


def test_public_links_need_nobody_and_send_nobody(server: Metabase) -> None:
    card, board = server.cards[0], server.dashboards[0]
    text = f"{server.url}/public/question/{card.public_uuid}.csv?city=Rome"
    assert ids(fetch(server, text)[1]) == ["1", "3"]
    inner = place(server, 2).split("/", 1)[1]
    assert ids(fetch(server, f"public/dashboard:{board.public_uuid}/{inner}", ("city", "Paris"))[1]) == ["2"]
    assert not [asked for asked in server.asked if {"x-api-key", "x-metabase-session"} & asked.headers.keys()]
    assert server.exports()[0].fields["format_rows"] == "false"


def test_a_description_of_an_unknown_form_is_told(server: Metabase) -> None:
    server.refusals = [Refused(200, ["unexpected"])]
    assert refused(server, "", ("city", "Rome")).reason == "format"


@pytest.mark.parametrize("packs", [True, False], ids=["packed", "plain"])
def test_a_long_answer_has_a_warning_where_a_time_limit_could_have_ended_it_unseen(
    server: Metabase, packs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG_SECONDS", -1.0)
    server.packs = packs
    assert ["time limit" in warning for warning in fetch(server)[0].warnings] == [True] * (not packs)


def test_a_query_of_ones_own_declares_its_variables(server: Metabase) -> None:
    sql = "select * from t where city = {{city}} and n > {{n}} and d >= {{ since }} and {{snippet: x}}"
    _, tray = fetch(server, "query", ("since", "2026-01-02"), sql=sql, database=2, parameters={"n": 5, "city": "Rome"})
    query = json.loads(server.exports()[-1].fields["query"])
    types = {name: tag["type"] for name, tag in query["native"]["template-tags"].items()}
    assert types == {"city": "text", "n": "number", "since": "date"}
    assert b"Rome,5,2026-01-02" in tray.data
    assert query["database"] == 2


def test_a_payload_with_a_query_is_sent_as_it_is(server: Metabase) -> None:
    query = {"database": 2, "type": "native", "native": {"query": "select 1"}}
    fetch(server, "/api/dataset/csv", payload={"query": query})
    assert json.loads(server.exports()[-1].fields["query"]) == query


def test_an_address_of_another_server_is_refused_before_anything_is_asked(server: Metabase) -> None:
    with pytest.raises(ReportError, match=r"bi\.example\.com") as caught:
        fetch(server, "https://bi.example.com/question/12")
    assert caught.value.reason == "other-server"
    assert server.asked == []


def refused(server: Metabase, text: str = "", *params: tuple[str, str]) -> ReportError:
    with pytest.raises(ReportError) as caught:
        fetch(server, text, *params)
    return caught.value


def test_refusals_in_every_form_have_their_own_reason(server: Metabase) -> None:
    card = server.cards[0]
    assert refused(server, "999999").reason == "not-found"
    card.forbidden = True
    assert refused(server).reason == "no-permission"
    card.forbidden, card.archived = False, True
    assert refused(server).reason == "archived"
    server.public_sharing = False
    assert "Public sharing is not enabled" in refused(server, f"public/card:{card.public_uuid}").message
    server.refusals = [Refused(400, {"errors": {"parameters": "must be a list"}, "specific-errors": {}})]
    assert "must be a list" in refused(server).message
    server.refusals = [Refused(404, "API endpoint does not exist.")]
    assert refused(server).reason == "not-metabase"
    server.refusals = [Refused(302, "", Location="https://sso.example.com/login?token=abc")]
    assert "sso.example.com" in refused(server).message
    server.refusals = [Refused(401, "Unauthenticated")]
    assert refused(server, f"public/card:{card.public_uuid}").reason == "not-public"


def test_a_dashboard_as_a_whole_is_expanded_and_not_fetched(server: Metabase) -> None:
    board = server.dashboards[0]
    assert refused(server, f"dashboard:{board.id}").reason == "dashboard"
    assert report_of(f"dashboard:{board.id}").many
