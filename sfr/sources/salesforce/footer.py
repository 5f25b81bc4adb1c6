"""Knows the lines that Salesforce writes behind the last record, by their shape and in any language.

Shape: after the last record come blank lines and then a few records of a single quoted field, up to the end of the
file. They are the only sign inside the answer that the report has come to its end.
"""

from __future__ import annotations

import re
from collections import deque

from sfr.connector import Sink
from sfr.csv_scan import BYTE_ORDER_MARK, DELIMITERS
from sfr.errors import InvalidReport

TAIL_BYTES = 1 << 16
MOST_LINES = 10
_BETWEEN_FIELDS = DELIMITERS + b"\r\n \t"

_BEFORE_BLANK_LINE = re.compile(rb"\n(?=[ \t]*\r?\n)")  # begins with a literal, which makes the search fast
_CELL = rb'"(?:[^"]|"")*+"[ \t]*+'
_FOOTER = re.compile(
    rb"(?:[ \t]*+\r?\n)++%b(?:(?:[ \t]*+\r?\n)++%b){0,%d}\s*" % (_CELL, _CELL, MOST_LINES - 1),
)


def find_footer(tail: bytes) -> int | None:
    """Offset in `tail`, the last bytes of a file, where its footer begins (blank lines included); None without one.

    The first blank line outside quotes counts. Whether a place is inside quotes is told from the end of the file,
    which in a whole file is outside; that the rest then ends at a record's end is for the CSV scan to prove.
    """
    quotes = tail.count(b'"') % 2
    position = 0
    for line_end in _BEFORE_BLANK_LINE.finditer(tail):
        quotes += tail.count(b'"', position, line_end.end())
        position = line_end.end()
        if quotes % 2 == 0:
            return position if _FOOTER.fullmatch(tail, position) else None
    return None


def _refuse_text(answer: bytes) -> None:
    """Something in between may answer with a line of text, which would pass for a header; the export quotes its own."""
    first_line = answer.removeprefix(BYTE_ORDER_MARK).lstrip().partition(b"\n")[0]
    if not first_line.startswith(b'"') and not any(delimiter in first_line for delimiter in DELIMITERS):
        text = first_line[:80].decode("utf-8", "replace").strip()
        raise InvalidReport(f"a text came instead of the report: {text}", reason="text", max_attempts=3)


def _refuse_appended_message(tail: bytes) -> None:
    """In a report of one column the lines of a web page or message would pass for records, but no value ends so."""
    last_line = tail.rstrip().rpartition(b"\n")[2]
    if last_line.startswith((b"<", b"{", b"[")) and not last_line.endswith(b'"'):
        raise InvalidReport("an error message follows the records", reason="cut", max_attempts=None)


def _refuse_unquoted(tail: bytes) -> None:
    """Where every field is quoted nothing but delimiters and line ends may stand outside of quotes.

    Told from the end of the file, as in `find_footer`. Where a field is cut its quotes do not pair, and what seems to
    stand outside is its neighbours' text: cut as well.
    """
    parts = tail.split(b'"')
    outside = b"".join(parts[-1::-2][::-1])
    if outside.translate(None, _BETWEEN_FIELDS).removeprefix(BYTE_ORDER_MARK):
        after = parts[-1].lstrip(b" \t\r")  # text on lines of its own is the server's, no part of a record
        shown = ": " + after.strip()[:80].decode("utf-8", "replace") if after[:1] == b"\n" and after.strip() else ""
        raise InvalidReport(
            f"the file is cut: text stands outside the quotes near its end{shown}", reason="cut", max_attempts=None
        )


def _begins_quoted(content: bytes) -> bool:
    return content.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b'"')


class FooterCutter:
    """A sink in front of a sink: passes everything on but the footer, which it holds back until the end is known."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._passed_on = False
        self._quoted = False  # the header's first field, and so every field

    def write(self, data: bytes | memoryview) -> int:
        """Pass on what can no longer be part of a footer; in any case show the sink that something has come."""
        piece = bytes(data)
        self._into.write(b"")
        self._held.append(piece)
        self._held_bytes += len(piece)
        while self._held_bytes - len(self._held[0]) >= TAIL_BYTES:
            self._begin_passing_on()
            self._held_bytes -= len(self._held[0])
            self._into.write(self._held.popleft())
        return len(piece)

    def finish(self) -> bytes:
        """Pass on the rest and return the footer (empty when there is none).

        Raises InvalidReport when the server broke off and wrote an error message behind the records.
        """
        tail = b"".join(self._held)
        begin = find_footer(tail)
        if begin is None:
            _refuse_appended_message(tail)
            if not self._passed_on:
                _refuse_text(tail)
        self._begin_passing_on()
        self._held.clear()
        records, footer = (tail, b"") if begin is None else (tail[:begin], tail[begin:])
        if self._quoted:
            _refuse_unquoted(records)
        self._into.write(records)
        return footer

    def _begin_passing_on(self) -> None:
        if not self._passed_on:
            self._quoted = _begins_quoted(b"".join(self._held))
            self._passed_on = True
