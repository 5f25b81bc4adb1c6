"""Addresses of another server: the same number is another report there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfr.catalog import ListError, read_list
from sfr.connector import ReferenceProblem, Wanted
from sfr.server_address import check_server, origin_of
from sfr.settings import load_settings

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://BI.example.com/x", ("https", "bi.example.com", 443)),
        ("http://bi:8088", ("http", "bi", 8088)),
        ("12", None),
        ("dashboard:5", None),
        ("https://[broken", None),
        ("https://bi:port/", None),
    ],
)
def test_an_address_has_the_origin_of_its_server(address: str, origin: tuple[str, str, int] | None) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize("server", [None, "", "https://bi.example.com", "http://BI.example.com:8088/superset"])
@pytest.mark.parametrize(
    "text", ["12", "dashboard:5", "/superset/dashboard/5/", "https://bi.example.com/explore/?slice_id=1"]
)
def test_what_leads_to_the_same_host_or_to_none_passes(text: str, server: str | None) -> None:
    check_server(Wanted(text, server=server))


def test_an_address_of_another_host_is_refused() -> None:
    with pytest.raises(ReferenceProblem, match=r"is on other\.example\.com, and this source is bi\.example\.com"):
        check_server(Wanted("http://other.example.com/explore/?slice_id=1", server="https://bi.example.com"))


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("superset", "https://other.example.com/explore/?slice_id=1"),
        ("superset", "https://other.example.com/superset/dashboard/5/"),
        ("metabase", "https://other.example.com/question/12-sales"),
        ("cake", "https://other.example.com/api/18/reports.asmx/EventConversions?event_id=0"),
    ],
)
def test_a_list_with_the_address_of_another_server_is_refused_before_anything_starts(
    kind: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFR_BI_TYPE", kind)
    monkeypatch.setenv("SFR_BI_URL", "https://bi.example.com")
    Path("list.csv").write_text(f'name,id,source\na,"{address}",bi\n')
    with pytest.raises(ListError) as caught:
        read_list(Path("list.csv"), load_settings({}, None), NOW)
    assert "is on other.example.com, and this source is bi.example.com" in str(caught.value)
