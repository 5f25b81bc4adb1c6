"""Knows the `request.json` of LinkDownloader, a downloader for Metabase and Superset, and what became of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sfr.catalog.entry import Entry
from sfr.catalog.expansion import unique_names, valid_name
from sfr.catalog.origins import UNNAMED
from sfr.catalog.problems import BadCell, Problem
from sfr.catalog.row import Row
from sfr.settings import Settings

_ADDRESS, _PAYLOAD = "request_url", "payload"
_STAND_IN = {"id": "https://nowhere.invalid", "source": UNNAMED[1]}  # of what is told as wrong already
_WEB = ("http", "https")


def is_request_list(document: Any) -> bool:
    """Is this `{"Report name": {"request_url": …, "payload": {…}}}`?"""
    return (
        isinstance(document, dict)
        and all(isinstance(each, dict) for each in document.values())
        and not {"reports", "defaults"} & document.keys()
        and any(_ADDRESS in each for each in document.values())
    )


def rows_of_requests(document: Mapping[str, Mapping[str, Any]], settings: Settings) -> list[Row]:
    """A row for each request. Names that no file can have are changed, with a notice; braces are no dates here.

    An address that ended in .csv was asked for by GET, without its payload; everything else was sent by POST, to the
    one server with its one log-in.
    """
    names = unique_names(valid_name(name) for name in document)
    return [
        _row(number, written, name, document[written], settings)
        for number, (written, name) in enumerate(zip(document, names, strict=True), 1)
    ]


def _row(number: int, written: str, name: str, request: Mapping[str, Any], settings: Settings) -> Row:
    problems = [
        Problem(number, key, "", "is no key of a request", f"There are {_ADDRESS} and {_PAYLOAD}.", name)
        for key in request
        if key not in (_ADDRESS, _PAYLOAD)
    ]
    address, payload = request.get(_ADDRESS), request.get(_PAYLOAD)
    notices = (f"{written!r} is no name that every file can have; it becomes {name}",) if written != name else ()
    if not isinstance(address, str) or not address.strip():
        problems.append(Problem(number, _ADDRESS, "", "is missing", "Write the address of the request.", name))
        return Row(number, Entry({"name": name, **_STAND_IN}, literal=True), problems)
    address, source = address.strip(), ""
    try:
        source = _source_of(address, settings)
    except BadCell as error:
        problems.append(Problem(number, _ADDRESS, address, error.message, error.remedy, name))
        return Row(number, Entry({"name": name, **_STAND_IN}, literal=True), problems)
    options, unsent = _options_of(address, payload, source, settings)
    cells = {"name": name, "id": address, "source": source or UNNAMED[1]}
    return Row(number, Entry(cells, options=options, notices=(*notices, *unsent), literal=True), problems)


def _source_of(address: str, settings: Settings) -> str:
    """The configured source whose address it is; of a relative address the only one; `link` for all others."""
    if urlsplit(address).scheme.lower() in _WEB:
        return settings.source_of_address(address) or UNNAMED[1]
    names = [name for name in settings.source_names() if settings.source_type(name) not in UNNAMED]
    if len(names) == 1:
        return names[0]
    if not names:
        remedy = "Set up its server: SFR_SUPERSET_URL, SFR_SUPERSET_USERNAME and SFR_SUPERSET_PASSWORD in .env."
        raise BadCell("is no whole address, and no server is set up that it could belong to", remedy)
    remedy = "Write whole addresses, or a list in which each report names its source."
    raise BadCell(f"is no whole address, and may belong to {' or '.join(names)}", remedy)


def _options_of(address: str, payload: Any, source: str, settings: Settings) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The options that ask as LinkDownloader did, and a notice where a payload was never sent.

    It took an address such as `x.csv?a=1` for one to post to; without a payload that can only have been a mistake.
    """
    parts = urlsplit(address)
    if address.lower().endswith(".csv") or (parts.path.lower().endswith(".csv") and not payload):
        return {}, (("its payload is left out: an address that ends in .csv is asked for without",) if payload else ())
    by_link = not source or settings.source_type(source) == UNNAMED[1]
    if by_link:
        return {"method": "POST", _PAYLOAD: {} if payload is None else payload}, ()
    return ({_PAYLOAD: payload} if payload not in (None, {}, "") else {}), ()
