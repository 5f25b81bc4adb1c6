"""Knows how people point at something in Metabase: a number, a word with a number, an address of a page or the API."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import ValidationError

from sfr.connector import Pairs, Reference, ReferenceProblem, Wanted
from sfr.query_text import parse_query
from sfr.server_address import check_server
from sfr.sources.metabase.options import MetabaseOptions
from sfr.sources.metabase.target import QUERY, UUID, Target

_PASTE = "Open the question or dashboard in the browser and paste its address, or write its number: 12, dashboard:5."
_ID = rf"(?:{UUID}|\d+(?![0-9A-Za-z]))"
_PLACES = (
    re.compile(
        rf"(?P<public>/public)?/dashboard/(?P<dashboard>{_ID})[^/]*/dashcard/(?P<dashcard>\d+)/card/(?P<card>\d+)"
    ),
    re.compile(rf"(?P<public>/public)?/dashboard/(?P<dashboard>{_ID})"),
    re.compile(rf"(?P<public>/public)?/(?:question|card|model|metric)/(?P<card>{_ID})"),
)
_DATASET = re.compile(r"/api/dataset(?:/\w+)?/?$")
_UNSAVED = re.compile(r"/question(?:/notebook)?/?$")
_OTHER_FORMAT = re.compile(r"(?:/query|/card/\d+)/(?P<format>json|xlsx|api)$|\.(?P<suffix>json|xlsx)$")
_FLAGS = ("format_rows", "pivot_results")
_NAVIGATION = {"tab", "csv_include_bom", "objectid", *_FLAGS, "parameters"}


def read_reference(wanted: Wanted) -> Reference:
    """Read one report's `id` cell with its params and options.

    Parameters in a pasted address are taken over unless the list has those of that name. Raises ReferenceProblem.
    """
    text = wanted.text.strip()
    found = dict(wanted.options)
    if "embed/" in text:
        raise ReferenceProblem("id", "(hidden)", "is an embedding address, whose token is a secret", _PASTE)
    check_server(wanted)
    target, address = _locate(text, found)
    carried: Pairs = ()
    notices: tuple[str, ...] = ()
    if address is not None:
        carried = parse_query(address.query)
        notices = _notices(target, address)
        if address.netloc:
            found["address_host"] = address.netloc.rpartition("@")[2].lower()  # a password may stand before it
    _take_options((*carried, *wanted.params), found)
    own = {name for name, _ in wanted.params}
    merged = (*(pair for pair in carried if pair[0] not in own), *wanted.params)
    params = tuple(pair for pair in merged if pair[0].lower() not in _NAVIGATION)
    options = _checked(found, target)
    return Reference(
        target.ref, params, options.model_dump(mode="json", exclude_defaults=True), notices=notices, many=target.many
    )


def _locate(text: str, options: dict[str, Any]) -> tuple[Target, SplitResult | None]:
    """What `text` names, and its parts if it is an address. An unsaved question's query is put into `options`."""
    plain = f"card:{text}" if text.isdecimal() else text
    if target := Target.read(plain):
        return target, None
    if text.lower() in ("", "sql", "dataset", QUERY):
        if options.get("sql") or options.get("payload") or text.lower() not in ("", QUERY):
            return Target(), None
        raise ReferenceProblem("id", text, "names nothing, and there is no sql and no payload", _PASTE)
    if not re.search(r"[/?#]", text) or text.startswith(("card:", "question:", "dashboard:", "public/")):
        raise ReferenceProblem("id", text, "is no number and no address of a question or dashboard", _PASTE)
    try:
        address = urlsplit(_whole(text))
    except ValueError as error:
        raise ReferenceProblem("id", text, "is no web address", _PASTE) from error
    return _at(text, unquote(address.path), address, options), address


def _whole(text: str) -> str:
    """An address with what urlsplit needs in front: `question/12` begins with a path, `bi.acme.com/…` with a host."""
    if "://" in text:
        return text
    first = text.split("/", maxsplit=1)[0]
    return f"//{text}" if re.search(r"[.:]", first) else f"/{text.lstrip('/')}"


def _at(text: str, path: str, address: SplitResult, options: dict[str, Any]) -> Target:
    if _DATASET.search(path):
        return Target()
    if _UNSAVED.search(path) and address.fragment:
        options.setdefault("payload", {"query": _unsaved_query(text, address.fragment)})
        return Target()
    for place in _PLACES:
        if found := place.search(path):
            parts = found.groupdict()
            named = {name: parts.get(name) or "" for name in ("card", "dashboard", "dashcard")}
            target = Target(**named, public=bool(parts["public"]))
            if target.sound:
                return target
            kind = "numbers" if not target.public else "UUIDs"
            raise ReferenceProblem("id", text, f"has an id of the wrong kind: there it must be one of {kind}", _PASTE)
    raise ReferenceProblem("id", text, "is no address of a question, a dashboard or their export", _PASTE)


def _unsaved_query(text: str, fragment: str) -> dict[str, Any]:
    """What the address of a question that was not saved holds behind its #: the question, as JSON in base64."""
    try:
        packed = fragment.split("?", maxsplit=1)[0]
        question = json.loads(base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_"))
        query = question["dataset_query"]
    except (ValueError, KeyError, TypeError):
        query = None
    if not isinstance(query, dict):
        raise ReferenceProblem("id", text[:60], "is a question that was not saved, and cannot be read", "Save it.")
    return query


def _notices(target: Target, address: SplitResult) -> tuple[str, ...]:
    notices = []
    if other := _OTHER_FORMAT.search(address.path):
        notices.append(f"read as CSV, with all rows, where the address says {other['format'] or other['suffix']}")
    if target.card and len(address.fragment) > 40:  # shorter ones only say how a page looks
        notices.append("changes to the question that were not saved are not in the download")
    return tuple(notices)


def _take_options(pairs: Pairs, options: dict[str, Any]) -> None:
    """Move what a query string says about Metabase itself to the options; an option that is there stays."""
    for name, value in pairs:
        if name.lower() in (*_FLAGS, "parameters") and options.get(name.lower()) in (None, {}, []):
            options[name.lower()] = value


def _checked(options: dict[str, Any], target: Target) -> MetabaseOptions:
    try:
        checked = MetabaseOptions.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"] if isinstance(step, str)) or "options"
        raise ReferenceProblem(
            place, "", first["msg"].removeprefix("Value error, "), "See the page about Metabase for what it takes."
        ) from None
    if checked.query is not None and target.ref != QUERY:
        raise ReferenceProblem("id", target.ref, "names a question, and the options hold a query", "Leave one out.")
    if checked.database is not None and not checked.sql:
        remedy = "If a variable of the question is called database, write it in the option parameters."
        raise ReferenceProblem(
            "database", str(checked.database), "belongs to the option sql, which is not there", remedy
        )
    if checked.query is None and target.ref == QUERY:
        remedy = "Give sql with database, or a payload with a query."
        raise ReferenceProblem("id", target.ref, "wants a query of your own, and there is none", remedy)
    return checked
