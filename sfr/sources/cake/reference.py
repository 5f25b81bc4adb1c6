"""Knows how people name a conversion export: a word, the job id of the CAKE export tool, an address of the API."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from sfr.connector import Pairs, Reference, ReferenceProblem, Wanted
from sfr.query_text import parse_query
from sfr.server_address import check_server
from sfr.similar_names import did_you_mean
from sfr.sources.cake.options import CakeOptions, read_date

EXPORT = "event_conversions"
_WORDS = frozenset({"conversions", "conversion", EXPORT, "eventconversions"})
_JOB = re.compile(r"report_(\d{2})(\d{2})(\d{4})_(\d{2})(\d{2})(\d{4})", re.I)
_ADDRESS = re.compile(r"/reports\.asmx(/EventConversions)?$", re.I)
_TIMELESS = "cannot be fetched without a time: give it a window, or start_date and end_date as dd-mm-yyyy"
_PAGED = frozenset({"start_at_row", "row_limit"})
_SECRET = frozenset({"api_key", "username", "password"})


def read_reference(wanted: Wanted) -> Reference:
    """Read one report's id together with its parameters and options. Raises ReferenceProblem."""
    check_server(wanted)
    text = wanted.text.strip()
    options = dict(wanted.options)
    carried: Pairs = ()
    if found := _JOB.fullmatch(text):
        start, end = "-".join(found.groups()[:3]), "-".join(found.groups()[3:])
        options = {**options, "start_date": start, "end_date": end}
    elif "/" in text:
        carried = _from_address(text)
    elif text.lower() not in _WORDS:
        raise ReferenceProblem(
            "id",
            text,
            "is no report of CAKE",
            f"Write {EXPORT}, or a job id such as report_01012026_31012026 (the last day belongs to it).",
        )
    own = {name for name, _ in wanted.params}
    params = (*(pair for pair in carried if pair[0] not in own), *wanted.params)
    _check_names(params)
    known = _checked(text, options, params)
    _check_dates(text, known)
    if wanted.window is not None and known.start_date:
        dates = f"{known.start_date} to {known.end_date}"
        raise ReferenceProblem("window", dates, "are its dates, and it has a window too", "Take one of them out.")
    timeless = wanted.window is None and not known.start_date
    return Reference(EXPORT, params, options, notices=(_TIMELESS,) if timeless else ())


def merged(options: dict[str, Any], params: Pairs) -> CakeOptions:
    """What a report says in all: parameters win over options. Raises ValidationError."""
    return CakeOptions(**{**options, **dict(params)})


def _from_address(text: str) -> Pairs:
    """The filters in an address of the export, without its key, times and rows, which are ours to set."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _no_export("") from None
    if _ADDRESS.search(parts.path.rstrip("/")) is None:
        raise _no_export(f"{parts.netloc.rpartition('@')[2]}{parts.path}")
    dropped = _PAGED | _SECRET | {"start_date", "end_date", "op"}
    return tuple((name, value) for name, value in parse_query(parts.query) if name.lower() not in dropped)


def _no_export(shown: str) -> ReferenceProblem:
    """`shown` is the address without what may be secret in it."""
    remedy = f"Write {EXPORT}, or an address …/reports.asmx/EventConversions."
    return ReferenceProblem("id", shown, "is no address of the conversion export", remedy)


def _check_names(params: Pairs) -> None:
    known = set(CakeOptions.model_fields) - {"more"}
    for name, _ in params:
        if name in _PAGED:
            raise ReferenceProblem(
                "params", name, "is set by sfr, which pages by itself", "Take it out; the row limit is a setting."
            )
        if name in _SECRET:
            raise ReferenceProblem("params", name, "is a secret", "Take it out; secrets belong into .env.")
        if name not in known:
            remedy = did_you_mean(name, known) or "docs/cake.md has them; the option more takes others."
            raise ReferenceProblem("params", name, "is no parameter of the conversion export", remedy)


def _checked(text: str, options: dict[str, Any], params: Pairs) -> CakeOptions:
    try:
        return merged(options, params)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        dated = name in ("start_date", "end_date") and _JOB.fullmatch(text) is not None
        message = problem["msg"].removeprefix("Value error, ")
        column = "id" if dated else "params" if name in dict(params) else "options"
        value = text if dated else str(problem["input"])
        raise ReferenceProblem(column, value, f"does not fit {name}: {message}", "Correct it.") from None


def _check_dates(text: str, options: CakeOptions) -> None:
    """Both days or none, and the first not after the last."""
    start, end = options.start_date, options.end_date
    if bool(start) != bool(end):
        lacking = "end_date" if start else "start_date"
        raise ReferenceProblem(
            "params", start or end, f"is not enough: {lacking} is missing", "Give both days, or a window."
        )
    if start and read_date(start) > read_date(end):
        column = "id" if _JOB.fullmatch(text) else "params"
        raise ReferenceProblem(column, f"{start} to {end}", "has its last day before the first", "Swap the dates.")
