"""Knows how people point at a Superset chart or dashboard: a number, an address, a payload, a query."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import ValidationError

from sfr.connector import Pairs, Reference, ReferenceProblem, Wanted
from sfr.server_address import check_server
from sfr.sources.superset.options import NAMES, SupersetOptions

PAYLOAD, SQL = "data", "sql"
_PASTE = (
    "Write the chart's number or paste its address: …/explore/?slice_id=12; for a dashboard …/superset/dashboard/5/."
)
_CHART = re.compile(r"/api/v1/chart/(\d+)(?:/|$)|/superset/slice/(\d+)(?:/|$)|/chart/(\d+)(?:/|$)")
_DASHBOARD = re.compile(r"/dashboard/(?!p/|list)([^/?#]+)")
_KIND = re.compile(r"(chart|dashboard):\s*(.+)", re.S)
_SLUG = re.compile(r"[^\s/?#:]+")


def read_reference(wanted: Wanted) -> Reference:
    """Read what names a report. Parameters that are no options are filters. Raises ReferenceProblem."""
    check_server(wanted)
    ref, many = _read_text(wanted.text.strip(), wanted.options)
    options = with_params(wanted.options, wanted.params)
    try:
        known = SupersetOptions.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        value = str(first.get("input"))[:60]
        raise ReferenceProblem(
            "params", f"{place}={value}", first["msg"], "See docs/superset.md for the options."
        ) from None
    if ref == SQL and not (known.sql and known.database is not None):
        missing = "sql" if not known.sql else "database"
        raise ReferenceProblem(
            "options", missing, "is missing: a query needs the options sql and database", "Add it to the report."
        )
    if ref == PAYLOAD and not known.payload:
        raise ReferenceProblem("options", "payload", "is missing: this address answers only to one", "Add the payload.")
    if known.payload is not None and not isinstance(known.payload.get("queries"), list):
        raise ReferenceProblem(
            "options", "payload", "has no list `queries`", "Copy the whole body of the request …/api/v1/chart/data."
        )
    return Reference(ref, options=options, many=many)


def with_params(options: dict[str, Any], params: Pairs) -> dict[str, Any]:
    """The options with a row's parameters: those named like an option replace it, the others become filters."""
    merged = dict(options)
    filters: dict[str, Any] = {}
    for name, value in params:
        if name in NAMES - {"payload", "filters"}:
            merged[name] = value
        elif name in filters:
            filters[name] = [*(filters[name] if isinstance(filters[name], list) else [filters[name]]), value]
        else:
            filters[name] = value
    if filters:
        merged["filters"] = {**(options.get("filters") or {}), **filters}
    return merged


def _read_text(text: str, options: dict[str, Any]) -> tuple[str, bool]:
    """The reference, and whether it stands for several reports."""
    if not text:
        if options.get("payload"):
            return PAYLOAD, False
        if options.get("sql"):
            return SQL, False
        raise ReferenceProblem("id", text, "is empty", _PASTE)
    if text.isdecimal():
        return f"chart:{int(text)}", False
    if text in (PAYLOAD, SQL):
        return text, False
    if found := _KIND.fullmatch(text):
        return _kind(found.group(1), found.group(2).strip(), text)
    return _read_address(text)


def _kind(kind: str, name: str, text: str) -> tuple[str, bool]:
    if kind == "dashboard" and _SLUG.fullmatch(name):
        return f"dashboard:{name}", True
    if kind == "chart" and name.isdecimal():
        return f"chart:{int(name)}", False
    raise ReferenceProblem("id", text, f"names no {kind}", _PASTE)


def _read_address(text: str) -> tuple[str, bool]:
    if not re.search(r"[/?]", text):
        raise ReferenceProblem("id", text, "is neither a number nor an address", _PASTE)
    try:
        parts = urlsplit(text)
        asked = parse_qs(parts.query)
    except ValueError:
        raise ReferenceProblem("id", text, "is no web address", _PASTE) from None
    path = parts.path
    slice_id = (asked.get("slice_id") or [""])[0]
    if slice_id.isdecimal():
        return f"chart:{int(slice_id)}", False
    if re.search(r"/api/v1/chart/data/?$", path):
        return PAYLOAD, False
    if found := _CHART.search(path):
        return f"chart:{int(next(filter(None, found.groups())))}", False
    if "/sqllab" in path:
        return SQL, False
    if "/explore" in path or "/dashboard/p/" in path:
        raise ReferenceProblem(
            "id", text, "is the address of something unsaved", f"Save the chart or dashboard, and open it. {_PASTE}"
        )
    if found := _DASHBOARD.search(path):
        return f"dashboard:{unquote(found.group(1))}", True
    raise ReferenceProblem("id", text, "leads to no chart or dashboard", _PASTE)
