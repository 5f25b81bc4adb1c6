"""What a Metabase offers to pick from, and the cards that a dashboard stands for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfr.connector import Expanding, HavingOptions, Listed, Listing, Referring, SigningIn
from sfr.errors import AuthError, ReportError
from sfr.model import Report
from tests.metabase_client import report_of, source_at
from tests.servers.metabase import Card, Dashboard, Metabase
from tests.servers.metabase_model import Place


@pytest.fixture
def server() -> Iterator[Metabase]:
    orders = Card("Orders by month", tags={"city": "text"}, collection="Sales")
    model, gone = Card("Customers", kind="model"), Card("Old orders", archived=True)
    places = [Place(orders, {"f": "city"}, series=(model,)), Place(None), Place(orders, title="Orders, again")]
    board = Dashboard("Order board", places, {"f": ("city", None)})
    with Metabase(cards=[orders, model, gone], dashboards=[board]) as running:
        yield running


def test_the_source_can_all_that_the_protocols_know(server: Metabase) -> None:
    source = source_at(server)
    for protocol in (Listing, Expanding, Referring, HavingOptions, SigningIn):
        assert isinstance(source, protocol)


@pytest.mark.parametrize("knows_search", [True, False], ids=["search", "old lists"])
def test_questions_models_and_dashboards_are_listed_without_what_is_in_the_trash(
    server: Metabase, knows_search: bool
) -> None:
    server.knows_search = knows_search
    orders, model, _ = server.cards
    assert list(source_at(server).list_reports("")) == [
        Listed(f"card:{orders.id}", "Orders by month", "Sales", "question"),
        Listed(f"card:{model.id}", "Customers", "", "model"),
        Listed(f"dashboard:{server.dashboards[0].id}", "Order board", "", "dashboard"),
    ]


def test_a_word_is_looked_for_within_names_in_any_case(server: Metabase) -> None:
    assert [item.name for item in source_at(server).list_reports("RDER")] == ["Orders by month", "Order board"]
    assert list(source_at(server).list_reports("nothing like it")) == []


@pytest.mark.parametrize("count", [700, 1200])
def test_long_lists_come_whole_even_where_the_search_stops(server: Metabase, count: int) -> None:
    server.cards += [Card(f"Question {number}") for number in range(count)]
    assert len(list(source_at(server).list_reports("question"))) == count


def test_listing_without_an_account_says_what_is_missing(server: Metabase) -> None:
    with pytest.raises(AuthError):
        list(source_at(server, "").list_reports(""))


@pytest.mark.parametrize("old", [False, True], ids=["dashcards", "ordered_cards"])
@pytest.mark.parametrize("public", [False, True], ids=["own", "public"])
def test_a_dashboard_stands_for_its_cards_with_their_series_and_without_texts(
    server: Metabase, old: bool, public: bool
) -> None:
    board = server.dashboards[0]
    board.old = old
    prefix = f"public/dashboard:{board.public_uuid}" if public else f"dashboard:{board.id}"
    report = report_of(prefix, ("city", "Rome"), format_rows=True)
    found = list(source_at(server).expand(report))
    orders, model, _ = server.cards
    first, last = board.places[0].id, board.places[2].id
    refs = [
        f"{prefix}/dashcard:{first}/card:{orders.id}",
        f"{prefix}/dashcard:{first}/card:{model.id}",
        f"{prefix}/dashcard:{last}/card:{orders.id}",
    ]
    assert [listed.ref for listed, _ in found] == refs
    assert [listed.name for listed, _ in found] == ["Orders by month", "Customers", "Orders, again"]
    assert {listed.folder for listed, _ in found} == {"Order board"}
    assert {(item.params, item.many, str(item.options)) for _, item in found} == {
        ((("city", "Rome"),), False, "{'format_rows': True}")
    }


def test_a_filter_that_the_dashboard_lacks_is_refused_once_for_all_cards(server: Metabase) -> None:
    with pytest.raises(ReportError, match="no filter named colour"):
        list(source_at(server).expand(report_of(f"dashboard:{server.dashboards[0].id}", ("colour", "red"))))


def test_a_dashboard_that_is_gone_is_not_found(server: Metabase) -> None:
    with pytest.raises(ReportError) as caught:
        list(source_at(server).expand(Report("a.csv", "dashboard:424242", many=True)))
    assert caught.value.reason == "not-found"
