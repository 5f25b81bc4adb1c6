"""How people point at something in Metabase, and what is said when that cannot be read."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.sources.metabase.source import Metabase as Source

UUID = "1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
HOST = "https://bi.example.com"
QUERY = {"database": 2, "type": "native", "native": {"query": "select 1"}}


def read(text: str, *params: tuple[str, str], **options: Any) -> Reference:
    return Source.read_reference(Wanted(text, params, options))


def problem(text: str, *params: tuple[str, str], **options: Any) -> ReferenceProblem:
    with pytest.raises(ReferenceProblem) as caught:
        read(text, *params, **options)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("12", "card:12"),
        (" 12 ", "card:12"),
        ("card:12", "card:12"),
        ("question:12", "card:12"),
        ("model:12", "card:12"),
        ("dashboard:5", "dashboard:5"),
        ("dashboard:5/dashcard:7/card:9", "dashboard:5/dashcard:7/card:9"),
        (f"public/card:{UUID}", f"public/card:{UUID}"),
        (f"{HOST}/question/12-orders-by-month", "card:12"),
        (f"{HOST}/question/12", "card:12"),
        (f"{HOST}/metabase/question/12-orders", "card:12"),
        (f"{HOST}/model/13-customers", "card:13"),
        (f"{HOST}/metric/14-revenue", "card:14"),
        (f"{HOST}/api/card/12/query/csv", "card:12"),
        ("bi.example.com/question/12-orders", "card:12"),
        ("localhost:3000/question/12", "card:12"),
        ("/api/card/12/query/csv", "card:12"),
        ("question/12-orders", "card:12"),
        (f"{HOST}/dashboard/5-sales?tab=3-north", "dashboard:5"),
        (f"{HOST}/api/dashboard/5/dashcard/7/card/9/query/csv", "dashboard:5/dashcard:7/card:9"),
        (f"{HOST}/public/question/{UUID}.csv", f"public/card:{UUID}"),
        (f"{HOST}/public/question/{UUID}", f"public/card:{UUID}"),
        (f"{HOST}/api/public/card/{UUID}/query/csv?parameters=%5B%5D", f"public/card:{UUID}"),
        (f"{HOST}/public/dashboard/{UUID}", f"public/dashboard:{UUID}"),
        (f"{HOST}/api/public/dashboard/{UUID}/dashcard/7/card/9/csv", f"public/dashboard:{UUID}/dashcard:7/card:9"),
    ],
)
def test_numbers_words_and_addresses_are_understood(text: str, ref: str) -> None:
    found = read(text)
    assert found.ref == ref
    assert found.params == ()
    assert found.many == (ref.startswith(("dashboard", "public/dashboard")) and "/card:" not in ref)
    assert read(found.ref).ref == ref


def test_filters_in_an_address_are_taken_over_unless_the_list_has_them() -> None:
    found = read(f"{HOST}/question/12?city=Rome&city=Paris&day=2026-01-02", ("day", "2026-02-03"))
    assert found.params == (("city", "Rome"), ("city", "Paris"), ("day", "2026-02-03"))


def test_the_host_of_an_address_is_remembered_and_flags_become_options() -> None:
    found = read(f"{HOST}/public/question/{UUID}.csv?format_rows=true&city=Rome")
    assert found.params == (("city", "Rome"),)
    assert found.options == {"address_host": "bi.example.com", "format_rows": True}
    assert read("12", ("format_rows", "false")).options == {"format_rows": False}


def test_another_format_and_unsaved_changes_are_noticed() -> None:
    assert "xlsx" in read("/api/card/12/query/xlsx").notices[0]
    assert "not saved" in read(f"{HOST}/question/12-a#{'eyJkYXRhc2V0X3F1ZXJ5Ijp7' * 4}").notices[0]


def test_a_question_that_was_never_saved_is_read_from_its_address() -> None:
    packed = base64.urlsafe_b64encode(json.dumps({"dataset_query": QUERY, "display": "table"}).encode()).decode()
    found = read(f"{HOST}/question#{packed.rstrip('=')}")
    assert found.ref == "query"
    assert found.options["payload"] == {"query": QUERY}


@pytest.mark.parametrize("payload", [{"query": QUERY}, {"query": json.dumps(QUERY)}, QUERY])
def test_the_bodies_of_existing_requests_are_understood(payload: dict[str, Any]) -> None:
    found = read(f"{HOST}/api/dataset/csv", payload=payload)
    assert found.ref == "query"
    assert found.options["payload"] == {"query": QUERY}


@pytest.mark.parametrize(
    "payload",
    [
        {"parameters": [{"type": "category", "value": "Rome"}], "format_rows": True},
        {"parameters": '[{"type": "category", "value": "Rome"}]', "format_rows": "true"},
    ],
)
def test_a_payload_of_a_question_gives_parameters_and_flags(payload: dict[str, Any]) -> None:
    found = read("/api/card/12/query/csv", payload=payload)
    assert found.options == {"parameters": [{"type": "category", "value": "Rome"}], "format_rows": True}


def test_a_payload_may_be_values_by_name() -> None:
    assert read("12", payload={"city": "Rome"}).options == {"parameters": {"city": "Rome"}}


def test_a_query_of_ones_own_needs_no_id() -> None:
    for text in ("", "query", "sql"):
        assert read(text, sql="select 1", database=2).ref == "query"


def test_options_that_were_read_once_can_be_read_again() -> None:
    found = read("", payload={"query": QUERY})
    assert read(found.ref, **found.options).options == found.options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names nothing"),
        ("orders", "no number"),
        ("12a", "no number"),
        ("card:x", "no number"),
        (f"{HOST}/collection/4-ours", "no address of a question"),
        (f"{HOST}/question/entity/abcdefghijklmnopqrstu", "no address of a question"),
        (f"{HOST}/question/12abc", "no address of a question"),
        (f"{HOST}/public/question/12", "wrong kind"),
        (f"{HOST}/question/{UUID}", "wrong kind"),
        (f"{HOST}/question#e30", "cannot be read"),
        ("https://[bad/question/12", "no web address"),
        ("sql", "there is none"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, said: str) -> None:
    found = problem(text)
    assert found.column == "id"
    assert said in found.message


def test_the_token_of_an_embedding_address_is_not_shown() -> None:
    found = problem(f"{HOST}/embed/question/eyJhbGciOi.J9.secret")
    assert found.value == "(hidden)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"payload": {"query": "select 1"}}, "option sql"),
        ({"sql": "select 1"}, "needs database"),
        ({"sql": "select 1", "database": "two"}, "integer"),
        ({"parameters": "{"}, "no JSON"),
        ({"paramaters": {}}, "not permitted"),
    ],
)
def test_options_that_cannot_work_are_explained(options: dict[str, Any], said: str) -> None:
    assert said in problem("query", **options).message


def test_a_database_without_a_query_is_not_passed_over() -> None:
    found = problem("12", database=2)
    assert found.column == "database"
    assert "parameters" in found.remedy


def test_a_question_and_a_query_exclude_each_other() -> None:
    assert "hold a query" in problem("12", sql="select 1", database=2).message
