"""What a test says about one answer of the CAKE that runs here, and what it finds out about one question."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REQUIRED = frozenset(
    [
        "api_key",
        "start_date",
        "end_date",
        "event_type",
        "event_id",
        "source_affiliate_id",
        "brand_advertiser_id",
        "channel_id",
        "site_offer_id",
        "site_offer_contract_id",
        "source_affiliate_tag_id",
        "brand_advertiser_tag_id",
        "site_offer_tag_id",
        "campaign_id",
        "creative_id",
        "price_format_id",
        "source_type",
        "payment_percentage_filter",
        "disposition_type",
        "disposition_id",
        "source_affiliate_billing_status",
        "brand_advertiser_billing_status",
        "test_filter",
        "start_at_row",
        "row_limit",
        "sort_field",
        "sort_descending",
    ]
)


@dataclass(slots=True)
class Asked:
    """An export that was asked for; `number` counts them from 0."""

    number: int
    params: dict[str, Any]
    as_json: bool
    path: str

    @property
    def window(self) -> tuple[str, str]:
        return self.params["start_date"], self.params["end_date"]

    @property
    def seconds(self) -> float:
        """The window's length by the clock on the wall."""
        start, end = (datetime.strptime(text, "%m/%d/%Y %H:%M:%S") for text in self.window)
        return (end - start).total_seconds()


@dataclass(slots=True)
class Fault:
    """What is answered in place of an export: a status with a body, or a connection that ends or falls silent.

    `after_bytes` of the export are sent before it ends; None sends none. `row_count` is told instead of the true one.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    end: str = ""  # "reset", "silence", "close"
    after_bytes: int | None = None
    row_count: int | None = None
    success: bool = True
    message: str | None = None
