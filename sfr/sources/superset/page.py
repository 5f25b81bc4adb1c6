"""Knows the CSV of one answer: its header, its records, and how Superset tells a failure amid good rows.

Facts, tried on Superset 6.1.0: a streamed export that fails is answered 200 and ends with the line
`__STREAM_ERROR__:…`, which is the whole body when the query never began; streamed records end with CR LF, others with
LF; SQL Lab's export and files inside archives begin with a byte order mark. What leaves here is one dialect: no mark,
records that end with LF.
"""

from __future__ import annotations

from sfr.csv_scan import BYTE_ORDER_MARK, HEADER_LIMIT_BYTES
from sfr.errors import InvalidReport, TransientError
from sfr.sources.superset.border import Writing

FAILURE = b"__STREAM_ERROR__:"
HELD_BYTES = 512  # longer than a line that tells a failure


class NothingCame(Exception):
    """The server began to stream and told a failure instead of a header."""


class Page:
    """One answer on its way into a sink; needs memory for one piece and the header only.

    `header` is that of the pages before: this page's own is compared with it and left out. None: it is written.
    `records` counts what came, without the header. `rows` takes the records where they go another way than the header.
    """

    def __init__(self, into: Writing, header: bytes | None = None, rows: Writing | None = None) -> None:
        self._into, self._rows = into, rows or into
        self._wanted_header = header
        self.header = b""
        self.records = 0
        self._begun = False
        self._held = b""
        self._head: bytes | None = b""  # until the header is whole
        self._quoted = 0  # 1 inside a quoted field
        self._last = b""

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises InvalidReport when the header is not that of the pages before."""
        self._held += piece
        if not self._begun:
            if len(self._held) < len(BYTE_ORDER_MARK):
                return
            self._begin()
        cut = len(self._held) - HELD_BYTES
        if cut > 0:
            cut -= self._held[cut - 1 : cut] == b"\r"
            self._pass_on(self._held[:cut])
            self._held = self._held[cut:]

    def finish(self) -> None:
        """After the last byte. Raises NothingCame, or TransientError when the server told a failure after rows."""
        if not self._begun:
            self._begin()
        self._refuse_failure()
        self._pass_on(self._held)
        if self._head:  # a header without a line end
            self._pass_on(b"\n")
        if self._head is None and self._last not in (b"\n", b""):
            self._pass_on(b"\n")

    def _begin(self) -> None:
        self._begun = True
        self._held = self._held.removeprefix(BYTE_ORDER_MARK)

    def _refuse_failure(self) -> None:
        found = self._held.rfind(FAILURE)
        if found < 0 or b"\n" in self._held[found:].rstrip(b"\r\n"):
            return
        if found == 0 and self._head == b"":
            raise NothingCame
        if self._held[found - 1 : found] == b"\n":
            raise TransientError(
                f"the server's database failed after {self.records:,} rows", reason="stream-error", max_attempts=5
            )

    def _pass_on(self, data: bytes) -> None:
        """Write `data` with LF for CR LF outside of quotes, and count the line ends there."""
        parts = data.split(b'"')  # doubled quotes make an empty part between, and change nothing
        for index in range(self._quoted, len(parts), 2):
            parts[index] = parts[index].replace(b"\r\n", b"\n")
            self.records += parts[index].count(b"\n")
        self._quoted ^= (len(parts) - 1) & 1
        text = b'"'.join(parts)
        if self._head is None:
            self._put(text)
        else:
            self._head += text
            self._split_header()

    def _split_header(self) -> None:
        head = self._head or b""
        end = head.find(b"\n")
        while end >= 0 and head.count(b'"', 0, end) % 2:
            end = head.find(b"\n", end + 1)
        if end < 0:
            if len(head) > HEADER_LIMIT_BYTES:
                raise InvalidReport("the header line does not end within 1 MB", reason="header", max_attempts=2)
            return
        self.header, self._head = head[: end + 1], None
        self.records -= 1
        if self._wanted_header is None:
            self._last = self.header[-1:]
            self._into.write(self.header)
        elif self._wanted_header != self.header:
            raise InvalidReport("the columns changed between two pages", reason="columns-changed", max_attempts=3)
        self._put(head[end + 1 :])

    def _put(self, data: bytes) -> None:
        if data:
            self._last = data[-1:]
            self._rows.write(data)
