"""The table that conversions become: columns, dates, money, nested and missing values."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.sources.cake.columns import ALL, TIDY
from sfr.sources.cake.moments import TICKS, duration, read_moment, shown
from tests.cake_exports import START, fetch, report, table
from tests.servers.cake import Cake
from tests.servers.cake_rows import Conversion, row_of

UTC = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")


def first_row(conversion: Conversion, answer: str = "json", zone: str = "UTC", **options: object) -> dict[str, str]:
    with Cake([conversion], zone=zone) as server:
        return table(fetch(server, report(24 * 40, options=options), answer=answer)[1])[0]


def test_there_are_fifty_tidy_columns_and_all_of_them_come_first_among_all() -> None:
    assert (len(TIDY), len(set(TIDY))) == (50, 50)
    assert ALL[:50] == TIDY
    assert len(set(ALL)) == len(ALL)


def test_the_document_names_the_columns_in_their_order() -> None:
    document = (Path(__file__).parents[1] / "docs" / "cake.md").read_text(encoding="utf-8")
    lines = document.partition("## The table")[2].partition("## ")[0].splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
    assert tuple(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == TIDY


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_conversion_is_flattened_whatever_the_form(answer: str) -> None:
    row = first_row(Conversion(1001, START, timedelta(days=2, hours=3, milliseconds=5)), answer)
    assert tuple(row) == TIDY
    assert row["source_affiliate_name"] == 'Ærø, "Media"'
    assert (row["paid_currency"], row["paid_amount"]) == ("USD", "6.10")
    assert (row["received_currency"], row["received_amount"]) == ("EUR", "0.1000")
    assert (row["disposition"], row["event_name"], row["country_code"]) == ("Approved", "Sale", "DK")
    assert (row["operating_system_version"], row["browser_version_minor"]) == ("17", "1")
    assert row["click_to_conversion_time"] == "2 days 03:00:00.005"
    assert row["event_conversion_date"] == "2025-03-03T00:00:00+00:00"
    assert row["click_date"] == "2025-02-28T20:59:59.995+00:00"
    assert row["pixel_dropped"] == "true"


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_missing_values_are_empty_fields(answer: str) -> None:
    row = first_row(Conversion(1002, START, None), answer)
    for name in ("creative_id", "received_currency", "received_amount", "click_date", "click_to_conversion_time"):
        assert row[name] == ""


def test_all_columns_hold_what_is_known_and_the_rest_stands_in_other() -> None:
    row = first_row(Conversion(1001, START), table="all")
    assert tuple(row) == ALL
    assert (row["campaign_id"], row["creative_name"], row["test"]) == ("14", "Banner", "false")
    assert '"advertiser_sub_id_1": "new in 18"' in row["other"]


def test_currencies_may_stay_ids_and_an_id_without_code_is_told() -> None:
    assert first_row(Conversion(1001, START), currencies=False)["paid_currency"] == "1"

    def strange(conversion: Conversion) -> dict[str, object]:
        return {**row_of(conversion), "paid": {"currency_id": 77, "amount": 1}}

    with Cake([Conversion(1, START)], row=strange) as server:
        fetched, tray = fetch(server, report(1))
        assert table(tray)[0]["paid_currency"] == "77"
        assert fetched.warnings == ("CAKE names no code for these currency ids: 77",)
        assert sum(path.endswith("Currencies") for path in server.paths) == 1


def test_dates_are_those_of_the_instance() -> None:
    for answer in ("json", "xml"):
        row = first_row(Conversion(1, START + timedelta(hours=5, milliseconds=120)), answer, "America/New_York")
        assert row["event_conversion_date"] == "2025-03-03T00:00:00.120-05:00"


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("/Date(1483228800123)/", UTC, "2017-01-01T00:00:00.123+00:00"),
        ("/Date(1483228800000+0100)/", UTC, "2017-01-01T00:00:00+00:00"),  # the suffix does not move the moment
        ("/Date(1483228800000-0800)/", NEW_YORK, "2016-12-31T19:00:00-05:00"),
        ("/Date(-1)/", UTC, "1969-12-31T23:59:59.999+00:00"),
        ("/Date(-2208988800000)/", UTC, "1900-01-01T00:00:00+00:00"),
        ("2026-07-01T12:00:00", NEW_YORK, "2026-07-01T12:00:00-04:00"),
        ("2026-07-01T12:00:00.1234567", NEW_YORK, "2026-07-01T12:00:00.1234567-04:00"),
        ("2026-07-01T12:00:00.5Z", NEW_YORK, "2026-07-01T08:00:00.500-04:00"),
        ("2026-07-01 12:00:00+02:00", UTC, "2026-07-01T10:00:00+00:00"),
        ("2026-11-01T01:30:00", NEW_YORK, "2026-11-01T01:30:00-04:00"),  # told twice: the first
    ],
)
def test_dates_keep_every_digit(text: str, zone: ZoneInfo, wanted: str) -> None:
    ticks = read_moment(text, zone)
    assert ticks is not None
    assert shown(ticks, zone) == wanted


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        5,
        "yesterday",
        "/Date(-62135596800000)/",
        "0001-01-01T00:00:00",
        "/Date(9999999999999999)/",
        "2026-02-30T00:00:00",
    ],
)
def test_what_is_no_date_and_the_unset_date_of_dot_net_are_none(value: object) -> None:
    assert read_moment(value, NEW_YORK) is None


@given(st.integers(-60_000_000_000_000, 200_000_000_000_000))
def test_a_date_of_either_form_is_the_same_moment(milliseconds: int) -> None:
    ticks = read_moment(f"/Date({milliseconds})/", UTC)
    assert ticks == milliseconds * (TICKS // 1000)
    assert read_moment(shown(ticks, UTC), UTC) == ticks


@pytest.mark.parametrize(
    ("ticks", "wanted"),
    [
        (0, "0 days 00:00:00"),
        (TICKS * 90061 + 5_000_000, "1 days 01:01:01.500"),
        (TICKS * 86400 * 400 - 1, "399 days 23:59:59.9999999"),
        (-TICKS, "-1 days +23:59:59"),
    ],
)
def test_a_span_keeps_days_and_digits(ticks: int, wanted: str) -> None:
    assert duration(ticks) == wanted


def test_a_date_that_cannot_be_read_stays_as_it_came() -> None:
    def strange(conversion: Conversion) -> dict[str, object]:
        return {**row_of(conversion), "last_updated": "soon", "click_date": "0001-01-01T00:00:00"}

    with Cake([Conversion(1, START)], row=strange) as server:
        row = table(fetch(server, report(1))[1])[0]
        assert (row["last_updated"], row["click_date"], row["click_to_conversion_time"]) == ("soon", "", "")
