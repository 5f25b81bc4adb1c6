"""Knows what tells that a file is still the same one: for not fetching it again, and for going on where a try ended.

RFC 9110: §8.8 validators, §13.1 conditions, §14 ranges. Going on wants a strong entity tag: a date tells too little.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from sfr.sources.link.addresses import place_of

OVERLAP_BYTES = 4096
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.I)
_SETTLED_SECONDS = 60.0  # a file that changed just now may change again within the same second of its date


def fingerprint(text: str) -> str:
    """A short name for a long text that must not be kept itself."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Version:
    """A file as its server named it. `wanted` is the fingerprint of the request, `place` that of where it was found."""

    wanted: str
    place: str
    etag: str = ""
    modified: str = ""

    def conditions(self, url: str) -> dict[str, str]:
        """The headers that ask for the file only if it has changed; none for another place."""
        if fingerprint(place_of(url)) != self.place:
            return {}
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified}


@dataclass(frozen=True, slots=True)
class Point:
    """Where a try ended. `size_bytes` are there of `total_bytes`; `tail` is the SHA-256 of the last of them."""

    wanted: str
    place: str
    etag: str
    size_bytes: int
    total_bytes: int
    tail: str
    utf8: bool

    @property
    def first_byte(self) -> int:
        """Where to ask from: a little before the end, to see that what comes belongs to what is there."""
        return self.size_bytes - OVERLAP_BYTES

    def conditions(self, url: str) -> dict[str, str]:
        """The headers that ask for the rest, or for all of it if the file is another one now."""
        plain = {"Accept-Encoding": "identity"}
        if fingerprint(place_of(url)) != self.place:
            return plain
        return {**plain, "Range": f"bytes={self.first_byte}-", "If-Range": self.etag}

    def matches(self, status: int, headers: Mapping[str, str]) -> bool:
        """Is this answer the rest that was asked for?"""
        found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if status != 206 or found is None or headers.get("ETag", "").strip() != self.etag or is_packed(headers):
            return False
        first, last, total = int(found[1]), int(found[2]), found[3]
        return first == self.first_byte and last == self.total_bytes - 1 and total in ("*", str(self.total_bytes))


def version_text(headers: Mapping[str, str], wanted: str, place: str) -> str:
    """What is kept of an answer, to be read by `read_version`; "" when it says nothing to know it by."""
    etag = headers.get("ETag", "").strip()
    modified = headers.get("Last-Modified", "").strip()
    if _ETAG.fullmatch(etag):
        modified = ""
    elif _is_settled(modified, headers.get("Date", "")):
        etag = ""
    else:
        return ""
    return json.dumps(asdict(Version(wanted, fingerprint(place_of(place)), etag, modified)))


def read_version(text: str, wanted: str) -> Version | None:
    """What `version_text` wrote about the same request; None for anything else."""
    found: Version | None = _read(text, Version)
    return found if found is not None and found.wanted == wanted and (found.etag or found.modified) else None


def read_point(text: str, wanted: str) -> Point | None:
    """A point that was kept for the same request; None for anything else."""
    found: Point | None = _read(text, Point)
    if found is None or found.wanted != wanted or not OVERLAP_BYTES <= found.size_bytes < found.total_bytes:
        return None
    return found


def point_text(point: Point) -> str:
    """What is handed to the sink."""
    return json.dumps(asdict(point))


def can_go_on(status: int, headers: Mapping[str, str]) -> bool:
    """Could the rest of this answer be asked for later, if it broke off?"""
    etag = headers.get("ETag", "").strip()
    strong = _ETAG.fullmatch(etag) is not None and not etag.startswith("W/")
    accepts = "bytes" in headers.get("Accept-Ranges", "").lower()
    return status == 200 and strong and accepts and not is_packed(headers) and total_of(headers) is not None


def total_of(headers: Mapping[str, str]) -> int | None:
    """The length that was announced."""
    length = headers.get("Content-Length", "").strip()
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else None


def is_packed(headers: Mapping[str, str]) -> bool:
    """Is the body another sequence of bytes than the file itself?"""
    return headers.get("Content-Encoding", "").lower().strip() not in ("", "identity")


def tail_of(data: bytes) -> str:
    """The fingerprint of the overlap."""
    return hashlib.sha256(data[-OVERLAP_BYTES:]).hexdigest()


def _is_settled(modified: str, date: str) -> bool:
    try:
        age = parsedate_to_datetime(date).timestamp() - parsedate_to_datetime(modified).timestamp()
    except (TypeError, ValueError, OverflowError):
        return False
    return age >= _SETTLED_SECONDS


def _read(text: str, kind: Any) -> Any:
    try:
        found = kind(**json.loads(text))
    except (ValueError, TypeError):
        return None
    fits = all(type(getattr(found, name)).__name__ == kind.__annotations__[name] for name in kind.__annotations__)
    return found if fits else None
