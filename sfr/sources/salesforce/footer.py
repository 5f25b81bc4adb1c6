"""Knows the lines that Salesforce writes behind the last record, by their shape and in any language.

Shape: after the last record come blank lines and then a few records of a single quoted field, up to the end of the
file. They are the only sign inside the answer that the report has come to its end.
"""

from __future__ import annotations

import re
from collections import deque

from sfr.connector import Sink

TAIL_BYTES = 1 << 16
MOST_LINES = 10

_BLANK_LINE = re.compile(rb"(?<=\n)[ \t]*\r?\n")
_CELL = rb'"(?:[^"]|"")*"[ \t]*'
_FOOTER = re.compile(
    rb"(?:[ \t]*\r?\n)+%b(?:(?:[ \t]*\r?\n)+%b){0,%d}\s*" % (_CELL, _CELL, MOST_LINES - 1),
)


def find_footer(tail: bytes) -> int | None:
    """Offset in `tail`, the last bytes of a file, where its footer begins (blank lines included); None without one.

    The first blank line outside quotes counts. Whether a place is inside quotes is told from the end of the file,
    which in a whole file is outside; that the rest then ends at a record's end is for the CSV scan to prove.
    """
    quotes = tail.count(b'"') % 2
    position = 0
    for blank in _BLANK_LINE.finditer(tail):
        quotes += tail.count(b'"', position, blank.start())
        position = blank.start()
        if quotes % 2 == 0:
            return blank.start() if _FOOTER.fullmatch(tail, blank.start()) else None
    return None


class FooterCutter:
    """A sink in front of a sink: passes everything on but the footer, which it holds back until the end is known."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self._held: deque[bytes] = deque()
        self._held_bytes = 0

    def write(self, data: bytes | memoryview) -> int:
        """Pass on what can no longer be part of a footer."""
        piece = bytes(data)
        self._held.append(piece)
        self._held_bytes += len(piece)
        while self._held_bytes - len(self._held[0]) >= TAIL_BYTES:
            self._held_bytes -= len(self._held[0])
            self._into.write(self._held.popleft())
        return len(piece)

    def finish(self) -> bytes:
        """Pass on the rest and return the footer (empty when there is none)."""
        tail = b"".join(self._held)
        self._held.clear()
        begin = find_footer(tail)
        self._into.write(tail if begin is None else memoryview(tail)[:begin])
        return b"" if begin is None else tail[begin:]
