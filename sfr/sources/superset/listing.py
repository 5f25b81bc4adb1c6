"""Lists what a Superset server offers: dashboards and charts, and the charts of a dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfr.connector import Listed
from sfr.sources.superset.talk import Talk, rison

PAGE_ENTRIES = 100


def dashboards(talk: Talk, search: str) -> Iterator[Listed]:
    """Those whose title holds `search`."""
    for one in _entries(talk, "dashboard", "id,dashboard_title,slug", ("dashboard_title", "title_or_slug", search)):
        name = str(one.get("dashboard_title") or "")
        if search.lower() in name.lower():
            yield Listed(f"dashboard:{one['id']}", name, kind="dashboard")


def charts(talk: Talk, search: str) -> Iterator[Listed]:
    """Those whose name holds `search`; the folder is the first dashboard that they are on."""
    columns = "id,slice_name,dashboards.dashboard_title"
    for one in _entries(talk, "chart", columns, ("slice_name", "chart_all_text", search)):
        name = str(one.get("slice_name") or "")
        if search.lower() in name.lower():
            yield Listed(str(one["id"]), name, folder=_first_dashboard(one), kind="chart")


def of_dashboard(talk: Talk, name: str) -> Iterator[Listed]:
    """The charts of a dashboard, given by number or slug. Raises ReportError when it is not there."""
    for one in talk.get(f"dashboard/{name}/charts")["result"]:
        yield Listed(str(one["id"]), str(one.get("slice_name") or one["id"]), folder=name, kind="chart")


def _entries(talk: Talk, kind: str, columns: str, filtered: tuple[str, str, str]) -> Iterator[dict[str, Any]]:
    """All entries of a kind, page by page; `filtered` is the column of the name, an operator and the text."""
    order, operator, search = filtered
    wanted = f"filters:!((col:{order},opr:{operator},value:{rison(search)}))," if search else ""
    number = 0
    while True:
        paging = f"order_column:{order},order_direction:asc,page:{number},page_size:{PAGE_ENTRIES}"
        found = talk.get(f"{kind}/", f"(columns:!({columns}),{wanted}{paging})")["result"]
        yield from found
        if len(found) < PAGE_ENTRIES:
            return
        number += 1


def _first_dashboard(chart: dict[str, Any]) -> str:
    found = chart.get("dashboards") or [{}]
    return str(found[0].get("dashboard_title") or "")
