"""Knows how people point at a file on the web: a whole address, or what stands behind the source's own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlsplit

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.sources.link.addresses import is_absolute, origin_of, quoted, remember_secrets_in, shown

_OTHER_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?=[/\\]{1,2}|$)|(mailto|javascript|data|file):", re.I)
_UNFIT = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_PACKED = {".gz", ".zip", ".zst", ".zstd", ".gzip"}
_FORMATS = {".json": "json", ".geojson": "json", ".xlsx": "xlsx", ".xls": "xls"}
_FILES = (
    ".txt .log .xml .html .htm .xhtml .pdf .parquet .avro .orc .feather .arrow .ndjson .jsonl .yaml .yml .sql .db"
    " .sqlite .tar .tgz .7z .rar .bz2 .xz .xlsm .xlsb .ods .doc .docx .odt .ppt .pptx .png .jpg .jpeg .gif .svg .mp4"
    " .kml .kmz .shp .bin .exe .iso .sav .dta .rds"
)
_OTHERS = frozenset(_FILES.split())


def read_reference(wanted: Wanted) -> Reference:
    """Read an address, giving it with odd characters quoted. Nothing is asked. Raises ReferenceProblem."""
    text = wanted.text.strip()
    value = shown(text)
    if not text:
        raise ReferenceProblem("id", "", "is empty", "Write the address of the file here.")
    if _UNFIT.search(text):
        raise ReferenceProblem(
            "id", value, "has a backslash or a control character", "Write the address with slashes, in one line."
        )
    if is_absolute(text):
        _check_absolute(text, value)
    elif other := _OTHER_SCHEME.match(text):
        scheme = other[1] or other[2]
        raise ReferenceProblem(
            "id", value, f"begins with {scheme}:, which is not fetched", "Write an address that begins with https://."
        )
    elif text.startswith("//"):
        raise ReferenceProblem("id", value, "has no https: before its slashes", "Write the whole address.")
    elif wanted.server == "":
        remedy = "Write the whole address, or set url for this source."
        raise ReferenceProblem("id", value, "is no whole address, and the source has none to join it to", remedy)
    query = parse_qsl(urlsplit(text.partition("#")[0]).query, keep_blank_values=True)
    remember_secrets_in([*query, *wanted.params])
    asked_format = wanted.options.get("format")
    return Reference(quoted(text), wanted.params, wanted.options, asked_format or format_of(text), _notices(text))


def _check_absolute(text: str, value: str) -> None:
    try:
        origin_of(text)
        parts = urlsplit(text)
    except ValueError:
        raise ReferenceProblem(
            "id", value, "is no web address", "Write it as in https://files.example.com/sales.csv."
        ) from None
    if "@" in parts.netloc:
        raise ReferenceProblem(
            "id",
            value,
            "has a user or password in it",
            "Take it out (up to the @) and give it in the settings of a link source: url, username and password.",
        )


def format_of(address: str) -> str:
    """The format that an address promises by its ending: csv where by none, `file` for what is no table."""
    name = PurePosixPath(urlsplit(address.partition("?")[0].partition("#")[0]).path)
    suffixes = [suffix.lower() for suffix in name.suffixes[-2:]]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    return _FORMATS.get(last, "file" if last in _OTHERS else "csv")


def _notices(text: str) -> tuple[str, ...]:
    if "#" in text:
        return ("what follows the # was left out: it is not sent to servers (a # in a file's name is written %23)",)
    return ()
