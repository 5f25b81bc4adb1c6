"""Knows what comes in the place of a CSV: web pages, JSON messages, binary data, lines that no line feed ends."""

from __future__ import annotations

import re

from sfr.errors import InvalidReport

_QUOTED = re.compile(rb'"[^"]*"')


def refuse_other_formats(head: bytes) -> None:
    """Raises InvalidReport for a beginning, without a byte order mark, that is of something else."""
    first = head.lstrip()[:1]
    if first == b"<":
        raise InvalidReport("a web page came instead of the report", reason="web-page", max_attempts=2)
    if first in (b"{", b"["):
        raise InvalidReport("a JSON message came instead of the report", reason="json", max_attempts=2)
    if b"\x00" in head[:64]:
        raise InvalidReport("binary data came instead of CSV", reason="binary", max_attempts=2)


def refuse_carriage_returns(line: bytes) -> None:
    """Raises InvalidReport for a header line that goes on behind a carriage return: it is the whole file."""
    inside = line.rstrip(b"\r\n")
    if b"\r" in inside and inside.count(b'"') % 2 == 0 and b"\r" in _QUOTED.sub(b"", inside):
        raise InvalidReport(
            "its lines end in carriage returns alone",
            reason="line-ends",
            max_attempts=2,
            remedy="have the source end lines with line feeds, or take the file as it is, with the format file",
        )
