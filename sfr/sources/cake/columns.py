"""Knows the table that a conversion becomes: 50 columns in a fixed order, or all that CAKE is known to send."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sfr.sources.cake.answers import Row
from sfr.sources.cake.moments import duration, read_moment, shown

ID, DATE, CLICK_DATE = "event_conversion_id", "event_conversion_date", "click_date"
_BETWEEN, _OTHER = "click_to_conversion_time", "other"

# In the order in which the CAKE conversion export tool writes them.
TIDY = (
    ID, "last_updated", DATE, CLICK_DATE, _BETWEEN,
    "source_affiliate_id", "source_affiliate_name", "brand_advertiser_id", "brand_advertiser_name",
    "site_offer_id", "site_offer_name", "creative_id",
    "sub_id_1", "sub_id_2", "sub_id_3", "sub_id_4", "sub_id_5", "source_type",
    "paid_currency", "paid_amount", "received_currency", "received_amount", "pixel_dropped", "transaction_id",
    "event_conversion_ip_address", "click_ip_address", "country_code",
    "event_conversion_referrer_url", "click_referrer_url", "event_conversion_user_agent", "click_user_agent",
    "disposition", "region_name", "language_name", "isp_name", "device_name",
    "operating_system_name", "operating_system_version", "operating_system_version_minor",
    "browser_name", "browser_version", "browser_version_minor", "event_conversion_score",
    "paid_unbilled_amount", "received_unbilled_amount", "click_request_session_id",
    "event_name", "price_format_name", "tracking_id", "udid",
)  # fmt: skip
_FURTHER = (
    "visitor_id", "original_visitor_id", "user_id", "original_tracking_id", "request_session_id", "click_id",
    "source_date", "event_id", "site_offer_contract_id", "site_offer_contract_name", "channel_id", "channel_name",
    "campaign_id", "campaign_name", "creative_name", "voucher_code", "price_format_id",
    "paid_unbilled_currency", "received_unbilled_currency", "order_total_currency", "order_total_amount",
    "site_offer_credit_percentage", "site_offer_payment_percentage", "program_credit_percentage",
    "suppressed", "returned", "test", "storefront_id", "storefront_name", "payout_rule_id", "payout_rule_name",
    "country_name", "region_id", "region_code", "language_id", "language_abbr", "isp_id", "device_id",
    "operating_system_id", "browser_id", "search_term", "keyword", "note", _OTHER,
)  # fmt: skip
ALL = TIDY + _FURTHER

# A nested value is called after its path; these paths have a shorter name.
_SHORTER = {
    "event_info_event_id": "event_id",
    "event_info_event_name": "event_name",
    "event_info_id": "event_id",
    "event_info_name": "event_name",
    "current_disposition_disposition_type_disposition_type_name": "disposition",
    "current_disposition_disposition_type_name": "disposition",
    "operating_system_version_version_name": "operating_system_version",
    "operating_system_version_minor_version_name": "operating_system_version_minor",
    "browser_version_version_name": "browser_version",
    "browser_version_minor_version_name": "browser_version_minor",
}
_DATES = frozenset({"last_updated", DATE, CLICK_DATE, "source_date"})
_CURRENCY = "_currency"


class Table:
    """Turns rows into tuples in the order of `columns`. `currencies` maps ids to codes; empty leaves the ids.

    `unknown_currencies` are the ids that have no code.
    """

    def __init__(self, which: str, zone: ZoneInfo, currencies: Mapping[str, str]) -> None:
        self.columns = ALL if which == "all" else TIDY
        self._zone, self._currencies = zone, currencies
        self._known = frozenset(self.columns)
        self._keeps_other = _OTHER in self._known
        self.unknown_currencies: set[str] = set()

    def values(self, row: Row, conversion_ticks: int | None) -> tuple[Any, ...]:
        """One conversion; `conversion_ticks` is its moment, which the caller has read already."""
        flat: Row = {}
        _flatten(row, "", flat)
        clicked_ticks = read_moment(flat.get(CLICK_DATE), self._zone)
        for name in _DATES:
            if name in flat:
                flat[name] = self._date(flat[name])
        for name in flat.keys() & self._known:
            if name.endswith(_CURRENCY):
                flat[name] = self._code(flat[name])
        if conversion_ticks is not None and clicked_ticks is not None:
            flat[_BETWEEN] = duration(conversion_ticks - clicked_ticks)
        if self._keeps_other:
            rest = {name: _plain(value) for name, value in flat.items() if name not in self._known}
            flat[_OTHER] = {name: value for name, value in rest.items() if value not in (None, "", [])} or None
        return tuple(_plain(flat.get(name)) for name in self.columns)

    def _date(self, value: Any) -> Any:
        ticks = read_moment(value, self._zone)
        if ticks is not None:
            return shown(ticks, self._zone)
        return None if _is_unset(value) else value

    def _code(self, value: Any) -> Any:
        if value is None or not self._currencies:
            return value
        known = self._currencies.get(str(value))
        if not known:
            self.unknown_currencies.add(str(value))
        return known or value


def _is_unset(value: Any) -> bool:
    """Nothing, or the first day of the year 1, which is how .NET writes a date that is not set."""
    return not isinstance(value, str) or value == "" or value.startswith(("0001-01-01", "/Date(-621355"))


def _flatten(row: Mapping[str, Any], path: str, flat: Row) -> None:
    """`paid.amount` → paid_amount; a name that repeats its parent's (source_affiliate.source_affiliate_id), once."""
    for name, value in row.items():
        if name == "__type":  # how ASP.NET names its class
            continue
        if isinstance(value, dict):
            _flatten(value, _path(path, name), flat)
            continue
        column = _column(path, name)
        if value is not None or column not in flat:
            flat[column] = value


@lru_cache(maxsize=4096)
def _path(path: str, name: str) -> str:
    return name if not path or name.startswith(f"{path}_") else f"{path}_{name}"


@lru_cache(maxsize=4096)
def _column(path: str, name: str) -> str:
    whole = _path(path, name)
    whole = _SHORTER.get(whole, whole)
    return whole.removesuffix("_id") if whole.endswith("_currency_id") else whole


def _plain(value: Any) -> Any:
    """Decimals as they came, digit by digit and without an exponent."""
    return format(value, "f") if isinstance(value, Decimal) else value
