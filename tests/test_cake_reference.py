"""How people name a CAKE export in a list, and what is refused before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest

from sfr.connector import Pairs, Reference, ReferenceProblem, Referring, Wanted
from sfr.errors import ReportError
from sfr.sources.cake.options import CakeOptions
from sfr.sources.cake.source import Cake as CakeSource
from tests.cake_exports import fetch, report, window
from tests.servers.cake import Cake

ADDRESS = "https://acme.cakemarketing.com/api/17/reports.asmx/EventConversions"


def read(text: str, params: Pairs = (), **options: Any) -> Reference:
    return CakeSource.read_reference(Wanted(text, params, options))


def problem(text: str, params: Pairs = (), **options: Any) -> ReferenceProblem:
    with pytest.raises(ReferenceProblem) as caught:
        read(text, params, **options)
    return caught.value


@pytest.mark.parametrize("text", ["conversions", "event_conversions", " EventConversions ", "Conversions", ADDRESS])
def test_words_and_the_address_of_the_export_mean_the_export(text: str) -> None:
    assert issubclass(CakeSource, Referring)
    reference = CakeSource.read_reference(Wanted(text, window=window()))
    assert reference == Reference("event_conversions")
    assert "without a time" in read(text).notices[0]


def test_a_job_id_gives_the_days_of_which_the_last_belongs_to_the_export() -> None:
    reference = read("report_30012026_01022026")
    assert reference.options == {"start_date": "30-01-2026", "end_date": "01-02-2026"}
    with Cake() as server:
        fetch(server, report(window=None, options=reference.options))
        assert server.windows[0][0] == "01/30/2026 00:00:00"
        assert server.windows[-1][1] == "02/02/2026 00:00:00"


def test_an_address_gives_its_filters_but_neither_key_nor_times_nor_rows() -> None:
    query = "?api_key=s3cret&start_date=x&end_date=y&start_at_row=0&row_limit=5&campaign_id=7&test_filter=both"
    reference = read(ADDRESS + query, (("test_filter", "tests"),))
    assert reference.params == (("campaign_id", "7"), ("test_filter", "tests"))


@pytest.mark.parametrize(
    ("text", "params", "column", "words"),
    [
        ("clicks", (), "id", "no report of CAKE"),
        ("https://acme.example/api/18/reports.asmx/Clicks?api_key=s3cret", (), "id", "no address of the conversion"),
        ("report_31022026_01032026", (), "id", "start_date"),
        ("report_02012026_01012026", (), "id", "last day before the first"),
        ("conversions", (("campaign", "7"),), "params", "no parameter of"),
        ("conversions", (("campaign_id", "seven"),), "params", "integer"),
        ("conversions", (("event_type", "clicks"),), "params", "macro_event_conversions"),
        ("conversions", (("row_limit", "5"),), "params", "pages by itself"),
        ("conversions", (("api_key", "s3cret"),), "params", "secret"),
        ("conversions", (("start_date", "2026-01-01"), ("end_date", "02-01-2026")), "params", "dd-mm-yyyy"),
        ("conversions", (("start_date", "01-01-2026"),), "params", "end_date is missing"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_column(text: str, params: Pairs, column: str, words: str) -> None:
    found = problem(text, params)
    assert found.column == column
    assert words in found.message
    assert found.remedy
    assert "s3cret" not in str(found.args)


def test_dates_and_a_window_together_are_refused() -> None:
    with pytest.raises(ReferenceProblem) as caught:
        CakeSource.read_reference(Wanted("report_01012026_02012026", window=window()))
    assert (caught.value.column, caught.value.value) == ("window", "01-01-2026 to 02-01-2026")


def test_a_misspelt_parameter_is_answered_with_the_one_that_was_meant() -> None:
    assert problem("conversions", (("source_afiliate_id", "7"),)).remedy == "Did you mean source_affiliate_id?"


def test_every_option_tells_what_it_is_for() -> None:
    assert all(field.description for field in CakeOptions.model_fields.values())


def test_parameters_reach_cake_and_win_over_options() -> None:
    with Cake() as server:
        options = {"campaign_id": 1, "site_offer_id": 5, "more": {"new_in_19": "x"}}
        fetch(server, report(1, options=options, params=(("campaign_id", "2"), ("test_filter", "both"))))
        sent = server.asked[0].params
        assert (sent["campaign_id"], sent["site_offer_id"], sent["test_filter"]) == (2, 5, "both")
        assert (sent["new_in_19"], sent["sort_descending"], sent["row_limit"]) == ("x", "false", 100_000)
        assert "conversion_type" not in sent
        fetch(server, report(1), version=17)
        assert server.asked[-1].params["conversion_type"] == "all"
        assert server.asked[-1].path == "/api/17/reports.asmx/EventConversions"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"window": None}, "no time is given"),
        ({"options": {"start_date": "01-01-2026", "end_date": "01-01-2026"}}, "as well"),
        ({"params": (("campaign_id", "seven"),)}, "campaign_id"),
        ({"hours": 0}, "ends before it begins"),
    ],
)
def test_a_report_without_clear_dates_and_parameters_is_refused_and_nothing_is_asked(
    fields: dict[str, Any], words: str
) -> None:
    with Cake() as server:
        with pytest.raises(ReportError, match=words) as caught:
            fetch(server, report(**fields))
        assert caught.value.remedy
        assert server.paths == []
