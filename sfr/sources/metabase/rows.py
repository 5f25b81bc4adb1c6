"""Knows how Metabase writes CSV, and so what can be no part of one: an error glued to the rows, a line without its end.

Metabase quotes each field that holds a quote, its separator or a line end, and ends each line, the last one too, with a
line feed (clojure.data.csv and its own writer alike). So a brace directly before a quoted word, `{"status`, is
never part of a field, quoted or not: within quotes the next quote would be doubled, or end the field. It is the
beginning of the JSON object that Metabase sends when a query fails, alone or behind rows that are sent already, even in
the middle of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sfr.connector import Sink
from sfr.csv_scan import BYTE_ORDER_MARK
from sfr.errors import InvalidReport
from sfr.sources.metabase import answers

_ERROR_BEGINS = re.compile(rb'\{(?:(?:\r?\n)? {1,8})?"[A-Za-z_]')
_LONGEST_BEGINNING_BYTES = 16
_STRUCTURE = b'"\n'
_OTHER_BYTES = bytes(set(range(256)) - set(_STRUCTURE))


@dataclass(slots=True)
class Copied:
    """What was passed on: bytes, and records without the header."""

    bytes: int = 0
    records: int = 0


class Rows:
    """Passes rows on to a sink as they come, and looks at each byte once; holds a few bytes only."""

    def __init__(self, into: Sink) -> None:
        self._into = into
        self._lines = 0
        self._quotes = 0
        self._before = b""  # the end of what was passed on: an error may begin in one piece and go on in the next
        self._bytes = 0

    def copy(self, pieces: Iterator[bytes]) -> Copied:
        """Pass on everything. Raises InvalidReport for a cut file, a page, an error behind rows; ReportError or
        TransientError for an error that came alone."""
        for piece in _without_mark(pieces):
            if not self._bytes and piece.lstrip()[:1] == b"<":
                raise answers.web_page(_gathered(piece, pieces))
            self._look_for_error(piece, pieces)
            self._count(piece)
            self._into.write(piece)
        if self._bytes and not self._before.endswith(b"\n"):
            raise InvalidReport(
                "the file is cut: its last line does not end",
                reason="cut",
                remedy="a time limit of the server (MB_JETTY_ASYNC_RESPONSE_TIMEOUT) or of a proxy may be too short",
                max_attempts=4,
            )
        return Copied(self._bytes, max(self._lines - 1, 0))

    def _look_for_error(self, piece: bytes, pieces: Iterator[bytes]) -> None:
        seen = self._before + piece
        if found := _ERROR_BEGINS.search(seen):
            alone = self._bytes == len(self._before) - found.start()
            body = _gathered(seen[found.start() :], pieces)
            raise answers.query_failed(body) if alone else answers.broke_off(body)
        self._before = seen[-_LONGEST_BEGINNING_BYTES:]

    def _count(self, piece: bytes) -> None:
        """Count line ends outside of quotes; two quotes with no line end between them change nothing."""
        parts = piece.translate(None, _OTHER_BYTES).replace(b'""', b"").split(b'"')
        self._lines += sum(map(len, parts[self._quotes % 2 :: 2]))
        self._quotes += len(parts) - 1
        self._bytes += len(piece)


def _without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out a byte order mark, also one that comes in parts."""
    head = b""
    for piece in pieces:
        head += piece
        if not BYTE_ORDER_MARK.startswith(head):
            break
    if rest := head.removeprefix(BYTE_ORDER_MARK):
        yield rest
    yield from pieces


def _gathered(begun: bytes, pieces: Iterator[bytes]) -> bytes:
    """The rest of a message, up to a limit."""
    body = bytearray(begun)
    for piece in pieces:
        if len(body) >= answers.ERROR_LIMIT_BYTES:
            break
        body += piece
    return bytes(body[: answers.ERROR_LIMIT_BYTES])
