"""The rows of the CAKE that runs here, and the two forms in which it writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Conversion:
    id: int
    at: datetime
    clicked: timedelta | None = timedelta(seconds=90)


def row_of(conversion: Conversion) -> dict[str, Any]:
    """A whole row; some values are missing from some rows, as in life."""
    number, every_third = conversion.id, conversion.id % 3 == 0
    clicked = None if conversion.clicked is None else conversion.at - conversion.clicked
    system = {
        "operating_system_id": 9,
        "operating_system_name": "iOS",
        "operating_system_version": {"version_id": 17, "version_name": "17"},
        "operating_system_version_minor": {"version_id": 2, "version_name": "2"},
    }
    browser = {
        "browser_id": 4,
        "browser_name": "Safari",
        "browser_version": {"version_id": 17, "version_name": "17"},
        "browser_version_minor": {"version_id": 1, "version_name": "1"},
    }
    return {
        "event_conversion_id": number,
        "tracking_id": number + 7,
        "click_request_session_id": 1_000_000_000_000 + number,
        "event_conversion_date": conversion.at,
        "last_updated": conversion.at,
        "click_date": clicked,
        "udid": None,
        "event_info": {"event_id": 5, "event_name": "Sale"},
        "source_affiliate": {"source_affiliate_id": 11, "source_affiliate_name": 'Ærø, "Media"'},
        "brand_advertiser": {"brand_advertiser_id": 12, "brand_advertiser_name": "Brand"},
        "site_offer": {"site_offer_id": 13, "site_offer_name": "Offer\nTwo"},
        "campaign": {"campaign_id": 14, "campaign_name": None},
        "creative": None if every_third else {"creative_id": 15, "creative_name": "Banner"},
        "sub_id_1": f"s{number}",
        "sub_id_2": "",
        "sub_id_3": None,
        "sub_id_4": "=1+1",
        "sub_id_5": None,
        "event_conversion_ip_address": "203.0.113.5",
        "source_type": "affiliate",
        "price_format": {"price_format_id": 1, "price_format_name": "CPA"},
        "paid": {"currency_id": 1, "amount": "6.10", "formatted_amount": "$6.10"},
        "received": None if every_third else {"currency_id": 2, "amount": "0.1000", "formatted_amount": "€0.10"},
        "paid_unbilled": {"currency_id": 1, "amount": "0"},
        "received_unbilled": None,
        "pixel_dropped": True,
        "test": False,
        "transaction_id": f"T-{number}",
        "current_disposition": {"disposition_type": {"disposition_type_id": 1, "disposition_type_name": "Approved"}},
        "event_conversion_score": None,
        "country": None if every_third else {"country_code": "DK", "country_name": "Denmark"},
        "operating_system": None if every_third else system,
        "browser": browser,
        "advertiser_sub_id_1": "new in 18",
    }


def few_columns(conversion: Conversion) -> dict[str, Any]:
    """A short row, for many of them."""
    return {
        "event_conversion_id": conversion.id,
        "event_conversion_date": conversion.at,
        "paid": {"currency_id": 1, "amount": "6.10"},
    }


def as_json(
    name: str, rows: Iterator[dict[str, Any]], count: int | None, success: bool, message: str | None, _zone: ZoneInfo
) -> Iterator[bytes]:
    """The form of ASP.NET's script services, with the count behind the rows."""
    yield f'{{"d":{{"__type":"CAKE.report_response","success":{json.dumps(success)},"{name}":['.encode()
    first = True
    for some in _batched(rows, 100):
        text = ",".join(map(_json_of, some))
        yield (text if first else f",{text}").encode()
        first = False
    counted = "" if count is None else f',"row_count":{count}'
    yield f'],"message":{json.dumps(message)}{counted}}}}}'.encode()


def _batched(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    while some := list(islice(rows, size)):
        yield some


def _json_of(row: dict[str, Any]) -> str:
    text = json.dumps(row, default=_dot_net, ensure_ascii=False)
    # A decimal is written with its digits: {"amount": "6.10"} becomes 6.10
    for digits in ("6.10", "0.1000", "0"):
        text = text.replace(f'"amount": "{digits}"', f'"amount": {digits}')
    return text.replace('"/Date(', '"\\/Date(').replace(')/"', ')\\/"')  # as ASP.NET writes a slash


def _dot_net(value: datetime) -> str:
    return f"/Date({(value - _EPOCH) // timedelta(milliseconds=1)})/"


def as_xml(
    name: str, rows: Iterator[dict[str, Any]], count: int | None, success: bool, message: str | None, zone: ZoneInfo
) -> Iterator[bytes]:
    """The form of an answer to a form, with wall times of the instance that have no offset."""
    spaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://cakemarketing.com/api/18/"'
    yield f'<?xml version="1.0" encoding="utf-8"?>\r\n<report_response {spaces}>'.encode()
    yield f"<success>{str(success).lower()}</success>".encode()
    if count is not None:
        yield f"<row_count>{count}</row_count>".encode()
    yield f"<message>{escape(message or '')}</message><{name}>".encode()
    for some in _batched(rows, 100):
        yield "".join(f"<row>{_xml_of(row, zone)}</row>" for row in some).encode()
    yield f"</{name}></report_response>".encode()


def _xml_of(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    return "".join(_element(name, value, zone) for name, value in row.items())


def _element(name: str, value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return f'<{name} xsi:nil="true" />'
    if isinstance(value, dict):
        return f"<{name}>{_xml_of(value, zone)}</{name}>"
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, datetime):
        value = value.astimezone(zone).replace(tzinfo=None).isoformat()
    return f"<{name}>{escape(str(value))}</{name}>"
