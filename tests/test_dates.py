"""Dates in names, folders and parameters."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.catalog.dates import fill

NOW = datetime(2026, 11, 21, 7, 5, 9, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("sales", "sales"),
        ("sales_{today}.csv", "sales_2026-11-21.csv"),
        ("{yesterday}", "2026-11-20"),
        ("{ TODAY }", "2026-11-21"),
        ("{today-7d:%m/%d/%Y}", "11/14/2026"),
        ("{today+2w}", "2026-12-05"),
        ("{today-1m}", "2026-10-21"),
        ("{today-1y}", "2025-11-21"),
        ("{today-1y+1d}", "2025-11-22"),
        ("{now}", "2026-11-21T070509"),
        ("{now:%H%M}", "0705"),
        ("{now-1d:%Y%m%d%H}", "2026112007"),
        ("{now:%Z%z}", "CET+0100"),
        ("{week_start}", "2026-11-16"),
        ("{month_start}", "2026-11-01"),
        ("{month_end}", "2026-11-30"),
        ("{month_end-1m}", "2026-10-31"),
        ("{month_start-1d}", "2026-10-31"),
        ("{last_month_start}", "2026-10-01"),
        ("{last_month_end}", "2026-10-31"),
        ("{year_start:%Y}", "2026"),
        ("{today:Stand 日 %d.%m. 100%%}", "Stand 日 21.11. 100%"),
        ("{{today}} {{{today}}}", "{today} {2026-11-21}"),
        ("pv0={yesterday:%m/%d/%Y}&pv1={today:%m/%d/%Y}", "pv0=11/20/2026&pv1=11/21/2026"),
    ],
)
def test_a_date_is_filled_in(text: str, filled: str) -> None:
    assert fill(text, NOW) == filled


def test_a_day_that_a_month_does_not_have_becomes_its_last_one() -> None:
    assert fill("{today-1m} {today+3y}", datetime(2028, 3, 31, tzinfo=ZoneInfo("UTC"))) == "2028-02-29 2031-03-31"
    assert fill("{today-1y}", datetime(2028, 2, 29, tzinfo=ZoneInfo("UTC"))) == "2027-02-28"


@pytest.mark.parametrize(
    "text",
    ["{yesterdy}", "{}", "{today-7}", "{today-7x}", "{today:}", "{today", "today}", "{a{today}b}", "{today -7d}"],
)
def test_a_wrong_form_is_refused_with_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"no date that is known here.*\{today-7d:%m/%d/%Y\}"):
        fill(text, NOW)


@pytest.mark.parametrize("text", ["{today:%-d}", "{today:%Q}", "{today:100%}"])
def test_a_format_that_only_some_systems_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="works on every system"):
        fill(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "{today-9999y}",
        "{today+9999y}",
        "{today-9999w-9999w-9999w-9999w-9999w-9999w-9999w-9999w-9999w-9999w-9999w-9999w}",
    ],
)
def test_a_date_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        fill(text, NOW)


@given(st.text())
def test_any_text_with_doubled_braces_is_itself(text: str) -> None:
    assert fill(text.replace("{", "{{").replace("}", "}}"), NOW) == text


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(0, 500))
def test_offsets_add_up(moment: datetime, count: int) -> None:
    now = moment.replace(tzinfo=ZoneInfo("UTC"))
    there = datetime.fromisoformat(fill(f"{{today+{count}d}}", now))
    assert (there.date() - now.date()).days == count
    assert fill(f"{{today+{count}d}}", now) == fill(f"{{today+{count // 7}w+{count % 7}d}}", now)
    assert fill("{today-1y}", now) == fill("{today-12m}", now)
    assert fill("{last_month_end}", now) == fill("{month_end-1m}", now) == fill("{month_start-1d}", now)


@given(st.text(alphabet="{}today-+:%mdyw7 ", max_size=20))
def test_any_text_is_filled_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        fill(text, NOW)


def test_the_dates_in_the_documentation_are_right() -> None:
    text = (Path(__file__).parent.parent / "docs" / "list.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| `(\{[^`]+)` \| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(examples) > 10
    for written, becomes in examples:
        assert fill(written, NOW.replace(second=0)) == becomes
