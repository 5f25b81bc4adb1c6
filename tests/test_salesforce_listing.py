"""Listing an org's reports: what the analytics interface tells, and a user without access to it."""

from __future__ import annotations

import json

import pytest

from sfr.connector import Listed, Reference, Session, Tools, Wanted
from sfr.demo.org import DEMO_SID
from sfr.errors import ReportError
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.source import Salesforce
from tests.wire import Wire, response

RECENT = [
    {
        "id": "00O5g000004Kx2bEAC",
        "name": "Sales EMEA",
        "url": "/services/data/v60.0/analytics/reports/00O5g000004Kx2bEAC",
    },
    {
        "id": "00O5g000007fRqLEAU",
        "name": "Open cases",
        "url": "/services/data/v60.0/analytics/reports/00O5g000007fRqLEAU",
    },
]


def listed(answer: bytes, search: str = "") -> tuple[list[Listed], list[str]]:
    with Wire(answer) as wire:
        source = Salesforce(SalesforceConfig(domain=wire.url), Tools("salesforce", lambda: Session(DEMO_SID, 1)))
        try:
            return list(source.list_reports(search)), wire.heads
        finally:
            source.close()


def test_the_reports_that_were_looked_at_last_are_listed_with_ids_that_a_list_takes() -> None:
    found, heads = listed(response(json.dumps(RECENT).encode(), "Content-Type: application/json"))
    assert [(each.ref, each.name, each.kind) for each in found] == [
        ("00O5g000004Kx2bEAC", "Sales EMEA", "report"),
        ("00O5g000007fRqLEAU", "Open cases", "report"),
    ]
    assert all(isinstance(Salesforce.read_reference(Wanted(each.ref)), Reference) for each in found)
    assert heads[0].startswith("GET /services/data/v60.0/analytics/reports HTTP/1.1")
    assert f"Authorization: Bearer {DEMO_SID}" in heads[0]


def test_a_search_looks_into_names_in_any_letter_case() -> None:
    found, _ = listed(response(json.dumps(RECENT).encode()), "sales")
    assert [each.name for each in found] == ["Sales EMEA"]


@pytest.mark.parametrize("status", ["403 Forbidden", "401 Unauthorized"])
def test_a_user_without_access_to_interfaces_is_told_to_paste_addresses(status: str) -> None:
    refused = response(json.dumps([{"errorCode": "API_DISABLED_FOR_ORG"}]).encode(), status=status)
    with pytest.raises(ReportError, match="does not list") as caught:
        listed(refused)
    assert "paste its address" in caught.value.remedy
