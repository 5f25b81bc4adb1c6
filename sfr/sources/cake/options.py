"""What can be said about one conversion export: its dates, columns, and every parameter that CAKE filters by.

The parameters and their meaning are those of CAKE's page "REPORTS EventsConversions API". All are sent each time: an
ASP.NET service refuses a call that lacks one, used or not.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Id = Annotated[int, Field(ge=0)]
_DATE = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")
OURS = frozenset({"start_date", "end_date", "table", "currencies", "more"})


def read_date(text: str) -> date:
    """A date as the users of CAKE write it, `dd-mm-yyyy`. Raises ValueError."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be a date as dd-mm-yyyy, such as 31-01-2026")
    day, month, year = map(int, found.groups())
    return date(year, month, day)


class CakeOptions(BaseModel):
    """Dates (where the report has no window), columns, filters. An id of 0 means all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_date: str = Field("", description="First day, as dd-mm-yyyy, in the instance's zone", examples=["01-01-2026"])
    end_date: str = Field("", description="Last day, which belongs to the export", examples=["31-01-2026"])
    table: Literal["tidy", "all"] = Field("tidy", description="tidy: the 50 usual columns; all: everything that came")
    currencies: bool = Field(True, description="Codes (USD) in place of CAKE's currency ids")
    more: dict[str, str] = Field({}, description="Parameters that this version of CAKE wants beside those known here")

    event_type: Literal["all", "micro_events", "macro_event_conversions"] = Field("all", description="Kind of events")
    event_id: Id = Field(0, description="Event")
    source_affiliate_id: Id = Field(0, description="Affiliate")
    brand_advertiser_id: Id = Field(0, description="Advertiser")
    channel_id: Id = Field(0, description="Channel")
    site_offer_id: Id = Field(0, description="Offer")
    site_offer_contract_id: Id = Field(0, description="Contract of an offer")
    source_affiliate_tag_id: Id = Field(0, description="Tag of affiliates")
    brand_advertiser_tag_id: Id = Field(0, description="Tag of advertisers")
    site_offer_tag_id: Id = Field(0, description="Tag of offers")
    campaign_id: Id = Field(0, description="Campaign")
    creative_id: Id = Field(0, description="Creative")
    price_format_id: Id = Field(0, description="Price format")
    source_type: str = Field("all", description="Kind of source")
    payment_percentage_filter: str = Field("both", description="Paid in full or in part")
    disposition_type: str = Field("all", description="Kind of disposition")
    disposition_id: Id = Field(0, description="Disposition")
    source_affiliate_billing_status: str = Field("all", description="Billing status towards affiliates")
    brand_advertiser_billing_status: str = Field("all", description="Billing status towards advertisers")
    test_filter: str = Field("non_tests", description="non_tests, tests or both")
    conversion_type: str = Field("all", description="Sent to versions before 18")
    sort_field: str = Field("event_conversion_date", description="Order of the rows within one answer")
    sort_descending: bool = Field(False, description="The other way round")

    @field_validator("start_date", "end_date")
    @classmethod
    def _dates(cls, value: str) -> str:
        if value:
            read_date(value)
        return value

    def filters(self, version: int) -> dict[str, Any]:
        """What is sent in each request beside the key, the times and the rows to begin and end with."""
        sent = self.model_dump(exclude={*OURS, *(("conversion_type",) if version >= 18 else ())})
        sent["sort_descending"] = "true" if self.sort_descending else "false"
        return {**sent, **self.more}
