"""Knows how people point at a Salesforce report: an id, a damaged id, or an address copied from the browser."""

from __future__ import annotations

import codecs
import re
from urllib.parse import urlsplit

from sfr.connector import Pairs, Reference, ReferenceProblem, Wanted
from sfr.query_text import parse_query
from sfr.sources.salesforce import ids

_PREFIX = "00O"
_PASTE = "Open the report in the browser and paste its whole address here."
_OTHER_PREFIXES = {
    "001": "an account",
    "003": "a contact",
    "005": "a user",
    "006": "an opportunity",
    "00D": "an organisation",
    "00Q": "a lead",
    "00l": "a folder",
    "01Z": "a dashboard",
    "500": "a case",
}
_MISTYPED_PREFIX = re.compile(r"[0oOQ]{3}")
_NUMBER = re.compile(r"\d+([.,]\d+)?[eE][+-]?\d+")
_ID_IN_ADDRESS = re.compile(r"00[oO][A-Za-z0-9]{7,}|\d(?:[A-Za-z0-9]{14}|[A-Za-z0-9]{17})")
_LIGHTNING = re.compile(r"/lightning/|/one/one\.app|\.lightning\.")
_NAVIGATION = {"id", "reportid", "returl", "starturl", "ec"}
_FORMATS = {"xls": "xls", "xlsx": "xlsx"}
# Bytes of these encodings look like commas, quotes or line ends without being any.
_STATEFUL_ENCODINGS = ("utf-7", "iso2022", "hz")


def read_reference(wanted: Wanted) -> Reference:
    """Read what stands for one report, giving its 18-character id.

    Parameters in a pasted Classic address are taken over unless `params` has them. `allow_bad_ids` lets wrong
    prefixes, lengths and checksums pass. Raises ReferenceProblem.
    """
    found, carried = _split_address(wanted.text)
    _check_params("id", carried)
    _check_params("params", wanted.params)
    ref, notices = _read_id(found, wanted.allow_bad_ids)
    own = {name for name, _ in wanted.params}
    merged = (*(pair for pair in carried if pair[0] not in own), *wanted.params)
    export_format = {name: value.lower() for name, value in merged}.get("xf", "")
    return Reference(ref, merged, format=_FORMATS.get(export_format, "csv"), notices=notices)


def _split_address(text: str) -> tuple[str, Pairs]:
    """Give the id in `text` and the export parameters beside it; a bare id is its own address."""
    if not re.search(r"[/?#]", text):
        return text, ()
    try:
        parts = urlsplit(text if "://" in text else f"//{text.lstrip('/')}")
    except ValueError as error:
        raise ReferenceProblem("id", text, "is no web address", _PASTE) from error
    fragment = urlsplit(parts.fragment)
    pairs = (*parse_query(parts.query), *parse_query(fragment.query))
    named = [value for name, value in pairs if name.lower() in ("id", "reportid")]
    segments = [*parts.netloc.split("/"), *parts.path.split("/"), *fragment.path.split("/"), *named]
    candidates = [segment for segment in segments if _ID_IN_ADDRESS.fullmatch(segment)]
    if not candidates:
        raise ReferenceProblem("id", text, "has no report id in it", _PASTE)
    candidates.sort(key=lambda segment: not segment.upper().startswith(_PREFIX))
    return candidates[0], _export_params(text, pairs)


def _export_params(address: str, pairs: Pairs) -> Pairs:
    """What of an address belongs to the export: all of a Classic one but its navigation, nothing of a Lightning one
    but the filters, which are refused later with a reason."""
    if _LIGHTNING.search(address):
        return tuple(pair for pair in pairs if re.fullmatch(r"fv\d+", pair[0]))
    return tuple(pair for pair in pairs if pair[0].lower() not in _NAVIGATION)


def _read_id(text: str, allow_bad_ids: bool) -> tuple[str, tuple[str, ...]]:
    _check_characters(text)
    if len(text) not in (ids.BODY_LENGTH, ids.FULL_LENGTH):
        if allow_bad_ids:
            return text, ()
        raise ReferenceProblem(
            "id", text, f"has {len(text)} characters, and an id has 15 or 18: something was cut or added", _PASTE
        )
    full_id, notices = _complete(text, allow_bad_ids)
    if not full_id.startswith(_PREFIX) and not allow_bad_ids:
        raise _wrong_prefix(text, full_id[:3])
    return full_id, notices


def _check_characters(text: str) -> None:
    if not text:
        raise ReferenceProblem("id", text, "is empty", _PASTE)
    if _NUMBER.fullmatch(text):
        remedy = f"Format the column as Text before you paste. {_PASTE}"
        raise ReferenceProblem("id", text, "is a number: a worksheet took the id for one and changed it", remedy)
    odd = re.sub(r"[A-Za-z0-9]", "", text)
    if odd:
        shown = f"{odd[0]} (U+{ord(odd[0]):04X})"
        raise ReferenceProblem("id", text, f"holds {shown}, and an id has only the letters A–Z, a–z and digits", _PASTE)


def _complete(text: str, allow_bad_ids: bool) -> tuple[str, tuple[str, ...]]:
    """The 18-character id for one of 15 or 18 characters."""
    if len(text) == ids.BODY_LENGTH:
        return text + ids.checksum(text), ()
    body, suffix = text[: ids.BODY_LENGTH], text[ids.BODY_LENGTH :]
    if ids.matches(text):
        return body + suffix.upper(), ()
    try:
        repaired = ids.repair(text)
    except ValueError:
        repaired = ""
    # One case throughout is what LOWER() or a careless export leaves. Mixed case is more likely a mistyped character.
    if repaired.startswith(_PREFIX) and body in (body.lower(), body.upper()):
        return repaired, (f"{text} had lost its letter case and was read as {repaired}",)
    if allow_bad_ids:
        return text, ()
    hint = f" If only letter case is wrong, it is {repaired}." if repaired.startswith(_PREFIX) else ""
    message = f"has a mistyped character: its last three do not fit the others ({ids.checksum(body)} would)"
    raise ReferenceProblem("id", text, message, f"{_PASTE}{hint} --allow-bad-ids asks for it all the same.")


def _wrong_prefix(text: str, prefix: str) -> ReferenceProblem:
    kind = _OTHER_PREFIXES.get(prefix)
    if kind:
        return ReferenceProblem("id", text, f"is the id of {kind}; reports begin with 00O", _PASTE)
    if _MISTYPED_PREFIX.fullmatch(prefix):
        remedy = f"It is zero, zero, capital letter O. {_PASTE}"
        return ReferenceProblem("id", text, f"begins with {prefix}, and reports begin with 00O", remedy)
    remedy = f"{_PASTE} --allow-bad-ids asks for it all the same."
    return ReferenceProblem("id", text, f"is no report: reports begin with 00O, this with {prefix}", remedy)


def _check_params(column: str, params: Pairs) -> None:
    for name, value in params:
        shown = f"{name}={value}"
        if re.fullmatch(r"fv\d+", name):
            message = "is how Lightning names a filter, and the export would ignore it: every row would come"
            remedy = f"Write pv{name[2:]} for the value of the report's filter number {name[2:]} (the first one is 0)."
            raise ReferenceProblem(column, shown, message, remedy)
        if name.lower() == "sid":
            raise ReferenceProblem(column, "sid=(hidden)", "is a secret and belongs in no list", "Remove it.")
        if name == "enc" and not _is_ascii_compatible(value):
            message = "cannot be checked: in this encoding the bytes of a comma or quote are not theirs alone"
            raise ReferenceProblem(column, shown, message, "Use enc=UTF-8, or leave it out.")


def _is_ascii_compatible(encoding: str) -> bool:
    """Do commas, quotes and line ends keep their bytes? A name that Python does not know is the server's to judge."""
    sample = 'aZ09",;\t\r\n'
    try:
        codec = codecs.lookup(encoding).name
        return sample.encode(encoding) == sample.encode("ascii") and not codec.startswith(_STATEFUL_ENCODINGS)
    except (LookupError, ValueError):
        return True
